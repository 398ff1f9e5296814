"""Exact resume and replay in the middle of an epoch, of structures, weights, classes and pipelines."""

import json

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify

ROWS = 37
DRAWS = np.random.default_rng(9)
X = DRAWS.normal(size=(ROWS, 3)).astype("float32")
KINDS = DRAWS.choice(3, size=ROWS, p=[0.6, 0.2, 0.2]).astype("int32")
OFTEN = DRAWS.uniform(0.5, 2, size=ROWS).astype("float32")

PARTS = '''
"""Models, losses and data of more than two tensors."""
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf


def heads():
    """Two inputs, two outputs."""
    city, size = keras.Input((1,), name="city"), keras.Input((2,), name="size")
    joined = keras.layers.Dropout(0.2)(keras.layers.Concatenate()([city, size]))
    outputs = {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(3)(joined)}
    return keras.Model({"city": city, "size": size}, outputs)


def both(y_true, y_pred, sample_weight):
    """The losses of both outputs; the test may have no weights."""
    of_age = tf.reduce_mean(tf.square(y_true["age"] - y_pred["age"]), axis=1)
    of_kind = tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"])
    weights = 1.0 if sample_weight is None else sample_weight
    return tf.reduce_mean((of_age + of_kind) * weights), {"of_age": tf.reduce_mean(of_age)}


def rebuilt(y_true, y_pred, x):
    """The error of what comes out, beside x."""
    return tf.reduce_mean(tf.square(y_pred - x))


def named():
    """Pipelines of dicts with weights, shuffled by a seed, and the classes by name."""
    draws = np.random.default_rng(1)
    x = {"city": draws.normal(size=(37, 1)).astype("float32"), "size": draws.normal(size=(37, 2)).astype("float32")}
    y, weights = draws.integers(0, 2, size=37).astype("int32"), draws.uniform(0.5, 2, size=37).astype("float32")
    rows = tf.data.Dataset.from_tensor_slices((x, y, weights))
    train = rows.take(28).shuffle(28, seed=4).batch(5)
    return SimpleNamespace(train=train, validation=rows.skip(28).batch(5), test=rows.skip(32).batch(5), classes=("low", "high"))


def logits():
    """Two inputs, two logits."""
    city, size = keras.Input((1,), name="city"), keras.Input((2,), name="size")
    return keras.Model({"city": city, "size": size}, keras.layers.Dense(2)(keras.layers.Concatenate()([city, size])))


def narrow():
    """What comes out is to be what goes in."""
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.2), keras.layers.Dense(3)])
'''


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The parts, arrays by path, arrays without targets, and a table."""
    place = tmp_path_factory.mktemp("files")
    (place / "parts.py").write_text(PARTS)
    named = {}
    for part, rows in {"train": slice(0, 28), "test": slice(28, ROWS)}.items():
        named |= {f"x_{part}/city": X[rows, 0], f"x_{part}/size": X[rows, 1:], f"y_{part}/age": X[rows, 2]}
        named |= {f"y_{part}/kind": KINDS[rows]}
    np.savez(place / "wide.npz", **named, sample_weight_train=OFTEN[:28])
    np.savez(place / "alone.npz", x_train=X[:28], x_test=X[28:])
    np.savez(place / "rare.npz", x_train=X[:28], y_train=KINDS[:28], x_test=X[28:], y_test=KINDS[28:])
    lines = [f"{a},{b},{often},{'uvw'[kind]}\n" for (a, b, _c), often, kind in zip(X, OFTEN, KINDS, strict=True)]
    (place / "table.csv").write_text("a,b,often,kind\n" + "".join(lines))
    return place


def wide(place):
    data = eagerloop.use("arrays", path=place / "wide.npz", batch_size=5, validation_fraction=0.25)
    return {"dataset": data, "model": f"{place}/parts.py:heads", "loss": f"{place}/parts.py:both"}


def alone(place):
    data = eagerloop.use("arrays", path=place / "alone.npz", batch_size=5, validation_fraction=0.25)
    return {"dataset": data, "model": f"{place}/parts.py:narrow", "loss": f"{place}/parts.py:rebuilt"}


def rare(place):
    path = place / "rare.npz"
    return {"dataset": eagerloop.use("arrays", path=path, batch_size=5, validation_fraction=0.25, class_weight="balanced")}


def table(place, stream="no"):
    options = {"weight": "often", "class_weight": "u=0.5,w=3", "batch_size": 5, "validation_fraction": 0.2, "stream": stream}
    return {"dataset": eagerloop.use("csv", path=place / "table.csv", **options)}


def streamed(place):
    return table(place, "yes")


def pipelines(place):
    return {"dataset": f"{place}/parts.py:named", "model": f"{place}/parts.py:logits"}


def history(run):
    """The rows without the times."""
    lines = (run.directory / "history.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("parts", [wide, alone, rare, table, streamed, pipelines])
def test_a_stop_in_the_middle_of_an_epoch_changes_no_bit(files, tmp_path, stops_at, parts, compiled):
    """A run that stops at step 7 and is resumed is that which did not; and the replay has the bits of each checkpoint."""
    given = {**parts(files), "epochs": 2, "compile": compiled, "checkpointer": "npz"}
    whole = eagerloop.train(**given, save_every=7, directory=tmp_path / "whole")
    steps = whole.history[0]["steps"]
    assert 7 % steps, "the middle of an epoch"
    halves = eagerloop.train(**given, observers=[stops_at(7)], directory=tmp_path / "halves")
    assert halves.position.step == 7
    again = eagerloop.resume(tmp_path / "halves", observers=[])
    assert history(again) == history(whole)
    assert len(history(whole)) == 2
    for one, other in zip(whole.variables().values(), again.variables().values(), strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes()
    verdict = verify(tmp_path / "whole", replay=True)
    assert verdict.faults == 0, str(verdict)
    count = len(whole.store.steps())
    assert 7 in whole.store.steps()
    assert f"replay: same bits in {count} of {count} checkpoints" in str(verdict)
