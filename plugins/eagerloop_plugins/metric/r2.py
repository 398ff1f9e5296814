"""The coefficient of determination."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def r2() -> "keras.metrics.Metric":
    """Part of the targets' variance that the predictions explain, over the whole epoch; 1 is perfect, 0 the mean's own.

    Returns:
        A Keras metric of targets and predictions of shape (n, k), or either of them (n,); its result is a scalar, the mean over
        the k targets.

    Example:
        >>> import numpy as np
        >>> metric = r2()
        >>> metric.update_state(np.array([1.0, 3.0]), np.array([[1.0], [2.0]]))
        >>> float(metric.result())  # 1 - (0 + 1) / (1 + 1)
        0.5

    Source: `keras.metrics.R2Score`, which takes (n, k) alone, and loses digits of targets far from zero.
    """
    from eagerloop_plugins.metric.running_r2 import RunningR2  # noqa: PLC0415 - it imports TensorFlow

    return RunningR2()
