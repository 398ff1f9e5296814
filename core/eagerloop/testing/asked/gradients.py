"""What is asked of a loss's gradient."""

from typing import Any

from eagerloop.testing.checks import Subject, contract, require
from eagerloop.testing.trying.loss_values import differentiated, value_of

STEP = 2e-3
"""How far predictions are moved for a finite difference: between float32's rounding and the loss's curvature."""


TOLERANCE = 0.03
"""How far the gradient may be off, relative to its length."""


@contract(
    "loss-finite",
    "loss",
    why="one nan or inf ends the training: the update would spread it to every variable",
    fix="keep log, sqrt, division away from 0, exp from large numbers: tf.maximum, tf.math.divide_no_nan, logits (see EL18)",
    needs=("made", "loss-scalar"),
)
def finite(subject: Subject) -> None:
    """Value and gradient are finite, for perfect answers as for hopeless ones."""
    import numpy as np  # noqa: PLC0415

    trial, loss = subject.trial, subject.make()
    logits = "logits" in trial.words
    cases = {"a guess": trial.guess, "a bad prediction": trial.bad, "a perfect prediction": trial.perfect}
    if logits or "numbers, shape" in trial.words:
        cases |= {"a large prediction": trial.guess * 200}
    for words, predictions in cases.items():
        value, gradient = differentiated(loss, subject, predictions)
        require(np.isfinite(float(value)), f"it is {float(value)} for {words} ({trial.words})")
        require(gradient is None or np.isfinite(gradient).all(), f"its gradient is not finite for {words} ({trial.words})")


@contract(
    "loss-gradient",
    "loss",
    why="a model learns nothing from rows whose predictions get no gradient",
    fix="use TensorFlow operations that have gradients: no NumPy, .numpy(), round, argmax or constant (see EL05)",
    weight=2,
    needs=("made", "loss-scalar"),
)
def gradient_reaches(subject: Subject) -> None:
    """Every row of the predictions gets a gradient, when all are wrong if not before."""
    import numpy as np  # noqa: PLC0415

    loss = subject.make()
    reached: Any = np.zeros(len(subject.trial.y), bool)
    for predictions in (subject.trial.guess, subject.trial.bad):
        _, gradient = differentiated(loss, subject, predictions)
        require(
            gradient is not None,
            "no gradient reaches the predictions: between them and the loss is NumPy, .numpy(), a constant, round or argmax",
        )
        reached = reached | (np.nan_to_num(gradient.reshape(len(gradient), -1), nan=1.0) != 0).any(axis=1)
    require(reached.any(), "the gradient is zero everywhere: it is the same for all predictions, or goes in steps")
    missing = np.flatnonzero(~reached)
    require(reached.all(), f"the predictions of row {_rows(missing)} of the batch get no gradient, however wrong they are")


def _rows(numbers: Any) -> str:
    return ", ".join(str(int(number) + 1) for number in numbers[:5])


@contract(
    "loss-gradient-agrees",
    "loss",
    why="the optimizer follows the gradient: if it is not that of the value, the value need not fall",
    fix="remove tf.stop_gradient and tf.custom_gradient, or mend them",
    needs=("made", "loss-scalar", "loss-gradient"),
)
def gradient_agrees(subject: Subject) -> None:
    """The gradient is what finite differences say, along itself and along two other directions."""
    import numpy as np  # noqa: PLC0415

    point, loss = subject.trial.guess, subject.make()
    gradient = np.asarray(differentiated(loss, subject, point)[1], "float64")
    length = np.linalg.norm(gradient)
    signs = np.sign(np.random.default_rng(11).normal(size=(2, *point.shape)))
    for direction in (gradient, *signs):
        unit = direction / np.linalg.norm(direction)
        step = STEP * max(1.0, float(np.abs(point).max()))
        ahead, behind = (float(value_of(loss, subject, (point + way * step * unit).astype("float32"))) for way in (1, -1))
        measured, claimed = (ahead - behind) / (2 * step), float((gradient * unit).sum())
        rounding = 4e-7 * max(abs(ahead), abs(behind)) / step
        require(
            abs(measured - claimed) <= TOLERANCE * length + rounding,
            f"the gradient says {claimed:.4g} along a direction in which finite differences measure {measured:.4g}",
        )
