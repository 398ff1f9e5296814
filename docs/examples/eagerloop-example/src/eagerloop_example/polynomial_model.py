"""A model: powers of the features, weighted. No Keras: a `tf.Module` will do."""

from typing import Annotated

import typer


def polynomial(*, degree: Annotated[int, typer.Option(min=1, help="The highest power.")] = 3, dataset):
    """A weighted sum of the powers of each feature."""
    import tensorflow as tf

    class Polynomial(tf.Module):
        def __init__(self):
            width = degree * len(dataset.features)  # eagerloop fills `dataset` in
            self.weights = tf.Variable(tf.zeros((width, dataset.outputs)), name="weights")
            self.bias = tf.Variable(tf.zeros(dataset.outputs), name="bias")

        def __call__(self, x, training):
            powers = tf.concat([x**power for power in range(1, degree + 1)], axis=1)  # (n, degree * d)
            return powers @ self.weights + self.bias  # (n, k)

    return Polynomial()
