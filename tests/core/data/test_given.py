"""Arrays given as `dataset=(x, y)`: what is the test, in which order, under which names, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.data.given import dataset_of
from eagerloop.errors import DataError, PluginError

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


def test_columns_keep_their_names():
    """Those of a table in memory, and of its target; numbers of several types are numbers."""
    frame = Frame(age=[31, 40, 22, 51, 38], height=[1.7, 1.6, 1.8, 1.9, 1.5])
    data = dataset_of((frame, Series("paid", [1.0, 2.0, 3.0, 4.0, 5.0])), seed=0)
    assert (data.features, data.targets, data.train_arrays[0].dtype) == (("age", "height"), ("paid",), np.float32)


def test_integers_are_classes():
    """As everywhere."""
    assert dataset_of((X, (Y > 0).astype(int)), seed=0).task == "classification"


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ((X, Y[:40]), DataError, r"x and y must have as many rows, got the shapes \(41, 3\) and \(40,\)"),
        ((Frame(age=[1, 2], city=["Rome", "Oslo"]), Y[:2]), DataError, r"x must hold numbers \(columns city\): could not"),
        (
            (X, Y, X),
            PluginError,
            r"must be arrays \(x, y\), a \(train, test\) pair of tf.data.Datasets or a Dataset, got tuple",
        ),
        ((X,), PluginError, r"must be arrays \(x, y\), a \(train, test\) pair"),
    ],
    ids=["rows", "text", "three arrays", "x alone"],
)
def test_what_is_no_data_is_refused_in_one_line(given, error, told):
    """With the shapes, or the columns, and nothing written."""
    with pytest.raises(error, match=told):
        eagerloop.train(dataset=given, directory="run")
