"""Models as the checks want them: made, built by one call, their variables and layers at hand."""

from typing import Any

from eagerloop.testing.checks import Subject
from eagerloop.testing.trying.loss_values import tensors

BUILT = ("made", "model-called")


def x_of(subject: Subject) -> Any:
    """The trial's x: a tensor, or a structure of tensors."""
    return tensors(subject.trial.x)


def answer_of(model: Any, x: Any, *, training: bool = False) -> Any:
    """What the model answers, as an array; of several tensors, all numbers in one row."""
    from eagerloop.inspection.looking.experiments import in_one  # noqa: PLC0415 - it needs TensorFlow

    return in_one(model(x, training=training))


def built(subject: Subject) -> Any:
    """The model after one call, which makes its variables."""
    model = subject.make()
    model(x_of(subject), training=False)
    return model


def inner(variable: Any) -> Any:
    """The `tf.Variable` inside a Keras variable."""
    from eagerloop.storage.variables import inner_variable  # noqa: PLC0415

    return inner_variable(variable)
