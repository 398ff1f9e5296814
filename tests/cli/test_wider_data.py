"""Structures, weights and class names by the command line: train, evaluate, predict the test and new rows."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

import eagerloop

ROWS = 40
DRAWS = np.random.default_rng(8)
CITIES, SIZES = DRAWS.normal(size=ROWS).astype("float32"), DRAWS.normal(size=(ROWS, 2)).astype("float32")
AGES, KINDS = CITIES + SIZES[:, 0], (SIZES[:, 1] > 0).astype("int32")
WEIGHTS = DRAWS.uniform(0.5, 2, size=ROWS).astype("float32")

PARTS = '''
"""Models, losses and data of more than two tensors."""
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf


def inputs():
    city, size = keras.Input((1,), name="city"), keras.Input((2,), name="size")
    return {"city": city, "size": size}, keras.layers.Concatenate()([city, size])


def heads():
    """Two inputs, two outputs."""
    given, joined = inputs()
    return keras.Model(given, {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(2)(joined)})


def one():
    """Two inputs, two logits."""
    given, joined = inputs()
    return keras.Model(given, keras.layers.Dense(2)(joined))


def narrow():
    """What comes out is to be what goes in."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Dense(2)])


def both(y_true, y_pred, sample_weight):
    """The losses of both outputs; the test may have no weights."""
    of_age = tf.reduce_mean(tf.square(y_true["age"] - y_pred["age"]), axis=1)
    of_kind = tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"])
    return tf.reduce_mean((of_age + of_kind) * (1.0 if sample_weight is None else sample_weight))


def rebuilt(y_true, y_pred, x):
    """The error of what comes out, beside x."""
    return tf.reduce_mean(tf.square(y_pred - x))


def batches(first, end):
    draws = np.random.default_rng(1)
    x = {"city": draws.normal(size=(40, 1)).astype("float32"), "size": draws.normal(size=(40, 2)).astype("float32")}
    rows = x | {"kind": (x["size"][:, 1] > 0).astype("int32"), "often": draws.uniform(0.5, 2, size=40).astype("float32")}
    some = tf.data.Dataset.from_tensor_slices({name: leaf[first:end] for name, leaf in rows.items()})
    return some.map(lambda row: ({"city": row["city"], "size": row["size"]}, row["kind"], row["often"])).batch(6)


def three():
    """Training, validation and test."""
    train = batches(0, 24).unbatch().shuffle(24, seed=3).batch(6)
    return train, batches(24, 32), batches(32, 40)


def named():
    """The same, the classes by name."""
    train, validation, test = three()
    return SimpleNamespace(train=train, validation=validation, test=test, classes=("low", "high"))
