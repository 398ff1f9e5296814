"""Checkpoint directories that a crash cannot hurt.

A checkpoint is written into a temporary directory, described by a manifest with the size and SHA-256 of every file and of
itself, made durable (fsync of the files and of the directory), and then renamed to `step-NNNNNNNN`: it is there whole, or not
at all. Nothing points at the newest one; the newest directory that passes its own manifest is it.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from eagerloop.errors import CheckpointError, TrainingError

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 * 2**20
_NAME = re.compile(r"step-(\d{8,})")
_TEMPORARY = ".tmp-"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that passed its manifest."""

    directory: Path
    manifest: dict[str, Any]

    @property
    def step(self) -> int:
        """How many steps had been done."""
        return int(self.manifest["step"])


@dataclass
class Store:
    """The checkpoints of one run.

    Args:
        directory: Where they are; it is made at the first write. Nothing outside it is ever written or removed.
        damaged: What `newest` had to leave out, and why.
    """

    directory: Path
    damaged: list[str] = field(default_factory=list)
    _damaged_steps: list[int] = field(default_factory=list)

    def write(self, step: int, fill: Callable[[Path], None], content: dict[str, Any]) -> Path:
        """Adds a checkpoint; one of that step that exists already is left as it is.

        Args:
            step: How many steps have been done, from 0.
            fill: Writes the files into the directory that it is given.
            content: More entries for the manifest: JSON.

        Returns:
            The checkpoint's directory.

        Raises:
            TrainingError: The files could not be written; the checkpoints before are as they were.
        """
        final = self.directory / f"step-{step:08d}"
        if final.exists():
            return final
        temporary = self.directory / f"{_TEMPORARY}{final.name}-{os.getpid()}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            temporary.mkdir()
            fill(temporary)
            files = {name: _describe(path) for name, path in _files(temporary)}
            _write_manifest(temporary, {"format": FORMAT, "step": step, "files": files, **content})
            _make_durable(temporary)
            temporary.rename(final)
            _fsync(self.directory)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            msg = (
                f"checkpoint {final.name} could not be written to {self.directory}: {_reason(error)}; the ones before are kept"
            )
            raise TrainingError(msg) from error
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return final

    def steps(self) -> list[int]:
        """The steps that there are directories of, ascending. None of them has been looked into."""
        if not self.directory.is_dir():
            return []
        matches = (_NAME.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def read(self, step: int) -> Checkpoint:
        """One checkpoint, verified: every name, size and checksum.

        Raises:
            CheckpointError: The file that is wrong, and how.
        """
        directory = self.directory / f"step-{step:08d}"
        manifest = _read_manifest(directory)
        if manifest.get("step") != step:
            raise _damage(directory / MANIFEST, f"it speaks of step {manifest.get('step')!r}")
        _verify_files(directory, manifest["files"])
        return Checkpoint(directory, manifest)

    def newest(self, *, strict: bool = False) -> Checkpoint | None:
        """The newest checkpoint that is whole; those passed over are told in `damaged`.

        Args:
            strict: Refuse instead of passing over.

        Returns:
            None if there is no checkpoint at all.

        Raises:
            CheckpointError: There are checkpoints, and none is whole: never start afresh over them.
        """
        self.damaged, self._damaged_steps = [], []
        for step in reversed(self.steps()):
            try:
                return self.read(step)
            except CheckpointError as error:
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
        """
        for step in self.steps()[: -keep or None] if keep else []:
            if step != best:
                doomed = self.directory / f"{_TEMPORARY}old-{step:08d}-{os.getpid()}"
                (self.directory / f"step-{step:08d}").rename(doomed)  # at once gone, however long the removal takes
                shutil.rmtree(doomed)

    def set_aside_damaged(self) -> None:
        """Renames what `newest` passed over: the steps will be written anew, and the evidence is kept."""
        for step in self._damaged_steps:
            path = self.directory / f"step-{step:08d}"
            aside = (path.with_name(f"damaged-{path.name}{suffix}") for suffix in ("", *map(".{}".format, range(1, 1000))))
            path.rename(next(name for name in aside if not name.exists()))
        self._damaged_steps = []

    def clean(self) -> None:
        """Removes what a killed process left half-written. Only for the holder of the run's lock."""
        if self.directory.is_dir():
            for path in self.directory.glob(f"{_TEMPORARY}*"):
                if not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)


def _reason(error: OSError) -> str:
    known = {
        errno.ENOSPC: "the disk is full; free some space and resume",
        errno.EDQUOT: "the disk quota is used up; free some space and resume",
        errno.EFBIG: "a file would be larger than the limit (ulimit -f); raise it and resume",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission denied",
    }
    return known.get(error.errno or 0, error.strerror or str(error))


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a directory but its manifest, by its name relative to it."""
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _damage(path, "it is neither a file nor a directory")
        if path.is_file() and name != MANIFEST:
            yield name, path


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _seal(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_manifest(directory: Path, content: dict[str, Any]) -> None:
    content = json.loads(json.dumps(content))  # as a reader will see it: the seal is over that
    text = json.dumps(content | {"sha256": _seal(content)}, indent=1)
    (directory / MANIFEST).write_text(text, encoding="utf-8")


def _make_durable(directory: Path) -> None:
    for path in directory.rglob("*"):
        _fsync(path)
    _fsync(directory)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damage(path: Path, what: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {what}")


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        if directory.is_symlink() or path.is_symlink():
            raise _damage(path, "it is reached through a symbolic link")
        if path.stat().st_size > LARGEST_MANIFEST:
            raise _damage(path, f"{path.stat().st_size} bytes are no manifest")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _damage(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _damage(path, f"it is not the JSON that was written ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise _damage(path, "it is no manifest")
    if content.get("format") != FORMAT:
        msg = f"{path} has the format {content.get('format')!r}, this eagerloop reads {FORMAT}; install a newer eagerloop"
        raise CheckpointError(msg)
    if content.pop("sha256", None) != _seal(content):
        raise _damage(path, "its own checksum does not match")
    return content


def _verify_files(directory: Path, files: dict[str, Any]) -> None:
    for name, described in files.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or name in ("", "."):
            raise _damage(directory / MANIFEST, f"it names {name!r}, which is outside the checkpoint")
        path = directory / pure
        with contextlib.suppress(OSError):
            if any(parent.is_symlink() for parent in (path, *path.parents) if directory in (parent, *parent.parents)):
                raise _damage(path, "it is reached through a symbolic link")
        try:
            size = path.stat().st_size
            if size != described["size"]:
                raise _damage(path, f"{size} bytes, {described['size']} were written")
            if _describe(path) != described:
                raise _damage(path, "its checksum does not match")
        except OSError as error:
            raise _damage(path, error.strerror or str(error)) from error
    for name, path in _files(directory):
        if name not in files:
            raise _damage(path, "it was not written with the checkpoint")
