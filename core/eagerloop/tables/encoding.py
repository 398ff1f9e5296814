"""The bytes of a text file: read, and known to be UTF-8."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from eagerloop.errors import DataError

MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some programs put in front of UTF-8."""


def read_text(path: str | Path) -> bytes:
    """The bytes of a UTF-8 file.

    Raises:
        DataError: It is missing, unreadable or not UTF-8.
    """
    with unreadable(path):
        data = Path(path).read_bytes()
    check_text(path, data)
    return data


@contextlib.contextmanager
def unreadable(path: str | Path) -> Iterator[None]:
    """Turns an `OSError` into a `DataError` that says why a file cannot be read."""
    try:
        yield
    except OSError as error:
        reasons = {FileNotFoundError: "does not exist", IsADirectoryError: "is a directory, expected a text file"}
        msg = f"data file {path} {reasons.get(type(error), f'cannot be read ({error.strerror})')}; check the path"
        raise DataError(msg) from error


def check_text(path: str | Path, data: bytes, line: int = 1, offset: int = 0) -> None:
    """Refuses bytes that are not UTF-8; they begin in the given line, so many bytes into the file."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        found = "UTF-16" if not offset and data[:2] in (b"\xff\xfe", b"\xfe\xff") else f"0x{data[error.start]:02x}"
        where = f"at byte {offset + error.start}"
        msg = f"{path}, line {line}: expected UTF-8 text, got {found} {where}; save the file as UTF-8"
        raise DataError(msg) from error
