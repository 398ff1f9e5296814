"""Sums of squares for optimizers to go down, and the steps that they take."""

from collections.abc import Callable, Iterable
from typing import Any

from eagerloop.testing.checks import Subject

STEPS = 25

STARTS: tuple[Any, ...] = ((3.0, -2.0, 4.0), ((1.0, -3.0), (2.0, 5.0)), -4.0)
"""Where the variables begin; they are to go towards 0."""


Start = Any
Variables = list[Any]


def attributes_of(part: Any) -> dict[str, str]:
    """Its plain attributes, as text: numbers and arrays, alone or in lists and dictionaries."""
    kept = {
        name: value
        for name, value in getattr(part, "__dict__", {}).items()
        if isinstance(value, (int, float, list, dict)) or hasattr(value, "dtype")
    }
    return {name: text for name, value in kept.items() if "Variable" not in (text := repr(value))}


def native(start: Start, name: str = "variable") -> Any:
    """A `tf.Variable` in float32."""
    import tensorflow as tf  # noqa: PLC0415

    return tf.Variable(start, dtype=tf.float32, name=name)


def keras_one(start: Start, name: str = "variable") -> Any:
    """A `keras.Variable` in float32."""
    import keras  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    return keras.Variable(np.array(start, "float32"), name=name)


def built(
    subject: Subject,
    starts: Iterable[Start] = STARTS,
    make: Callable[[Start, str], Any] | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[Any, Variables]:
    """An optimizer that knows its variables, as a run makes it."""
    optimizer = subject.make(**(options or {}))
    make = make or (keras_one if subject.trial.keras_variables else native)
    trained = [make(start, f"variable{place}") for place, start in enumerate(starts)]
    if hasattr(optimizer, "build"):
        optimizer.build(trained)
    return optimizer, trained


def steps(optimizer: Any, trained: Variables, count: int) -> None:
    """Steps down a sum of squares, the pairs given as the loop gives them: as an iterator."""
    import tensorflow as tf  # noqa: PLC0415

    for _step in range(count):
        gradients = [2.0 * tf.convert_to_tensor(variable) for variable in trained]
        optimizer.apply_gradients(zip(gradients, trained, strict=True))
