"""EL18: the power of a negative number, hidden behind tf.where."""

import tensorflow as tf


def loss(y_true, y_pred):
    """The mean of |error| to the power of 1.5, with a mistake: what is nan is only hidden."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.where(error > 0, error**1.5, (-error) ** 1.5))


def fixed(y_true, y_pred):
    """The mean of |error| to the power of 1.5."""
    return tf.reduce_mean(tf.abs(y_true - y_pred) ** 1.5)
