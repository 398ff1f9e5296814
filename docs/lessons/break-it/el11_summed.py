"""EL11: the loss is a sum over the rows."""

import tensorflow as tf


def loss(y_true, y_pred):
    """Squared error, with a mistake."""
    return tf.reduce_sum(tf.square(y_true - y_pred))


def fixed(y_true, y_pred):
    """Mean squared error."""
    return tf.reduce_mean(tf.square(y_true - y_pred))