'''


@pytest.fixture(autouse=True)
def files():
    """The parts, a file of structured arrays, a file without targets, and a table."""
    Path("parts.py").write_text(PARTS)
    parts = {"train": slice(0, 32), "test": slice(32, ROWS)}
    named = {}
    for part, rows in parts.items():
        named |= {f"x_{part}/city": CITIES[rows], f"x_{part}/size": SIZES[rows]}
        named |= {f"y_{part}/age": AGES[rows], f"y_{part}/kind": KINDS[rows]}
    np.savez("wide.npz", **named, sample_weight_train=WEIGHTS[:32])
    np.savez("alone.npz", x_train=SIZES[:32], x_test=SIZES[32:])
    columns = zip(CITIES, AGES, WEIGHTS, KINDS, strict=True)
    lines = [f"{city},{age:.4f},{often},{('low', 'high')[kind]}\n" for city, age, often, kind in columns]
    Path("table.csv").write_text("city,age,often,kind\n" + "".join(lines))


def table(text):
    """CSV as names and rows."""
    names, *rows = csv.reader(io.StringIO(text))
    return names, rows


def figures(text):
    """What `evaluate` printed."""
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


def test_structured_arrays(done):
    """A column a leaf for the test; new rows by the paths of the arrays, in any order; the loss of the test by hand."""
    words = ["--dataset", "arrays", "--dataset.path", "wide.npz", "--model", "parts.py:heads", "--loss", "parts.py:both"]
    done("train", *words, "--epochs", 1, "--run", "wide", "-q")
    run = eagerloop.load("wide")
    answers = run.predict()
    names, rows = table(done("predict", "wide"))
    shown = [
        "city",
        "size_0",
        "size_1",
        "target_age",
        "target_kind",
        "prediction_age",
        "prediction_kind_0",
        "prediction_kind_1",
    ]
    assert names == shown
    found = np.array(rows, "float32")
    np.testing.assert_array_equal(found[:, 5:], np.hstack([answers["age"], answers["kind"]]))
    np.testing.assert_array_equal(found[:, :3], np.column_stack([CITIES, SIZES])[32:])

    logits = answers["kind"].astype("float64")
    of_kind = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(8), KINDS[32:]]
    by_hand = np.mean((answers["age"][:, 0] - AGES[32:]) ** 2 + of_kind)
    assert figures(done("evaluate", "wide"))["loss"] == pytest.approx(by_hand, rel=1e-5)

    new = "\n".join(["size_1,note,city,size_0", *(f"{row[2]},x,{row[0]},{row[1]}" for row in rows)])
    Path("new.csv").write_text(new)
    assert done("predict", "wide", "--output", "out.npz") == "8 predictions in out.npz\n"
    with np.load("out.npz") as file:
        assert set(file) == {"predictions/age", "predictions/kind"}
        for name, leaf in answers.items():
            np.testing.assert_array_equal(file[f"predictions/{name}"], leaf)
    names, again = table(done("predict", "wide", "--input", "new.csv"))
    assert names == ["city", "size_0", "size_1", *shown[5:]]
    np.testing.assert_allclose(np.array(again, "float32")[:, 3:], found[:, 5:], rtol=1e-5, atol=1e-6)


def test_a_table_without_a_leaf_is_refused(done, refused):
    """The column that is missing is named by its path, with the nearest."""
    words = ["--dataset", "arrays", "--dataset.path", "wide.npz", "--model", "parts.py:heads", "--loss", "parts.py:both"]
    done("train", *words, "--epochs", 1, "--run", "wide", "-q")
    Path("new.csv").write_text("size_1,city\n1,2\n")
    assert "new.csv has no column 'size_0'; did you mean 'size_1'?" in refused("predict", "wide", "--input", "new.csv")


def test_arrays_without_targets(done):
    """There is no column of a target, for the test and for new rows."""
    words = ["--dataset", "arrays", "--dataset.path", "alone.npz", "--model", "parts.py:narrow", "--loss", "parts.py:rebuilt"]
    done("train", *words, "--epochs", 1, "--run", "alone", "-q")
    names, rows = table(done("predict", "alone"))
    assert (names, len(rows)) == (["x0", "x1", "prediction_0", "prediction_1"], 8)
    answers = eagerloop.load("alone").predict()
    np.testing.assert_array_equal(np.array(rows, "float32")[:, 2:], answers)
    assert figures(done("evaluate", "alone"))["loss"] == pytest.approx(np.mean((answers - SIZES[32:]) ** 2), rel=1e-5)
    Path("new.csv").write_text("x1,x0\n1,2\n")
    assert table(done("predict", "alone", "--input", "new.csv"))[0] == names
    done("predict", "alone", "--input", "new.csv", "--output", "out.npz")
    with np.load("out.npz") as file:
        np.testing.assert_allclose(file["predictions"], eagerloop.load("alone").predict([[2.0, 1.0]]), rtol=1e-6)


@pytest.mark.sweep(1)
@pytest.mark.parametrize("stream", ["no", "yes"])
def test_weights_of_a_table(done, stream):
    """The loss of the test is weighed by its rows, and not by class; neither predictions nor new rows need the column."""
    words = ["--dataset", "csv", "--dataset.path", "table.csv", "--dataset.weight", "often", "--dataset.stream", stream]
    done("train", *words, "--dataset.class-weight", "low=2,high=0.5", "--epochs", 1, "--run", "mine", "-q")
    run = eagerloop.load("mine")
    assert run.dataset.class_weights == (0.5, 2.0)  # in the order of the classes: high, low
    names, rows = table(done("predict", "mine"))
    assert names == ["city", "age", "kind", "prediction", "probability_high", "probability_low"]
    held = np.sort(np.random.Generator(np.random.PCG64([0, 0])).permutation(ROWS)[32:])
    chances = [float(row[4 + (row[2] == "low")]) for row in rows]
    by_hand = np.mean(-WEIGHTS[held] * np.log(chances))
    assert figures(done("evaluate", "mine"))["loss"] == pytest.approx(by_hand, rel=1e-5)
    Path("new.csv").write_text("age,city\n1,0.5\n")
    assert table(done("predict", "mine", "--input", "new.csv"))[0] == ["city", "age", *names[3:]]


def test_class_weights_are_refused_by_name(refused):
    """One line with the nearest name."""
    words = ["--dataset", "csv", "--dataset.path", "table.csv", "--dataset.class-weight", "lwo=2"]
    assert "class-weight names 'lwo', which is no class; did you mean 'low'? Known: high, low" in refused("train", *words)


@pytest.mark.sweep(1)
@pytest.mark.parametrize(("name", "classes"), [("three", ["0", "1"]), ("named", ["low", "high"])])
def test_three_pipelines_of_a_file(done, name, classes):
    """Training, validation and test with weights; the classes by their numbers, or by the names that the factory gives."""
    done("train", "--dataset", f"parts.py:{name}", "--model", "parts.py:one", "--epochs", 1, "--run", name, "-q")
    run = eagerloop.load(name)
    assert {"val_loss", "val_accuracy"} <= run.history[0].keys()
    names, rows = table(done("predict", name))
    assert names == ["city", "size_0", "size_1", "y", "prediction", *(f"probability_{one}" for one in classes)]
    assert {row[3] for row in rows} == {*classes}
    chances = np.array([float(row[5 + classes.index(row[3])]) for row in rows])
    weights = np.concatenate([weights for _x, _y, weights in run.dataset.test()])
    assert figures(done("evaluate", name))["loss"] == pytest.approx(np.mean(-weights * np.log(chances)), rel=1e-5)
