"""Which checks there are for a kind, and how they are run on a part."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from eagerloop.choices.sources import as_factory
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.parts import KINDS
from eagerloop.testing.asked import (
    checkpointers,
    datasets,
    disasters,
    factories,
    gradients,
    learning,
    losses,
    metrics,
    models,
    modes,
    observers,
    optimizers,
    positions,
    schedules,
    steps,
)
from eagerloop.testing.checks import Check, Result, Subject
from eagerloop.testing.trying import trials

OF_KIND = {
    "dataset": (datasets, positions),
    "model": (models, modes, learning),
    "loss": (losses, gradients),
    "schedule": (schedules,),
    "optimizer": (optimizers,),
    "step": (steps,),
    "checkpointer": (checkpointers, disasters),
    "metric": (metrics,),
    "observer": (observers,),
}
"""The modules that hold the checks of each kind, in the order in which they are run."""

SETTLED_BY = {"loss": "loss-minimal", "model": "model-predictions"}
"""The check that tells, where it is ok, that a trial is what the part is meant for: no other data is tried then. Of a loss,
that is believed of the first trial alone: many are made small by data that they are not meant for."""

TOLD_BY = {"model": "model-predictions", "step": "step-result", "metric": "metric-looks"}
"""The check that tells, where it fails, that a trial is not what the part is meant for: the rest is left out then."""

EXCEPTIONS = Check(
    "exceptions",
    KINDS,
    "an exception without a reason, or of a check that does not exist, hides a fault",
    'write exceptions = {"name-of-the-check": "the reason"}',
    lambda _subject: None,
)


def checks_of(kind: str) -> tuple[Check, ...]:
    """The checks for a kind of part, in the order in which they are run.

    Raises:
        ConfigError: There is no such kind.

    Example:
        >>> [one.name for one in checks_of("loss")][:2]
        ['options-readable', 'options-round-trip']
    """
    if kind not in KINDS:
        msg = f"there is no kind '{kind}'; {did_you_mean(kind, KINDS)}"
        raise ConfigError(msg)
    every = [one for module in (factories, *OF_KIND[kind]) for one in _in(module)]
    return tuple(one for one in every if kind in one.kinds)


def _in(module: Any) -> Iterable[Check]:
    """The checks that a module defines, in the order of its text."""
    return (value for value in vars(module).values() if isinstance(value, Check))


def check(
    kind: str,
    factory: Callable[..., Any],
    *,
    options: Mapping[str, Any] | None = None,
    dataset: Any = None,
    exceptions: Mapping[str, str] | None = None,
) -> list[Result]:
    """Runs every check of a kind on a factory. The part's code is run.

    Args:
        kind: One of `eagerloop.parts.KINDS`.
        factory: The part's factory; for a loss, a plain function of `y_true` and `y_pred` will do.
        options: Values for its options; those without a default must be given.
        dataset: A `Dataset` or `(train, test)` pair to try the part on; by default small samples of several kinds of data are
            tried, until one suits the part.
        exceptions: Reasons by the names of the checks that the part rightly breaks, on top of the factory's own
            `contract_exceptions`.

    Returns:
        A finding for each check. What a part is worth is the sum of the weights of those that are `ok`, out of the sum of all.

    Raises:
        ConfigError: There is no such kind.

    Example:
        >>> def mean_squared(y_true, y_pred):
        ...     "Mean squared error."
        ...     import tensorflow as tf
        ...     return tf.reduce_mean(tf.square(y_true - y_pred))
        >>> [result.name for result in check("loss", mean_squared) if result.status == "failed"]
        []
    """
    every = checks_of(kind)
    excused = {**getattr(factory, "contract_exceptions", {}), **(exceptions or {})}
    subject = Subject(kind, as_factory(kind, factory), options or {})
    results = {"exceptions": fault} if (fault := _bad_exceptions(excused, every)) else {}
    static = {one.name for one in _in(factories) if one.name != "made" and "made" not in one.needs}
    for one in every:
        if one.name in static:
            results[one.name] = one.run(subject, results, excused)
    return [*results.values(), *_best([one for one in every if one.name not in static], subject, dataset, results, excused)]


def _best(
    every: list[Check], subject: Subject, dataset: Any, before: Mapping[str, Result], excused: Mapping[str, str]
) -> list[Result]:
    """The findings on the data that suits the part best: a loss for classes is not judged on a regression."""
    best: dict[str, Result] = {}
    settler = SETTLED_BY.get(subject.kind, "")
    for number, trial in enumerate(trials.for_kind(subject.kind, dataset)):
        subject.trial = trial()
        results: dict[str, Result] = {}
        for one in every:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Keras has a lot to say about data that a part is not meant for
                results[one.name] = one.run(subject, {**before, **results}, excused)
            if number and one.name == TOLD_BY.get(subject.kind) and results[one.name].status == "failed":
                break  # not the data for this part either, and the rest is slow
        if not best or _points(results) > _points(best):
            best = results
        settling = results.get(settler) if subject.kind == "model" or not number else None
        if (settling and settling.status == "ok") or all(one.status != "failed" for one in results.values()):
            best = results
            break
    return list(best.values())


def _points(found: Mapping[str, Result]) -> int:
    return sum(one.weight for one in found.values() if one.status == "ok")


def _bad_exceptions(excused: Mapping[str, str], every: Iterable[Check]) -> Result | None:
    known = [one.name for one in every]
    for name, reason in excused.items():
        if name not in known:
            message = f"there is no check '{name}' for this kind; {did_you_mean(name, known)}"
        elif not str(reason).strip():
            message = f"the exception '{name}' has no reason"
        else:
            continue
        return Result("exceptions", "failed", message, EXCEPTIONS.why, EXCEPTIONS.fix, EXCEPTIONS.weight)
    return None
