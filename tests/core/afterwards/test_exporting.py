"""What a run is exported to: texts, numbers, dates as Python reads them; models of one's own; what is refused.

`tests/contracts/test_exports.py` compares whole exports with `predict`, where there is no eagerloop.
"""

import random
import re
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.exporting import export
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.afterwards.serving import input_names
from eagerloop.afterwards.serving_columns import encoded
from eagerloop.afterwards.serving_forms import quantities
from eagerloop.afterwards.serving_texts import lowered, stripped, table_of, word_counts
from eagerloop.errors import ConfigError
from eagerloop.parts import use
from eagerloop.tables import Encoder, Words
from eagerloop.tables.cell_forms import FORMS, Numbers, Truth
from eagerloop.tables.dates import Dates

TABLE = "weight,seen,kind\n" + "".join(
    f"{4 + i % 7 / 3:.3f},2024-03-{i % 28 + 1:02},{['cat', 'dog'][i % 2]}\n" for i in range(60)
)

LETTERS = [
    chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000 and (code < 0x500 or chr(code).isspace())
]
HARD = [*"ΣΣΣ\u0391\u03c3ςab.'\u0301İI\u0131ßẞʰ-!,1٣ \t\n", *LETTERS]
"""Letters whose small form is another word's affair, or several letters; white space of every kind; digits of other scripts."""


def made_up(pieces, count, most):
    """Texts of some pieces, the same ones each time."""
    draw = random.Random(1)  # noqa: S311 - no secret
    return ["".join(draw.choices(pieces, k=draw.randint(0, most))) for _ in range(count)]


def decoded(texts):
    """Tensors of strings as Python's."""
    return [text.decode() for text in texts.numpy()]


@pytest.mark.long
def test_texts_are_stripped_and_lowered_as_python_does():
    """Every letter that there is; and texts that are all hard cases."""
    texts = [*LETTERS, *made_up(HARD, 3000, 8), *made_up("ΣΣ\u0391.'a 1\u0301ʰİ", 3000, 8)]

    assert decoded(lowered(tf.constant(texts))) == [text.lower() for text in texts]
    assert decoded(stripped(tf.constant(texts))) == [text.strip() for text in texts]


@pytest.mark.long
def test_every_letter_of_unicode_is_lowered_as_python_does():
    """More than a million."""
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    assert decoded(lowered(tf.constant(letters))) == [letter.lower() for letter in letters]


def test_words_are_counted_as_a_table_counts_them():
    """Punctuation goes, white space of any kind separates, words that nobody knows are passed over."""
    texts = ["Good,\u2003gOOD\u00a0bad!", "", "ΟΔΟΣ οδος", "go-od don't", *made_up([*HARD, "good", "bad", "οδος", " "], 500, 9)]
    words = Words(("good", "bad", "οδος", "dont", "a"))

    found = word_counts(lowered(tf.constant(texts)), table_of(words), 5)

    np.testing.assert_array_equal(found, words.values(texts))
    assert found[:4].numpy().tolist() == [[2, 1, 0, 0, 0], [0] * 5, [0, 0, 2, 0, 0], [1, 0, 0, 1, 0]]


NUMBERS = [*"0123.,'- \u00a0\u2019\u2212+$€%٣x", "12", "259", "000", "EUR", "e5", "[9]", "†"]
DATES = [
    *"-/. :,TZ0127",
    "2024",
    "29",
    "02",
    "12",
    "31",
    "1999",
    "feb",
    "March",
    "foo",
    "am",
    "PM",
    "12:30",
    "+02:00",
    "\u00a0",
]
SAID = {
    Numbers: [
        "$1,259",
        "-3.5 [98]",
        "1.259,5",
        "1 000 000",
        "1 000\u00a0000",
        "1'000'000",
        "-$-3",
        "45 %",
        "0.1",
        "1" * 60,
        "1e-320",
    ],
    Truth: ["TRUE", "fAlse", "yes", ""],
    Dates: [
        *("2024-02-29", "2023-02-29", "0001-01-01", "9999-12-31 23:59:59", "2000/2/29T12:30 am", "1900-02-29", "2024-1/2"),
        *(
            "29.02.24",
            "2/29/1968 1:05pm",
            "31-12-69",
            "1. Feb. 2024",
            "Sept 3, 2024 1:00 pm",
            "Sept 3, 2024 13:00 pm",
            "Foo 3, 2024",
            "7:5",
            "23:59:60",
        ),
        *("24:00", "2024-02-29T12:30:15.250+02:00", "٢٠٢٤-٠٢-٢٩", "0000-01-01"),
    ],
}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_cells_are_read_as_a_table_reads_them(form):
    """Texts that people write, and some that nobody would: the same numbers to the last bit, or the same refusal."""
    pieces = DATES if isinstance(form, Dates) else NUMBERS
    cells = [*SAID[type(form)], *made_up(pieces, 3000, 7)]

    expected = form.values(cells)
    np.testing.assert_array_equal(quantities(form, tf.constant(cells)), expected)
    assert 1 <= np.isfinite(expected[:, 0]).sum() < len(cells)


