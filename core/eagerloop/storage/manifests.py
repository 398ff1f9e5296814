"""A checkpoint's manifest: the size and SHA-256 of every file and of itself, and whatever else the run writes into it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from eagerloop.errors import CheckpointError, DamagedError, TrainingError
from eagerloop.files.plain import not_waiting, read_plain
from eagerloop.storage.files import sync

FORMAT = 2
READABLE = (1, FORMAT)
"""Formats that can be read: in the first one, the whole history stood in each manifest."""

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 * 2**20


def files_in(directory: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a directory but its manifest, by its name relative to it."""
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise damage(path, "it is neither a file nor a directory")
        if path.is_file() and name != MANIFEST:
            yield name, path


def describe(path: Path) -> dict[str, Any]:
    """A file's size in bytes and its SHA-256 in hexadecimal."""
    with open(path, "rb", opener=not_waiting) as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _seal(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(directory: Path, content: dict[str, Any]) -> None:
    """Writes the manifest of a checkpoint, durably.

    Raises:
        TrainingError: No reader would take it: it is too large.
    """
    content = json.loads(json.dumps(content))  # as a reader will see it: the seal is over that
    text = json.dumps(content | {"sha256": _seal(content)}, indent=1)
    if len(text) > LARGEST_MANIFEST:
        sizes = [(len(json.dumps(value)), name) for name, value in _parts_of(content)]
        size, name = max(sizes)
        what = f"the manifest of step {content.get('step')} would have {len(text)} bytes, a reader takes {LARGEST_MANIFEST}"
        msg = f"{what}; {size} of them are {name}; the checkpoints before are kept: have it keep less"
        raise TrainingError(msg)
    (directory / MANIFEST).write_text(text, encoding="utf-8")
    sync(directory / MANIFEST)
    sync(directory)


def _parts_of(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Its entries in words; the states of observers and metrics one by one."""
    for key, value in content.items():
        if key in ("observers", "metrics"):
            yield from ((f"the state of the {key.removesuffix('s')} '{name}'", state) for name, state in value)
        else:
            yield f"its '{key}'", value


def damage(path: Path, what: str) -> CheckpointError:
    """The error for a file that is not as it was written, to be raised."""
    return DamagedError(f"{path} is damaged: {what}")


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a checkpoint.

    Args:
        directory: The checkpoint.

    Returns:
        Its content, without its own checksum. `files` is a table; the rest has not been looked into.

    Raises:
        DamagedError: It is missing, too large, no manifest, or its checksum does not match.
        CheckpointError: It is whole, and of another format.
    """
    path = directory / MANIFEST
    try:
        if directory.is_symlink() or path.is_symlink():
            raise damage(path, "it is reached through a symbolic link")
        if path.stat().st_size > LARGEST_MANIFEST:
            raise damage(path, f"{path.stat().st_size} bytes are no manifest")
        content = json.loads(read_plain(path))
    except OSError as error:
        raise damage(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise damage(path, f"it is not the JSON that was written ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise damage(path, "it is no manifest")
    if content.pop("sha256", None) != _seal(content):
        raise damage(path, "its own checksum does not match")
    if content.get("format") not in READABLE:  # whole, so nothing to be passed over: it is newer than this program
        msg = f"{path} has the format {content.get('format')!r}, this eagerloop reads {FORMAT}; install a newer eagerloop"
        raise CheckpointError(msg)
    return content


def verify_files(directory: Path, files: dict[str, Any]) -> None:
    """Compares a checkpoint's files with its manifest: every name, size and checksum.

    Raises:
        DamagedError: The file that is wrong, and how.
    """
    present = dict(files_in(directory))  # which refuses links, pipes and devices before anything is opened
    for name, described in files.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or name in ("", ".") or "\0" in name:
            raise damage(directory / MANIFEST, f"it names {name!r}, which is outside the checkpoint")
        path = directory / pure
        if not isinstance(described, dict) or described.keys() != {"size", "sha256"}:
            raise damage(directory / MANIFEST, f"it does not give size and sha256 of {name!r}")
        if name not in present:
            raise damage(path, "No such file")
        try:
            size = path.stat().st_size
            if size != described["size"]:
                raise damage(path, f"{size} bytes, {described['size']} were written")
            if describe(path) != described:
                raise damage(path, "its checksum does not match")
        except OSError as error:
            raise damage(path, error.strerror or str(error)) from error
    for name, path in present.items():
        if name not in files:
            raise damage(path, "it was not written with the checkpoint")
