"""A row per step in a CSV file."""

import contextlib
import errno
import os
from collections.abc import Sequence
from csv import reader, writer
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.inside_the_run import checked, located

if TYPE_CHECKING:
    import eagerloop

COLUMNS = ("epoch", "batch", "step", "loss")
EXAMPLE = "steps.csv"


class StepsToCsv:
    """Writes a row after each step; see `csv`.

    Args:
        path: Where, relative to the run directory.
        every: How many steps there are from one row to the next.
        gradient_norm: Whether to add the norm of all gradients.
    """

    def __init__(self, path: Path, every: int, *, gradient_norm: bool) -> None:
        self.path, self.every, self.gradient_norm = path, every, gradient_norm
        self._file: TextIO | None = None
        self._columns: list[str] = []  # of the file, once it has a header

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Opens the file and drops the rows of steps that the run has not taken, or will take again.

        Raises:
            ConfigError: The path leads out of the run directory, or the file there has other columns or cannot be written.
        """
        path = located(run, self.path, "csv", EXAMPLE)
        self._columns = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.truncate(path, self._length(path, run.position.step))
            self._file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            msg = f"observer 'csv': {path} cannot be written: {error.strerror or error}; choose another 'path'"
            raise ConfigError(msg) from error

    def on_step_end(self, run: "eagerloop.Run", step: "eagerloop.Step") -> None:
        """Adds a row, the loss in as few digits as tell its float apart."""
        where = run.position
        if self._file is None or where.step % self.every:
            return
        self._begin_with([*step.figures])
        figures = [step.loss]
        if self.gradient_norm:
            import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

            figures.append(tf.linalg.global_norm(step.gradients))
        figures += [step.figures[name] for name in self._columns[len(self._own_columns) :]]
        row = [where.epoch, where.batch, where.step, *map(_shortest, figures)]
        self._file.write(",".join(map(str, row)) + "\n")

    def on_epoch_end(self) -> None:
        """Lets others read the rows of the epoch."""
        if self._file is not None:
            self._file.flush()

    def on_train_end(self) -> None:
        """Closes the file."""
        self._close()

    def on_exception(self) -> None:
        """Closes the file."""
        self._close()

    def state(self) -> dict[str, Any]:
        """Nothing, but a checkpoint is about to be written: every row before it must be on the disk first."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
        return {}

    @property
    def _own_columns(self) -> list[str]:
        """The columns whatever the step is; those of its figures come after them."""
        return [*COLUMNS, *(("gradient_norm",) if self.gradient_norm else ())]

    def _begin_with(self, figures: list[str]) -> None:
        """Writes the header, if there is none: with the first row it is known which figures the step has.

        Raises:
            ConfigError: The file has the columns of another step.
        """
        columns = [*self._own_columns, *figures]
        if not self._columns and self._file is not None:
            self._columns = columns
            self._file.write(_line(columns))
        if sorted(columns) != sorted(self._columns):
            there, wanted = _line(self._columns)[:-1], _line(columns)[:-1]
            msg = f"observer 'csv': the file begins with {there!r}, expected {wanted!r}; move it away, or choose another 'path'"
            raise ConfigError(msg)

    def _length(self, path: Path, step: int) -> int:
        """How many bytes of the file belong to the steps up to and including `step`: a row torn by a crash does not.

        Raises:
            ConfigError: The file begins with another header, so it is not ours to shorten.
            OSError: It is no plain file: a pipe would be waited for without end.
        """
        if not path.is_file():
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        own = self._own_columns
        expected = ",".join(own)
        with path.open("rb") as file:
            first = file.readline()
            columns = next(reader([first.decode(errors="replace").rstrip("\n")]), [])
            torn = not first.endswith(b"\n")
            fits = columns[: len(own)] == own and "gradient_norm" not in columns[len(own) :]
            if not fits and not (torn and f"{expected},".startswith(",".join(columns))):
                msg = (
                    f"observer 'csv': {path} begins with {','.join(columns)[:60]!r}, expected "
                    f"{expected!r}; move it away, or choose another 'path'"
                )
                raise ConfigError(msg)
            if torn:
                return 0
            self._columns, length = columns, len(first)
            for line in file:
                fields = line.split(b",")
                whole = line.endswith(b"\n") and len(fields) == len(columns)
                if not whole or not fields[2].isdigit() or int(fields[2]) > step:
                    break
                length += len(line)
        return length

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk must not hide the error that ends the run
                if not self._columns:
                    self._begin_with([])  # no step had its turn
                self._file.close()
            self._file = None


def _line(columns: Sequence[str]) -> str:
    """A header; a name that has a comma, such as the path of an output, in quotes."""
    text = StringIO()
    writer(text, lineterminator="\n").writerow(columns)
    return text.getvalue()


def _shortest(figure: Any) -> str:
    import numpy as np  # noqa: PLC0415

    return str(np.asarray(figure)[()])


def csv(
    *,
    path: Annotated[Path, typer.Option(help="the file, relative to the run directory")] = Path(EXAMPLE),
    every: Annotated[int, typer.Option(min=1, help="a row each so many steps")] = 1,
    gradient_norm: Annotated[bool, typer.Option(help="add the norm of all gradients")] = False,
) -> StepsToCsv:
    """Writes a CSV file with a row per step: epoch, batch, step, loss, figures.

    After a resume the file is that of a run which was never stopped. Rows reach the disk at the end of each epoch and before
    each checkpoint.

    Args:
        path: Inside the run directory.
        every: Steps, at least 1; the rows are those of the steps that it divides.
        gradient_norm: Whether to add a column with the Euclidean norm of all gradients together.

    Returns:
        An observer. Epoch, batch and step are counted from 1.

    Raises:
        ConfigError: The path is absolute, leads upwards, or is one of the run's own files.

    Example:
        >>> csv(path=Path("../steps.csv"))
        Traceback (most recent call last):
        eagerloop.errors.ConfigError: observer 'csv': option 'path' must lead to a place inside the run directory, ...

    Source: `keras.callbacks.CSVLogger`, which has a row per epoch.
    """
    return StepsToCsv(checked(path, "csv", EXAMPLE), every, gradient_norm=gradient_norm)
