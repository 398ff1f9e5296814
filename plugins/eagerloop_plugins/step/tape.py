"""The loop's own step."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eagerloop.parts import TrainStep


def tape() -> "TrainStep":
    """The loop's own: predict, measure, differentiate, update.

    Returns:
        `eagerloop.train_step` itself: it costs a run nothing to have it by this name.

    Example:
        >>> import eagerloop
        >>> tape() is eagerloop.train_step
        True

    Source: Keras's guide "Writing a training loop from scratch in TensorFlow".
    """
    from eagerloop import train_step  # noqa: PLC0415 - listing parts must not wait for TensorFlow

    return train_step
