"""Sharpness-aware minimisation."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop_plugins.step.without_update import WithoutUpdate

if TYPE_CHECKING:
    from eagerloop import Step
    from eagerloop.parts import Loss, Model, Optimizer


class SharpnessAware:
    """A step that follows the gradient of a place nearby, where the loss is worse; see `sam`.

    Args:
        rho: How far away that place is.
    """

    def __init__(self, rho: float) -> None:
        self._rho = rho

    def __call__(
        self, model: "Model", loss: "Loss", optimizer: "Optimizer", x: Any, y: Any, sample_weight: Any = None
    ) -> "Step":
        """Two passes, one update."""
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        from eagerloop import Step, train_step  # noqa: PLC0415

        here = train_step(model, loss, WithoutUpdate(optimizer), x, y, sample_weight)
        variables = model.trainable_variables
        before = [tf.identity(tf.convert_to_tensor(variable)) for variable in variables]
        away = self._rho / (tf.linalg.global_norm(here.gradients) + 1e-12)
        for variable, gradient in zip(variables, here.gradients, strict=True):
            variable.assign_add(tf.cast(away, gradient.dtype) * tf.convert_to_tensor(gradient))
        there = train_step(model, loss, WithoutUpdate(optimizer), x, y, sample_weight)
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        finite = tf.logical_and(here.finite, there.finite)
        if finite:
            optimizer.apply_gradients(zip(there.gradients, variables, strict=True))
        figures = {**here.figures, "sharpness": there.loss - here.loss}
        return Step(x, y, here.predictions, here.loss, there.gradients, finite, figures, sample_weight)


def sam(
    *, rho: Annotated[float, typer.Option(min=0, help="how far to go towards a worse loss, in the norm of the weights")] = 0.05
) -> SharpnessAware:
    """Sharpness-aware minimisation: the gradient of the worst place nearby.

    The weights go by `rho` along the gradient, the gradient is taken there, and the update is made with it from where they
    came. So a step is two passes through the model. Both are passes of training: Dropout draws twice, and BatchNorm's averages
    learn twice. Loss and predictions are those of the first pass; the gradients, which the update follows, those of the second.

    Args:
        rho: The distance, at least 0, in the Euclidean norm of all trainable variables together.

    Returns:
        A step for one device. Its figure `sharpness` is how much higher the loss is there.

    Example:
        >>> sam(rho=0.1)  # doctest: +ELLIPSIS
        <eagerloop_plugins.step.sam.SharpnessAware object at 0x...>

    Source: Foret et al. (2021), "Sharpness-Aware Minimization for Efficiently Improving Generalization", algorithm 1.
    """
    return SharpnessAware(rho)
