"""Models as the checks want them: made, built by one call, their variables and layers at hand."""

from typing import Any

from eagerloop.testing.checks import Subject

BUILT = ("made", "model-called")


def x_of(subject: Subject) -> Any:
    """The trial's x, a tensor."""
    import tensorflow as tf  # noqa: PLC0415

    return tf.convert_to_tensor(subject.trial.x)


def built(subject: Subject) -> Any:
    """The model after one call, which makes its variables."""
    model = subject.make()
    model(x_of(subject), training=False)
    return model


def inner(variable: Any) -> Any:
    """The `tf.Variable` inside a Keras variable."""
    from eagerloop.storage.variables import inner_variable  # noqa: PLC0415

    return inner_variable(variable)
