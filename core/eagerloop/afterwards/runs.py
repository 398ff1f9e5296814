"""Which runs there are: read from their directories alone, so that nothing is made and TensorFlow is not imported."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eagerloop.choices.settings import read_toml
from eagerloop.errors import CheckpointError, ConfigError, EagerloopError, did_you_mean, reason
from eagerloop.parts import KINDS
from eagerloop.storage.history_file import HISTORY, read_history
from eagerloop.storage.replacing import RUN_TOML
from eagerloop.storage.run_directory import RUNS, RunDirectory

SORTS: Mapping[str, Callable[["FoundRun"], Any]] = {
    "newest": lambda run: -run.begun,
    "name": lambda run: str(run.directory),
    "best": lambda run: (run.best is None, run.best or 0.0),
    "epochs": lambda run: -len(run.history),
    "size": lambda run: -run.size,
}
"""Orders of a list, by name."""


@dataclass(frozen=True)
class FoundRun:
    """A run as its directory tells it.

    Attributes:
        directory: Its directory.
        begun: When it was last begun or resumed, seconds since 1970.
        record: What run.toml holds; empty where it cannot be read.
        history: A row an epoch, as far as it is whole.
        checkpoints: The steps that there are checkpoints of, ascending.
        size: Bytes of all its files.
        fault: Why it cannot be read, or an empty text.
    """

    directory: Path
    begun: float
    record: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    checkpoints: Sequence[int]
    size: int
    fault: str = ""
    parts: Mapping[str, str] = field(init=False)
    """The names of the parts by kind; of several, with commas between them."""

    def __post_init__(self) -> None:
        rows = {kind: self.record.get(kind) or [] for kind in KINDS}
        named = {kind: ", ".join(map(_name_of, row if isinstance(row, list) else [row])) for kind, row in rows.items()}
        object.__setattr__(self, "parts", {kind: names for kind, names in named.items() if names})

    @property
    def figure(self) -> str:
        """The column that tells which epoch was best: `val_loss` where there is one."""
        return "val_loss" if self.history and "val_loss" in self.history[-1] else "loss"

    @property
    def best(self) -> float | None:
        """The lowest of it; None before the first epoch."""
        return min(self._figures(), default=None)

    @property
    def last(self) -> float | None:
        """That of the newest epoch."""
        figures = self._figures()
        return figures[-1] if figures else None

    @property
    def epochs(self) -> int:
        """How many epochs it is to have; 0 where nobody knows."""
        epochs = self.record.get("epochs")
        return epochs if isinstance(epochs, int) else 0

    def _figures(self) -> list[float]:
        values = [row.get(self.figure) for row in self.history]
        return [float(value) for value in values if isinstance(value, int | float) and value == value]  # noqa: PLR0124 - nan

    def as_json(self) -> dict[str, Any]:
        """What `eagerloop runs --json` prints of it."""
        return {
            "directory": str(self.directory),
            "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.begun)),
            "parts": dict(self.parts),
            "epochs": len(self.history),
            "of": self.epochs,
            "figure": self.figure,
            "best": self.best,
            "last": self.last,
            "checkpoints": list(self.checkpoints),
            "bytes": self.size,
            "fault": self.fault,
        }


def _name_of(row: Any) -> str:
    return str(row.get("name", "")) if isinstance(row, Mapping) else str(row)


def find_runs(below: str | Path = RUNS, *, only: Iterable[str] = (), order: str = "newest") -> list[FoundRun]:
    """The runs below a directory.

    Args:
        below: The directory; by default `runs`.
        only: Which of them: `KIND=NAME`, such as `model=mlp`, or a text that a run's name has. All must hold.
        order: One of `SORTS`.

    Returns:
        The runs; one that cannot be read is among them, with its fault.

    Raises:
        ConfigError: There is no such kind or order.

    Example:
        >>> import tempfile
        >>> find_runs(tempfile.mkdtemp())
        []
    """
    tests = [_test_of(word) for word in only]
    if order not in SORTS:
        msg = f"runs are sorted by one of {', '.join(SORTS)}, got {order!r}; {did_you_mean(order, SORTS)}"
        raise ConfigError(msg)
    found = [read_run(record.parent) for record in sorted(Path(below).glob(f"*/{RUN_TOML}")) if record.is_file()]
    return sorted((run for run in found if all(test(run) for test in tests)), key=SORTS[order])


def _test_of(word: str) -> Callable[[FoundRun], bool]:
    """Whether a run is one of those that a word wants."""
    kind, equals, name = word.partition("=")
    if not equals:
        return lambda run: word.lower() in run.directory.name.lower()
    if kind not in KINDS:
        msg = f"{word!r} wants runs by a kind that there is not; {did_you_mean(kind, KINDS)}"
        raise ConfigError(msg)
    plain = name.replace("_", "-")
    return lambda run: plain in run.parts.get(kind, "").replace("_", "-").split(", ")


def read_run(directory: str | Path) -> FoundRun:
    """One run as its directory tells it; what is damaged is told in `fault`, and never raised.

    Example:
        >>> read_run("nowhere").fault
        'config nowhere/run.toml cannot be read: No such file or directory'
    """
    directory = Path(directory)
    record: Mapping[str, Any] = {}
    fault, steps = "", []
    try:
        record = read_toml(directory / RUN_TOML)
        steps = RunDirectory(directory).store.steps()
    except (EagerloopError, OSError) as error:
        fault = str(error)
    begun, size = 0.0, 0
    with contextlib.suppress(OSError):  # it is being removed
        begun = (directory / RUN_TOML).stat().st_mtime
        size = sum(path.lstat().st_size for path in directory.rglob("*") if path.is_symlink() or path.is_file())
    return FoundRun(directory, begun, record, read_history(directory / HISTORY), steps, size, fault)


def best_of_each(runs: Iterable[FoundRun]) -> list[FoundRun]:
    """Of the runs on one dataset with one loss the one with the lowest figure: others cannot be compared.

    Args:
        runs: Some runs.

    Returns:
        The best of each; a run without a finished epoch is none.
    """
    best: dict[tuple[str, ...], FoundRun] = {}
    for run in runs:
        group = (run.parts.get("dataset", ""), run.parts.get("loss", ""), run.figure)
        if run.best is not None and (group not in best or run.best < (best[group].best or 0.0)):
            best[group] = run
    return list(best.values())


def remove_runs(directories: Iterable[str | Path]) -> None:
    """Removes runs with all that is in their directories; none of them, if one cannot be.

    Args:
        directories: The runs.

    Raises:
        ConfigError: One is no run, is reached through a link, or is the working directory or above it.
        CheckpointError: Another process trains one.
    """
    places = [_removable(Path(directory)) for directory in directories]
    with contextlib.ExitStack() as locks:
        for place in places:
            locks.enter_context(place.held())
        for place in places:
            _remove(place.path)


def _removable(directory: Path) -> RunDirectory:
    place = RunDirectory.existing(directory)
    here = Path.cwd().resolve()
    if directory.is_symlink() or directory.resolve() in (here, *here.parents):
        what = "a symbolic link" if directory.is_symlink() else "where you are, or above"
        msg = f"{directory} is {what}: nothing is removed; remove it yourself if that is what you want"
        raise ConfigError(msg)
    return place


def _remove(path: Path) -> None:
    """The record first: if this is interrupted, nothing pretends to be a whole run."""
    try:
        (path / RUN_TOML).unlink()
        shutil.rmtree(path)
    except OSError as error:
        msg = f"{path} could not be removed whole: {reason(error)}; remove the rest yourself"
        raise CheckpointError(msg) from error


def age_in_words(seconds: float) -> str:
    """How long ago something was, in its largest unit.

    Example:
        >>> [age_in_words(seconds) for seconds in (5, 100, 7200, 200_000)]
        ['5 s', '1 min', '2 h', '2 d']
    """
    for name, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {name}"
    return f"{max(0, int(seconds))} s"


def size_in_words(count: float) -> str:
    """Bytes in the unit that leaves up to three digits before the point.

    Example:
        >>> [size_in_words(count) for count in (999, 1500, 2_340_000)]
        ['999 B', '1.5 kB', '2.3 MB']
    """
    units: Iterator[str] = iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while count >= 1000:  # noqa: PLR2004 - as SI has it
        count, unit = count / 1000, next(units)
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
