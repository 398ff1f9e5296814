"""Accuracy, as Keras's `compile(metrics=["accuracy"])` means it."""

from typing import TYPE_CHECKING

import eagerloop

if TYPE_CHECKING:
    import keras

    from eagerloop.parts import Dataset


def accuracy(*, dataset: "Dataset", answer_meaning: str = "logits") -> "keras.metrics.Metric":
    """Part of the examples that are classified rightly, over the whole epoch.

    With one output a target, it is a yes if the probability is above one half: if the logit is positive. With more, the
    likeliest class must be the class number in y or, where the data is no classification by class numbers, the largest entry of
    a one-hot y.

    Args:
        dataset: Filled in by the engine; its `task` decides.
        answer_meaning: Filled in by the engine: `probabilities`, if the model gives those and no logits.

    Returns:
        A Keras metric of y of shape (n,) or (n, k) and predictions of shape (n, k), or of class numbers (n, T) and predictions
        (n, T, k) or (n, T); its result is a scalar from 0 to 1.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> metric = accuracy(dataset=SimpleNamespace(task="classification"))
        >>> _ = metric.update_state(np.array([2, 0]), np.array([[0.0, 1.0, 5.0], [0.0, 1.0, 5.0]]))
        >>> float(metric.result())
        0.5

    Source: `keras.src.trainers.compile_utils.get_metric`.
    """
    from eagerloop_plugins.metric.any_width_accuracy import AnyWidthAccuracy  # noqa: PLC0415 - listing must not wait for Keras

    one_hot = getattr(dataset, "task", "classification") != "classification"
    # What arrays call a classification is never one-hot; of another dataset, as many numbers as classes are.
    apart = isinstance(dataset, eagerloop.ArrayDataset) or answer_meaning == "separate logits"
    hot_width = 0 if apart else getattr(dataset, "outputs", 0)
    return AnyWidthAccuracy(0.5 if answer_meaning == "probabilities" else 0.0, one_hot=one_hot, hot_width=hot_width)
