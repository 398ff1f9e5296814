"""Records of single steps in slow motion, while a run goes on."""

import re
import warnings
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError, TrainingError

if TYPE_CHECKING:
    import eagerloop

ABOUT = 10
"""Records of a run, where nobody said how often."""

OF_AN_ENDLESS_RUN = 100
"""Steps from one record to the next, where nobody knows how many steps an epoch has."""

NAME = re.compile(r"step-(\d{8,})\.json")


class StepsToRecords:
    """Writes a record before the step that it tells of; see `watch`.

    Args:
        every: A record each so many steps; 0: about ten in the run.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self._every = every
        self._record: Any = None
        self._fault = self._told = ""

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Has each batch shown to it, and drops the records of steps that the run has not taken, or will take again.

        Raises:
            ConfigError: The directory of the records cannot be written, or is a link.
        """
        self._every = self.every or _about_ten(run)
        try:
            run.records.mkdir(exist_ok=True)
            for path in run.records.iterdir():
                match = NAME.fullmatch(path.name)
                if match and int(match[1]) > run.position.step:
                    path.unlink()
        except OSError as error:
            msg = f"observer 'watch': {run.records} cannot be written: {error.strerror or error}; move it away"
            raise ConfigError(msg) from error
        run.before_each_step(lambda *batch: self._look(run, *batch))

    def on_step_end(self, run: "eagerloop.Run") -> None:
        """Writes the record of the step, which is a step of the run now; or says why there is none.

        Raises:
            TrainingError: It cannot be written.
        """
        if self._fault != self._told:  # once for a fault that every step has
            warnings.warn(f"observer 'watch': step {run.position.step} was not recorded: {self._fault}", stacklevel=2)
            self._told = self._fault
        self._write(run)

    def on_exception(self, run: "eagerloop.Run") -> None:
        """Keeps the record of a step that failed."""
        self._write(run)

    def _look(self, run: "eagerloop.Run", *batch: Any) -> None:
        step = run.position.step + 1
        if step == 1 or step % self._every == 0:
            try:
                self._record = run.inspect(*batch)
            except Exception as error:  # noqa: BLE001 - whoever watches must not end a run; a fault of the step will show there
                self._fault = f"{type(error).__name__}: {' '.join(str(error).split())}"

    def _write(self, run: "eagerloop.Run") -> None:
        record, self._record = self._record, None
        if record is None:
            return
        try:
            record.save(run.records / f"step-{record.step:08d}.json")
        except ConfigError as error:
            raise TrainingError(str(error)) from error


def _about_ten(run: "eagerloop.Run") -> int:
    """From one record to the next, so that a run of any length makes few files."""
    steps = run.steps_per_epoch
    return OF_AN_ENDLESS_RUN if steps is None else -(-run.epochs * steps // ABOUT)


def watch(
    *, every: Annotated[int, typer.Option(min=0, help="a record each so many steps; 0: about ten in the run")] = 0
) -> StepsToRecords:
    """Writes a record of the first step and of each so many: every value in it, as `run.inspect` gives it.

    The numbers of the run are the same without it. A step is done twice in slow motion before it is done for
    good, so a record takes as long as some dozens of eager steps. After a resume, the records are those of a run which was
    never stopped.

    Args:
        every: Steps, at least 1; the records are those of the steps that it divides. With 0, the steps of the whole run by ten.

    Returns:
        An observer. It writes `records/step-00000012.json` and so on into the run directory.

    Example:
        >>> watch(every=5).every
        5
    """
    return StepsToRecords(every)
