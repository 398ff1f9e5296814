"""Keras's optimizers by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from eagerloop_plugins.optimizer.keras_optimizers import KERAS_OPTIMIZERS


def test_sgd_with_momentum_takes_the_steps_worked_by_hand():
    """Gradient 1, rate 0.1, momentum 0.5: steps of 0.1 and then 0.15."""
    variable = keras.Variable([1.0])
    optimizer = KERAS_OPTIMIZERS["sgd"](learning_rate=0.1, momentum=0.5)
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1.0]), variable)])

    np.testing.assert_allclose(variable.numpy(), [0.75], rtol=1e-6)


@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", sorted(KERAS_OPTIMIZERS))
def test_every_optimizer_goes_downhill(name):
    """Thirty steps down the square of a matrix make it smaller."""
    variable = keras.Variable(np.full((2, 2), 1.0, "float32"))
    optimizer = KERAS_OPTIMIZERS[name](learning_rate=0.01)
    optimizer.build([variable])
    for _ in range(30):
        optimizer.apply_gradients([(2 * tf.convert_to_tensor(variable), variable)])

    assert np.square(variable.numpy()).sum() < 4
