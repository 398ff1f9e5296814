"""The guide's model."""

from typing import TYPE_CHECKING, Annotated

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.model.activations import require_activation

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def iris(
    *,
    units: Annotated[int, typer.Option(min=1, help="hidden units")] = 32,
    rate: Annotated[float, typer.Option(min=0, max=1, help="fraction of them that Dropout silences, below 1")] = 0.5,
    activation: Annotated[str | None, typer.Option(help="of the hidden units; none in the guide")] = None,
) -> "keras.Model":
    """The guide's model: Dense(32), Dropout(0.5), Dense(1), its weights unknown until it is first called.

    Args:
        units: At least 1.
        rate: At least 0 and below 1.
        activation: The name of a Keras activation, such as `relu`. Without one, Dense after Dense is one linear map.

    Returns:
        A model from x of shape (n, d), float32, to predictions of shape (n, 1).

    Raises:
        ConfigError: The rate is 1, or the activation unknown.

    Example:
        >>> import numpy as np
        >>> model = iris()
        >>> model(np.ones((2, 3), "float32"), training=False).shape
        TensorShape([2, 1])
        >>> model.count_params()
        161

    Source: `keras_model_custom` of the guide "Keras with Eager Execution".
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    if rate == 1:
        msg = "model 'iris': option 'rate' must be below 1, got 1; with every unit silenced there is nothing to learn from"
        raise ConfigError(msg)
    require_activation(activation, "model 'iris'")

    class Iris(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="iris")
            self.dense1 = keras.layers.Dense(units=units, activation=activation, name="dense1")
            self.dropout = keras.layers.Dropout(rate=rate, name="dropout")
            self.dense2 = keras.layers.Dense(units=1, name="dense2")

        def call(self, x: "tf.Tensor", training: bool = False) -> "tf.Tensor":  # noqa: FBT001, FBT002 - Keras's signature
            hidden = self.dense1(x)  # (n, units)
            hidden = self.dropout(hidden, training=training)
            return self.dense2(hidden)  # (n, 1)

    return Iris()
