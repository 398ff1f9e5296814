"""Any step of a run that exists, looked at again: the run is made anew from its record and trained, in memory, up to there."""

import contextlib
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eagerloop import loop
from eagerloop.errors import CheckpointError, ConfigError, EagerloopError
from eagerloop.inspection.looking.restoring import ProcessRandom
from eagerloop.inspection.recording.recorder import inspect_step
from eagerloop.inspection.step_record import StepRecord, read_step
from eagerloop.running.recreating import DATA_GONE, recreate
from eagerloop.running.run import Run
from eagerloop.running.snapshots import check_content, say
from eagerloop.running.strides import Footing, Stride
from eagerloop.running.which_checkpoint import Which, step_of
from eagerloop.standing import LoopedRun
from eagerloop.storage.naming import directory_named
from eagerloop.storage.read_only import ReadOnlyDirectory
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Store


def record_of_step(
    run: Run | str | Path | None = None,
    step: int = 1,
    *,
    trust: Iterable[str | Path] = (),
    given: Mapping[str, Any] | None = None,
    **options: Any,
) -> StepRecord:
    """The record of a step that a run has done, or is yet to do: of the very batch, weights and draws.

    Nothing is written to the run. From the newest checkpoint before the step, or from the beginning if there is none, it is
    trained once more in memory, without a word. Where its data are gone, a step that the observer `watch` has recorded is read.

    Args:
        run: The run or its directory; by default the newest below `runs/`.
        step: Which step of the run, counted from 1.
        trust: Files of code, named by the record, that may be run.
        given: The parts that the run was given as objects, by keyword of `eagerloop.train`: a record cannot hold them. The
            dataset and the loss of a `Run` need not be given again.
        **options: As for `eagerloop.inspection.recording.recorder.inspect_step`.

    Returns:
        The record.

    Raises:
        ConfigError: There is no run, or it ends before the step.
        EagerloopError: As `eagerloop.load`.

    Example:
        >>> import eagerloop, pathlib, tempfile
        >>> run = eagerloop.train(epochs=1, directory=pathlib.Path(tempfile.mkdtemp()) / "run")
        >>> record_of_step(run, 7).step
        7
    """
    known = dict(given or {})
    if isinstance(run, Run):
        objects = run.parts.given_as_objects()  # dataset and loss have no state that a run changes
        known = {kind: getattr(run, kind) for kind in ("dataset", "loss") if kind in objects} | known
        run = run.place
    where = RunDirectory.existing(directory_named(run))
    random = ProcessRandom()
    try:
        with tempfile.TemporaryDirectory(prefix="eagerloop-inspect-") as scratch:
            pausing = {"save_every": max(0, step - 1)}  # a compiled run pauses before the step as if it had to save
            try:
                again = recreate(where, known | pausing, trust, progress=False, directory=ReadOnlyDirectory(Path(scratch)))
            except DATA_GONE as error:
                return _written_down(where, step, error, more=any(options.values()))
            _refuse_beyond(again, step)
            _take_up_before(again, Store(where.checkpoints), step)
            return _recorded(again, step, options)
    finally:
        random.put_back()


def _written_down(where: RunDirectory, step: int, error: EagerloopError, *, more: bool) -> StepRecord:
    """The record that the observer `watch` wrote of a step, for a run whose data or parts are not here.

    Raises:
        EagerloopError: There is none, or more is asked for than it holds: the error, with the steps that there are.
    """
    path = where.records / f"step-{step:08d}.json"
    if path.is_file() and not more:
        say([f"{error}: step {step} is shown as it was recorded"])
        return read_step(path)
    steps = [int(found.stem.removeprefix("step-")) for found in sorted(where.records.glob("step-????????.json"))]
    if more or not steps:
        raise error
    msg = f"{error}; of this run the steps {', '.join(map(str, steps))} were recorded, which can be shown without"
    raise type(error)(msg) from error


def step_after(run: Path | None, checkpoint: Which) -> int:
    """The first step after a checkpoint, counted from 1.

    Args:
        run: The run's directory; by default the newest below `runs/`.
        checkpoint: As for `eagerloop.load`.

    Raises:
        CheckpointError: It is not there.
    """
    where = RunDirectory.existing(run)
    newest = where.store.newest()
    if newest is None:
        msg = f"{where.path} has no checkpoint; name a step with --step"
        raise CheckpointError(msg)
    check_content(newest)
    return step_of(where, newest, checkpoint) + 1


def _refuse_beyond(run: Run, step: int) -> None:
    each = run.steps_per_epoch
    last = None if each is None else each * run.epochs
    if step < 1 or (last is not None and step > last):
        msg = f"the run has no step {step}: its steps are counted from 1" + (f" to {last}" if last is not None else "")
        raise ConfigError(msg)


def _take_up_before(run: Run, store: Store, step: int) -> None:
    """Restores the newest whole checkpoint before the step, if there is one."""
    for before in sorted((found for found in store.steps() if found < step), reverse=True):
        try:
            checkpoint = store.read(before)
            check_content(checkpoint)
        except CheckpointError:  # the one before it serves as well: there is only more to train
            continue
        say([f"the step may differ in rounding: {change}" for change in run.take_up(checkpoint)])
        return


def _recorded(run: Run, step: int, options: Mapping[str, Any]) -> StepRecord:
    """Trains up to the step, and returns its record."""
    stride = UpToAStep(run.footing, run.stride, step, options)
    run.advance_by(stride)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            loop.train(run, run.epochs)
    except Exception:
        if stride.record is None:  # what a step comes to that has been recorded, its record tells
            raise
    if stride.record is None:
        why = f" ({run.stopping})" if run.stopping else ""
        msg = f"the run has no step {step}: it ends after step {run.position.step}{why}"
        raise ConfigError(msg)
    return stride.record


class UpToAStep(Stride):
    """Advances as another stride does, up to a step; that one is done eagerly, recorded first, and the last.

    Args:
        footing: What both stand on. Its run pauses before the step.
        before: How the run advances up to the step.
        step: The step.
        options: As for `eagerloop.inspection.recording.recorder.inspect_step`.

    Attributes:
        record: The record of the step; None before it.
    """

    def __init__(self, footing: Footing, before: Stride, step: int, options: Mapping[str, Any]) -> None:
        super().__init__(footing, footing.parts.step, "eager", "the step is recorded")
        self._before, self._at, self._options = before, step - 1, options
        self.record: StepRecord | None = None
        self.before_each_step(self._look)

    def _look(self, *batch: Any) -> None:
        """Records the step and ends the run with it, so that observers can close what they have opened."""
        self.record = inspect_step(self._parts, self._position, *batch, **self._options)
        self.stop("the step has been recorded")

    @property
    def _arrived(self) -> bool:
        return self._position.step >= self._at

    @property
    def train_step(self) -> Any:
        """The other stride's step, or the one that is recorded."""
        return super().train_step if self._arrived else self._before.train_step

    def train_epoch(self, run: LoopedRun, batches: Iterator[Any]) -> bool:
        """As the other stride does; from the step on, eagerly."""
        return super().train_epoch(run, batches) if self._arrived else self._before.train_epoch(run, batches)

    def count(self, step: loop.Step) -> None:
        """As whoever has done the step."""
        (self._before.count if self.record is None else super().count)(step)

    def must_pause(self) -> Any:
        """As whoever has done the step."""
        return self._before.must_pause() if self.record is None else super().must_pause()

    def stop(self, reason: str) -> None:
        """Both strides hear of it."""
        super().stop(reason)
        self._before.stop(reason)
