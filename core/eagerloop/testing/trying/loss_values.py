"""A loss on the answers of a trial: its value, and its gradient."""

from typing import Any

from eagerloop.testing.checks import Subject


def tensor(array: Any) -> Any:
    """The array as a tensor."""
    import tensorflow as tf  # noqa: PLC0415

    return tf.convert_to_tensor(array)


def value_of(loss: Any, subject: Subject, predictions: Any) -> Any:
    """The loss of predictions against the trial's targets."""
    return loss(tensor(subject.trial.y), tensor(predictions))


def differentiated(loss: Any, subject: Subject, predictions: Any) -> tuple[Any, Any]:
    """The loss and its gradient with respect to the predictions, an array of their shape, or None."""
    import tensorflow as tf  # noqa: PLC0415

    answers = tensor(predictions)
    with tf.GradientTape() as tape:
        tape.watch(answers)
        value = loss(tensor(subject.trial.y), answers)
    gradient = tape.gradient(value, answers)
    return value, None if gradient is None else tf.convert_to_tensor(gradient).numpy()
