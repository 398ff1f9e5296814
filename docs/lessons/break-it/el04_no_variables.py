"""EL04: a tf.Module that holds Keras layers lists none of their weights."""

import keras
import tensorflow as tf


class Held(tf.Module):
    """Two layers in a module, with a mistake."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(16, activation="relu")
        self.last = keras.layers.Dense(1)

    def __call__(self, x, training):
        """Predictions, (n, 1)."""
        return self.last(self.first(x))


class Fixed(keras.Model):
    """Two layers in a model."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(16, activation="relu")
        self.last = keras.layers.Dense(1)

    def call(self, x, training=False):
        """Predictions, (n, 1)."""
        return self.last(self.first(x))


def model():
    """The module."""
    return Held()


def fixed():
    """The model."""
    return Fixed()
