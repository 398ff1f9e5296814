"""One real step of a run, seen from outside and taken back: the loop's source and the run are what they were."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop import loop
from eagerloop.building.batches import batch_like, tensors_like
from eagerloop.building.precision import own_loss
from eagerloop.building.run_parts import RunParts
from eagerloop.building.weighing import takes_weights
from eagerloop.errors import ConfigError, NotAStepError
from eagerloop.inspection.looking.calls import Call, Calls
from eagerloop.inspection.looking.operations import listing
from eagerloop.inspection.looking.slots import iterations_of, numbers_of
from eagerloop.inspection.looking.stage import Stage, State, array_of, eagerly
from eagerloop.inspection.mistakes.findings import explain, findings_of
from eagerloop.inspection.recording import entries, loss_facts
from eagerloop.inspection.records.leaves import kept
from eagerloop.inspection.step_record import DifferenceRecord, OperationRecord, StepRecord, Values
from eagerloop.process.versions import versions
from eagerloop.standing import Position
from eagerloop.storage.variables import inner_variable
from eagerloop.structures import require_same_rows, rows_of


def inspect_step(  # noqa: PLR0913 - what to look at, and how closely
    parts: RunParts,
    position: Position,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    row: int = 0,
    operations: bool = False,
    differences: bool = True,
    findings: bool = True,
    train_step: Callable[..., Any] | None = None,
) -> StepRecord:
    """Does one training step on a batch, records everything of it, and takes it back.

    The step is the run's, as a rule that of the loop's own source, run eagerly whatever the run compiles. It is seen twice:
    once with every layer looked at, once with nothing in its way but the clock. What came before is put back after each, so
    that model, optimizer, random generators and position are to the bit what they were, also if the step raises.

    Args:
        parts: The parts of a run.
        position: Where the run stands.
        x: Features, (n, d), or the structure that the dataset gives.
        y: Targets, (n, k) or (n,), or the structure that the dataset gives.
        sample_weight: How much each row counts, (n,).
        row: The row of the batch that a drawing works out by hand, counted from 0.
        operations: List every TensorFlow operation that runs.
        differences: Check the gradients by finite differences.
        findings: Look for the twenty classic mistakes, which takes some thirty more steps.
        train_step: A step function of one's own, called as `eagerloop.train_step` is. It is recorded in its first call; what
            it changes outside the run's parts is not taken back.

    Returns:
        The record.

    Raises:
        ConfigError: x or y is no batch of numbers, the batch has no such row, something takes no weights of rows, or the run
            trains on several devices.
        DataError: A structure is another one than the dataset's, or its tensors differ in rows.
        PluginError: A step function of one's own does not return a `Step`; or the step raises, and a finding explains why.

    Example:
        >>> import tempfile
        >>> import eagerloop
        >>> run = eagerloop.train(epochs=1, directory=tempfile.mkdtemp() + "/run")
        >>> x, y = next(iter(run.dataset.train(2)))
        >>> record = inspect_step(run.parts, run.position, x, y)
        >>> record.step, record["dense1"].output.shape, record["dense2/kernel"].update.shape
        (13, (10, 32), (32, 1))
    """
    batch = _batch(parts, x, y, sample_weight)
    _refuse(parts, batch, row, train_step)
    stage = Stage(parts, batch, train_step)
    try:
        with eagerly(), stage.kept.unchanged():
            seen = _see(stage, operations=operations)
            more = _Replays(stage, seen, position, differences=differences)
            record = _record(stage, position, seen, more, row)
    except Exception as error:
        if findings and not isinstance(error, NotAStepError):
            explain(error, parts, batch, train_step)
        raise
    return (
        replace(record, findings=tuple(findings_of(parts, *batch, train_step=train_step, record=record)))
        if findings
        else record
    )


def _batch(parts: RunParts, x: Any, y: Any, sample_weight: Any) -> tuple[Any, ...]:
    """The batch in the form of the run's own."""
    like = parts.first_batch[:2]
    x, y = (
        _array(name, given, one) if isinstance(one, tf.Tensor) else tensors_like(one, given, name)
        for name, given, one in zip("xy", (x, y), like, strict=True)
    )
    if sample_weight is not None:
        return batch_like(parts.first_batch, x, y, sample_weight)
    if not all(isinstance(one, tf.Tensor) for one in like):
        require_same_rows(("x", "y"), (x, y))
    return x, y


def _array(name: str, given: Any, like: Any) -> Any:
    """Features or targets as a tensor with the dtype of the run's own."""
    with contextlib.suppress(TypeError, ValueError, tf.errors.OpError):
        tensor = tf.convert_to_tensor(given, like.dtype)
        if tensor.shape.rank:
            return tensor
    shape = ", ".join(["n", *map(str, like.shape[1:])]) + ("" if like.shape[1:] else ",")
    received = repr(given) if given is None or np.isscalar(given) else type(given).__name__
    msg = f"{name} must be an array of {like.dtype.name}, ({shape}), a row for each of n examples; got {received}"
    raise ConfigError(msg)


