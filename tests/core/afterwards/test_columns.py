"""The columns of predictions: every element of every answer, under a name; and the answers themselves, row by row."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.errors import ConfigError, DataError

X = np.random.default_rng(1).normal(size=(20, 3)).astype("float32")
STILL = {"optimizer": eagerloop.use("sgd", learning_rate=0.0), "epochs": 1}


def own_loss(y_true, y_pred):
    """Any answers, whatever they look like."""
    return tf.add_n([tf.reduce_mean(tf.square(leaf)) for leaf in tf.nest.flatten(y_pred)]) + 0.0 * tf.reduce_mean(y_true)


def heads(**widths):
    """A model with an answer of each name."""
    first = keras.Input((3,))
    return keras.Model(first, {name: keras.layers.Dense(width, name=name)(first) for name, width in widths.items()})


def rows_of(run, place):
    """The table of predictions of the test data: names, and rows of text."""
    write_predictions(run, None, place / "out.csv")
    with (place / "out.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def trained(model, place, y, batch_size=7, **options):
    """A run whose weights stay as they are."""
    data = eagerloop.ArrayDataset((X, y), (X, y), batch_size=batch_size)
    return eagerloop.train(dataset=data, model=model, directory=place / "run", **{"loss": own_loss, **STILL, **options})


@pytest.mark.parametrize(
    ("outputs", "targets", "names"),
    [
        (1, 1, ["prediction"]),
        (3, 1, ["prediction_0", "prediction_1", "prediction_2"]),
        (2, 3, ["prediction_0", "prediction_1"]),
        (3, 3, ["prediction_y0", "prediction_y1", "prediction_y2"]),
    ],
)
def test_every_number_of_a_regression_has_a_column(outputs, targets, names, tmp_path):
    """Three quantiles of one target, or fewer outputs than targets: as many columns as numbers, each the model's own."""
    run = trained(keras.Sequential([keras.layers.Dense(outputs)]), tmp_path, np.zeros((20, targets), "float32"))
    head, rows = rows_of(run, tmp_path)
    assert head[3 + targets :] == names
    found = np.array([row[3 + targets :] for row in rows], "float32")
    np.testing.assert_allclose(found, X @ run.model.get_weights()[0] + run.model.get_weights()[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_an_answer_of_several_heads_is_joined_leaf_by_leaf(compiled, tmp_path):
    """Two heads of width 4 and one of 1, 20 rows in batches of 7, 7 and 6: three arrays and a table of 20 rows."""
    run = trained(heads(age=1, left=4, right=4), tmp_path, np.zeros((20, 1), "float32"), compile=compiled)
    answers = run.predict()
    assert {name: leaf.shape for name, leaf in answers.items()} == {"age": (20, 1), "left": (20, 4), "right": (20, 4)}
    for found in (answers, run.predict(X, batch_size=6)):
        for name, leaf in run.model(X, training=False).items():
            np.testing.assert_allclose(found[name], leaf, rtol=1e-5, atol=1e-6)
    head, rows = rows_of(run, tmp_path)
    sides = [f"prediction_{side}_{number}" for side in ("left", "right") for number in range(4)]
    assert head == ["x0", "x1", "x2", "y", "prediction_age", *sides]
    assert len(rows) == 20
    found = np.array([row[4:] for row in rows], "float32")
    np.testing.assert_allclose(found, np.hstack([answers["age"], answers["left"], answers["right"]]), rtol=1e-5, atol=1e-6)


def test_a_class_at_each_place_has_columns_of_its_own(tmp_path):
    """Of two places and three classes: two times a class and three probabilities, by NumPy."""
    y = np.random.default_rng(2).integers(0, 3, (20, 2))
    model = keras.Sequential([keras.layers.Dense(6), keras.layers.Reshape((2, 3))])
    run = trained(model, tmp_path, y, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    head, rows = rows_of(run, tmp_path)
    ending = [f"{place}_{number}" for place in ("y0", "y1") for number in range(3)]
    assert head[5:9] == ["prediction_y0", *(f"probability_{name}" for name in ending[:3])]
    logits = run.predict().astype("float64")
    powers = np.exp(logits)
    chances = powers / powers.sum(-1, keepdims=True)
    found = np.array([[row[6:9], row[10:13]] for row in rows], float)
    np.testing.assert_allclose(found, chances, rtol=1e-6)
    assert [[row[5], row[9]] for row in rows] == logits.argmax(-1).astype(str).tolist()
    assert [row[3:5] for row in rows] == y.astype(str).tolist()
    picked = np.take_along_axis(chances, y[..., None], -1)
    assert run.history[0]["loss"] == pytest.approx(-np.log(picked).mean(), rel=1e-5)
    assert run.history[0]["accuracy"] == pytest.approx((logits.argmax(-1) == y).mean())


def padded(lengths):
    """Token ids in batches of one row, each of a length of its own."""
    pieces = [(np.arange(1, length + 1, dtype="int32"), length % 2) for length in lengths]
    spec = (tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int32))
    return tf.data.Dataset.from_generator(lambda: iter(pieces), output_signature=spec).padded_batch(1)


class Sequences:
    """A dataset whose batches are of several lengths."""

    features, targets, task, classes = ("tokens",), ("y",), "classification", ("even", "odd")

    def train(self, epoch, start=0):
        """The batches from one on."""
        return padded((3, 5, 4, 7)).skip(start)

    def test(self):
        """The same lengths."""
        return padded((3, 5, 4, 7))


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_rows_of_another_length_are_predicted(compiled, tmp_path):
    """Whatever the length of the first batch was; a row of tokens is one text in the table."""
    model = keras.Sequential([keras.layers.Embedding(20, 4), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(2)])
    run = eagerloop.train(dataset=Sequences(), model=model, compile=compiled, directory=tmp_path / "run", **STILL)
    expected = [model(x, training=False)[0] for x, _y in Sequences().test()]
    np.testing.assert_allclose(run.predict(), expected, rtol=1e-5, atol=1e-6)
    longer = np.arange(1, 12, dtype="int32")[None]
    np.testing.assert_allclose(run.predict(longer), model(longer), rtol=1e-5, atol=1e-6)
    head, rows = rows_of(run, tmp_path)
    assert head == ["tokens", "y", "prediction", "probability_even", "probability_odd"]
    assert [row[:2] for row in rows] == [["1 2 3", "odd"], ["1 2 3 4 5", "odd"], ["1 2 3 4", "even"], ["1 2 3 4 5 6 7", "odd"]]


def test_answers_of_two_lengths_cannot_be_joined(tmp_path):
    """An answer for each token: one line instead of NumPy's words."""
    model = keras.Sequential([keras.layers.Embedding(20, 4), keras.layers.Dense(2)])
    run = eagerloop.train(dataset=Sequences(), model=model, loss=own_logits, metrics=[], directory=tmp_path / "run", **STILL)
    with pytest.raises(DataError, match=r"the answers to 4 batches cannot be joined row by row .*batches of one length"):
        run.predict()
    (tmp_path / "out.npz").write_text("before")
    with pytest.raises(
        ConfigError, match=r"out\.npz: the answers have rows of several lengths, which make no array; write CSV"
    ):
        write_predictions(run, None, tmp_path / "out.npz")
    assert (tmp_path / "out.npz").read_text() == "before"


def own_logits(y_true, y_pred):
    """A loss of all tokens."""
    return tf.reduce_mean(tf.square(y_pred)) + 0.0 * tf.reduce_mean(tf.cast(y_true, tf.float32))


def test_text_is_written_as_text(tmp_path):
    """tf.data gives bytes, NumPy its own strings: neither has b'' around it."""
    texts, y = np.array([["good film"], ["schön"], ["bad"], ["bad"]]), np.array([1, 1, 0, 0])
    words = keras.layers.StringLookup(vocabulary=["good film", "bad"])

    def make():
        layers = [words, keras.layers.Embedding(9, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
        return keras.Sequential([keras.Input((1,), dtype="string"), *layers])

    pipeline = tf.data.Dataset.from_tensor_slices((texts, y)).batch(2)
    arrays = eagerloop.ArrayDataset((texts, y), (texts, y), batch_size=2, features=("review",))
    for name, data in (("pair", (pipeline, pipeline)), ("arrays", arrays)):
        (tmp_path / name).mkdir()
        run = eagerloop.train(dataset=data, model=make(), directory=tmp_path / name / "run", **STILL)
        _head, rows = rows_of(run, tmp_path / name)
        assert [row[0] for row in rows] == ["good film", "schön", "bad", "bad"]
    (tmp_path / "new.csv").write_text("review,y\nbad,\ngood film,1\n", encoding="utf-8")
    assert write_predictions(run, tmp_path / "new.csv", tmp_path / "new-out.csv") == 2
    encoded = run.dataset.encode(eagerloop.tables.read_table(tmp_path / "new.csv"))
    np.testing.assert_allclose(run.predict(encoded), run.predict()[[2, 0]])
