"""Recognises the twenty classic mistakes of hand-written loops in the parts of a run, or in a step function of one's own.

`findings_of` runs the step a few times, lets every detector look, and puts everything back. `first_look` lets the cheap ones
look at a run that has not begun; it runs no step.
"""

import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from eagerloop.building.naming import Names
from eagerloop.building.run_parts import RunParts
from eagerloop.errors import PluginError
from eagerloop.inspection.looking.restoring import Kept, leaving_no_trace
from eagerloop.inspection.looking.tracing import Tracer, number
from eagerloop.inspection.mistakes.detectors import (
    data,
    functions,
    gradients,
    losses,
    modes,
    optimizers,
    probabilities,
    variables,
)
from eagerloop.inspection.mistakes.detectors.detector import Detector
from eagerloop.inspection.mistakes.epochs import two_epochs
from eagerloop.inspection.mistakes.evidence import Evidence
from eagerloop.inspection.mistakes.places import placed
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding

MODULES = (losses, probabilities, gradients, modes, variables, optimizers, data, functions)

DETECTORS: Sequence[Detector] = sorted(
    (thing for module in MODULES for thing in vars(module).values() if isinstance(thing, Detector)), key=lambda one: one.id
)
"""One for each mistake, `EL01` to `EL20`."""

SEEN_AT_FIRST = frozenset(detector.id for detector in DETECTORS if detector.cheap)
"""What `first_look` looks for."""

AVERAGES = ("moving_mean", "moving_variance")

_EPOCHS: WeakKeyDictionary[RunParts, tuple[list[Any], list[Any]]] = WeakKeyDictionary()

_KNOWN: WeakKeyDictionary[RunParts, dict[str, str]] = WeakKeyDictionary()

MORE_STEPS = 25
MORE_SECONDS = 1.0
"""How often the same batch is trained on to see whether the loss runs away."""


def findings_of(
    parts: RunParts,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    train_step: Callable[..., Any] | None = None,
    record: StepFacts | None = None,
) -> list[Finding]:
    """The mistakes that can be recognised on a batch; the run stays as it is.

    Args:
        parts: The parts of a run.
        x: Features, (n, d), or a structure.
        y: Targets, (n, k) or (n,), or a structure.
        sample_weight: How much each row counts, (n,).
        train_step: A step function of one's own, called as `eagerloop.train_step` is, which is the default
            where the run has no other.
        record: The record of the step, to tell the layer in which something went wrong.

    Returns:
        The findings in the order of their ids; none where all is well. What the step raises is no error here: `TrainingError`
        and the like may be just what a finding explains.

    Example:
        >>> import tempfile
        >>> import eagerloop
        >>> run = eagerloop.train(epochs=1, directory=tempfile.mkdtemp() + "/run")
        >>> findings_of(run.parts, *next(iter(run.dataset.train(1))))
        []
    """
    batch = (x, y) if sample_weight is None else (x, y, sample_weight)
    step = train_step or parts.step
    names = Names(parts.model)
    with Kept(names, parts.model, parts.optimizer, parts.loss, parts.step).unchanged(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evidence = _evidence_before(parts, *batch)
        evidence.step, evidence.record = step, record
        evidence.metrics = parts.fresh_metrics()
        watched = [*parts.model.variables, *names.seeds.values(), *_averages_in(names)]
        tracer = Tracer(step, parts.model, parts.loss, parts.optimizer, watched)
        evidence.traces = [tracer(*batch), tracer(*batch)]
        evidence.watched = evidence.first.watched
        evidence.later = _later(tracer, batch) if evidence.ran else ""
        return [placed(one, parts, step) for one in _asked(DETECTORS, evidence)]


def first_look(parts: RunParts) -> list[Finding]:
    """The mistakes that can be recognised before the first step, in a few milliseconds and without a step.

    Args:
        parts: The parts of a run that has not begun.

    Returns:
        The findings in the order of their ids.
    """
    evidence = _evidence_before(parts, *parts.first_batch)
    with leaving_no_trace(parts), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a part has to say it says in the step
        return _asked([detector for detector in DETECTORS if detector.id in SEEN_AT_FIRST], evidence)


def explain(error: Exception, parts: RunParts, batch: Sequence[Any], train_step: Callable[..., Any] | None) -> None:
    """Says in plain words why a step raised, where that is one of the mistakes.

    Args:
        error: What it raised.
        parts: The parts of a run.
        batch: x, y and perhaps the weights of the rows.
        train_step: The step function; None for the run's.

    Raises:
        PluginError: The findings, and the error.
    """
    findings = findings_of(parts, *batch, train_step=train_step)
    if findings:
        cause = next(iter(str(error).strip().splitlines()), "")
        msg = f"{'; '.join(map(str, findings))} (the step raised {type(error).__name__}: {cause})"
        raise PluginError(msg) from error


def _asked(detectors: Sequence[Detector], evidence: Evidence) -> list[Finding]:
    return [finding for finding in (detector(evidence) for detector in detectors) if finding is not None]


def _evidence_before(parts: RunParts, x: Any, y: Any, weights: Any = None) -> Evidence:
    """What there is without a step. The predictions for the first batch were made when the model was built."""
    first = x is parts.first_batch[0]
    return Evidence(
        model=parts.model,
        loss=parts.loss,
        optimizer=parts.optimizer,
        dataset=parts.dataset,
        x=x,
        y=y,
        weights=weights,
        predictions=parts.first_predictions if first else parts.model(x, training=False),
        watched=parts.watched,
        again=parts.again,
        known=_KNOWN.setdefault(parts, {}),
        epochs=lambda: _epochs_of(parts),
        compiled=parts.settings.compile,
    )


def _epochs_of(parts: RunParts) -> tuple[list[Any], list[Any]]:
    """Two epochs, read at the first step that is looked at: of a long run, many may be."""
    if parts not in _EPOCHS:
        made = parts.again("dataset")
        _EPOCHS[parts] = ([], []) if made is None else two_epochs(made)
    return _EPOCHS[parts]


def _averages_in(names: Names) -> list[Any]:
    """The averages of layers, also where the model does not list them."""
    return [vars(layer)[name] for layer in names.layers.values() for name in AVERAGES if name in vars(layer)]


def _later(tracer: Tracer, batch: Sequence[Any]) -> str:
    """What becomes of the loss if the same batch is trained on: with far too high a rate, each step makes it larger."""
    end = time.monotonic() + MORE_SECONDS
    for count in range(3, MORE_STEPS):
        value = number(getattr(tracer(*batch).result, "loss", None))
        if value is None or time.monotonic() > end:
            return ""
        if not math.isfinite(value):
            return f"the loss is {value} after {count - 1} steps on the same batch: each makes it larger, the rate is too high"
    return ""
