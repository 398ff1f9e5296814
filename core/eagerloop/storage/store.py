"""Checkpoint directories that a crash cannot hurt.

A checkpoint is written into a temporary directory, described by a manifest with the size and SHA-256 of every file and of
itself, made durable (fsync of the files and of the directory), and then renamed to `step-NNNNNNNN`: it is there whole, or not
at all. Nothing points at the newest one; the newest directory that passes its own manifest is it. Where a step is written
again, the one before it waits as `step-NNNNNNNN.before` until the new one is in place.

The rows of a history stand in one file beside the checkpoints, and a manifest says which of them are its own: what a save
writes does not become more with every epoch.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eagerloop.errors import CheckpointError, DamagedError, TrainingError, reason
from eagerloop.storage.checkpoint import BEFORE, NAME, Checkpoint, name_of, put_in_place, set_aside
from eagerloop.storage.files import TEMPORARY, remove, sync, sync_all
from eagerloop.storage.history_file import HistoryLog, history_of
from eagerloop.storage.manifests import FORMAT, MANIFEST, describe, files_in, write_manifest
from eagerloop.storage.reading import unread
from eagerloop.storage.rows import Row, mark_of
from eagerloop.storage.whole import read_whole


@dataclass
class Store:
    """The checkpoints of one run.

    Args:
        directory: Where they are; it is made at the first write. Nothing outside it is ever written or removed; the history is
            looked for in the directory above as well.
        damaged: What `newest` had to leave out, and why.
    """

    directory: Path
    damaged: list[str] = field(default_factory=list)
    _damaged_steps: list[int] = field(default_factory=list)
    _log: HistoryLog = field(default_factory=HistoryLog)

    def write(self, step: int, fill: Callable[[Path], None], content: dict[str, Any]) -> Path:
        """Adds a checkpoint; one of that step that exists already gives way once the new one is whole.

        Args:
            step: How many steps have been done, from 0.
            fill: Writes the files into the directory that it is given.
            content: More entries for the manifest: JSON.

        Returns:
            The checkpoint's directory.

        Raises:
            TrainingError: The files could not be written; the checkpoints before are as they were.
        """
        return self.finish(self.begin(step, fill), step, content)

    def begin(self, step: int, fill: Callable[[Path], None]) -> Path:
        """The first half of `write`: the files, in a temporary directory which `finish` is to be given.

        Raises:
            TrainingError: The files could not be written; the checkpoints before are as they were.
        """
        temporary = self.directory.absolute() / f"{TEMPORARY}{name_of(step)}-{os.getpid()}"
        with self._leaving_nothing(temporary, step):
            self._make_directory()
            temporary.mkdir()
            fill(temporary)
        return temporary

    def finish(self, temporary: Path, step: int, content: dict[str, Any], rows: Sequence[Row] | None = None) -> Path:
        """The second half of `write`: checksums, manifest, fsync, the rename that makes it a checkpoint.

        Args:
            temporary: What `begin` returned.
            step: As for `write`.
            content: As for `write`.
            rows: The history; None if there is none to be kept.

        Raises:
            TrainingError: It could not be made durable; the checkpoints before are as they were.
        """
        final = temporary.with_name(name_of(step))  # the working directory may have changed meanwhile
        with self._leaving_nothing(temporary, step):
            with ThreadPoolExecutor(1) as pool:  # the disk is busy while the processor computes the checksums
                durable = pool.submit(sync_all, temporary)
                files = {name: describe(path) for name, path in files_in(temporary)}
                durable.result()
            if rows is not None:
                self._log.write(final.parent, rows)
                content = content | {"history": {"rows": len(rows), "sha256": mark_of(rows)}}
            write_manifest(temporary, {"format": FORMAT, "step": step, "files": files, **content})
            put_in_place(temporary, final)
        return final

    @contextlib.contextmanager
    def _leaving_nothing(self, temporary: Path, step: int) -> Iterator[None]:
        """Removes the temporary directory on any error, and says in plain words what the operating system refused."""
        try:
            yield
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            what = f"checkpoint {name_of(step)} could not be written to {self.directory}"
            msg = f"{what}: {reason(error)}; the ones before are kept"
            raise TrainingError(msg) from error
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def _make_directory(self) -> None:
        self.refuse_link()
        if not self.directory.is_dir():
            self.directory.mkdir()  # in a run's directory that was removed, nothing is kept
            sync(self.directory.parent)

    def refuse_link(self) -> None:
        """Refuses to follow a link: what lies behind it may be another run's.

        Raises:
            CheckpointError: The directory is reached through a symbolic link.
        """
        if self.directory.is_symlink():
            msg = f"{self.directory} is a symbolic link; checkpoints are kept in a directory of the run itself: put it there"
            raise CheckpointError(msg)

    def steps(self) -> list[int]:
        """The steps that there are directories of, ascending. None of them has been looked into.

        Raises:
            CheckpointError: The directory is reached through a symbolic link.
        """
        self.refuse_link()
        if not self.directory.is_dir():
            return []
        matches = (NAME.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted({int(match[2]) for match in matches if match and name_of(int(match[2])) == match[1]})

    def path_of(self, step: int) -> Path:
        """The directory of a step; the one that was there before, if the process was killed while it was being replaced."""
        path = self.directory / name_of(step)
        before = path.with_name(path.name + BEFORE)
        return before if before.exists() and not path.exists() else path

    def read(self, step: int, history: Callable[[Path, Any], Any] = history_of) -> Checkpoint:
        """One checkpoint, verified: every name, size and checksum. No other process removes it while somebody here has it.

        Args:
            step: Which one.
            history: Who finds its rows; a `Histories`, if many checkpoints are read.

        Raises:
            CheckpointError: The file that is wrong, and how.
        """
        return read_whole(self.path_of(step), step, history)

    def keep_history(self, rows: Sequence[Row]) -> None:
        """As `HistoryLog.keep`. Only for the holder of the run's lock."""
        self._log.keep(self.directory.absolute(), rows)

    def newest(self, *, strict: bool = False) -> Checkpoint | None:
        """The newest checkpoint that is whole; those passed over are told in `damaged`.

        Args:
            strict: Refuse instead of passing over.

        Returns:
            None if there is no checkpoint at all.

        Raises:
            CheckpointError: There are checkpoints, and none is whole: never start afresh over them. Or one is whole and has a
                newer format.
        """
        self.damaged, self._damaged_steps = [], []
        for step in reversed(self.steps() or self.steps()):  # while one is removed, a listing may miss the one that came for it
            try:
                return self.read(step)
            except DamagedError as error:
                if not os.path.lexists(self.path_of(step)):
                    return self.newest(strict=strict)  # another process trains here, and has removed it
                if strict:
                    raise
                self.damaged.append(str(error))
                self._damaged_steps.append(step)
        if self.damaged:
            msg = f"no checkpoint in {self.directory} is whole ({'; '.join(self.damaged)}); restore one from a backup"
            raise CheckpointError(msg)
        return None

    def prune(self, keep: int, best: int | None = None) -> None:
        """Removes the oldest checkpoints.

        Args:
            keep: How many of the newest stay; 0 keeps all.
            best: A step that stays whatever its age.

        Raises:
            TrainingError: One of them cannot be removed.
        """
        for step in self.steps()[: -keep or None] if keep else []:
            if step != best:
                doomed = self.directory / f"{TEMPORARY}old-{step:08d}-{os.getpid()}"
                try:
                    with unread(self.path_of(step) / MANIFEST) as free:
                        if not free:
                            continue  # it goes after a later save
                        self.path_of(step).rename(doomed)  # at once gone, however long the removal takes
                except OSError as error:
                    msg = f"{self.path_of(step)} could not be removed: {reason(error)}; every checkpoint is kept"
                    raise TrainingError(msg) from error
                shutil.rmtree(doomed, ignore_errors=True)  # what is left of it goes with the next start

    def set_aside_damaged(self) -> None:
        """Renames what `newest` passed over: the steps will be written anew, and the evidence is kept.

        Raises:
            CheckpointError: One of them cannot be renamed.
        """
        for step in self._damaged_steps:
            set_aside(self.path_of(step))
        self._damaged_steps = []

    def clean(self) -> None:
        """Removes what a killed process left half-written or half-replaced. Only for the holder of the run's lock."""
        self.refuse_link()
        if self.directory.is_dir():
            doomed = [*self.directory.glob(f"{TEMPORARY}*"), *self.directory.glob(f"step-*{BEFORE}")]
            for path in doomed:
                replaced = not path.name.endswith(BEFORE) or path.with_name(path.name.removesuffix(BEFORE)).exists()
                if replaced and not path.is_symlink():
                    remove(path)
