"""Ragged answers, alone and beside another: trained, looked at, predicted; what cannot be written is one line."""

import csv
import io
from pathlib import Path

import pytest

import eagerloop

PARTS = '''
import numpy as np
import tensorflow as tf

LENGTHS = [2, 1, 3, 1, 2, 2]  # both rows of the last batch have two

def words(*, y: str = "ragged"):
    """Rows of several lengths; each number has an answer of its own."""
    rows = tf.ragged.constant([[float(row + place) for place in range(length)] for row, length in enumerate(LENGTHS)])
    known = {"ragged": rows * 2, "dict": {"each": rows * 2, "sum": tf.reduce_sum(rows, axis=1, keepdims=True)}}[y]
    city = np.arange(6.0, dtype="float32")[:, None]
    x = {"word": rows, "city": city} if y == "dict" else rows
    data = tf.data.Dataset.from_tensor_slices((x, known)).batch(2)
    return data, data

class Doubles(tf.Module):
    """Answers each number."""
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.5)
    def __call__(self, x, training=False):
        return x * self.scale

class Both(Doubles):
    """Answers each number, and all of them."""
    def __call__(self, x, training=False):
        rows = x["word"] * self.scale
        return {"each": rows, "sum": tf.reduce_sum(rows, axis=1, keepdims=True) + 0.0 * x["city"]}

def apart(y_true, y_pred):
    """How far the numbers are apart."""
    return tf.reduce_mean(tf.square(y_true.flat_values - y_pred.flat_values))

def both(y_true, y_pred):
    """The same for both."""
    return apart(y_true["each"], y_pred["each"]) + tf.reduce_mean(tf.square(y_true["sum"] - y_pred["sum"]))
'''
ONE = ("--dataset", "parts.py:words", "--model", "parts.py:Doubles", "--loss", "parts.py:apart")
TWO = ("--dataset", "parts.py:words", "--dataset.y", "dict", "--model", "parts.py:Both", "--loss", "parts.py:both")
X = ["0.0 1.0", "1.0", "2.0 3.0 4.0", "3.0", "4.0 5.0", "5.0 6.0"]
DOUBLED = ["0.0 2.0", "2.0", "4.0 6.0 8.0", "6.0", "8.0 10.0", "10.0 12.0"]
SUMS = ["1.0", "1.0", "9.0", "3.0", "9.0", "11.0"]


@pytest.fixture(autouse=True)
def parts():
    """The parts, in a file."""
    Path("parts.py").write_text(PARTS, encoding="utf-8")


def columns(text):
    """A printed table by column."""
    names, *rows = csv.reader(io.StringIO(text))
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def test_one_ragged_answer_is_predicted(done, refused):
    """A row is a text of all its numbers, target and prediction alike; an array of them cannot be, which is said."""
    done("train", *ONE, "--epochs", 1, "--run", "one", "-q")
    table = columns(done("predict", "one"))
    scale = float(eagerloop.load("one").model.scale)

    assert (table["x0"], table["target_y"]) == (X, DOUBLED)
    for given, said in zip(X, table["prediction"], strict=True):
        wanted = [scale * float(number) for number in given.split()]
        assert [float(number) for number in said.split()] == pytest.approx(wanted, rel=1e-6)
    assert "rows of several lengths, which make no array; write CSV" in refused("predict", "one", "--output", "out.npz")
    assert done("evaluate", "one").startswith("loss ")


def test_a_ragged_answer_beside_another_is_predicted(done):
    """Each by its path, and of two inputs each column."""
    done("train", *TWO, "--epochs", 1, "--run", "two", "-q")
    table = columns(done("predict", "two"))

    assert [*table] == ["city", "word", "target_each", "target_sum", "prediction_each", "prediction_sum"]
    assert (table["word"], table["target_each"], table["target_sum"]) == (X, DOUBLED, SUMS)
    for each, added in zip(table["prediction_each"], table["prediction_sum"], strict=True):
        assert sum(map(float, each.split())) == pytest.approx(float(added), rel=1e-5)


def test_ragged_parts_are_looked_at(done):
    """`inspect batch` and `inspect model` tell each part by its path, with what is ragged in it."""
    batch = done("inspect", "batch", *TWO[:4])
    assert "x/word  (2, None) float32  ragged" in batch
    assert "y/sum  (2, 1) float32" in batch
    assert batch.split("\n\n")[1].splitlines()[1].split() == ["0", "0", "0", "1.00", "0", "2.00", "1"]

    model = done("inspect", "model", *TWO[:6])
    assert "asked with training=False: x/city" in model
    assert "the answer each: (2, None) float32\n  [0.0, 0.5]\n  [0.5]\n" in model
    assert "the answer sum: (2, 1) float32\n  [[0.5]\n   [0.5]]\n" in model