def _refuse(parts: RunParts, batch: Sequence[Any], row: int, train_step: Callable[..., Any] | None) -> None:
    rows = int(rows_of(batch[0]))
    if all(isinstance(one, tf.Tensor) for one in batch[:2]) and len(batch[1]) != rows:
        msg = f"x and y must have as many rows: x has {rows}, y has {len(batch[1])}"
        raise ConfigError(msg)
    if not hasattr(row, "__index__"):  # as integers have, Python's and NumPy's
        msg = f"row must be an integer from 0 to {rows - 1}; got {row!r}"
        raise ConfigError(msg)
    if not 0 <= row < rows:
        msg = f"the batch has no row {row}: it has {rows}, counted from 0"
        raise ConfigError(msg)
    if parts.replicas:
        msg = "a step on several devices cannot be looked at in one place; make the same run on one device, and inspect that"
        raise ConfigError(msg)
    takers = {"the train_step": train_step or parts.step, f"loss '{parts.names['loss']}'": own_loss(parts.loss)}
    without = [words for words, taker in takers.items() if not takes_weights(taker)]
    if len(batch) > 2 and without:  # noqa: PLR2004 - x, y and the weights
        msg = f"the rows have weights, and {' and '.join(without)} cannot take them; give it a parameter sample_weight"
        raise ConfigError(msg)


@dataclass
class _Seen:
    """What was seen of the step.

    Attributes:
        before: The state it began with.
        after: The state it left.
        step: What it returned.
        calls: Of the layers.
        output_gradients: Of the scaled loss, by each call's output; None where it does not depend on it.
        gradients: Of the loss, by the variables' names.
        operations: Those that ran.
    """

    before: State
    after: State
    step: loop.Step
    calls: list[Call]
    output_gradients: list[Any]
    gradients: entries.Gradients
    operations: list[OperationRecord]


def _see(stage: Stage, *, operations: bool) -> _Seen:
    """Does the step with everything looked at. A tape around the step's own gives the gradients by the layers' outputs."""
    before = stage.state()
    calls = Calls(stage.names)
    with tf.GradientTape(persistent=True) as tape:
        with contextlib.ExitStack() as watching:
            told = listing(lambda: (stage.marked.running, calls.inside))
            ran = watching.enter_context(told) if operations else []
            watching.enter_context(calls.recording())
            step = stage.step()
        scaled = tf.cast(step.loss, tf.float32) * stage.scale
    with_output = [call for call in calls.found if call.output is not None]
    smooth = {place: call.output for place, call in enumerate(with_output) if getattr(call.output.dtype, "is_floating", False)}
    gradients = tape.gradient(scaled, smooth)
    by_call = [gradients.get(place) for place in range(len(with_output))]
    return _Seen(before, stage.state(), step, with_output, by_call, entries.gradients_of(stage, step), ran)


class _Replays:
    """What is found out by going back to the state before the step, again and again."""

    def __init__(self, stage: Stage, seen: _Seen, position: Position, *, differences: bool) -> None:
        parts, step = stage.parts, seen.step
        if stage.loops_own:  # the second time, it is warm and nobody looks: these are its times
            stage.kept.put_back()
            stage.step()
        stage.kept.put_back()
        self.penalties = [float(penalty) for penalty in stage.penalties()]
        found = loss_facts.differences(stage.trained, seen.gradients, stage.loss_now) if differences else ()
        self.differences: list[DifferenceRecord] = list(found)
        for name, variable in stage.trained.items():
            inner_variable(variable).assign(seen.after["variable", name])
        self.loss_after = stage.loss_now()
        stage.kept.put_back()
        self.row_losses = loss_facts.row_losses(parts.loss, stage.batch, step.predictions)
        self.baseline = loss_facts.baseline(parts.loss, stage.batch, step.predictions, parts.dataset.task)
        self.numbers, self.iterations = numbers_of(parts.optimizer), iterations_of(parts.optimizer, position.step)


def _record(stage: Stage, position: Position, seen: _Seen, more: _Replays, row: int) -> StepRecord:
    step = seen.step
    x, y, *weights = stage.batch
    return StepRecord(
        **_whereabouts(stage.parts, position),
        file=entries.file_of(stage.marked),
        lines=tuple(entries.line_entries(stage.marked)),
        x=kept(x),
        y=kept(y),
        sample_weight=Values.of(weights[0]) if weights else None,
        predictions=kept(step.predictions, array_of),
        row_losses=None if more.row_losses is None else Values.of(more.row_losses),
        loss=float(step.loss),
        penalties=tuple(more.penalties),
        baseline=more.baseline,
        loss_after=more.loss_after,
        layers=tuple(entries.layer_entries(stage, seen.calls, seen.output_gradients)),
        variables=tuple(entries.variable_entries(stage, seen.before, seen.after, seen.gradients)),
        optimizer=more.numbers,
        iterations=more.iterations,
        seeds=entries.seed_entries(seen.before, seen.after),
        differences=tuple(more.differences),
        operations=tuple(seen.operations),
        versions=versions(),
        row=row,
    )


def _whereabouts(parts: RunParts, position: Position) -> dict[str, Any]:
    """The entries that tell which step of which run it is."""
    dataset = parts.dataset
    return {
        "epoch": position.epoch,
        "batch": position.batch,
        "step": position.step + 1,
        "seed": parts.settings.seed,
        "parts": parts.names,
        "task": dataset.task,
        "features": tuple(dataset.features),
        "targets": tuple(dataset.targets),
        "classes": tuple(dataset.classes),
    }
