"""Any part is swapped by name: the run trains, resumes and predicts, and the loop is not touched."""

import csv
import io
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import eagerloop

LOOP = Path(eagerloop.__file__).with_name("loop.py")


@pytest.fixture(scope="module")
def digest():
    """The loop as it was before any part was swapped."""
    return sha256(LOOP.read_bytes()).hexdigest()


@pytest.fixture
def arrays():
    """An .npz of twelve rows for the training and four for the test."""
    x = np.arange(32.0, dtype="float32").reshape(16, 2) / 32
    y = x.sum(axis=1, keepdims=True)
    np.savez("my.npz", x_train=x[:12], y_train=y[:12], x_test=x[12:], y_test=y[12:])


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    "words",
    [
        "--dataset csv --dataset.path table.csv",
        "--dataset csv --dataset.path pets.csv",
        "--dataset arrays --dataset.path my.npz --dataset.batch-size 4",
        "--model mlp --model.hidden 8",
        "--model linear",
        "--loss huber --loss.delta 2",
        "--loss mean-absolute-error",
        "--optimizer sgd --optimizer.momentum 0.9 --optimizer.learning-rate 0.0001",
        "--optimizer rmsprop",
        "--checkpointer npz",
        "--observe print-loss --observe csv --observe.path steps.csv --observe early-stopping",
        "--metric rmse --metric r2 --metric mean-absolute-error",
        "--metric r2 --dataset.validation-fraction 0.25",
    ],
)
def test_a_swapped_part_trains_resumes_and_predicts(done, table, arrays, digest, words):
    """One epoch, one more, then a finite prediction for each row of the test."""
    table()
    table("pets.csv", classes=True)
    done("train", *words.split(), "--epochs", 1, "--run", "mine", "-q")
    out = done("resume", "mine", "--epochs", 2)
    predicted = list(csv.DictReader(io.StringIO(done("predict", "mine"))))

    assert "resuming in epoch 2" in out
    assert "done: 2 epochs" in out
    loaded = eagerloop.load("mine").predict()
    assert np.isfinite(loaded).all()
    assert len(predicted) == len(loaded) > 0
    assert sha256(LOOP.read_bytes()).hexdigest() == digest


def test_without_a_checkpointer_nothing_is_kept(done, refused):
    """`none` trains, and there is nothing to predict from."""
    done("train", "--checkpointer", "none", "--epochs", 1, "--run", "mine", "-q")
    assert "mine has no checkpoint" in refused("predict", "mine")
    assert not list(Path("mine").glob("checkpoints/step-*"))


METRIC = """
import keras


class Batches(keras.metrics.Metric):
    def __init__(self, weight: float = 1.0):
        super().__init__(name="batches")
        self.weight, self.count = weight, self.add_weight(shape=(), initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.count.assign_add(self.weight)

    def result(self):
        return self.count
"""


def test_a_metric_that_does_not_tell_how_it_is_made_is_made_by_its_factory(done, parts):
    """A Keras metric without `get_config` keeps its options in an evaluation: 2 for each of 3 batches."""
    parts(METRIC)
    words = ["--metric", "parts.py:Batches", "--metric.weight", 2, "--dataset.validation-fraction", 0.25]
    done("train", *words, "--epochs", 1, "--run", "mine", "-q")
    assert done("evaluate", "mine").splitlines()[1] == "Batches 6"


def test_a_part_that_fails_in_an_evaluation_is_one_line(done, refused, parts):
    """The loss was changed since, and the change was trusted: what it raises is told without a traceback."""
    source = "import tensorflow as tf\n\n\ndef mine(y_true, y_pred):\n    return tf.reduce_mean(tf.square(y_true - y_pred))\n"
    parts(source)
    done("train", "--loss", "parts.py:mine", "--epochs", 1, "--run", "mine", "-q")
    parts(source.replace("return", "raise ValueError('not today')\n    return"))
    assert "mine cannot be evaluated: ValueError: not today" in refused("evaluate", "mine", "--trust", "parts.py")
