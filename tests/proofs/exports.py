"""Every built-in model x every built-in dataset: what is exported answers as `eagerloop predict`, where there is no eagerloop.

    python tests/proofs/exports.py [--count 5]

Each pair that fits together is trained for an epoch, opened again for predicting, and exported in every form. One process, in
which `import eagerloop` fails, loads the files. New rows go in as a user has them: columns of texts and numbers, files of
pictures, x. The answers must be those of `predict`, within a millionth; those of TensorFlow Lite within some, as its note says.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import trials

import eagerloop
from eagerloop import use
from eagerloop.afterwards.evaluation import tables_of
from eagerloop.afterwards.exporting import export
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.afterwards.serving import PICTURES, input_names
from eagerloop.cli.using import open_to_predict
from eagerloop.errors import EagerloopError

ELSEWHERE = """
import sys

class Nobody:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("eagerloop", "eagerloop_plugins"):
            raise ModuleNotFoundError(f"{name} is not installed here")

sys.meta_path.insert(0, Nobody())
try:
    import eagerloop
except ModuleNotFoundError:
    pass
else:
    sys.exit("eagerloop is here")

import base64, json, warnings
warnings.simplefilter("ignore")
import numpy as np
import tensorflow as tf

def of_lite(name, x):
    interpreter = tf.lite.Interpreter(name)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, x)
    interpreter.invoke()
    return {"predictions": interpreter.get_tensor(interpreter.get_output_details()[0]["index"])}

def of_onnx(name, x):
    import onnxruntime
    session = onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"x": x})))

def of_keras(name, x):
    import keras
    return {"predictions": keras.models.load_model(name)(x, training=False)}

def of_saved_model(name, x, columns):
    loaded = tf.saved_model.load(name).signatures
    serve = loaded["serving_default"]
    specs = serve.structured_input_signature[1]
    found = dict(serve(**{key: tf.constant(values, specs[key].dtype) for key, values in (columns or {"x": x}).items()}))
    found |= {f"{key} from x": value for key, value in loaded["x"](x=tf.constant(x)).items()} if "x" in loaded else {}
    return found | (dict(loaded["classes"]()) if "classes" in loaded else {})

def answers(name, columns, files):
    with np.load("x.npz") as held:
        x = held["x"]
    columns |= {key: [base64.b64decode(one) for one in values] for key, values in files.items()}
    if "." not in name:
        return of_saved_model(name, x, columns)
    return {"keras": of_keras, "tflite": of_lite, "onnx": of_onnx}[name.rpartition(".")[2]](name, x)

def plain(value):
    value = np.asarray(value)
    return [one.decode() for one in value] if value.dtype == object else value.tolist()

