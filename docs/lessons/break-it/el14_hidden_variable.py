"""EL14: a tf.Variable inside a Keras layer."""

import keras
import tensorflow as tf


class Scale(keras.layers.Layer):
    """Multiplies by a number that is to be learnt, with a mistake."""

    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(1.0, name="factor")

    def call(self, x):
        """x, scaled."""
        return x * self.factor


class Fixed(keras.layers.Layer):
    """Multiplies by a number that is learnt."""

    def __init__(self):
        super().__init__()
        self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

    def call(self, x):
        """x, scaled."""
        return x * self.factor


def model():
    """A dense layer and the scale with the mistake."""
    return keras.Sequential([keras.layers.Dense(1), Scale()])


def fixed():
    """A dense layer and the scale."""
    return keras.Sequential([keras.layers.Dense(1), Fixed()])
