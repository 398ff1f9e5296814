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
