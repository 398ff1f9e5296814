"""A loss: the pinball loss, whose smallest value is at a quantile."""

from typing import Annotated

import typer


def pinball(*, quantile: Annotated[float, typer.Option(min=0, max=1, help="0.5 is the median.")] = 0.5):
    """Pinball loss: the model learns a quantile of the target, not its mean."""
    import tensorflow as tf

    def loss(y_true, y_pred):
        error = y_true - y_pred  # (n, k)
        return tf.reduce_mean(tf.maximum(quantile * error, (quantile - 1) * error))

    return loss
