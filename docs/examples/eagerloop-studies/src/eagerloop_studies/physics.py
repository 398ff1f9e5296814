"""A physics-informed network: a function that obeys a differential equation, learnt without one value of it."""

from typing import Annotated

import typer

import eagerloop

DAMPING, FREQUENCY = 0.5, 2.0


def solution(t):
    """The oscillator itself, u'' + 2 DAMPING u' + FREQUENCY^2 u = 0 with u(0) = 1 and u'(0) = 0, for any array of times."""
    import numpy as np

    turning = np.sqrt(FREQUENCY**2 - DAMPING**2)
    return np.exp(-DAMPING * t) * (np.cos(turning * t) + DAMPING / turning * np.sin(turning * t))


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many times")] = 200, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Times from 0 to 2, and nothing besides.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Which times; filled in by the engine.

    Returns:
        x (n, 1), no y.
    """
    import numpy as np

    x = np.random.default_rng(seed).uniform(0, 2, (rows, 1))
    cut = rows // 10
    return eagerloop.ArrayDataset((x[cut:], ()), (x[:cut], ()), batch_size=20, shuffle=True, seed=seed, features=["t"])


def model(*, units: Annotated[int, typer.Option(min=1, help="of each hidden layer")] = 24):
    """A function of the time that begins at 1 with no speed, whatever its weights are.

    Args:
        units: At least 1.

    Returns:
        A model from t (n, 1) to u = 1 + t^2 N(t), (n, 1).

    Source: Lagaris, Likas and Fotiadis (1998), "Artificial Neural Networks for Solving ODEs and PDEs", for that form.
    """
    import keras

    class Oscillator(keras.Model):
        def __init__(self):
            super().__init__(name="oscillator")
            self.hidden1 = keras.layers.Dense(units, "tanh", name="hidden1")
            self.hidden2 = keras.layers.Dense(units, "tanh", name="hidden2")
            self.value = keras.layers.Dense(1, name="value")

        def call(self, x, training=False):
            return 1.0 + x**2 * self.value(self.hidden2(self.hidden1(x)))

    return Oscillator()


def loss(*, model):
    """How far the model is from obeying the equation of a damped oscillator.

    Args:
        model: Filled in by the engine; it is differentiated by its input, twice, inside the tape of the step.

    Returns:
        A loss that asks for x: the mean square of what should be 0 at each time.

    Source: Raissi, Perdikaris and Karniadakis (2019), "Physics-Informed Neural Networks".
    """
    import tensorflow as tf

    def residual(y_true, y_pred, x):
        with tf.GradientTape() as of_speed:
            of_speed.watch(x)
            with tf.GradientTape() as of_place:
                of_place.watch(x)
                u = model(x, training=True)
            speed = of_place.gradient(u, x)  # each row of u depends on its own time alone
        acceleration = of_speed.gradient(speed, x)
        return tf.reduce_mean(tf.square(acceleration + 2 * DAMPING * speed + FREQUENCY**2 * u))

    return residual
