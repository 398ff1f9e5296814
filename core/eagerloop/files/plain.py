"""Opening what ought to be a plain file: a pipe in its place would be waited for without end."""

import errno
import os
import stat
from pathlib import Path


def not_waiting(path: str, flags: int) -> int:
    """An opener of plain files, which waits for nobody to write into a pipe.

    Raises:
        OSError: It is no plain file, or cannot be opened.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, os.strerror(number) if stat.S_ISDIR(mode) else "it is no plain file", path)
    return descriptor


def read_plain(path: Path) -> str:
    """The text of a plain file.

    Raises:
        OSError: It is not there, cannot be read, or is no plain file.
        UnicodeDecodeError: It is not UTF-8.
    """
    with open(path, opener=not_waiting, encoding="utf-8") as file:
        return file.read()


def read_plain_bytes(path: str | Path) -> bytes:
    """The bytes of a plain file.

    Raises:
        OSError: It is not there, cannot be read, or is no plain file.
    """
    with open(path, "rb", opener=not_waiting) as file:
        return file.read()
