"""Losses that are right, and unlike most."""

import keras
import tensorflow as tf


def in_double_precision(y_true, y_pred):
    """Mean squared error computed, and returned, in float64."""
    error = tf.cast(y_true, tf.float64) - tf.cast(y_pred, tf.float64)
    return tf.reduce_mean(tf.square(error))


def with_a_penalty(y_true, y_pred, weight: float = 0.01):
    """Mean squared error, and a price for large predictions: not 0 at its best."""
    return tf.reduce_mean(tf.square(y_true - y_pred)) + weight * tf.reduce_mean(tf.square(y_pred))


def summed_over_the_batch():
    """A Keras loss that sums, so that its size depends on the batch."""
    return keras.losses.MeanSquaredError(reduction="sum")


def negative_at_its_best(y_true, y_pred):
    """Gaussian likelihood of a mean and a log-variance: below 0 where it is sure and right."""
    mean, log_variance = y_pred[:, :1], y_pred[:, 1:]
    return tf.reduce_mean(log_variance + tf.square(y_true - mean) * tf.exp(-log_variance))


class Ordinal:
    """A loss as an object, for class numbers and logits."""

    def __call__(self, y_true, y_pred):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y_true, tf.int32), y_pred))


def an_object(*, dataset):
    """An object with __call__, made for the dataset's classes."""
    assert dataset.outputs
    return Ordinal()


def of_the_inputs(y_true, y_pred, x):
    """What an autoencoder is to do: the answer is compared with x, whatever y is."""
    return tf.reduce_mean(tf.square(y_pred - x))


def weighted(y_true, y_pred, sample_weight=None):
    """Mean squared error of rows that count for more or less, and a figure beside it."""
    error = tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)
    value = tf.reduce_mean(error if sample_weight is None else sample_weight * error)
    return value, {"root": tf.sqrt(value)}
