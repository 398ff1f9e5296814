"""EL13: one optimizer for two models."""

import keras

ADAM = keras.optimizers.Adam()

first_model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
ADAM.build(first_model.trainable_variables)  # here it was used for a first model


def optimizer():
    """The optimizer from above, with a mistake: it still belongs to the first model."""
    return ADAM


def fixed():
    """A new optimizer at each call."""
    return keras.optimizers.Adam()
