"""EL01: targets of shape (n,) against predictions of shape (n, 1)."""

import tensorflow as tf


def loss(y_true, y_pred):
    """Mean squared error, with a mistake."""
    y_true = tf.reshape(y_true, [-1])  # (n,) against (n, 1): the difference is (n, n)
    return tf.reduce_mean(tf.square(y_true - y_pred))


def fixed(y_true, y_pred):
    """Mean squared error."""
    y_true = tf.reshape(y_true, tf.shape(y_pred))
    return tf.reduce_mean(tf.square(y_true - y_pred))
