"""An optimizer: every variable moves by the sign of its mean gradient."""

from typing import Annotated

import typer


class Signum:
    """Keeps a running mean of each gradient, and steps by the sign of it."""

    def __init__(self, learning_rate, momentum):
        self.learning_rate, self.momentum = learning_rate, momentum
        self.variables = []  # what eagerloop saves and restores

    def build(self, variables):
        """Makes the means, before the first step and before a restore."""
        import tensorflow as tf

        self.variables = [tf.Variable(tf.zeros(variable.shape), name="mean") for variable in variables]

    def apply_gradients(self, grads_and_vars):
        """One update."""
        import tensorflow as tf

        for (gradient, variable), mean in zip(grads_and_vars, self.variables, strict=True):
            mean.assign(self.momentum * mean + (1 - self.momentum) * gradient)
            variable.assign_sub(self.learning_rate * tf.sign(mean))


def signum(
    *,
    learning_rate: Annotated[float, typer.Option(min=0, help="Length of a step in each direction.")] = 0.005,
    momentum: Annotated[float, typer.Option(min=0, max=1, help="Decay of the mean, per step.")] = 0.9,
):
    """Steps by the sign of the mean gradient (Bernstein et al., arXiv:1802.04434)."""
    return Signum(learning_rate, momentum)
