"""The run directory: what is in it, how it is written so that a crash cannot tear it, who may write to it.

::

    run.toml         every choice, as it was resolved; see `eagerloop.choices.settings`
    history.jsonl    a row per epoch
    data.json        what was learnt of the data, so that the run predicts without them
    checkpoints/     see `eagerloop.storage.store`
    records/         steps in slow motion, which the observer `watch` writes
    run.lock         held while a process trains here
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import tomli_w

from eagerloop.errors import ConfigError, TrainingError, reason
from eagerloop.storage.files import TEMPORARY, make_directory, sync, write_atomically
from eagerloop.storage.history_file import HISTORY, HistoryFile
from eagerloop.storage.home import Home
from eagerloop.storage.learnt_file import LEARNT
from eagerloop.storage.lock import LOCK, RunLock
from eagerloop.storage.naming import made_unused, name_now
from eagerloop.storage.newest import Newest
from eagerloop.storage.replacing import CHECKPOINTS, RECORDS, RUN_TOML, clean, clear, refuse_taken
from eagerloop.storage.rows import Row
from eagerloop.storage.store import Store

RUNS = Path("runs")


@dataclass
class RunDirectory:
    """One run on disk.

    Args:
        named: Its directory, as the user named it.
    """

    named: Path
    writes: ClassVar[bool] = True
    """Whether this process may write here."""
    kind_of_store: ClassVar[type[Store]] = Store
    _record: str = ""
    _new: bool = False
    """Whether no other process may have begun a run here since the place was chosen."""
    _overwrite: bool = False
    """Whether the run that may be there is to be replaced, once the new one begins."""

    def __post_init__(self) -> None:
        self.home = Home(self.named)
        self._store = self.kind_of_store(self.checkpoints)
        self._history, self._lock, self._newest = HistoryFile(), RunLock(), Newest()

    @property
    def path(self) -> Path:
        """The directory for messages, and for one look; for whoever keeps it, `home.absolute`."""
        return self.home.path

    @staticmethod
    def refuse_taken(path: Path | None, *, overwrite: bool = False, typed: bool = False) -> None:
        """Refuses a directory that holds a run, unless it is to be replaced, or a path that is no directory.

        Raises:
            ConfigError: With what can be done instead.
        """
        refuse_taken(path, overwrite=overwrite, typed=typed)

    @classmethod
    def new(cls, path: Path | None, model: str, dataset: str, *, overwrite: bool = False) -> "RunDirectory":
        """Chooses and makes the directory of a new run; a run that is there and to be replaced stays until `held`.

        Raises:
            ConfigError: It holds a run already, is a file, or cannot be written. Until this run takes the lock, another process
                may begin one here: `held` looks again.
        """
        cls.refuse_taken(path, overwrite=overwrite)
        chosen = path or RUNS / name_now(model, dataset)
        try:
            if path is None:
                chosen = made_unused(chosen)
            make_directory(chosen)
            probe = chosen / f"{TEMPORARY}probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            msg = f"run directory {chosen} cannot be written: {error.strerror or error}; choose another with --run"
            raise ConfigError(msg) from error
        return cls(chosen, _new=True, _overwrite=overwrite)

    @classmethod
    def existing(cls, path: Path | None) -> "RunDirectory":
        """Finds a run; with no path, the newest below `runs/`.

        Raises:
            ConfigError: There is none.
        """
        if path is None:
            runs = [record for record in RUNS.glob(f"*/{RUN_TOML}") if record.is_file()]
            if not runs:
                msg = f"there is no run below {RUNS}/; make one with 'eagerloop train', or name its directory"
                raise ConfigError(msg)
            return cls(max(runs, key=lambda record: (record.stat().st_mtime_ns, str(record))).parent)
        if not (path / RUN_TOML).is_file():
            if path.is_file():
                hint = "; 'eagerloop train --model keras-file' trains a .keras file further" if path.suffix == ".keras" else ""
                msg = f"{path} is no run: it is a file, and a run is the directory that 'eagerloop train' makes{hint}"
                raise ConfigError(msg)
            missing = f"it has no {RUN_TOML}" if path.exists() else "it does not exist"
            msg = f"{path} is no run: {missing}; 'eagerloop train --run {path}' makes one"
            raise ConfigError(msg)
        return cls(path)

    @property
    def run_toml(self) -> Path:
        """The file that says what the run is."""
        return self.path / RUN_TOML

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints are."""
        return self.path / CHECKPOINTS

    @property
    def store(self) -> Store:
        """The checkpoints."""
        self._store.directory = self.checkpoints
        return self._store

    @property
    def records(self) -> Path:
        """Where the records of single steps are, `step-00000012.json` each.

        Raises:
            ConfigError: A symbolic link leads there from the run: what lies behind it may be another run's.
        """
        directory = self.path / RECORDS
        if directory.is_symlink():
            msg = f"{directory} is a symbolic link; records are kept in a directory of the run itself: put it there"
            raise ConfigError(msg)
        return directory

    def write_run_toml(self, content: Mapping[str, Any]) -> bool:
        """Writes run.toml; returns whether there was none of this run before.

        Raises:
            ConfigError: It could not be written, so the run cannot start.
        """
        new = self._new or not self.run_toml.exists()
        self._record = tomli_w.dumps(content)
        try:
            write_atomically(self.run_toml, self._record)
            sync(self.path)
        except TrainingError as error:
            raise ConfigError(str(error)) from error
        except OSError as error:
            msg = f"{self.run_toml} could not be made durable: {reason(error)}; choose another place with --run"
            raise ConfigError(msg) from error
        self._new = False
        return new

    def clean(self) -> None:
        """Removes what a killed process left half-written. Only for the holder of the lock."""
        for path in self.path.glob(f"{TEMPORARY}*"):
            if not path.is_dir():
                path.unlink(missing_ok=True)
        clean(self.path)
        self.store.clean()

    def stay(self) -> None:
        """Sees to it before each save that this is still the directory that the training began in.

        Raises:
            TrainingError: It was moved, removed, or replaced by another one: nothing is to be written there.
        """
        if not self.home.is_held:
            return
        if self.home.is_lost:
            what = f"{self.path} is no longer the directory that this run began in: it was moved, removed or replaced"
            msg = f"{what}; nothing more is saved: what was saved is where it is now, resume it there"
            raise TrainingError(msg)
        record = self.home.absolute / RUN_TOML
        if self._record and not record.exists():  # checkpoints without it could not be opened
            write_atomically(record, self._record)

    def discard(self) -> None:
        """Takes the record of a run back that never began, and its directory if nothing else is in it."""
        if self.home.is_lost:
            return
        self.run_toml.unlink(missing_ok=True)
        (self.path / LEARNT).unlink(missing_ok=True)
        (self.path / LOCK).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()
            if self.path.parent.absolute() == RUNS.absolute():
                self.path.parent.rmdir()

    def write_history(self, rows: Sequence[Row]) -> None:
        """Brings history.jsonl up to these rows."""
        self.stay()
        self._history.write(self.home.absolute, rows)

    def prune(self, keep: int, best: int | None) -> None:
        """As `Store.prune`, for a thread: the working directory may be another one from one moment to the next."""
        self.kind_of_store(self.home.absolute / CHECKPOINTS).prune(keep, best)

    def has_history(self) -> bool:
        """Whether an epoch has ever been finished here."""
        path = self.path / HISTORY
        return path.is_file() and path.stat().st_size > 0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Takes the run for this process while the context lasts; it may be entered again inside.

        Raises:
            CheckpointError: Another process has it, or has changed it since this one last looked.
            ConfigError: It cannot be written; or it was free when it was chosen for a new run, and holds one now. One that the
                new run is to replace is cleared here.
        """
        self._lock.acquire(self.home.absolute, self.path)
        with contextlib.ExitStack() as stack:
            stack.callback(self._lock.release)
            if self._new:
                self.refuse_taken(self.path, overwrite=self._overwrite)
            if not self.home.is_held:
                self.home.hold()
                stack.callback(self.home.close)
                self._newest.refuse_another(self.store, self.path)
                stack.callback(self.look)
            if self._new and self._overwrite:
                clear(self.home.absolute)
            yield

    def look(self) -> None:
        """Remembers what the newest checkpoint is, before it is read: `held` refuses if it is another one by then."""
        self._newest.look(self.store)
