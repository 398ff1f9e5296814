"""Datasets that are right, and unlike most."""

import numpy as np
import tensorflow as tf

import eagerloop


def unknown_length():
    """A pipeline that filters, so that nobody knows its length beforehand."""
    x = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
    rows = tf.data.Dataset.from_tensor_slices((x, x[:, :1]))
    return tuple(part.filter(lambda x, y: y[0] > -1.5).batch(8) for part in (rows.take(45), rows.skip(45)))


def says_that_it_is_not_exact():
    """Shuffles without a seed, which the engine finds out and tells."""
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    train, test = (tf.data.Dataset.from_tensor_slices((part, part[:, :1])) for part in (x[:32], x[32:]))
    return train.shuffle(32).batch(8), test.batch(8)


def seeded_pipeline():
    """Shuffles with a seed, another order in each epoch."""
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    train, test = (tf.data.Dataset.from_tensor_slices((part, part[:, :1])) for part in (x[:32], x[32:]))
    return train.shuffle(32, seed=5).batch(8), test.batch(8)


def few_values(*, seed: int = 0):
    """All combinations of a few bits: rows of the test are bound to be training rows, too."""
    bits = np.random.default_rng(seed).integers(0, 2, (64, 3)).astype("float32")
    return eagerloop.ArrayDataset((bits[:48], bits[:48].sum(1)), (bits[48:], bits[48:].sum(1)), task="regression")


def text_features():
    """Text in x."""
    words = np.array([["red"], ["green"], ["blue"], ["grey"]] * 5, dtype=object)
    y = np.arange(20.0, dtype="float32")[:, np.newaxis]
    return tuple(tf.data.Dataset.from_tensor_slices((words[part], y[part])).batch(4) for part in (slice(16), slice(16, None)))


def one_hot_classes():
    """One-hot targets of shape (n, k), as floats."""
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    y = np.eye(3, dtype="float32")[np.arange(40) % 3]
    return eagerloop.ArrayDataset((x[:32], y[:32]), (x[32:], y[32:]), batch_size=8)


def two_inputs_two_targets_and_weights():
    """Dicts of inputs and targets, and weights of rows in the training alone."""
    draws = np.random.default_rng(0)
    x = {"city": draws.integers(0, 4, size=(40, 1)), "size": draws.normal(size=(40, 3)).astype("float32")}
    y = {"age": x["size"][:, :1], "kind": x["city"][:, 0]}
    first, last = (
        [{name: column[part] for name, column in one.items()} for one in (x, y)] for part in (slice(32), slice(32, 40))
    )
    return eagerloop.ArrayDataset((*first, draws.uniform(size=32)), tuple(last), batch_size=8)


def no_targets():
    """Rows without anything to compare with but themselves."""
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    return eagerloop.ArrayDataset((x[:32], ()), (x[32:], ()), batch_size=8)


def padded_sentences():
    """Sentences of word numbers, in each batch as long as its longest, and the next word at each place."""
    lengths = np.random.default_rng(0).integers(3, 9, size=40)
    words = tf.ragged.constant([[place * row % 7 for place in range(length)] for row, length in enumerate(lengths)], tf.int32)
    rows = tf.data.Dataset.from_tensor_slices(words).map(lambda row: (row[:-1], row[1:]))
    return tuple(part.padded_batch(8, ([None], [None])) for part in (rows.take(32), rows.skip(32)))


def ragged_rows():
    """Rows of several lengths as they are, and a number for each."""
    lengths = np.random.default_rng(0).integers(1, 6, size=40)
    words = tf.ragged.constant([[float(row)] * length for row, length in enumerate(lengths)], tf.float32)
    rows = tf.data.Dataset.from_tensor_slices((words, np.arange(40.0, dtype="float32")[:, None]))
    return rows.take(32).batch(8), rows.skip(32).batch(8)


def a_tuple_of_inputs():
    """Two inputs by place, and one target."""
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    rows = tf.data.Dataset.from_tensor_slices(((x[:, :1], x[:, 1:]), x[:, :1]))
    return rows.take(32).batch(8), rows.skip(32).batch(8)
