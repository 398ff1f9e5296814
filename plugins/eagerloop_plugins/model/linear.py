"""The smallest model."""

from typing import TYPE_CHECKING, Annotated

import typer

from eagerloop_plugins.model.one_class_a_row import require_one_class_a_row
from eagerloop_plugins.model.target_units import target_units

if TYPE_CHECKING:
    import keras

    from eagerloop.parts import Dataset


def linear(
    *,
    dataset: "Dataset",
    standardize_target: Annotated[bool, typer.Option(help="learn a quantity around its mean, in its deviations")] = True,
) -> "keras.Model":
    """One linear map from x to the outputs: linear regression, or logistic regression with a loss on logits.

    Args:
        dataset: Filled in by the engine; its `outputs` are k.
        standardize_target: Whether a last layer, which does not learn, turns the outputs of a regression from deviations around
            the training targets' mean into their own units.

    Returns:
        A model from x of shape (n, ...), flattened to (n, d), to predictions of shape (n, k).

    Raises:
        ConfigError: y has several class numbers a row.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> linear(dataset=SimpleNamespace(outputs=2))(np.ones((5, 3), "float32"), training=False).shape
        TensorShape([5, 2])

    Source: folklore.
    """
    require_one_class_a_row(dataset, "model 'linear'")
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    layers = [keras.layers.Flatten(name="flatten"), keras.layers.Dense(dataset.outputs, name="dense")]
    return keras.Sequential([*layers, *(target_units(dataset) if standardize_target else ())], name="linear")
