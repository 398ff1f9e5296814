"""EL15: a metric that remembers the epochs before."""

import tensorflow as tf


class Worst:
    """The largest error, with a mistake."""

    def __init__(self):
        self.largest = 0.0

    def update_state(self, y_true, y_pred):
        """Takes a batch into account."""
        self.largest = max(self.largest, float(tf.reduce_max(tf.abs(y_true - y_pred))))

    def result(self):
        """The largest error so far."""
        return self.largest

    def reset_state(self):
        """Should forget all batches."""


class Fixed(Worst):
    """The largest error."""

    def reset_state(self):
        """Forgets all batches."""
        self.largest = 0.0


def metric():
    """The metric with the mistake."""
    return Worst()


def fixed():
    """The metric without it."""
    return Fixed()
