"""EL17: a pipeline over an iterator, which ends once and for all."""

import numpy as np
import tensorflow as tf


def rows():
    """100 pairs of x and y, one after the other."""
    random = np.random.default_rng(0)
    for _number in range(100):
        x = random.uniform(0, 1, 3).astype("float32")
        yield x, x[:1]


SPEC = (tf.TensorSpec((3,), tf.float32), tf.TensorSpec((1,), tf.float32))


def dataset():
    """Training and test, with a mistake."""
    once = rows()
    train = tf.data.Dataset.from_generator(lambda: once, output_signature=SPEC)
    test = tf.data.Dataset.from_generator(rows, output_signature=SPEC)
    return train.batch(10), test.batch(10)


def fixed():
    """Training and test; each epoch makes a new generator."""
    train = tf.data.Dataset.from_generator(rows, output_signature=SPEC)
    return train.batch(10), train.batch(10)
