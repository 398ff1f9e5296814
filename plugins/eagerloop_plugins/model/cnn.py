"""Convolutions, as many as the size of the pictures asks for."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.model.activations import require_activation
from eagerloop_plugins.model.one_class_a_row import require_one_class_a_row
from eagerloop_plugins.model.pictures import shape_of_pictures
from eagerloop_plugins.model.target_units import target_units

if TYPE_CHECKING:
    import keras

    from eagerloop.parts import Dataset

HIDDEN = [64]
FIRST, MOST = 32, 128
"""Filters of the first convolution, and of any."""


def cnn(
    *,
    dataset: "Dataset",
    filters: Annotated[
        list[int] | None, typer.Option(min=1, help="of each convolution; as the pictures' size asks, if not given")
    ] = None,
    hidden: Annotated[list[int], typer.Option(min=1, help="units of each hidden layer after the convolutions")] = HIDDEN,
    activation: Annotated[str | None, typer.Option(help="of filters and hidden units")] = "relu",
    dropout: Annotated[float, typer.Option(min=0, max=1, help="fraction of each hidden layer silenced, below 1")] = 0.0,
    standardize_target: Annotated[bool, typer.Option(help="learn a quantity around its mean, in its deviations")] = True,
) -> "keras.Model":
    """Convolutions for pictures, as deep as their size asks for.

    Each convolution looks at 3 x 3 pixels, and after it the picture is halved, each 2 x 2 pixels to the largest. If no filters
    are given, this goes on until 2 or 3 pixels are left of the shorter side: twice for 8 x 8, five times for 64 x 64.

    Args:
        dataset: Filled in by the engine; its `outputs` are k, and its first batch says how large the pictures are.
        filters: Of each convolution, each at least 1; by default 32, 64, and 128 from then on.
        hidden: Units of each layer between the convolutions and the outputs, each at least 1; there may be none.
        activation: The name of a Keras activation, or None.
        dropout: At least 0 and below 1, after each hidden layer.
        standardize_target: As for `mlp`.

    Returns:
        A model from x of shape (n, height, width, channels), or (n, height, width), to predictions of shape (n, k): of classes,
        logits.

    Raises:
        ConfigError: x is no batch of pictures, there are more convolutions than the pictures can be halved, the dropout is 1,
            the activation unknown, or y has several class numbers a row.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> x = np.ones((2, 8, 8, 1), "float32")
        >>> model = cnn(dataset=SimpleNamespace(outputs=10, first_batch=(x, None)))
        >>> model(x, training=False).shape, [layer.filters for layer in model.layers[:3:2]]
        (TensorShape([2, 10]), [32, 64])

    Source: LeCun et al., "Gradient-based learning applied to document recognition" (1998), with ReLU and the largest of four.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    if dropout == 1:
        msg = "model 'cnn': option 'dropout' must be below 1, got 1; with every unit silenced there is nothing to learn from"
        raise ConfigError(msg)
    require_activation(activation, "model 'cnn'")
    require_one_class_a_row(dataset, "model 'cnn'")
    shape = shape_of_pictures(dataset, "model 'cnn'")
    layers = [keras.layers.Reshape((*shape, 1), name="channel")] if len(shape) == 2 else []  # noqa: PLR2004 - no channels
    for number, count in enumerate(_filters(filters, min(shape[:2])), start=1):
        convolution = keras.layers.Conv2D(count, 3, padding="same", activation=activation, name=f"convolution{number}")
        layers += [convolution, keras.layers.MaxPooling2D(name=f"half{number}")]  # (n, height / 2, width / 2, filters)
    layers.append(keras.layers.Flatten(name="flatten"))
    for number, units in enumerate(hidden, start=1):
        layers.append(keras.layers.Dense(units, activation=activation, name=f"dense{number}"))
        layers += [keras.layers.Dropout(dropout, name=f"dropout{number}")] if dropout else []
    layers.append(keras.layers.Dense(dataset.outputs, name="outputs"))
    return keras.Sequential([*layers, *(target_units(dataset) if standardize_target else ())], name="cnn")


def _filters(given: "list[int] | None", side: int) -> list[int]:
    """Of each convolution: until 2 or 3 pixels are left of a side."""
    most = int(math.log2(side))
    if given is None:
        return [min(FIRST * 2**number, MOST) for number in range(max(1, most - 1))]
    if len(given) > most:
        msg = (
            f"model 'cnn': option 'filters' has {len(given)} convolutions, got pictures of {side} pixels, which can be halved "
            f"{most} times; give {most} at most"
        )
        raise ConfigError(msg)
    return given