def test_categories_are_encoded_as_a_table_encodes_them(tmp_path):
    """Texts that look like numbers, in every way that Python reads one."""
    cells = ["3", "3.0", "+3", "3e0", "0.3e1", "03", "3.5", "x", "-0", "1e400", "3.", "1_0", "٣", "1e17", "\u00a0x\u2003"]
    (tmp_path / "table.csv").write_text("a,b\n" + "".join(f"{cell},z\n" for cell in cells))
    encoder = Encoder(("a",), {}, {"a": ("0", "100000000000000000", "3", "3.5", "x")})
    expected = encoder(eagerloop.tables.read_table(tmp_path / "table.csv"))
    np.testing.assert_array_equal(encoded(encoder, {"a": tf.constant(cells)}), expected)
    assert expected.sum() == 13


def test_a_gap_that_nothing_fills_is_refused():
    """As by `predict`: nobody has said what it counts as."""
    encoder = Encoder(("a",), {"a": (1.0, 2.0)}, {})
    assert encoded(encoder, {"a": tf.constant([3.0], tf.float64)}).numpy().tolist() == [[1.0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a number is missing, infinite or too large'\nb'a'\nnan"):
        encoded(encoder, {"a": tf.constant([3.0, np.nan], tf.float64)})


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A classification with a date."""
    place = tmp_path_factory.mktemp("pets")
    (place / "pets.csv").write_text(TABLE)
    dataset = use("csv", path=place / "pets.csv", missing="refuse")
    with pytest.warns(UserWarning, match="texts read as dates"):
        return eagerloop.train(dataset=dataset, model="linear", epochs=1, directory=place / "run")


@pytest.fixture
def serve(tmp_path):
    """`serve(run)` is what its SavedModel answers by default; `serve(run, "x")` its other signature."""
    held = []  # a signature alone does not hold the variables

    def exported(run, signature="serving_default"):
        held.append(tf.saved_model.load(str(export(run, tmp_path / f"served-{len(held)}").path)))
        return held[-1].signatures[signature]

    return exported


@pytest.mark.parametrize(
    ("weight", "seen", "told"),
    [
        (np.inf, "2024-03-01", r"a number is missing, infinite or too large\] \[weight\] \[inf"),
        (4.0, "2023-02-29", r"column seen: a cell cannot be read as dates or times\] \[2023-02-29"),
    ],
)
def test_a_saved_model_refuses_what_predict_refuses(pets, serve, weight, seen, told):
    """An error that names the column and the cell, and no answer that looks like one."""
    with pytest.raises(tf.errors.InvalidArgumentError, match=told):
        serve(pets)(weight=tf.constant([4.0, weight], tf.float64), seen=tf.constant(["2024-03-02", seen]))


def test_one_answer_that_is_a_probability(pets, serve, tmp_path):
    """It is that of the second class."""
    model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")], name="one")
    loss = use("binary_crossentropy", from_logits=False)
    run = eagerloop.train(dataset=pets.dataset, model=model, loss=loss, metrics=[], epochs=1)
    (piece,) = pieces_of(run)

    x = np.concatenate([x for x, _y in run.dataset.test()])
    found = serve(run, "x")(x=tf.constant(x))

    np.testing.assert_allclose(
        found["probabilities"], np.transpose([piece["probability_cat"], piece["probability_dog"]]), rtol=1e-6
    )
    assert decoded(found["prediction"]) == piece["prediction"]


def test_the_run_is_as_it_was(tmp_path):
    """An export changes nothing: the trained variables of a run with an average are there, not the average."""
    run = eagerloop.train(model="linear", optimizer=use("adam", learning_rate=0.1, use_ema=True), epochs=1)
    export(run, tmp_path / "average.keras")
    again = eagerloop.load(run.directory)
    for one, other in zip(run.model.variables, again.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


class TwoInputs(keras.Model):
    """What goes in has names."""

    def __init__(self):
        super().__init__(name="two")
        self.city, self.size = keras.layers.Dense(3), keras.layers.Dense(1)

    def call(self, x):
        return self.size(keras.ops.concatenate([self.city(x["city"]), x["size"]], axis=1))


def test_a_model_of_several_inputs(serve, tmp_path):
    """Each by its name, in every form."""
    draw = np.random.default_rng(0)
    x = {"size": draw.normal(size=(40, 1)).astype("float32"), "city": draw.normal(size=(40, 2)).astype("float32")}
    dataset = eagerloop.ArrayDataset((x, x["size"]), (x, x["size"]), batch_size=8)
    run = eagerloop.train(dataset=dataset, model=TwoInputs(), epochs=1)
    expected = run.predict(x)

    told = export(run, tmp_path / "two.keras").told
    assert told.startswith("a Keras model, from city (n, 2), size (n, 1) to what run.predict answers")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "two.keras")(x), expected, rtol=1e-6, atol=1e-6)
    found = serve(run)(**{name: tf.constant(values) for name, values in x.items()})
    np.testing.assert_allclose(found["prediction"], expected[:, 0], rtol=1e-6, atol=1e-6)
    assert export(run, tmp_path / "two.tflite").told.startswith("a TFLite model, from city (n, 2), size (n, 1)")
    assert (tmp_path / "two.tflite").stat().st_size


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
def test_a_model_of_one_s_own(serve, tmp_path, make):
    """What is no chain of Keras's layers is refused as .keras, with the way out; as a SavedModel it answers."""
    run = eagerloop.train(model=make(), epochs=1)
    with pytest.raises(ConfigError, match=r"model '.*' (is no Keras model|cannot be written).*SavedModel"):
        export(run, tmp_path / "own.keras")
    rows = next(x for x, _y in run.dataset.test())
    names = ("Petal_Length", "Sepal_Length", "Petal_Width")
    found = serve(run)(**{name: tf.cast(rows[:, place], tf.float64) for place, name in enumerate(names)})
    np.testing.assert_allclose(found["prediction"], run.predict(rows)[:, 0], rtol=1e-6)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".", "own"))]


