"""The file `data.json` of a run: what was learnt of its data, so that it predicts without them. Plain JSON, no code."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eagerloop.errors import CheckpointError, reason
from eagerloop.files.plain import read_plain
from eagerloop.storage.files import write_atomically

LEARNT = "data.json"
FORMAT = 1
LARGEST = 64 * 2**20


def write_learnt(directory: Path, content: Mapping[str, Any] | None) -> None:
    """Writes it into a run's directory, unless it says the same already, or there is nothing to say.

    Raises:
        TrainingError: It could not be written; what was there is kept.
    """
    if content is None:
        return
    path = directory / LEARNT
    content = {"format": FORMAT, **content}
    text = json.dumps(content | {"sha256": _digest(content)}, indent=1) + "\n"
    try:
        unchanged = path.stat().st_size == len(text.encode()) and read_plain(path) == text
    except (OSError, UnicodeDecodeError):
        unchanged = False
    if not unchanged:
        write_atomically(path, text)


def read_learnt(directory: Path) -> dict[str, Any] | None:
    """Its content; None where there is none, as in runs of earlier versions.

    Raises:
        CheckpointError: It cannot be read, is damaged, too large, or of another format.
    """
    path = directory / LEARNT
    try:
        if path.stat().st_size > LARGEST:
            msg = f"{path} has {path.stat().st_size} bytes, which no run writes there; remove it, or restore it from a backup"
            raise CheckpointError(msg)
        content = json.loads(read_plain(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        cause = reason(error) if isinstance(error, OSError) else error
        msg = f"{path} is damaged: {cause}; remove it: the next resume writes it anew from the data"
        raise CheckpointError(msg) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        msg = f"{path} has the format {found!r}, this eagerloop reads {FORMAT}; install a newer eagerloop, or remove it"
        raise CheckpointError(msg)
    if content.pop("sha256", None) != _digest(content):
        what = f"{path} is damaged: its content is not that of its checksum"
        msg = f"{what}; remove it: the next resume writes it anew from the data"
        raise CheckpointError(msg)
    return content


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content, however it is set out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
