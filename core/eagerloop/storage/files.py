"""Files that a crash cannot tear: replaced as a whole, and durable when the call returns."""

import contextlib
import os
from pathlib import Path

from eagerloop.errors import TrainingError, reason

TEMPORARY = ".tmp-"
"""What the names of files and directories begin with that are not whole yet."""


def write_atomically(path: Path, text: str, *, durable: bool = True) -> None:
    """Replaces a file's text: a reader, or a crash, sees the old one or the new one.

    Args:
        path: The file.
        text: Its new text.
        durable: Wait until the disk has it. What can be made anew from a checkpoint need not wait.

    Raises:
        TrainingError: It could not be written; the old one is as it was.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        temporary.unlink(missing_ok=True)  # what a killed process left; or a link that leads out of the run
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        msg = f"{path} could not be written: {reason(error)}; what was there is kept"
        raise TrainingError(msg) from error


def sync(path: Path) -> None:
    """Makes a file or a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
