"""Accuracy, as Keras's `compile(metrics=["accuracy"])` means it, on logits."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from eagerloop.parts import Dataset


def accuracy(*, dataset: "Dataset") -> "keras.metrics.Metric":
    """Part of the examples that are classified rightly, over the whole epoch.

    With one output, a positive logit is a yes. With more, the likeliest class must be the class number in y or, where the data
    is no classification by class numbers, the largest entry of a one-hot y.

    Args:
        dataset: Filled in by the engine; its `outputs` and `task` decide.

    Returns:
        A Keras metric of y of shape (n,) or (n, k) and logits of shape (n, k); its result is a scalar from 0 to 1.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> metric = accuracy(dataset=SimpleNamespace(outputs=3, task="classification"))
        >>> _ = metric.update_state(np.array([2, 0]), np.array([[0.0, 1.0, 5.0], [0.0, 1.0, 5.0]]))
        >>> float(metric.result())
        0.5

    Source: `keras.src.trainers.compile_utils.get_metric`.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    if dataset.outputs == 1:
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)
    if getattr(dataset, "task", "classification") == "classification":
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return keras.metrics.CategoricalAccuracy(name="accuracy")
