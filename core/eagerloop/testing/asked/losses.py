"""What is asked of a loss. Shapes: n rows, k outputs."""

import inspect

from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require
from eagerloop.testing.trying.loss_values import value_of


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
    fix="reduce it over the batch with tf.reduce_mean, as a floating-point tensor (see EL11)",
    weight=2,
)
def scalar(subject: Subject) -> None:
    """It gives a float tensor without axes."""
    import tensorflow as tf  # noqa: PLC0415

    value = value_of(subject.make(), subject, subject.trial.guess)
    require(tf.is_tensor(value), f"it gave {type(value).__name__}, not a tensor: the tape cannot see where it came from")
    require(not value.shape.rank, f"it gave the shape {tuple(value.shape)}, one value for each row, not a scalar")
    require(value.dtype.is_floating, f"it gave the dtype {value.dtype.name}, which has no gradient")


@contract(
    "loss-minimal",
    "loss",
    why="training makes the loss small: if good predictions do not have a small one, it leads away from them",
    fix="check the sign, the order of the arguments, and the shapes: (n,) against (n, 1) gives (n, n) (see EL01)",
    weight=2,
    needs=("made", "loss-scalar"),
)
def minimal(subject: Subject) -> None:
    """A perfect prediction is no worse than a bad one, and better than that of another row."""
    import numpy as np  # noqa: PLC0415

    trial, loss = subject.trial, subject.make()
    best = float(value_of(loss, subject, trial.perfect))
    small = 1e-6 * max(1.0, abs(best))
    flat = np.broadcast_to(trial.perfect.mean(axis=0, keepdims=True), trial.perfect.shape)
    bad = float(value_of(loss, subject, trial.bad))
    words = f"it is {best:.4g} for perfect predictions and {bad:.4g} for bad ones"
    require(best <= bad + small, f"{words}: making it small makes predictions bad ({trial.words})")
    shifted = float(value_of(loss, subject, np.roll(trial.perfect, 1, axis=0)))
    require(
        best < shifted - small,
        f"it is {best:.4g} for perfect predictions and {shifted:.4g} when each row is answered with another row's target: "
        f"it does not compare row with row ({trial.words})",
    )
    for words, other in {"their mean": flat.astype("float32"), "a guess": trial.guess}.items():
        value = float(value_of(loss, subject, other))
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
        values.append(float(value_of(loss, subject, trial.guess)))
        value_of(loss, subject, trial.bad)
    require(values[0] == values[1], f"the same call gave {values[0]:.7g}, then {values[1]:.7g}: it keeps or draws something")
    again = float(value_of(subject.make(), subject, trial.guess))
    require(values[0] == again, f"made anew with the same seed, it gave {again:.7g} instead of {values[0]:.7g}")


@contract(
    "loss-weights",
    "loss",
    why="weights are to count rows: with 1 for each a loss is what it is without, and twice the weights are twice the loss",
    fix="multiply the loss of each row, (n,), by its weight, (n,), and take the mean over the n rows, as Keras does",
    needs=("made", "loss-scalar"),
)
def weights(subject: Subject) -> None:
    """Weights of 1 change nothing, and doubling all of them doubles the loss."""
    import math  # noqa: PLC0415

    import tensorflow as tf  # noqa: PLC0415

    from eagerloop.loop import asked_by  # noqa: PLC0415

    trial, loss = subject.trial, subject.make()
    if "sample_weight" not in asked_by(loss):
        msg = "it takes no weights of rows"
        raise NotApplicable(msg)
    ones = tf.ones([len(trial.guess)])
    once, twice = (float(value_of(loss, subject, trial.guess, factor * ones)) for factor in (1.0, 2.0))
    require(
        math.isclose(twice, 2 * once, rel_tol=1e-4, abs_tol=1e-6),
        f"it is {once:.4g} with a weight of 1 for each row, and {twice:.4g} with 2 for each, not twice as much",
    )
    if inspect.signature(loss).parameters["sample_weight"].default is None and "x" not in asked_by(loss):
        given = loss(tf.convert_to_tensor(trial.y), tf.convert_to_tensor(trial.guess))
        without = float(given[0] if isinstance(given, tuple) else given)
        require(
            math.isclose(once, without, rel_tol=1e-4, abs_tol=1e-6),
            f"it is {without:.4g} without weights, and {once:.4g} with a weight of 1 for each row",
        )


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
        value = value_of(loss, subject, trial.guess[:rows])
        if value.shape.rank or not np.isfinite(float(value)):
            msg = f"for a batch of {rows} rows it is {value.numpy()}"
            raise Fault(msg)
