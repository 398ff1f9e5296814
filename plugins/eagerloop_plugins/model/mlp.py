"""Dense layers, sized to the data."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.model.activations import require_activation
from eagerloop_plugins.model.one_class_a_row import require_one_class_a_row
from eagerloop_plugins.model.target_units import target_units

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from eagerloop.parts import Dataset

HIDDEN = [64, 64]


def mlp(
    *,
    dataset: "Dataset",
    hidden: Annotated[list[int], typer.Option(min=1, help="units of each hidden layer, from the input on")] = HIDDEN,
    activation: Annotated[str | None, typer.Option(help="of the hidden units")] = "relu",
    dropout: Annotated[float, typer.Option(min=0, max=1, help="fraction of each hidden layer silenced, below 1")] = 0.0,
    standardize_target: Annotated[bool, typer.Option(help="learn a quantity around its mean, in its deviations")] = True,
) -> "keras.Model":
    """A multilayer perceptron with as many outputs as the data needs (for classes: logits).

    Args:
        dataset: Filled in by the engine; its `outputs` are k.
        hidden: Units a layer, each at least 1; none at all gives a linear model.
        activation: The name of a Keras activation, or None.
        dropout: At least 0 and below 1.
        standardize_target: Whether a last layer, which does not learn, turns the outputs of a regression from deviations around
            the training targets' mean into their own units.

    Returns:
        A model from x of shape (n, ...), flattened to (n, d), to predictions of shape (n, k).

    Raises:
        ConfigError: The dropout is 1, the activation unknown, or y has several class numbers a row.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> model = mlp(dataset=SimpleNamespace(outputs=3), hidden=[8])
        >>> model(np.ones((2, 4, 4), "float32"), training=False).shape
        TensorShape([2, 3])

    Source: folklore.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    if dropout == 1:
        msg = "model 'mlp': option 'dropout' must be below 1, got 1; with every unit silenced there is nothing to learn from"
        raise ConfigError(msg)
    require_activation(activation, "model 'mlp'")
    require_one_class_a_row(dataset, "model 'mlp'")

    class Mlp(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="mlp")
            self.hidden = []
            for number, units in enumerate(hidden, start=1):
                self.hidden.append(keras.layers.Dense(units, activation=activation, name=f"dense{number}"))
                if dropout:
                    self.hidden.append(keras.layers.Dropout(dropout, name=f"dropout{number}"))
            self.outputs_layer = keras.layers.Dense(dataset.outputs, name="outputs")
            self.units = target_units(dataset) if standardize_target else []

        def call(self, x: "tf.Tensor", training: bool = False) -> "tf.Tensor":  # noqa: FBT001, FBT002 - Keras's signature
            if len(x.shape) != 2:  # noqa: PLR2004 - (n, d)
                x = keras.ops.reshape(x, (-1, math.prod(x.shape[1:])))
            for layer in self.hidden:
                x = layer(x, training=training)
            x = self.outputs_layer(x)
            for layer in self.units:
                x = layer(x)
            return x  # (n, k)

    return Mlp()
