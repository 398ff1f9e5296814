"""The coefficient of determination, batch by batch. Importing this module imports TensorFlow: only the factory `r2` does it.

Shape letters: n rows in a batch, k targets.
"""

from typing import Any

import keras
import tensorflow as tf

from eagerloop.errors import DataError


class RunningR2(keras.metrics.Metric):
    """Keeps, for each target, the sums from which the figure over all rows follows.

    The sum of squared deviations is carried from batch to batch in float64 and around the running mean. `keras.metrics.R2Score`
    takes it from the sum of squares in float32, where targets far from zero lose all their digits.

    Example:
        >>> metric = RunningR2()
        >>> metric.update_state(tf.constant([1.0, 3.0]), tf.constant([[1.0], [2.0]]))
        >>> float(metric.result())  # 1 - (0 + 1) / (1 + 1)
        0.5

    Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
    """

    def __init__(self) -> None:
        """Nothing is known of the targets before the first batch."""
        super().__init__(name="r2")
        self.rows: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account.

        Args:
            y_true: Shape (n, k) or (n,).
            y_pred: Shape (n, k) or (n,).
            sample_weight: How often each row counts, (n,).

        Raises:
            DataError: The two do not have the same rows and targets.
        """
        y_true, y_pred = _column(y_true), _column(y_pred)
        if not y_true.shape.is_compatible_with(y_pred.shape):
            got = f"targets {y_true.shape} and predictions {y_pred.shape}"
            msg = f"metric 'r2' needs targets and predictions of one shape, got {got}; reshape the targets"
            raise DataError(msg)
        if self.rows is None:
            self._build(y_true.shape[-1])
        weights = tf.ones_like(y_true[:, :1]) if sample_weight is None else _column(tf.reshape(sample_weight, (-1,)))
        new = tf.reduce_sum(weights)
        rows = self.rows + new
        batch_mean = tf.math.divide_no_nan(tf.reduce_sum(weights * y_true, axis=0), new)
        shift = batch_mean - self.mean
        inside = tf.reduce_sum(weights * tf.square(y_true - batch_mean), axis=0)
        self.deviations.assign_add(inside + tf.math.divide_no_nan(tf.square(shift) * self.rows * new, rows))
        self.mean.assign_add(tf.math.divide_no_nan(shift * new, rows))
        self.residuals.assign_add(tf.reduce_sum(weights * tf.square(y_true - y_pred), axis=0))
        self.rows.assign(rows)

    def result(self) -> Any:
        """The mean over the targets, a float64 scalar.

        A target that is the same in all rows counts 1 where it is met exactly, else 0, as in scikit-learn.
        """
        if self.rows is None:
            return tf.constant(0.0, tf.float64)
        residuals, deviations = tf.convert_to_tensor(self.residuals), tf.convert_to_tensor(self.deviations)
        constant = tf.cast((residuals == 0) & (tf.convert_to_tensor(self.rows) > 0), tf.float64)
        return tf.reduce_mean(tf.where(deviations > 0, 1 - tf.math.divide_no_nan(residuals, deviations), constant))

    def get_config(self) -> dict[str, Any]:
        """What `__init__` takes: nothing. Keras makes another one of this."""
        return {}

    def _build(self, targets: int) -> None:
        """One number a target, as many as the first batch has."""
        self.rows = self.add_variable((), "zeros", "float64", name="rows")
        self.mean, self.deviations, self.residuals = (
            self.add_variable((targets,), "zeros", "float64", name=name) for name in ("mean", "deviations", "residuals")
        )


def _column(values: Any) -> Any:
    """A float64 tensor of shape (n, k); (n,) is one target."""
    values = tf.cast(values, tf.float64)
    return values[:, tf.newaxis] if values.shape.rank == 1 else values
