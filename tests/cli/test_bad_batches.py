"""Batches and parts by path that do not fit: the same line on the command line and from Python, with paths and shapes."""

import re
from pathlib import Path

import pytest

import eagerloop
from eagerloop import use
from eagerloop.errors import DataError, EagerloopError

PARTS = '''
import keras
import numpy as np
import tensorflow as tf


def data(*, y: str = "both", weights: str = "none", rows: int = 12):
    """Two outputs, in batches of 6; or one of them, or none, with weights of a form."""
    import eagerloop

    x = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
    both = {"age": x[:rows, :1], "kind": x.argmax(axis=1)}
    targets = {"both": both, "age": x[:, :1], "none": ()}[y]
    forms = {"none": None, "wide": np.ones((12, 2)), "short": np.ones(7), "negative": -np.ones(12)}
    given = (x, targets) if weights == "none" else (x, targets, forms[weights])
    return eagerloop.ArrayDataset(given, (x, targets), batch_size=6)


def pipeline():
    """The same as a pipeline, whose second batch nobody has looked at."""

    def rows():
        for size in (6, 5):
            x = np.ones((6, 3), "float32")
            yield x, {"age": np.ones((size, 1), "float32"), "kind": np.ones(6, "int32")}

    spec = tf.TensorSpec((None, 3)), {"age": tf.TensorSpec((None, 1)), "kind": tf.TensorSpec((None,), tf.int32)}
    made = tf.data.Dataset.from_generator(rows, output_signature=spec)
    return made, made.take(1)


class One(keras.Model):
    """One head."""

    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(1)

    def call(self, x):
        return self.head(x)


class Two(keras.Model):
    """Two heads on one body."""

    def __init__(self):
        super().__init__()
        self.body, self.age, self.kind = keras.layers.Dense(4), keras.layers.Dense(1), keras.layers.Dense(3)

    def call(self, x):
        seen = self.body(x)
        return {"age": self.age(seen), "kind": self.kind(seen)}


def wants_more(y_true, y_pred, city):
    """Asks for what there is not."""
    return tf.reduce_mean(city * tf.square(y_true - y_pred))


def plain(y_true, y_pred):
    """A loss of one tensor that takes no weights."""
    return tf.reduce_mean(tf.square(y_true - y_pred))


def weighed(y_true, y_pred, sample_weight):
    """Cannot do without weights."""
    return tf.reduce_mean(sample_weight[:, None] * tf.square(y_true - y_pred))


def weighing(model, loss, optimizer, x, y, sample_weight):
    """Neither can this step."""
    return eagerloop.loop.train_step(model, loss, optimizer, x, y, sample_weight)
'''
MODEL = ("--model", "parts.py:Two")
TWO = (*MODEL, "--loss", "age=mse", "--loss", "kind=sparse_categorical_crossentropy")
DATA = ("--dataset", "parts.py:data")
SHAPES = r"\{age: \(6, 1\), kind: \(6, 3\)\}"
CASES = {
    "leaves that differ in rows": (
        (*DATA, *TWO, "--dataset.rows", "11"),
        r"x_train, y_train/age and y_train/kind must have as many rows, .* shapes \(12, 3\), \(11, 1\) and \(12,\)$",
    ),
    "a path that is no output": (
        (*DATA, *MODEL, "--loss", "agee=mse"),
        rf"^loss 'mse' at 'agee': the predictions have no path 'agee', they are {SHAPES}; did you mean 'age'",
    ),
    "a path that is no output of a metric": (
        (*DATA, *TWO, "--metric", "kinds=accuracy"),
        rf"^metric 'accuracy' at 'kinds': the predictions have no path 'kinds', they are {SHAPES}; did you mean 'kind'",
    ),
    "weights of another shape": (
        (*DATA, *TWO, "--dataset.weights", "wide"),
        r"^loss 'mse' at 'age' gets weights of the shape \(6, 2\) for targets \(6, 1\) and predictions \(6, 1\); give one",
    ),
    "weights of other rows": (
        (*DATA, *TWO, "--dataset.weights", "short"),
        r"y_train/kind and sample_weight_train must have as many rows, .*\(12,\) and \(7,\)$",
    ),
    "an optimizer for no attribute": (
        (*DATA, *TWO, "--optimizer", "haed=adam", "--optimizer", "rest=sgd"),
        r"^optimizer 'haed': the model has no attribute or layer of that name .* Known: age, body, .*kind, rest",
    ),
    "variables that no optimizer owns": (
        (*DATA, *TWO, "--optimizer", "body=adam", "--optimizer", "age=sgd"),
        r"^no optimizer has \S*/kernel, \S*/bias; add one for 'rest', or for what holds them: .*kind",
    ),
    "a loss that asks for what there is not": (
        (*DATA, "--dataset.y", "age", "--model", "parts.py:One", "--loss", "parts.py:wants_more"),
        r"^loss 'parts.py:wants_more' of parts.py \S+: parameter 'city' has no annotation",
    ),
    "a loss that needs weights, and there are none": (
        (*DATA, "--dataset.y", "age", "--model", "parts.py:One", "--loss", "parts.py:weighed"),
        r"^loss 'parts.py:weighed' must have a sample_weight, and the dataset gives rows no weights; write sample_weight=None",
    ),
    "a step that needs weights, and there are none": (
        (*DATA, "--dataset.y", "age", "--model", "parts.py:One", "--loss", "mse", "--step", "parts.py:weighing"),
        r"^step 'parts.py:weighing' must have a sample_weight, and the dataset gives rows no weights; write sample_weight=None",
    ),
    "no targets, and a loss that needs them": (
        (*DATA, "--dataset.y", "none", "--model", "parts.py:One", "--loss", "mse"),
        r"^loss 'mse' needs targets and predictions of one shape, got nothing for targets and predictions \(6, 1\)",
    ),
    "no targets at the path of a loss": (
        (*DATA, "--dataset.y", "none", *TWO),
        r"^loss 'mse' at 'age': the targets have no path 'age', they are nothing",
    ),
    "no targets for a model of as many outputs": (
        (*DATA, "--dataset.y", "none", "--model", "linear", "--loss", "mse"),
        r"^model 'linear' has as many outputs as there are targets, and y is empty; give a model of your own",
    ),
    "a loss of one tensor for two outputs": (
        (*DATA, *MODEL, "--loss", "parts.py:plain"),
        rf"^loss 'parts.py:plain' of .* cannot compare y, \{{age: \(6, 1\), kind: \(6,\)\}}, with predictions, {SHAPES}",
    ),
    "a metric of one tensor for two outputs": (
        (*DATA, *TWO, "--metric", "mae"),
        rf"^metric 'mae' compares one tensor with one, and y is .* and the predictions are {SHAPES}; give it the path",
    ),
}