class Doubled(keras.layers.Layer):
    """A layer of one's own."""

    def call(self, x):
        return 2 * x


def steep(x):
    """An activation of one's own."""
    return 3 * x


def test_what_a_file_needs_beside_keras_is_told(tmp_path):
    """A class, a function and a lambda that Keras does not have."""
    layers = [Doubled(), keras.layers.Dense(2, activation=steep), keras.layers.Lambda(lambda x: x + 1), keras.layers.Dense(1)]
    run = eagerloop.train(model=keras.Sequential([keras.Input((3,)), *layers], name="own"), epochs=1)

    notes = export(run, tmp_path / "own.keras").notes

    assert notes == ["to load it, Keras needs beside it: Doubled, a lambda (safe_mode=False), steep"]


def test_tensorflow_lite_has_not_all_operations(tmp_path):
    """In one line, and not in the hundred of its compiler."""
    run = eagerloop.train(model="linear", precision="mixed_bfloat16", epochs=1)
    with pytest.raises(
        ConfigError, match=r"TensorFlow Lite computes in float32, and .* in mixed_bfloat16; export a SavedModel"
    ):
        export(run, tmp_path / "half.tflite")


def test_names_of_inputs_are_identifiers_that_differ():
    """In a graph, names differ in more than their case."""
    names = [*input_names(["a", "A", "a 2", "a_2", "9", "", "ß"]).values()]
    assert len({name.lower() for name in names}) == 7
    assert all(re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) for name in names)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("model.onnx", r"model\.onnx needs tf2onnx, which is not installed; install it with: pip install 'eagerloop\[onnx\]'"),
        ("model.h5", r"ends in '\.h5'; expected \.keras, \.tflite, \.onnx, or no ending"),
        ("none/model.keras", r"there is no directory .*none; make it first"),
        ("taken", r"taken is a directory that is there already"),
        ("taken.keras", r"taken\.keras is a directory that is there already"),
        ("run", r"run is a run, not a file to write; name one as well: eagerloop export .*run model\.keras"),
    ],
)
def test_what_cannot_be_written_is_refused(pets, monkeypatch, tmp_path, name, told):
    """In one line, with what to do instead."""
    monkeypatch.setitem(sys.modules, "tf2onnx", None)  # as if it were not installed
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "something").touch()
    (tmp_path / "taken.keras").mkdir()
    with pytest.raises(ConfigError, match=told):
        export(pets, pets.directory if name == "run" else tmp_path / name)
