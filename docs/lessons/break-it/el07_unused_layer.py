"""EL07: a layer whose output nobody uses."""

import keras


class Forgetful(keras.Model):
    """Three layers, with a mistake."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(16, activation="relu", name="first")
        self.second = keras.layers.Dense(16, activation="relu", name="second")
        self.last = keras.layers.Dense(1, name="last")

    def call(self, x, training=False):
        """Predictions, (n, 1)."""
        hidden = self.first(x)
        self.second(hidden)
        return self.last(hidden)


class Fixed(Forgetful):
    """Three layers, one after the other."""

    def call(self, x, training=False):
        """Predictions, (n, 1)."""
        return self.last(self.second(self.first(x)))


def model():
    """The model with the mistake."""
    return Forgetful()


def fixed():
    """The model without it."""
    return Fixed()
