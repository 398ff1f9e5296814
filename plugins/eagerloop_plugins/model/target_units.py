"""The last layer of a model of quantities: from deviations around the mean to the units of the targets."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from eagerloop.parts import Dataset


def target_units(dataset: "Dataset") -> "list[keras.layers.Layer]":
    """A layer that does not learn: it multiplies each output by the deviation of its target, and adds the target's mean.

    So the layers before it work with numbers around 0, whatever a target is counted in: a price of 200,000 is learnt in as many
    epochs as one of 0.2. Predictions, loss and metrics are in the target's own units. (Where those are below about 0.001, the
    `epsilon` of Adam is no longer small beside the gradients.)

    Args:
        dataset: Its `target_moments` are those of the k targets of the training rows.

    Returns:
        One layer from (n, k) to (n, k), always in float32; none for classes, and where the moments are not known.
    """
    moments = getattr(dataset, "target_moments", None)
    if moments is None:
        return []
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras
    import numpy as np  # noqa: PLC0415

    means, deviations = (np.asarray(part, "float32") for part in moments)
    layer = keras.layers.Dense(len(means), trainable=False, dtype="float32", name="target_units")  # any Keras can load it
    layer.build((None, len(means)))
    layer.set_weights([np.diag(deviations), means])
    return [layer]
