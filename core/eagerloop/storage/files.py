"""Files that a crash cannot tear: replaced as a whole, and durable when the call returns."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from eagerloop.errors import TrainingError, reason

CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system says that cannot do what was asked at all."""

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


def write_where_named(path: Path, text: str) -> None:
    """Writes a file that the user names, wherever that leads: through a link, to a device, into a pipe.

    Inside a run it is not for us to follow a link: there, `write_atomically` replaces it.

    Args:
        path: The file.
        text: Its new text.

    Raises:
        TrainingError: It could not be written.
    """
    if not path.exists() or path.is_file():
        write_atomically(Path(os.path.realpath(path)), text, durable=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{path} could not be written: {reason(error)}"
        raise TrainingError(msg) from error


def remove(path: Path) -> None:
    """Removes a file, or a directory with all that is in it, as far as that can be done."""
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Makes a file or a directory durable; some file systems cannot do so with a directory, and there it is let be."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def sync_all(directory: Path) -> None:
    """Makes everything below a directory durable."""
    for path in directory.rglob("*"):
        sync(path)


def make_directory(path: Path, *, exist_ok: bool = True) -> None:
    """Makes a directory with those above it, durably: the name of each stands in the one above, which a crash could undo.

    Args:
        path: The directory.
        exist_ok: It may be there already.

    Raises:
        OSError: It cannot be made.
    """
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    path.mkdir(parents=True, exist_ok=exist_ok)
    for made in missing:
        with contextlib.suppress(PermissionError):  # one may be allowed to write where one may not read
            sync(made.parent)
