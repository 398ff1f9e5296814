"""Losses with one fault each, named after it."""

import numpy as np
import tensorflow as tf


def one_value_for_each_row(y_true, y_pred):
    """Mean squared error of each row: the mean over the batch was forgotten."""
    return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)


def numpy_inside(y_true, y_pred):
    """Mean squared error by NumPy, which the tape does not see."""
    return tf.constant(np.mean((y_true.numpy() - y_pred.numpy()) ** 2))


def python_float(y_true, y_pred):
    """Mean squared error as a Python number."""
    return float(tf.reduce_mean(tf.square(y_true - y_pred)))


def arguments_swapped(y_pred, y_true):
    """Pinball loss with the arguments in the order of PyTorch."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(0.9 * error, -0.1 * error))


def sign_flipped(y_true, y_pred):
    """A score that is to be large, where a loss is to be small."""
    return -tf.reduce_mean(tf.square(y_true - y_pred))


def flattened_targets(y_true, y_pred):
    """Targets of shape (n,) against predictions (n, 1): an error for each pair of rows."""
    return tf.reduce_mean(tf.square(tf.reshape(y_true, [-1]) - y_pred))


def half_the_gradient_stopped(y_true, y_pred):
    """Error weighted by its own size, the weight behind a stop_gradient."""
    error = tf.square(y_true - y_pred)
    return tf.reduce_mean(tf.stop_gradient(error) * error)


def wrong_custom_gradient(y_true, y_pred):
    """A gradient written by hand, and its factor of 2 forgotten."""

    @tf.custom_gradient
    def squared(error):
        return tf.square(error), lambda upstream: upstream * error

    return tf.reduce_mean(squared(y_true - y_pred))


def root_at_zero(y_true, y_pred):
    """Root mean squared error, whose gradient is nan where the error is 0."""
    return tf.sqrt(tf.reduce_mean(tf.square(y_true - y_pred)))


def exponential_overflow(y_true, y_pred):
    """Log-cosh by its definition, which overflows for errors above 89."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.math.log((tf.exp(error) + tf.exp(-error)) / 2))


def running_mean():
    """Mean squared error divided by the mean of all losses so far."""
    seen = []

    def loss(y_true, y_pred):
        value = tf.reduce_mean(tf.square(y_true - y_pred))
        seen.append(float(value))
        return value / (1 + sum(seen) / len(seen))

    return loss


def unseeded_noise(y_true, y_pred):
    """Mean squared error against targets that are shaken by a generator without a seed."""
    noise = np.random.default_rng().normal(0, 0.1, y_true.shape).astype("float32")
    return tf.reduce_mean(tf.square(y_true + noise - y_pred))


def batch_size_written_in(y_true, y_pred):
    """Mean squared error that expects 12 rows."""
    return tf.reduce_mean(tf.square(tf.reshape(y_true, [12, -1]) - tf.reshape(y_pred, [12, -1])))


def weights_as_shares(y_true, y_pred, sample_weight):
    """Divided by the sum of the weights: twice the weights are no more than once."""
    return tf.reduce_sum(sample_weight * tf.square(y_true - y_pred)[:, 0]) / tf.reduce_sum(sample_weight)


def weights_that_shift(y_true, y_pred, sample_weight=None):
    """The mean with weights, and half of it without."""
    error = tf.square(y_true - y_pred)[:, 0]
    return 0.5 * tf.reduce_mean(error) if sample_weight is None else tf.reduce_mean(sample_weight * error)


def weights_stretched_by_model(*, model):
    """The weights squared, beside a penalty on the model's weights."""

    def loss(y_true, y_pred, sample_weight):
        penalty = 0.0 * tf.add_n([tf.reduce_sum(tf.square(one)) for one in model.trainable_variables])
        return tf.reduce_mean(sample_weight**2 * tf.square(y_true - y_pred)[:, 0]) + penalty

    return loss


def rounded(y_true, y_pred):
    """Squared error of rounded predictions, which goes in steps."""
    return tf.reduce_mean(tf.square(y_true - tf.round(y_pred * 10) / 10))


def targets_ignored(y_true, y_pred):
    """Only the size of the predictions."""
    return tf.reduce_mean(tf.square(y_pred)) + 0.0 * tf.reduce_mean(y_true)


def first_rows_only(y_true, y_pred):
    """Mean squared error of the first four rows, left over from trying it out."""
    return tf.reduce_mean(tf.square(y_true[:4] - y_pred[:4]))


def option_without_type(y_true, y_pred, quantile=0.5):
    """Pinball loss whose option says nothing about its type."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(quantile * error, (quantile - 1) * error))


def default_of_another_type(y_true, y_pred, quantile: float = "0.5"):
    """Pinball loss whose default is text."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(float(quantile) * error, (float(quantile) - 1) * error))


def no_docstring(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_pred))
