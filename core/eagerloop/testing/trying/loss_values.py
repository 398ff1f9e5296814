"""A loss on the answers of a trial: its value, and its gradient."""

from typing import Any

from eagerloop.structures import map_leaves
from eagerloop.testing.checks import Subject


def tensors(structure: Any) -> Any:
    """An array, or a structure of arrays, as tensors; ragged ones stay as they are."""
    import tensorflow as tf  # noqa: PLC0415

    return map_leaves(lambda leaf: leaf if isinstance(leaf, tf.RaggedTensor) else tf.convert_to_tensor(leaf), structure)


def first_rows(structure: Any, count: int) -> Any:
    """So many rows of a tensor, or of each tensor of a structure."""
    return map_leaves(lambda leaf: leaf[:count], structure)


def value_of(loss: Any, subject: Subject, predictions: Any, weights: Any = None) -> Any:
    """The loss of predictions against the targets of as many first rows of the trial.

    Args:
        loss: The loss. It is given x and the rows' weights where it asks for them.
        subject: With the trial.
        predictions: For the first rows.
        weights: Of these rows; by default 1 for each.
    """
    import tensorflow as tf  # noqa: PLC0415

    from eagerloop.loop import asked_by, loss_of  # noqa: PLC0415

    rows = len(predictions)
    x = first_rows(tensors(_x_of(subject)), rows) if "x" in asked_by(loss) else None
    given = tf.ones([rows]) if weights is None else weights
    return loss_of(loss, tensors(subject.trial.y[:rows]), tensors(predictions), x, given)[0]


def _x_of(subject: Subject) -> Any:
    """What the trial's rows are made from."""
    data = subject.trial.dataset
    return data.x if hasattr(data, "x") else next(iter(data.train(1, 0)))[0]


def differentiated(loss: Any, subject: Subject, predictions: Any) -> tuple[Any, Any]:
    """The loss and its gradient with respect to the predictions, an array of their shape, or None."""
    import tensorflow as tf  # noqa: PLC0415

    answers = tensors(predictions)
    with tf.GradientTape() as tape:
        tape.watch(answers)
        value = value_of(loss, subject, answers)
    gradient = tape.gradient(value, answers)
    return value, None if gradient is None else tf.convert_to_tensor(gradient).numpy()
