"""What lets parts that know of one precision work in another: losses of one's own, and optimizers of two methods."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from eagerloop.errors import ConfigError
from eagerloop.loop import loss_of
from eagerloop.structures import map_leaves
from eagerloop.unpublished import built_with, mask_of, with_mask


class InFloat32:
    """A loss that gets its predictions in float32, and gives one number in float32, whatever the model computes in.

    Everything else is asked of the loss itself, and set there. Keras's own losses do so by themselves.

    Args:
        loss: A function, or an object that can be called.

    Example:
        >>> loss = InFloat32(lambda y_true, y_pred: tf.reduce_mean(y_true - y_pred))
        >>> loss(tf.constant([1.0]), tf.constant([0.5], tf.float16)).dtype.name
        'float32'
    """

    def __init__(self, loss: Any) -> None:
        vars(self)["of_the_user"] = loss

    def __call__(self, y_true: Any, y_pred: Any, x: Any = None, sample_weight: Any = None) -> Any:
        """The loss, float32, and its figures if it has some."""
        value, figures = loss_of(self.of_the_user, y_true, map_leaves(_in_float32, y_pred), x, sample_weight)
        value = tf.cast(value, tf.float32)
        return (value, figures) if figures else value

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["of_the_user"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.of_the_user, name, value)

    def __repr__(self) -> str:
        return repr(self.of_the_user)


def _in_float32(y_pred: Any) -> Any:
    """Numbers in float32, with their mask."""
    if not y_pred.dtype.is_floating:
        return y_pred
    predictions = tf.cast(y_pred, tf.float32)
    mask = mask_of(y_pred)
    return predictions if mask is None or predictions is y_pred else with_mask(predictions, mask)


def own_loss(loss: Any) -> Any:
    """The loss as the user gave it."""
    return loss.of_the_user if isinstance(loss, InFloat32) else loss


class Wrapped(keras.optimizers.Optimizer):
    """An optimizer of two methods, `apply_gradients` and `variables`, as Keras's loss scaling wants one.

    Args:
        optimizer: The optimizer.
    """

    def __init__(self, optimizer: Any) -> None:
        super().__init__(learning_rate=0.0, name="wrapped")
        object.__setattr__(self, "_of_the_user", optimizer)  # past Keras's attribute tracking

    @property
    def variables(self) -> list[Any]:
        """Those of the optimizer."""
        return list(self._of_the_user.variables)

    def build(self, variables: Sequence[Any]) -> None:
        """Nothing: the optimizer makes its own."""
        if not self.built:
            super().build(variables)

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update, by the optimizer."""
        variables = built_with(self) if trainable_variables is None else trainable_variables
        self._of_the_user.apply_gradients(list(zip(grads, variables, strict=True)))


def _wrapped_loss(loss: Any) -> Any:
    return loss if isinstance(loss, keras.losses.Loss) else InFloat32(loss)


def for_precision(policy: str, parts: dict[str, Any]) -> dict[str, Any]:
    """The loss and the optimizer as they are used in a precision; in `float32` as they are.

    Args:
        policy: `float32`, `mixed_bfloat16` or `mixed_float16`.
        parts: At least `loss` and `optimizer`.

    Returns:
        Those of the two that need something around them.

    Raises:
        ConfigError: Of several optimizers, none can scale the loss that float16 needs scaled.
    """
    found: dict[str, Any] = {}
    loss, optimizer = parts["loss"], parts["optimizer"]
    if policy.startswith("mixed") and not isinstance(loss, keras.losses.Loss):
        found["loss"] = loss.around(_wrapped_loss) if hasattr(loss, "by_path") else InFloat32(loss)
    if policy == "mixed_float16":
        if hasattr(optimizer, "by_path"):
            several = ", ".join(optimizer.by_path)
            msg = f"mixed_float16 scales the loss for one optimizer, and here are several, {several}; take mixed_bfloat16"
            raise ConfigError(msg)
        known = optimizer if isinstance(optimizer, keras.optimizers.Optimizer) else Wrapped(optimizer)
        found["optimizer"] = keras.optimizers.LossScaleOptimizer(known)
    return found
