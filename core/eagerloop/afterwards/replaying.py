"""Any step of a run that exists, looked at again: the run is made anew from its record and trained, in memory, up to there."""

import contextlib
import io
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eagerloop import loop
from eagerloop.errors import CheckpointError, ConfigError
from eagerloop.inspection.looking.restoring import ProcessRandom
from eagerloop.inspection.recording.recorder import inspect_step
from eagerloop.inspection.step_record import StepRecord
from eagerloop.running.opening import from_record
from eagerloop.running.run import Run
from eagerloop.running.snapshots import check_content, restore, say
from eagerloop.storage.manifests import MANIFEST
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Store


def record_of_step(
    run: Run | str | Path | None = None,
    step: int = 1,
    *,
    trust: Iterable[str] = (),
    given: Mapping[str, Any] | None = None,
    **options: Any,
) -> StepRecord:
    """The record of a step that a run has done, or is yet to do: of the very batch, weights and draws.

    Nothing is written to the run. From the newest checkpoint before the step, or from the beginning if there is none, it is
    trained once more in memory, without a word.

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
    """
    known = dict(given or {})
    if isinstance(run, Run):
        made = run.assembly.made  # dataset and loss have no state that a run changes
        known = {kind: getattr(run, kind) for kind in ("dataset", "loss") if made[kind].owner == "object"} | known
        run = run.directory
    where = RunDirectory.existing(None if run is None else Path(run))
    random = ProcessRandom()
    try:
        with tempfile.TemporaryDirectory(prefix="eagerloop-inspect-") as scratch:
            again = from_record(where, known, trust, quiet=True, directory=RunDirectory(Path(scratch)))
            _refuse_beyond(again, step)
            _take_up_before(again, Store(where.checkpoints), step)
            return _Journey(again, step, options).record()
    finally:
        random.put_back()


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
            check_content(checkpoint.manifest, str(checkpoint.directory / MANIFEST))
        except CheckpointError:  # the one before it serves as well: there is only more to train
            continue
        say([f"the step may differ in rounding: {change}" for change in restore(run, checkpoint)])
        return


class _Journey:
    """A run trained up to a step, which is recorded before it is done.

    A run whose whole epochs are compiled pauses before the step as if it had to save, and goes on eagerly.
    """

    def __init__(self, run: Run, step: int, options: Mapping[str, Any]) -> None:
        self._run, self._step, self._options = run, step, options
        self._record: StepRecord | None = None

    def record(self) -> StepRecord:
        """Trains, and returns the record."""
        run: Any = self._run
        run.save = self._arrive
        run.settings.save_every = self._step - 1
        self._arrive()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                loop.train(run, run.epochs)
        except Exception:
            if self._record is None:  # what a step comes to that has been recorded, its record tells
                raise
        if self._record is None:
            why = f" ({run.stopping})" if run.stopping else ""
            msg = f"the run has no step {self._step}: it ends after step {run.position.step}{why}"
            raise ConfigError(msg)
        return self._record

    def _arrive(self) -> None:
        """Stands in for saving: before the step, the loop becomes the eager one, and its next step this one."""
        run: Any = self._run
        if run.position.step == self._step - 1:
            run.settings.save_every = 0
            run.train_step, run.train_epoch = self._look, loop.train_epoch
            for stand_in in ("count", "must_pause"):  # of the compiled stretches
                vars(run).pop(stand_in, None)

    def _look(self, model: Any, loss: Any, optimizer: Any, x: Any, y: Any) -> Any:
        """Records the step and ends the run with it, so that observers can close what they have opened."""
        self._record = inspect_step(self._run, x, y, **self._options)
        self._run.stop("the step has been recorded")
        return loop.train_step(model, loss, optimizer, x, y)
