"""Optimizers that are right, and unlike most."""

import keras
import tensorflow as tf


class Plain:
    """Gradient descent without any state, and without `build`."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    variables = ()

    def apply_gradients(self, grads_and_vars):
        for gradient, variable in grads_and_vars:
            variable.assign_sub(self.learning_rate * gradient)


def no_slots(*, learning_rate: float = 0.01):
    """Nothing to save."""
    return Plain(learning_rate)


def scheduled():
    """A learning rate that rises first, and falls then."""
    return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(1e-4, 30, warmup_target=0.01, warmup_steps=5))


def noisy(*, seed: int):
    """Shakes its steps by a generator whose state is among its variables."""

    class Noisy(Plain):
        def __init__(self):
            super().__init__(0.01)
            self.generator = tf.random.Generator.from_seed(seed)
            self.variables = [self.generator.state]

        def apply_gradients(self, grads_and_vars):
            for gradient, variable in grads_and_vars:
                variable.assign_sub(0.01 * gradient + 1e-5 * self.generator.normal(gradient.shape) * tf.norm(gradient))

    return Noisy()