for line in sys.stdin:
    try:
        found = {key: plain(value) for key, value in answers(*json.loads(line)).items()}
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(found), flush=True)
"""

FORMS = ("keras", "", "tflite", *(("onnx",) if find_spec("tf2onnx") and find_spec("onnxruntime") else ()))
"""The endings of what is exported; ONNX where its packages are."""

SMALL = 1e-6
LITE = 2e-5
"""How far apart two answers may be, beside their own size."""


class Elsewhere:
    """A process that has no eagerloop, and loads what it is asked to.

    Args:
        place: Its working directory.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._process = subprocess.Popen(
            [sys.executable, "-c", ELSEWHERE], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answers(self, name: str, x: Any, columns: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
        """What an exported model says to some rows."""
        assert self._process.stdin
        assert self._process.stdout
        np.savez(self.place / "x.npz", x=x)
        print(json.dumps([name, columns, files]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())  # type: ignore[no-any-return]

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


class Data(NamedTuple):
    """A dataset, and new rows for it.

    Attributes:
        choice: The dataset.
        new: A table or a folder to predict.
        models: The models that fit; the others are refused.
    """

    choice: Any
    new: Path
    models: tuple[str, ...]


TABLE = ("linear", "mlp", "text", "keras-file")
PIXELS = ("linear", "mlp", "cnn", "keras-file")


def iris(place: Path) -> Data:
    """The guide's."""
    new = place / "iris.csv"
    new.write_text("Petal.Width,Petal.Length,Sepal.Length\n0.2,1.4,5.1\n 2.5 ,6.0,6.3\n1e0,4.25,5\n")
    return Data("iris", new, ("iris", *TABLE))


PETS = (
    "weight,coat,seen,cost,tame,kind\n"
    + "".join(
        f'{"" if number % 9 == 5 else 2000 + 3.7 * (number % 11)},{["short", "long", "3", "rough", "bald"][number % 7 % 5]},'
        f'2024-{number % 12 + 1:02}-{number % 28 + 1:02} {number % 24}:05,"${number % 4},{100 + number}.5",'
        f"{['TRUE', 'false'][number % 2]},{['cat', 'dog', 'fox'][number % 3]}\n"
        for number in range(90)
    )
)  # fmt: skip
NEW_PETS = (
    "tame,kind,cost,coat,seen,weight\n"
    'false,,"$1,200",long,2023-02-28 23:59,2001.25\n'
    'True,,-$7, 3.0 ,1999-12-31T00:00Z,\n'
    '?,,"12,345 [9]",never seen,2024-02-29 12:30 pm,1999\n'
    "tRUE,,NA,\u00a0short\u00a0,0001-01-01,-3e2\n"
    "FALSE,,\u0663 $,N/A,NULL,na\n"
)  # fmt: skip


def pets(place: Path, **options: Any) -> Data:
    """A table with gaps, rare categories, dates, money and truth values; classes."""
    path, new = place / "pets.csv", place / "new pets.csv"
    path.write_text(PETS)
    new.write_text(NEW_PETS)
    return Data(use("csv", path=path, max_categories=3, validation_fraction=0.2, **options), new, TABLE)


def reviews(place: Path, target: str) -> Data:
    """Two columns of free text, of two classes or a price."""
    draw = np.random.default_rng(1)
    words = ["the", "film", "plot", "was", "great", "lovely", "awful", "ÉCLAIR", "ΟΔΟΣ", "na", "İstanbul", "don't"]
    lines = [
        f'"{" ".join(draw.choice(words, 5)).capitalize()}!",{draw.choice(words)},{draw.integers(5, 50)}.5,{"ab"[number % 2]}'
        for number in range(80)
    ]
    path, new = place / "reviews.csv", place / "new reviews.csv"
    path.write_text("\n".join(["review,word,price,mood", *lines]) + "\n")
    texts = ["THE οδος, οδοσ ΟΔΟΣ. éclair\u2003DULL dull", "", "na", "N/A", "DON'T dont İSTANBUL i̇stanbul", "none of them"]
    new.write_text("mood,price,review,word\n" + "".join(f'b,7,"{text}",{texts[-2]}\n' for text in texts))
    fitting = ("iris", *TABLE) if target == "price" else TABLE  # the guide's has one output
    return Data(use("csv", path=path, target=target, text=["review", "word"]), new, fitting)


def arrays(place: Path) -> Data:
    """Rows of 4 x 3 numbers, three classes."""
    draw = np.random.default_rng(0)
    x, y, new = draw.normal(size=(60, 4, 3)).astype("float32"), np.arange(60) % 3, place / "arrays.csv"
    np.savez(place / "arrays.npz", x_train=x, y_train=y, x_test=x[:7], y_test=y[:7])
    rows = [",".join(map(str, row)) for row in draw.normal(size=(5, 12))]
    new.write_text("\n".join([",".join(f"x{place}" for place in range(12)), *rows]) + "\n")
    return Data(use("arrays", path=place / "arrays.npz"), new, PIXELS)


def quantities(place: Path) -> Data:
    """Rows of numbers with names, two quantities."""
    draw = np.random.default_rng(0)
    x, y, new = draw.normal(size=(60, 3)), draw.normal(1000, 30, size=(60, 2)), place / "quantities.csv"
    names = {"features": np.array(["a", "b c", "c"]), "targets": np.array(["u", "v"])}
    np.savez(place / "quantities.npz", x_train=x, y_train=y, x_test=x[:7], y_test=y[:7], **names)
    new.write_text("b c,a,c\n1.5,2,3\n-1,0.25,1e-3\n")
    return Data(use("arrays", path=place / "quantities.npz"), new, TABLE)


def digits(place: Path) -> Data:
    """The digits that are part of eagerloop, drawn at random."""
    new = place / "digits.csv"
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    rows = np.random.default_rng(0).integers(0, 17, (6, 64)).tolist()
    new.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return Data("digits", new, PIXELS)


def images(place: Path) -> Data:
    """Two folders of pictures; new ones of another size, in every form, one grey, one with transparency."""
    draw = np.random.default_rng(0)
    for number in range(40):
        file = place / "pictures" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 256, (9, 12, 3)).astype("uint8")
        file.write_bytes(tf.io.encode_png(pixels).numpy())
    new = place / "new pictures"
    new.mkdir(exist_ok=True)
    for channels, name, how in (
        (1, "a.png", tf.io.encode_png),
        (4, "b.png", tf.io.encode_png),
        (3, "c.jpg", tf.io.encode_jpeg),
    ):
        (new / name).write_bytes(how(draw.integers(0, 256, (20, 15, channels)).astype("uint8")).numpy())
    return Data(use("images", path=place / "pictures", size="9x12"), new, PIXELS)


DATA: dict[str, Callable[[Path], Data]] = {
    "iris": iris,
    "digits": digits,
    "images": images,
    "pets": pets,
    "pets in blocks": partial(pets, stream="yes"),
    "moods": partial(reviews, target="mood"),
    "prices": partial(reviews, target="price"),
    "arrays": arrays,
    "quantities": quantities,
}
MODELS = ("iris", "linear", "mlp", "cnn", "text", "keras-file")

FURTHER: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "an average": ("iris", "mlp", {"optimizer": use("adam", learning_rate=0.1, use_ema=True)}, None),
    "the best": ("pets", "mlp", {"optimizer": use("adam", learning_rate=0.3), "epochs": 4}, "best"),
    "compiled": ("digits", "cnn", {"compile": True}, None),
}
"""Runs whose answers are not simply those of their newest variables: dataset, model, options, checkpoint."""

CASES = [*(f"{data}, {model}" for data in DATA for model in MODELS), *FURTHER]


def tried(case: str, place: Path, elsewhere: Elsewhere) -> tuple[str, list[str]]:
    """Trains, exports, and compares.

    Args:
        case: One of `CASES`.
        place: A directory for runs and data.
        elsewhere: Where the files are loaded.

    Returns:
        `fits` or `refused`, and what was wrong.
    """
    data, model, options, checkpoint = FURTHER[case] if case in FURTHER else (*case.split(", "), {}, None)
    known = DATA[data](place)
    name = case.replace(", ", "-").replace(" ", "_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes on the data
        try:
            chosen = keras_file(known, place / f"{name}.keras") if model == "keras-file" else model
            options = {"epochs": 1, "seed": 3, "directory": place / f"run-{name}", "overwrite": True, **options}
            trained = eagerloop.train(dataset=known.choice, model=chosen, progress=False, **options)
        except EagerloopError as error:
            return "refused", [f"refused: {error}"] * (model in known.models)
        if model not in known.models:
            return "fits", ["it was not refused"]
        run = open_to_predict(trained.directory, checkpoint=checkpoint, encoding=True)
        same = bool(checkpoint) and np.array_equal(run.predict(first := rows_of(run, known.new)[0]), trained.predict(first))
        return "fits", [*["the best is the newest"] * same, *differences(run, known.new, name, elsewhere)]


def keras_file(known: Data, path: Path) -> Any:
    """A file of Keras's with layers of several kinds, of the size that the dataset asks for."""
    like = eagerloop.train(dataset=known.choice, model="linear", epochs=1, directory=path.with_suffix(".like"), overwrite=True)
    shape, outputs = like.parts.first_batch[0].shape[1:], like.dataset.outputs
    layers = [keras.layers.Flatten(), keras.layers.Dense(4, "silu"), keras.layers.BatchNormalization()]
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.LayerNormalization(), keras.layers.Dense(outputs)])
    model.save(path)
    return use("keras-file", path=path)


