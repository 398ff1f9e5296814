"""What is asked of a schedule: a callable from the step number to a learning rate."""

from typing import Any

from eagerloop.testing.checks import Subject, contract, require

STEPS = (0, 1, 2, 9, 10, 99, 1000, 100_000)
"""Numbers of updates that a rate is asked for."""


def _rate(schedule: Any, step: int) -> Any:
    import tensorflow as tf  # noqa: PLC0415

    return schedule(tf.constant(step, tf.int64))


@contract(
    "schedule-rate",
    "schedule",
    why="the optimizer multiplies by it: no number, or one below 0, spoils every variable",
    fix="return one number of at least 0 for any step from 0 on; tf.maximum keeps it from falling too far",
    weight=2,
)
def rate(subject: Subject) -> None:
    """One finite number of at least 0, for any step."""
    import numpy as np  # noqa: PLC0415

    schedule = subject.make()
    for step in STEPS:
        given = _rate(schedule, step)
        value = np.asarray(given)
        require(
            value.dtype.kind in "fiu" or "float" in str(value.dtype), f"it gave {given!r} for step {step}, which is no number"
        )
        require(not value.shape, f"it gave the shape {value.shape} for step {step}, not one number")
        require(bool(np.isfinite(value)), f"it gave {value} for step {step}")
        require(bool(value >= 0), f"it gave {value:g} for step {step}: below 0, an update climbs")


@contract(
    "schedule-step-alone",
    "schedule",
    why="a run that is resumed asks for the rates of later steps first: what depends on earlier calls is another rate then",
    fix="compute the rate from the step alone; keep nothing and draw nothing",
    weight=2,
    needs=("made", "schedule-rate"),
)
def step_alone(subject: Subject) -> None:
    """The same rate for the same step, in any order, and from another one of its kind."""
    first, second = subject.make(), subject.make()
    forwards = {step: float(_rate(first, step)) for step in STEPS}
    for step in reversed(STEPS):
        for schedule, words in ((first, "asked again"), (second, "made anew")):
            value = float(_rate(schedule, step))
            require(value == forwards[step], f"it gave {forwards[step]:g} for step {step}, and {value:g} when it was {words}")


@contract(
    "schedule-in-a-graph",
    "schedule",
    why="with --compile, the rate is computed in a graph: Python numbers would stay those of the first step",
    fix="use TensorFlow operations on the step: tf.where in place of if, tf.cast in place of float()",
    needs=("made", "schedule-rate"),
)
def in_a_graph(subject: Subject) -> None:
    """Inside a `tf.function`, the rates of an eager call."""
    import tensorflow as tf  # noqa: PLC0415

    schedule = subject.make()
    compiled = tf.function(lambda step: schedule(step), input_signature=[tf.TensorSpec((), tf.int64)])  # noqa: PLW0108 - a partial has no code
    for step in STEPS:
        eager, value = float(_rate(schedule, step)), float(compiled(tf.constant(step, tf.int64)))
        close = abs(value - eager) <= 1e-5 * abs(eager) + 1e-12
        require(close, f"it gave {eager:g} for step {step}, and {value:g} in a graph")
