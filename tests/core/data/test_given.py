"""Arrays given as `dataset=(x, y)`: what is the test, in which order, under which names, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.data.beside import GivenData
from eagerloop.data.given import dataset_of
from eagerloop.data.pipelines import as_dataset
from eagerloop.errors import ConfigError, DataError, PluginError

X = np.random.default_rng(0).normal(size=(41, 3)).astype("float32")
Y = X @ np.float32([1, 2, 3])


class Frame:
    """As much of a pandas DataFrame as is looked at."""

    def __init__(self, **columns):
        self.columns, self.ndim = list(columns), 2
        self._columns = {name: np.asarray(column) for name, column in columns.items()}
        self.dtypes = {name: column.dtype for name, column in self._columns.items()}

    def __array__(self, dtype=None, copy=None):
        return np.array([list(row) for row in zip(*self._columns.values(), strict=True)], object)

    def __getitem__(self, names):
        if isinstance(names, list):
            return Frame(**{name: self._columns[name] for name in names})
        return Series(names, self._columns[names])


class Series:
    """As much of a pandas Series."""

    def __init__(self, name, values):
        self.name, self.ndim, self._values = name, 1, np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self._values


def test_a_fifth_of_the_rows_is_the_test_and_each_row_is_in_one_part():
    """8 of 41, drawn by the seed."""
    data = dataset_of((X, Y), seed=3)
    assert [len(pair[0]) for pair in (data.train_arrays, data.test_arrays)] == [33, 8]
    rows = np.concatenate([data.train_arrays[0], data.test_arrays[0]])
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(X, axis=0))
    np.testing.assert_allclose(data.test_arrays[1][:, 0], data.test_arrays[0] @ np.float32([1, 2, 3]), rtol=1e-5)
    assert not np.array_equal(dataset_of((X, Y), seed=4).test_arrays[0], data.test_arrays[0])


@pytest.mark.parametrize("make", [np.asarray, tf.constant, np.ndarray.tolist], ids=["numpy", "tensorflow", "lists"])
def test_a_run_on_arrays_is_that_of_the_dataset_made_by_hand(make):
    """The same rows, batches and order: the same bits."""
    run = eagerloop.train(dataset=(make(X), make(Y)), model="linear", epochs=2, seed=3, directory="given")
    data = dataset_of((X, Y), seed=3)
    by_hand = eagerloop.ArrayDataset(data.train_arrays, data.test_arrays, batch_size=32, shuffle=True, seed=3)
    other = eagerloop.train(dataset=by_hand, model="linear", epochs=2, seed=3, directory="by_hand")
    assert [row["loss"] for row in run.history] == [row["loss"] for row in other.history]
    np.testing.assert_array_equal(run.predict(), other.predict())
    resumed = eagerloop.resume("given", epochs=3, dataset=(X, Y))
    assert (len(resumed.history), resumed.position.step) == (3, 6)


def test_parts_of_ones_own():
    """Two pairs are training and test, three have the validation between them."""
    data = dataset_of(((X[:20], Y[:20]), (X[20:], Y[20:])), seed=0)
    assert ([len(pair[0]) for pair in (data.train_arrays, data.test_arrays)], data.validation_arrays) == ([20, 21], None)
    data = dataset_of(((X[:20], Y[:20]), (X[20:30], Y[20:30]), (X[30:], Y[30:])), seed=0)
    assert [len(x) for x, _y in (data.train_arrays, data.validation_arrays, data.test_arrays)] == [20, 10, 11]


def test_a_third_array_are_weights():
    """They stay with their rows, wherever those are dealt to; dicts of arrays are dealt out alike."""
    data = dataset_of(({"a": X[:, 0], "b": X}, Y, np.arange(41)), seed=3)
    assert data.features == ("a", "b_0", "b_1", "b_2")
    for x, y, weights in (data.train_arrays, data.test_arrays):
        np.testing.assert_array_equal(x["b"], X[weights.astype(int)].astype("float32"))
        np.testing.assert_array_equal(x["a"][:, 0], x["b"][:, 0])
        np.testing.assert_array_equal(y[:, 0], Y[weights.astype(int)].astype("float32"))


def test_columns_keep_their_names():
    """Those of a table in memory, and of its target; numbers of several types are numbers."""
    frame = Frame(age=[31, 40, 22, 51, 38], height=[1.7, 1.6, 1.8, 1.9, 1.5])
    data = dataset_of((frame, Series("paid", [1.0, 2.0, 3.0, 4.0, 5.0])), seed=0)
    assert (data.features, data.targets, data.train_arrays[0].dtype) == (("age", "height"), ("paid",), np.float32)


def test_validation_and_test_stand_beside_the_training():
    """The validation after each epoch; where no test is given, it is a fifth of the training."""
    given = {"dataset": (X[:30], Y[:30]), "validation": (X[30:], Y[30:])}
    run = eagerloop.train(**given, model="linear", epochs=2, directory="run")
    assert [len(pair[0]) for pair in (run.dataset.train_arrays, run.dataset.validation_arrays, run.dataset.test_arrays)] == [
        24,
        11,
        6,
    ]
    assert all("val_loss" in row for row in run.history)
    np.testing.assert_allclose(run.history[-1]["val_loss"], np.mean((run.predict(X[30:])[:, 0] - Y[30:]) ** 2), rtol=1e-5)
    resumed = eagerloop.resume("run", epochs=3, **given)
    whole = eagerloop.train(**given, model="linear", epochs=3, directory="whole")
    assert [row["val_loss"] for row in resumed.history] == [row["val_loss"] for row in whole.history]
    data = dataset_of(GivenData((X[:20], Y[:20]), validation=(X[20:30], Y[20:30]), test=(X[30:], Y[30:])), seed=0)
    by_hand = dataset_of(((X[:20], Y[:20]), (X[20:30], Y[20:30]), (X[30:], Y[30:])), seed=0)
    assert data.fingerprint == by_hand.fingerprint


@pytest.mark.parametrize("target", ["paid", ["paid"]])
def test_a_table_is_told_what_to_predict(target):
    """The other columns are the features, in their order; each part may be a table."""
    frame = Frame(age=np.arange(10), paid=np.arange(10) * 2.0, height=np.arange(10) / 10)
    data = dataset_of(GivenData(frame, target=target), seed=0)
    assert (data.features, data.targets) == (("age", "height"), ("paid",))
    np.testing.assert_allclose(data.train_arrays[1][:, 0], data.train_arrays[0][:, 0] * 2.0)
    both = dataset_of(GivenData(frame, target=target, test=frame), seed=0)
    assert [len(pair[0]) for pair in (both.train_arrays, both.test_arrays)] == [10, 10]
    two = dataset_of(GivenData(frame, target=["height", "paid"]), seed=0)
    assert (two.features, two.targets) == (("age",), ("height", "paid"))


def test_a_table_of_pandas():
    """Its columns of several types, its text as classes, its index passed over."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"a": range(20), "b": np.arange(20) / 2, "kind": ["dog", "cat"] * 10}, index=range(100, 120))
    run = eagerloop.train(dataset=frame, target="kind", epochs=1, directory="run")
    assert (run.dataset.features, run.dataset.classes, run.dataset.task) == (("a", "b"), ("cat", "dog"), "classification")
    run = eagerloop.train(dataset=frame[["a", "b"]], target="b", test=frame[["a", "b"]], epochs=1, directory="two")
    assert len(run.predict()) == 20