def as_keywords(words):
    """The same for `eagerloop.train`: parts and their options by kind, and by path."""
    parts, options = {}, {}
    for name, value in zip(words[::2], words[1::2], strict=True):
        kind, _dot, option = name.removeprefix("--").partition(".")
        path, equals, part = value.partition("=")
        if option:
            options[option] = int(value) if value.isdecimal() else value
        elif equals:
            parts.setdefault(kind, {})[path] = part
        else:
            parts[kind] = value
    parts["dataset"] = use(parts["dataset"], **options)
    return {"metrics" if kind == "metric" else kind: [part] if part == "mae" else part for kind, part in parts.items()}


@pytest.mark.parametrize(("words", "match"), CASES.values(), ids=[*CASES])
def test_what_does_not_fit_is_one_line(refused, words, match):
    """Before the first step, and no file is touched; from Python the same words."""
    Path("parts.py").write_text(PARTS, encoding="utf-8")
    typed = refused("train", *words, "--run", "mine")
    with pytest.raises(EagerloopError, match=match) as raised:
        eagerloop.train(**as_keywords(words), directory="mine")

    assert re.search(match, typed)
    assert re.sub(r"_\d+", "", str(raised.value)) == re.sub(r"_\d+", "", typed)  # Keras counts its layers: two, two_1


@pytest.mark.parametrize("grain", ["step", "stretch"])
def test_a_later_batch_is_named(stops_at, grain):
    """In a graph, which tells neither the names nor, of a stretch, the place."""
    Path("parts.py").write_text(PARTS, encoding="utf-8")
    losses = {"age": "mse", "kind": "sparse_categorical_crossentropy"}
    looking = {"observers": [stops_at(99)]} if grain == "step" else {"checkpointer": "none"}
    told = r"^in epoch 1, batch 2, x, y/age and y/kind must have as many rows, .* shapes \(6, 3\), \(5, 1\) and \(6,\)$"
    with pytest.raises(DataError, match=told):
        eagerloop.train(dataset="parts.py:pipeline", model="parts.py:Two", loss=losses, compile=True, epochs=1, **looking)
