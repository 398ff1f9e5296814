"""The guide's loss."""

from typing import TYPE_CHECKING, Any

from eagerloop.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

    from eagerloop.parts import Loss


def mse() -> "Loss":
    """Mean squared error on TensorFlow's operations, for predictions and targets of one shape.

    Returns:
        A function of `y_true` and `y_pred`, both of any one shape (n, ...), and `sample_weight`, (n,) or (n, T); its value is
        a scalar of the wider of their dtypes, the mean over all their entries, each times its weight, or over those that a
        Keras mask lets through.

    Raises:
        DataError: When it is called with two shapes. TensorFlow would stretch (n,) against (n, 1) to (n, n) without a word.

    Example:
        >>> import tensorflow as tf
        >>> float(mse()(tf.constant([[1.0], [2.0]]), tf.constant([[2.0], [4.0]])))
        2.5

    Source: `loss <- tf$losses$mean_squared_error(y, model(x))` of the guide "Keras with Eager Execution".
    """
    import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

    def mean_squared_error(y_true: "tf.Tensor", y_pred: "tf.Tensor", sample_weight: Any = None) -> "tf.Tensor":
        mask = getattr(y_pred, "_keras_mask", None)  # which steps of a sequence count, as of every loss of Keras
        y_pred = tf.convert_to_tensor(y_pred)
        y_true = tf.convert_to_tensor(y_true)
        # Equal in nearly every step: then this comparison is all that it costs. While tracing, a size may be unknown.
        if y_true.shape != y_pred.shape and not y_true.shape.is_compatible_with(y_pred.shape):
            _refuse(y_true.shape, y_pred.shape)
        if y_true.dtype != y_pred.dtype:
            # The wider one: squares of float16 predictions would soon be infinite.
            wide = y_true.dtype if y_true.dtype.is_floating and y_true.dtype.size > y_pred.dtype.size else y_pred.dtype
            y_true, y_pred = tf.cast(y_true, wide), tf.cast(y_pred, wide)
        squares = tf.square(y_true - y_pred)
        if sample_weight is not None:
            weights = tf.cast(sample_weight, squares.dtype)
            squares *= weights[(..., *[tf.newaxis] * (squares.shape.rank - weights.shape.rank))]
        if mask is None:
            return tf.reduce_mean(squares)
        counted = tf.cast(mask, squares.dtype)
        means = tf.reduce_mean(squares, axis=list(range(counted.shape.rank, squares.shape.rank)))
        return tf.math.divide_no_nan(tf.reduce_sum(means * counted), tf.reduce_sum(counted))

    mean_squared_error.of_quantities = True  # type: ignore[attr-defined]
    return mean_squared_error


def _refuse(target: "tf.TensorShape", prediction: "tf.TensorShape") -> None:
    given = f"targets {target}" if target != (0,) else "nothing for targets"
    msg = (
        f"loss 'mse' needs targets and predictions of one shape, got {given} and predictions {prediction}; "
        "give the model as many outputs as there are targets, or reshape the targets"
    )
    raise DataError(msg)