def rows_of(run: Any, new: Path) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """New rows as x; as the columns of a signature; and as files of pictures, in base64."""
    (table,) = tables_of(new, run.dataset)
    x = np.asarray(run.dataset.encode(table))
    encoder = getattr(run.dataset, "encoder", None)
    if isinstance(encoder, eagerloop.tables.Pictures):
        return x, {}, {PICTURES: [base64.b64encode(Path(path).read_bytes()).decode() for path in encoder.paths(table)]}
    if encoder is None and "a" not in run.dataset.columns:  # columns that have numbers for names
        return x, {}, {}
    texts = {*encoder.categories, *encoder.reading.forms} if encoder else set()
    names = input_names(run.dataset.columns)
    given = {column: table.text(column) if column in texts else table.values(column, np.float64).tolist() for column in names}
    return x, {names[column]: values for column, values in given.items()}, {}


def differences(run: Any, new: Path, name: str, elsewhere: Elsewhere) -> Iterator[str]:
    """What an exported model says otherwise than `predict`."""
    x, columns, files = rows_of(run, new)
    outputs, pieces = run.predict(x), list(pieces_of(run, new))
    said = {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}
    for form in FORMS:
        target = f"{name}-exported{'.' if form else ''}{form}"
        told = export(run, elsewhere.place / target)
        found = elsewhere.answers(target, x, columns, files)
        if "error" in found:
            yield f"{target} cannot be used where eagerloop is not installed: {found['error'][:300]}"
        elif form:
            yield from unlike(target, found["predictions"], outputs, LITE if form == "tflite" else SMALL)
            yield from [f"{target}: {told.notes}"] * (bool(told.notes) != (form == "tflite"))
        elif not run.dataset.classes:
            for key in [key for key in found if key.startswith("prediction")]:
                yield from unlike(f"{target}, {key}", np.reshape(found[key], outputs.shape), outputs, SMALL)
        else:
            chances = np.transpose([said[f"probability_{label}"] for label in run.dataset.classes])
            for key in [key for key in found if key.startswith("probabilities")]:
                yield from unlike(f"{target}, {key}", found[key], chances, SMALL)
            yield from [f"{target}: other classes"] * (found["prediction"] != said["prediction"].tolist())
            yield from [f"{target}: other names"] * (found["classes"] != list(run.dataset.classes))


def unlike(what: str, found: Any, expected: Any, most: float) -> Iterator[str]:
    """A sentence, if some numbers are further apart than they may be."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape or not np.isfinite(found).all():
        yield f"{what}: {found.shape} for {expected.shape}, or not finite"
    elif (apart := np.abs(found - expected) / np.maximum(1, np.abs(expected))).max() > most:
        yield f"{what}: {apart.max():.1e} from predict"


def main() -> None:
    """Tries all of them, or some that are spread over them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=len(CASES))
    step = max(1, len(CASES) // parser.parse_args().count)
    with tempfile.TemporaryDirectory() as place:
        elsewhere = Elsewhere(Path(place))
        trials.run(range(0, len(CASES), step), lambda number: told(CASES[number], Path(place), elsewhere), "exports")


def told(case: str, place: Path, elsewhere: Elsewhere) -> tuple[str, list[str]]:
    """The same, with the case's name before what was wrong."""
    outcome, wrong = tried(case, place, elsewhere)
    return outcome, [f"{case}: {line}" for line in wrong]


if __name__ == "__main__":
    main()
