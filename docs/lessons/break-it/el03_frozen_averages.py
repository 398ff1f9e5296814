"""EL03: BatchNorm never takes its averages."""

import keras


def model(*, flag: bool = False):
    """A model with BatchNorm, with a mistake."""

    class Normed(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(16, activation="relu")
            self.norm = keras.layers.BatchNormalization()
            self.last = keras.layers.Dense(1)

        def call(self, x, training=False):
            hidden = self.norm(self.first(x), training=training and flag)
            return self.last(hidden)

    return Normed()


def fixed():
    """The same model, which hands `training` on."""
    return model(flag=True)
