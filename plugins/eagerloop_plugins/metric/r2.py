"""The coefficient of determination."""

from typing import TYPE_CHECKING, Any

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
        >>> _ = metric.update_state(np.array([1.0, 3.0]), np.array([[1.0], [2.0]]))
        >>> float(metric.result())  # 1 - (0 + 1) / (1 + 1)
        0.5

    Source: `keras.metrics.R2Score`, which takes (n, k) alone.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    class R2(keras.metrics.R2Score):  # type: ignore[misc]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            columns = (keras.ops.expand_dims(y, -1) if len(y.shape) == 1 else y for y in (y_true, y_pred))
            super().update_state(*columns, sample_weight=sample_weight)

    # Keras takes the square of the sums from the sum of the squares: in float32, digits of targets far from zero are lost.
    return R2(name="r2", dtype="float64")
