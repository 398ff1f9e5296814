"""What is asked of a metric."""

import inspect
from typing import Any

from eagerloop.testing.checks import NotApplicable, Subject, contract, require

CLOSE = 1e-4
"""How far two ways of adding up may differ, relative to the figure."""


@contract(
    "metric-number",
    "metric",
    why="the history has one number for each metric and epoch",
    fix="return a scalar from result(), also before the first batch",
    weight=2,
)
def number(subject: Subject) -> None:
    """Its result is a finite number."""
    import numpy as np  # noqa: PLC0415

    value = _after(subject.make(), subject, (0, None))
    require(np.isfinite(value).all() and value.size, f"its result is {value} ({subject.trial.words})")


@contract(
    "metric-looks",
    "metric",
    why="a figure that is the same for good and for bad predictions tells nothing",
    fix="compare y_pred with y_true, in this order",
    needs=("made", "metric-number"),
)
def looks(subject: Subject) -> None:
    """Perfect and bad predictions do not have the same figure."""
    perfect, bad = (_after(subject.make(), subject, (0, None), which) for which in ("perfect", "bad"))
    require((perfect != bad).any(), f"it is {perfect} for perfect predictions and for bad ones ({subject.trial.words})")


@contract(
    "metric-reset",
    "metric",
    why="each epoch has a figure of its own",
    fix="set everything that update_state changes back in reset_state (see EL15)",
    weight=2,
    needs=("made", "metric-number"),
)
def reset(subject: Subject) -> None:
    """After reset_state it gives what a new one gives."""
    metric = subject.make()
    fresh = _after(subject.make(), subject, (0, None))
    for which in ("bad", "perfect"):
        _after(metric, subject, (0, None), which)
        metric.reset_state()
        again = _after(metric, subject, (0, None))
        require(_close(again, fresh), f"after reset_state its figure is {again}, a new one's is {fresh}")
        metric.reset_state()


@contract(
    "metric-short-batch",
    "metric",
    why="a mean of the batches' means weighs the rows of a short last batch too much",
    fix="add up sums and counts over rows, and divide in result()",
    weight=2,
    needs=("made", "metric-number"),
)
def short_batch(subject: Subject) -> None:
    """Cut into batches of 5, 5 and 2 rows, an epoch has the figure that it has in one piece."""
    whole = _after(subject.make(), subject, (0, None))
    cut = _after(subject.make(), subject, (0, 5), (5, 10), (10, None))
    require(_close(whole, cut), f"over 12 rows at once it is {whole}, over batches of 5, 5 and 2 rows {cut}")


@contract(
    "metric-weights",
    "metric",
    why="rows that weigh nothing are not there: they are the padding of a batch, or were given that weight by the user",
    fix="multiply what a row adds to the sum and to the count, both, by its weight, (n,)",
    needs=("made", "metric-number"),
)
def weights(subject: Subject) -> None:
    """Weights of 1 change nothing, and rows of weight 0 are left out."""
    import tensorflow as tf  # noqa: PLC0415

    if "sample_weight" not in inspect.signature(subject.make().update_state).parameters:
        msg = "its update_state takes no weights of rows"
        raise NotApplicable(msg)
    rows = len(subject.trial.y)
    whole, some = _after(subject.make(), subject, (0, None)), _after(subject.make(), subject, (0, rows - 4))
    ones = _after(subject.make(), subject, (0, None), weights=tf.ones(rows))
    require(_close(whole, ones), f"it is {whole} without weights, and {ones} with a weight of 1 for each row")
    without = _after(subject.make(), subject, (0, None), weights=tf.concat([tf.ones(rows - 4), tf.zeros(4)], axis=0))
    require(_close(some, without), f"without the last four rows it is {some}, and {without} where they have the weight 0")


@contract(
    "metric-copied",
    "metric",
    why="the validation uses a fresh copy, so as not to disturb the figure of the training",
    fix="let a Keras metric's get_config give all arguments of __init__; keep no state outside the instance",
    needs=("made", "metric-number"),
)
def copied(subject: Subject) -> None:
    """A copy begins anew, and leaves the original alone."""
    from eagerloop.building.run_parts import another_metric  # noqa: PLC0415 - what a run does

    metric = subject.make()
    before = _after(metric, subject, (0, None))
    copy = _after(another_metric(metric), subject, (0, None))
    require(_close(before, copy), f"a fresh copy gives {copy} where the original gave {before}")
    _after(another_metric(metric), subject, (0, 5), "bad")
    require(_close(before, _figure(metric)), "using a copy changed the original's figure: they share state")


@contract(
    "same-seed",
    "metric",
    why="the same run must report the same figures",
    fix="draw no numbers of your own",
    needs=("made", "metric-number"),
)
def same_seed(subject: Subject) -> None:
    """Two metrics give the same figure."""
    one, other = (_after(subject.make(), subject, (0, None)) for _time in range(2))
    require((one == other).all(), f"it is {one}, and made anew {other}, for the same predictions")


@contract(
    "metric-restores",
    "metric",
    why="a run that is killed in the middle of an epoch goes on in the middle of the figure",
    fix="keep the sums in variables, made before the first batch or by it (Keras: self.add_variable)",
    needs=("made", "metric-number"),
)
def restores(subject: Subject) -> None:
    """With another's variables, it goes on where that one was."""
    metric = subject.make()
    if not hasattr(metric, "variables"):
        msg = "it has no `variables`: it keeps its figure in Python, and a run killed within an epoch loses that epoch's"
        raise NotApplicable(msg)
    _after(metric, subject, (0, 5))
    fresh = subject.make()
    if len(fresh.variables) != len(metric.variables):
        _after(fresh, subject, (0, 5))
    for variable, saved in zip(fresh.variables, metric.variables, strict=True):
        variable.assign(saved)
    ends = [_after(one, subject, (5, None)) for one in (metric, fresh)]
    require(_close(*ends), f"restored, it ends at {ends[1]} instead of {ends[0]}: it keeps something outside its variables")


def _after(metric: Any, subject: Subject, *cuts: Any, weights: Any = None) -> Any:
    """The figure after batches of the given rows; the last argument may say of which answers, `weights` what rows count."""
    import tensorflow as tf  # noqa: PLC0415

    which = cuts[-1] if isinstance(cuts[-1], str) else "guess"
    trial = subject.trial
    for first, last in (cut for cut in cuts if not isinstance(cut, str)):
        y, answers = trial.y[first:last], getattr(trial, which)[first:last]
        given = {} if weights is None else {"sample_weight": weights[first:last]}
        metric.update_state(tf.convert_to_tensor(y), tf.convert_to_tensor(answers), **given)
    return _figure(metric)


def _figure(metric: Any) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.atleast_1d(np.asarray(metric.result(), dtype="float64"))


def _close(one: Any, other: Any) -> bool:
    import numpy as np  # noqa: PLC0415

    return one.shape == other.shape and bool(np.allclose(one, other, rtol=CLOSE, atol=1e-6))
