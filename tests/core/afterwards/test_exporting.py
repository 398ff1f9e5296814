"""What a run is exported to: loaded again where there is no eagerloop, it answers as `predict` does."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.exporting import export
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.afterwards.serving import encoded, input_names
from eagerloop.errors import ConfigError
from eagerloop.parts import use
from eagerloop.tables import Encoder

ELSEWHERE = """
import json, os, sys, warnings
sys.modules["eagerloop"] = sys.modules["eagerloop_plugins"] = None  # as if they were not installed
warnings.simplefilter("ignore")
import numpy as np
import tensorflow as tf
import keras

def answers(name, given):
    x = np.array(given["x"], given["dtype"])
    if name.endswith(".keras"):
        return {"answer": keras.models.load_model(name, compile=False)(x, training=False).numpy().tolist()}
    if name.endswith(".tflite"):
        interpreter = tf.lite.Interpreter(name)
        place = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(place, x.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(place, x)
        interpreter.invoke()
        return {"answer": interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tolist()}
    loaded = tf.saved_model.load(name)
    serve = loaded.signatures["serving_default"]
    specs = serve.structured_input_signature[1]
    inputs = {key: tf.constant(values, specs[key].dtype) for key, values in (given["columns"] or {"x": given["x"]}).items()}
    found = {key: value.numpy().tolist() for key, value in serve(**inputs).items()}
    if "classes" in loaded.signatures:
        found |= {key: value.numpy().tolist() for key, value in loaded.signatures["classes"]().items()}
    return found

asked = json.load(open("asked.json"))
json.dump({name: answers(name, given) for name, given in asked.items()}, open("said.json", "w"), default=bytes.decode)
"""

NAMES = ["guide", "mlp", "linear", "images", "one", "average", "file"]

TABLE = "weight,coat,age (years),kind\n" + "".join(
    f"{2000 + 3.7 * (i % 11)},{('short', 'long', '3')[i % 3]},{i % 5},{'cat' if i % 2 else 'dog'}\n" for i in range(60)
)
NEW = "coat,age (years),weight\nlong,2,2001.25\n 3.0 ,1,2030\nunheard of,4,1999.125\n"


def trained(place, name, dataset, model, **options):
    """One epoch."""
    return eagerloop.train(dataset=dataset, model=model, epochs=1, directory=place / f"run-{name}", **options)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Every built-in model, on tables and arrays, for numbers and classes of both kinds; each trained when it is asked for."""
    place = tmp_path_factory.mktemp("exporting")
    (place / "pets.csv").write_text(TABLE)
    x = np.random.default_rng(0).normal(size=(40, 2, 3)).astype("float32")
    labels = np.arange(40) % 3
    np.savez(place / "arrays.npz", x_train=x, y_train=labels, x_test=x[:7], y_test=labels[:7])
    small = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    with pytest.warns(DeprecationWarning, match="__array__"):
        small.save(place / "small.keras")
    pets = use("csv", path=place / "pets.csv", target="kind")
    numbers = use("csv", path=place / "pets.csv", target="weight", standardize=False)
    chosen = use("csv", path=place / "pets.csv", target="kind", features=["coat", "weight"])
    one = {"loss": use("binary_crossentropy", from_logits=False), "metrics": []}
    parts = {
        "guide": ("iris", "iris", {}),
        "mlp": (pets, use("mlp", hidden=[5], dropout=0.25), {}),
        "linear": (numbers, "linear", {}),
        "images": (use("arrays", path=place / "arrays.npz"), "mlp", {"compile": True}),
        "one": (pets, sigmoid_model(), one),
        "average": ("iris", "linear", {"optimizer": use("adam", learning_rate=0.1, use_ema=True)}),
        "file": (chosen, use("keras-file", path=place / "small.keras"), {}),
    }
    return place, Trained(place, parts)


class Trained(dict):
    """Runs by name: one that is missing is trained."""

    def __init__(self, place, parts):
        super().__init__()
        self.place, self.parts = place, parts

    def __missing__(self, name):
        dataset, model, options = self.parts[name]
        self[name] = trained(self.place, name, dataset, model, **options)
        return self[name]


def sigmoid_model():
    """A Keras model with one output, a probability."""
    return keras.Sequential([keras.layers.Dense(1, activation="sigmoid")], name="one")


def raw_columns(run):
    """The columns of the test rows as predict has them, by the names of the signature; None of data that are no table."""
    pieces = [given for given, _x, _y in run.dataset.test_pieces()]
    if run.dataset.columns[0] == "x0":
        return None
    names = input_names(run.dataset.columns)
    return {name: np.concatenate([piece[column] for piece in pieces]).tolist() for column, name in names.items()}


@pytest.fixture(scope="module")
def said(runs):
    """What all exports say of the test rows of their runs, in one process that has no eagerloop; new rows for one of them."""
    place, by_name = runs
    asked = {}
    for name in NAMES:
        run = by_name[name]
        x = np.concatenate([x for x, _y in run.dataset.test()])
        given = {"x": x.tolist(), "dtype": x.dtype.name, "columns": raw_columns(run)}
        asked |= {f"{name}.keras": given, name: given} | ({f"{name}.tflite": given} if name in ("guide", "mlp") else {})
    asked["new"] = {"x": [], "dtype": "float32", "columns": {"coat": ["long", " 3.0 ", "unheard of"], "age__years_": [2, 1, 4]}}
    asked["new"]["columns"]["weight"] = [2001.25, 2030, 1999.125]
    for target in asked:
        export(by_name["mlp" if target == "new" else target.partition(".")[0]], place / target)
    (place / "asked.json").write_text(json.dumps(asked))
    subprocess.run([sys.executable, "-c", ELSEWHERE], cwd=place, check=True, capture_output=True)
    return json.loads((place / "said.json").read_text())


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_keras_file_answers_as_predict(runs, said, name):
    """Within 1e-6 of `run.predict`, whatever class the model had."""
    np.testing.assert_allclose(said[f"{name}.keras"]["answer"], runs[1][name].predict(), rtol=1e-6, atol=1e-6)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_answers_as_the_command_predict(runs, said, name):
    """Raw columns in; the same classes by name, probabilities and numbers out."""
    run, found = runs[1][name], said[name]
    columns = [dict(piece) for piece in pieces_of(run)]
    expected = {key: np.concatenate([piece[key] for piece in columns]) for key in columns[0]}
    if run.dataset.classes:
        assert found["prediction"] == expected["prediction"].tolist()
        assert found["classes"] == list(run.dataset.classes)
        chances = [expected[f"probability_{label}"] for label in run.dataset.classes]
        np.testing.assert_allclose(np.transpose(found["probabilities"]), chances, rtol=1e-6, atol=1e-6)
    else:
        np.testing.assert_allclose(found["prediction"], expected["prediction"], rtol=1e-6, atol=1e-6)


@pytest.mark.long
@pytest.mark.parametrize("name", ["guide", "mlp"])
def test_tflite_answers_nearly_as_predict(runs, said, name):
    """It rounds in its own way, and the note says so."""
    np.testing.assert_allclose(said[f"{name}.tflite"]["answer"], runs[1][name].predict(), rtol=1e-4, atol=1e-5)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*value that no training row has:UserWarning")
def test_new_rows_are_encoded_as_predict_does(runs, said, tmp_path):
    """Another order, a text with space around it, 3.0 for 3, a category that nobody has seen."""
    (tmp_path / "new.csv").write_text(NEW)
    (piece,) = pieces_of(runs[1]["mlp"], tmp_path / "new.csv")
    np.testing.assert_allclose(np.array(said["new"]["probabilities"])[:, 0], piece["probability_cat"], rtol=1e-6)
    assert said["new"]["prediction"] == piece["prediction"]


@pytest.mark.long
def test_the_run_is_as_it_was(runs, said):
    """An export changes nothing: the trained variables of a run with an average are there, not the average."""
    assert said
    run = runs[1]["average"]
    again = eagerloop.load(run.directory)
    for one, other in zip(run.model.variables, again.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_cells_are_encoded_as_a_table_encodes_them(tmp_path):
    """Texts that look like numbers, in every way that Python reads one."""
    cells = ["3", "3.0", "+3", "3e0", "0.3e1", "03", "3.5", "x", "-0", "1e400", "3.", "1_0"]
    (tmp_path / "table.csv").write_text("a,b\n" + "".join(f"{cell},z\n" for cell in cells))
    encoder = Encoder(("a",), {}, {"a": ("0", "3", "3.5", "x")})
    expected = encoder(eagerloop.tables.read_table(tmp_path / "table.csv"))
    np.testing.assert_array_equal(encoded(encoder, {"a": tf.constant(cells)}), expected)


class Own(keras.Model):
    """A model that computes with TensorFlow's own operations."""

    def __init__(self):
        super().__init__(name="own")
        self.dense = keras.layers.Dense(1)

    def call(self, x, training=False):
        return tf.math.cumsum(self.dense(x), axis=1)


class Module(tf.Module):
    """A model without Keras."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable([[1.0], [2.0], [3.0]])

    def __call__(self, x, training):
        return x @ self.weight


@pytest.mark.parametrize("make", [Own, Module])
def test_a_model_of_one_s_own(tmp_path, make):
    """What is no chain of Keras's layers is refused as .keras, with the way out; as a SavedModel it answers."""
    run = eagerloop.train(model=make(), epochs=1)
    with pytest.raises(ConfigError, match=r"model '.*' (is no Keras model|cannot be written).*SavedModel"):
        export(run, tmp_path / "own.keras")
    export(run, tmp_path / "own")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "own"))] == ["own"]
    rows = next(x for x, _y in run.dataset.test())
    serve = tf.saved_model.load(str(tmp_path / "own")).signatures["serving_default"]
    names = ("Petal_Length", "Sepal_Length", "Petal_Width")
    found = serve(**{name: tf.cast(rows[:, place], tf.float64) for place, name in enumerate(names)})
    np.testing.assert_allclose(found["prediction"], run.predict(rows)[:, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("model.onnx", r"ONNX needs the package tf2onnx, .* --saved-model"),
        ("model.h5", r"ends in '\.h5'; expected \.keras, \.tflite, or no ending"),
        ("none/model.keras", r"there is no directory .*none; make it first"),
        ("taken", r"taken is a directory that is there already"),
        ("run-guide", r"run-guide is a run, not a file to write; name one as well: eagerloop export .*run-guide model\.keras"),
    ],
)
def test_what_cannot_be_written_is_refused(runs, name, told):
    """In one line, with what to do instead."""
    place, by_name = runs
    (place / "taken").mkdir(exist_ok=True)
    (place / "taken" / "something").touch()
    with pytest.raises(ConfigError, match=told):
        export(by_name["guide"], place / name)
