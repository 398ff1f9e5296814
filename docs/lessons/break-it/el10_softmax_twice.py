"""EL10: the model ends with softmax, and the loss applies it again."""

import keras
import numpy as np
import tensorflow as tf

import eagerloop


def dataset(*, seed: int = 0):
    """Points from three clouds, and which cloud each is from."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, 150)
    x = np.array([[0.0, 2.0], [2.0, 0.0], [-2.0, -1.0]])[y] + random.normal(size=(150, 2))
    names = ["north", "east", "south"]
    return eagerloop.ArrayDataset((x[:120], y[:120]), (x[120:], y[120:]), classes=names, shuffle=True, seed=seed)


class Model(keras.Model):
    """Two layers, and what comes after them."""

    def __init__(self, end):
        super().__init__()
        self.hidden = keras.layers.Dense(16, activation="relu")
        self.last = keras.layers.Dense(3)
        self.end = end

    def call(self, x, training=False):
        """An answer for each class, (n, 3)."""
        return self.end(self.last(self.hidden(x)))


def model():
    """Ends with probabilities, a mistake: the loss of the run takes logits."""
    return Model(tf.nn.softmax)


def fixed():
    """Ends with logits."""
    return Model(tf.identity)
