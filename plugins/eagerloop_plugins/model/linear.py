"""The smallest model."""

from typing import TYPE_CHECKING

from eagerloop_plugins.model.one_class_a_row import require_one_class_a_row

if TYPE_CHECKING:
    import keras

    from eagerloop.parts import Dataset


def linear(*, dataset: "Dataset") -> "keras.Model":
    """One linear map from x to the outputs: linear regression, or logistic regression with a loss on logits.

    Args:
        dataset: Filled in by the engine; its `outputs` are k.

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
    return keras.Sequential(layers, name="linear")
