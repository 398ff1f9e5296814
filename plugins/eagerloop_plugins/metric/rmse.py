"""The root mean squared error under the name that everyone uses."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def rmse() -> "keras.metrics.Metric":
    """Root of the mean of the squared errors over the whole epoch, in the unit of the targets.

    Returns:
        A Keras metric of targets and predictions of shape (n, k), or (n,) and (n, 1); its result is a scalar.

    Example:
        >>> import numpy as np
        >>> metric = rmse()
        >>> _ = metric.update_state(np.array([[0.0], [0.0]]), np.array([[3.0], [4.0]]))
        >>> round(float(metric.result()), 4)  # the root of (9 + 16) / 2
        3.5355

    Source: `keras.metrics.RootMeanSquaredError`.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    return keras.metrics.RootMeanSquaredError(name="rmse")
