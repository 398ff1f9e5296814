"""Datasets with one fault each, named after it."""

import itertools

import numpy as np
import tensorflow as tf

import eagerloop


def _arrays(rows=40, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3)).astype("float32")
    return x, x[:, :1] * 2 + 1


def _pair(x, y, batch=8, test=8):
    """The last rows for the test, the others for the training, in batches."""
    return tuple(
        tf.data.Dataset.from_tensor_slices(part).batch(batch) for part in ((x[:-test], y[:-test]), (x[-test:], y[-test:]))
    )


class Plain:
    """A dataset as it should be; each fault changes one thing."""

    features, targets, task, classes, outputs = ("a", "b", "c"), ("y",), "regression", (), 1
    fingerprint, exact, note = "plain", True, ""

    def __init__(self, **changes):
        self.x, self.y = _arrays()
        for name, value in changes.items():
            setattr(self, name, value)

    def order(self, epoch):
        return np.random.default_rng([0, epoch]).permutation(32)

    def train(self, epoch, start=0):
        rows = self.order(epoch)[start * 8 :]
        return tf.data.Dataset.from_tensor_slices((self.x[rows], self.y[rows])).batch(8)

    def test(self):
        return tf.data.Dataset.from_tensor_slices((self.x[32:], self.y[32:])).batch(8)

    def validation(self):
        return None


def one_shot():
    """Reads from a generator object that is used up after the first epoch."""
    x, y = _arrays()
    used_up = (pair for pair in zip(x[:32], y[:32], strict=True))
    spec = (tf.TensorSpec((3,), tf.float32), tf.TensorSpec((1,), tf.float32))
    train = tf.data.Dataset.from_generator(lambda: used_up, output_signature=spec).batch(8)
    return train, _pair(x, y)[1]


def not_batched():
    """Gives single rows of one number."""
    x, y = _arrays()
    rows = tf.data.Dataset.from_tensor_slices((x[:, 0], y[:, 0]))
    return rows, rows


def repeated_for_ever():
    """Ends its pipeline with .repeat(), as for Keras's fit."""
    train, test = _pair(*_arrays())
    return train.repeat(), test


def quadruples():
    """Gives row numbers behind the weights of each batch."""
    x, y = _arrays()
    rows = tf.data.Dataset.from_tensor_slices((x, y, np.ones(len(x)), np.arange(len(x)))).batch(8)
    return rows, rows


def unseeded_split():
    """Draws the test rows by a generator without a seed."""
    x, y = _arrays()
    order = np.random.default_rng().permutation(len(x))
    return eagerloop.ArrayDataset((x[order[8:]], y[order[8:]]), (x[order[:8]], y[order[:8]]))


def order_from_the_global_generator():
    """Shuffles each epoch by NumPy's global generator, which a new process has elsewhere."""
    return Plain(order=lambda epoch: np.random.permutation(32))  # noqa: NPY002 - the fault


def start_ignored():
    """Begins each epoch at its first batch."""
    whole = Plain()
    return Plain(train=lambda epoch, start=0: whole.train(epoch))


def start_counts_rows():
    """Leaves out `start` rows instead of batches."""
    whole = Plain()
    rows = [whole.order(epoch) for epoch in range(4)]
    return Plain(
        train=lambda epoch, start=0: tf.data.Dataset.from_tensor_slices(
            (whole.x[rows[epoch][start:]], whole.y[rows[epoch][start:]])
        ).batch(8)
    )


def trained_on_the_test():
    """Takes the test from the front of the rows that it trains on."""
    x, y = _arrays()
    return eagerloop.ArrayDataset((x, y), (x[:8], y[:8]))


def divided_by_zero():
    """Standardizes a constant column: 0 / 0."""
    x, y = _arrays()
    x[:, 1] = 5.0
    with np.errstate(invalid="ignore"):
        return _pair((x - x.mean(axis=0)) / x.std(axis=0), y)


def flat_targets():
    """Gives a regression y of shape (n,)."""
    x, y = _arrays()
    return _pair(x, y[:, 0])


