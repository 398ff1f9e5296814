"""What is asked of a loss. Shapes: n rows, k outputs."""

import inspect
from typing import Any, cast

from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require

STEP = 2e-3
"""How far predictions are moved for a finite difference: between float32's rounding and the loss's curvature."""

TOLERANCE = 0.03
"""How far the gradient may be off, relative to its length."""


@contract(
    "loss-arguments",
    "loss",
    why="the loop calls loss(y, predictions): with the arguments swapped, a loss that is not symmetric learns something else",
    fix="define it as loss(y_true, y_pred)",
)
def arguments(subject: Subject) -> None:
    """It takes the targets first."""
    loss = subject.make()
    try:
        names = [name.lower() for name in inspect.signature(loss).parameters]
    except (TypeError, ValueError) as error:
        msg = "its signature is not known"
        raise NotApplicable(msg) from error
    if len(names) < 2:  # noqa: PLR2004
        require(
            "*" in str(inspect.signature(loss)), f"it takes {len(names)} argument, and is given the targets and the predictions"
        )
        return
    swapped = "pred" in names[0] or "true" in names[1] or "target" in names[1]
    require(
        not swapped,
        f"its arguments are ({names[0]}, {names[1]}): the predictions come first, and the loop gives the targets first",
    )


@contract(
    "loss-scalar",
    "loss",
    why="the tape differentiates one number; the history is a mean of such numbers",
    fix="reduce it over the batch with tf.reduce_mean, as a floating-point tensor",
    weight=2,
)
def scalar(subject: Subject) -> None:
    """It gives a float tensor without axes."""
    import tensorflow as tf  # noqa: PLC0415

    value = _value(subject.make(), subject, subject.trial.guess)
    require(tf.is_tensor(value), f"it gave {type(value).__name__}, not a tensor: the tape cannot see where it came from")
    require(not value.shape.rank, f"it gave the shape {tuple(value.shape)}, one value for each row, not a scalar")
    require(value.dtype.is_floating, f"it gave the dtype {value.dtype.name}, which has no gradient")