def test_texts_to_predict_are_classes():
    """Numbered by the alphabet, over all parts; a class that only the test has is one, too."""
    kinds = np.array(["dog", "cat"] * 20 + ["eel"])
    data = dataset_of(GivenData((X[:40], kinds[:40]), test=(X[40:], kinds[40:].tolist())), seed=0)
    assert (data.task, data.classes) == ("classification", ("cat", "dog", "eel"))
    assert data.train_arrays[1].tolist() == [1, 0] * 20
    assert data.test_arrays[1].tolist() == [2]


def test_pipelines_with_their_test_and_validation_beside_them():
    """As `(train, validation, test)` in one; after each epoch the validation is evaluated."""
    pipeline = tf.data.Dataset.from_tensor_slices((X, Y[:, None])).batch(10)
    parts = {"validation": pipeline.take(1), "test": pipeline.skip(3)}
    run = eagerloop.train(dataset=pipeline.take(3), **parts, model="linear", epochs=1, directory="one")
    other = eagerloop.train(
        dataset=(pipeline.take(3), pipeline.take(1), pipeline.skip(3)), model="linear", epochs=1, directory="other"
    )
    assert run.history[0]["val_loss"] == other.history[0]["val_loss"]
    assert len(run.predict()) == 11
    np.testing.assert_allclose(run.history[0]["val_loss"], np.mean((run.predict(X[:10])[:, 0] - Y[:10]) ** 2), rtol=1e-5)