def classes_from_one():
    """Counts its classes from 1, as R does."""
    x, _y = _arrays()
    labels = np.arange(len(x)) % 3 + 1
    dataset = Plain(task="classification", classes=("a", "b", "c"), outputs=3, y=labels.astype("int32"))
    dataset.fingerprint = "classes"
    return dataset


def changed_in_place():
    """Scales its arrays in place each time the test is read."""
    data = Plain()

    def test():
        data.x *= 0.9
        return Plain.test(data)

    data.test = test
    return data


def fingerprint_of_the_object():
    """Takes the fingerprint from the object's address in memory."""
    counter = _COUNTER
    return Plain(fingerprint=f"plain-{next(counter)}")


_COUNTER = itertools.count()


def feature_forgotten():
    """Names two of its three columns."""
    return Plain(features=("a", "b"))


def empty_test():
    """Keeps no row for the test."""
    x, y = _arrays()
    train = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    return train, train.take(0)


def inexact_without_a_reason():
    """Says that it is not exact, and not why."""
    return Plain(exact=False)


def rows_of_different_shapes():
    """Leaves out trailing zeros, so that batches differ in width."""
    x, y = _arrays()

    def rows():
        for place in range(0, 32, 8):
            yield x[place : place + 8, : 3 - (place == 16)], y[place : place + 8]

    spec = (tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((None, 1), tf.float32))
    return tf.data.Dataset.from_generator(rows, output_signature=spec), _pair(x, y)[1]


def _pipelines(*structure, sizes=(32, 8)):
    """Training and test of a structure of arrays, in batches of 8."""
    rows = tf.data.Dataset.from_tensor_slices(structure)
    return rows.take(sizes[0]).batch(8), rows.skip(sizes[0]).batch(8)


def negative_weights():
    """Weights of rows with their mean taken off."""
    x, y = _arrays()
    return _pipelines(x, y, x[:, 0] - x[:, 0].mean())


def weights_in_a_column():
    """Weights of shape (n, 1), which stretch against a loss of each row."""
    x, y = _arrays()
    return _pipelines(x, y, np.ones((40, 1), "float32"))


def no_row_counts():
    """Weights that were rounded to 0."""
    x, y = _arrays()
    return _pipelines(x, y, np.zeros(40, "float32"))


def nan_in_a_leaf():
    """A nan in one of two inputs."""
    x, y = _arrays()
    city = np.where(np.arange(40) == 3, np.nan, np.arange(40)).astype("float32")[:, None]
    return _pipelines({"city": city, "size": x}, {"age": y, "kind": np.arange(40) % 3})


def text_in_a_target():
    """One of two targets is text, which no loss compares."""
    x, y = _arrays()
    return _pipelines(x, {"age": y, "kind": np.array(["a", "b"] * 20)})


class _Structured(Plain):
    """Two inputs and two targets, as they should be."""

    features, targets, task = ("city", "size_0", "size_1"), ("age", "kind"), "other"

    def _rows(self, rows):
        x, y = self.x[rows], self.y[rows]
        batch = {"city": x[:, :1], "size": x[:, 1:]}, {"age": y, "kind": (y[:, 0] > 0).astype("int32")}
        return tf.data.Dataset.from_tensor_slices(batch).batch(8)

    def train(self, epoch, start=0):
        return self._rows(self.order(epoch)[start * 8 :])

    def test(self):
        return self._rows(slice(32, None))


def task_of_one_output():
    """Calls two targets a regression."""
    return _Structured(task="regression")


def weights_drawn_anew():
    """Weights of rows that nobody could draw again."""
    x, y = _arrays()

    class Drawn(Plain):
        def train(self, epoch, start=0):
            rows = self.order(epoch)[start * 8 :]
            weights = np.random.default_rng().uniform(size=len(rows)).astype("float32")
            return tf.data.Dataset.from_tensor_slices((x[rows], y[rows], weights)).batch(8)

    return Drawn()


def shares_rows_in_dicts():
    """Tests two inputs on rows of the training."""

    class Shares(_Structured):
        def test(self):
            return self._rows(slice(8))

    return Shares()