@contract(
    "loss-finite",
    "loss",
    why="one nan or inf ends the training: the update would spread it to every variable",
    fix="keep log, sqrt and division away from 0, and exp from large numbers: tf.maximum, tf.math.divide_no_nan, logits",
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
        value, gradient = _differentiated(loss, subject, predictions)
        require(np.isfinite(float(value)), f"it is {float(value)} for {words} ({trial.words})")
        require(gradient is None or np.isfinite(gradient).all(), f"its gradient is not finite for {words} ({trial.words})")


@contract(
    "loss-gradient",
    "loss",
    why="a model learns nothing from rows whose predictions get no gradient",
    fix="compute it from y_pred with TensorFlow operations that have gradients: no NumPy, .numpy(), round, argmax or constant",
    weight=2,
    needs=("made", "loss-scalar"),
)
def gradient_reaches(subject: Subject) -> None:
    """Every row of the predictions gets a gradient, when all are wrong if not before."""
    import numpy as np  # noqa: PLC0415

    loss, reached = subject.make(), cast("Any", False)
    for predictions in (subject.trial.guess, subject.trial.bad):
        _value_, gradient = _differentiated(loss, subject, predictions)
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
    gradient = np.asarray(_differentiated(loss, subject, point)[1], "float64")
    length = np.linalg.norm(gradient)
    signs = np.sign(np.random.default_rng(11).normal(size=(2, *point.shape)))
    for direction in (gradient, *signs):
        unit = direction / np.linalg.norm(direction)
        step = STEP * max(1.0, float(np.abs(point).max()))
        ahead, behind = (float(_value(loss, subject, (point + way * step * unit).astype("float32"))) for way in (1, -1))
        measured, claimed = (ahead - behind) / (2 * step), float((gradient * unit).sum())
        rounding = 4e-7 * max(abs(ahead), abs(behind)) / step
        require(
            abs(measured - claimed) <= TOLERANCE * length + rounding,
            f"the gradient says {claimed:.4g} along a direction in which finite differences measure {measured:.4g}",
        )


@contract(
    "loss-minimal",
    "loss",
    why="training makes the loss small: if good predictions do not have a small one, it leads away from them",
    fix="check the sign, the order of the arguments, and that y and predictions have one shape ((n,) against (n, 1) gives (n, n))",
    weight=2,
    needs=("made", "loss-scalar"),
)
def minimal(subject: Subject) -> None:
    """A perfect prediction is no worse than a bad one, and better than that of another row."""
    import numpy as np  # noqa: PLC0415

    trial, loss = subject.trial, subject.make()
    best = float(_value(loss, subject, trial.perfect))
    small = 1e-6 * max(1.0, abs(best))
    flat = np.broadcast_to(trial.perfect.mean(axis=0, keepdims=True), trial.perfect.shape)
    bad = float(_value(loss, subject, trial.bad))
    words = f"it is {best:.4g} for perfect predictions and {bad:.4g} for bad ones"
    require(best <= bad + small, f"{words}: making it small makes predictions bad ({trial.words})")
    shifted = float(_value(loss, subject, np.roll(trial.perfect, 1, axis=0)))
    require(
        best < shifted - small,
        f"it is {best:.4g} for perfect predictions and {shifted:.4g} when each row is answered with another row's target: "
        f"it does not compare row with row ({trial.words})",
    )
    for words, other in {"their mean": flat.astype("float32"), "a guess": trial.guess}.items():
        value = float(_value(loss, subject, other))
        require(best <= value + small, f"it is {best:.4g} for perfect predictions and {value:.4g} for {words} ({trial.words})")


@contract(
    "loss-repeatable",
    "loss",
    why="the same batch and the same weights must give the same loss, or no run can be repeated or resumed exactly",
    fix="keep nothing from call to call, and draw no numbers of your own",
    needs=("made", "loss-scalar"),
)
def repeatable(subject: Subject) -> None:
    """The same value again: after another call, and from a loss made anew."""
    import keras  # noqa: PLC0415

    trial, loss = subject.trial, subject.make()
    values = []
    for _time in range(2):
        keras.utils.set_random_seed(0)
        values.append(float(loss(_tensor(trial.y), _tensor(trial.guess))))
        loss(_tensor(trial.y), _tensor(trial.bad))
    require(values[0] == values[1], f"the same call gave {values[0]:.7g}, then {values[1]:.7g}: it keeps or draws something")
    again = float(_value(subject.make(), subject, trial.guess))
    require(values[0] == again, f"made anew with the same seed, it gave {again:.7g} instead of {values[0]:.7g}")


@contract(
    "loss-short-batch",
    "loss",
    why="the last batch of an epoch is often shorter",
    fix="take the number of rows from tf.shape(y_pred)[0]",
    needs=("made", "loss-scalar"),
)
def short_batch(subject: Subject) -> None:
    """It works for fewer rows, with a value of the same size."""
    import numpy as np  # noqa: PLC0415

    trial, loss = subject.trial, subject.make()
    for rows in (7, 5):
        value = loss(_tensor(trial.y[:rows]), _tensor(trial.guess[:rows]))
        if value.shape.rank or not np.isfinite(float(value)):
            msg = f"for a batch of {rows} rows it is {value.numpy()}"
            raise Fault(msg)


def _tensor(array: Any) -> Any:
    import tensorflow as tf  # noqa: PLC0415

    return tf.convert_to_tensor(array)


def _value(loss: Any, subject: Subject, predictions: Any) -> Any:
    return loss(_tensor(subject.trial.y), _tensor(predictions))


def _differentiated(loss: Any, subject: Subject, predictions: Any) -> tuple[Any, Any]:
    """The loss and its gradient with respect to the predictions, an array of their shape, or None."""
    import tensorflow as tf  # noqa: PLC0415

    given = _tensor(predictions)
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = loss(_tensor(subject.trial.y), given)
    gradient = tape.gradient(value, given)
    return value, None if gradient is None else tf.convert_to_tensor(gradient).numpy()