def test_a_validation_that_draws_is_the_same_after_each_epoch():
    """Its first pass is kept, as that of a test is."""
    drawn = tf.data.Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x + tf.random.uniform([3]), y)).batch(41)
    pipeline = tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)
    data = as_dataset(GivenData(pipeline, validation=drawn, test=pipeline), "dataset 'd'")
    first, second = (next(iter(data.validation()))[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert "the validation part draws without a seed" in data.note


PIPELINE = tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"validation": (X, Y)}, ConfigError, "validation must stand beside data of your own, .*; no dataset was given"),
        ({"dataset": "csv", "target": "y"}, ConfigError, "got the dataset 'csv', which has options for such things"),
        ({"dataset": PIPELINE}, PluginError, r"is a tf.data.Dataset alone; give the test, too: dataset=..., test=..., or"),
        ({"dataset": PIPELINE, "validation": PIPELINE}, PluginError, r"is a tf.data.Dataset alone; give the test, too"),
        ({"dataset": PIPELINE, "test": (X, Y)}, PluginError, r"go with arrays \(x, y\), a table, or tf.data.Datasets, got"),
        ({"dataset": (X, Y), "test": PIPELINE}, DataError, r"test must be what dataset is, a pair \(x, y\)"),
        ({"dataset": (X, Y), "target": "y"}, DataError, r"target='y' names a column of a table, and the data are a pair"),
        ({"dataset": ((X, Y), (X, Y)), "test": (X, Y)}, DataError, "the test data are given twice: in dataset, and as test="),
        ({"dataset": Frame(a=[1, 2], b=[1, 2])}, DataError, "a table needs target=COLUMN, .*; it has the columns a, b"),
        (
            {"dataset": Frame(aged=[1], b=[1]), "target": "age"},
            DataError,
            "no column 'age' to be the target; did you mean 'aged'",
        ),
        ({"dataset": Frame(a=[1, 2]), "target": "a"}, DataError, "the table has no other column than the target 'a'"),
        ({"dataset": (X[:2], np.array(["a", 1.5], object))}, DataError, "y must hold numbers: could not convert"),
        ({"dataset": (X, Y), "vallidation": (X, Y)}, ConfigError, "no keyword 'vallidation'; did you mean 'validation'"),
    ],
    ids=lambda value: "" if not isinstance(value, str) else value[:20],
)
def test_data_that_do_not_fit_what_stands_beside_them(given, error, told):
    """In one line, and nothing is written."""
    with pytest.raises(error, match=told):
        eagerloop.train(**given, directory="run")


def test_integers_are_classes():
    """As everywhere."""
    assert dataset_of((X, (Y > 0).astype(int)), seed=0).task == "classification"


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ((X, Y[:40]), DataError, r"x and y must have as many rows, at least one, got the shapes \(41, 3\) and \(40,\)"),
        ((Frame(age=[1, 2], city=["Rome", "Oslo"]), Y[:2]), DataError, r"x must hold numbers \(columns city\): could not"),
        (
            (X, Y, Y, Y),
            PluginError,
            r"must be arrays \(x, y\), a \(train, test\) pair of tf.data.Datasets or a Dataset, got tuple",
        ),
        ((X,), PluginError, r"must be arrays \(x, y\), a \(train, test\) pair"),
    ],
    ids=["rows", "text", "four arrays", "x alone"],
)
def test_what_is_no_data_is_refused_in_one_line(given, error, told):
    """With the shapes, or the columns, and nothing written."""
    with pytest.raises(error, match=told):
        eagerloop.train(dataset=given, directory="run")
