"""A copy of a table's text, for what cannot be gone through twice or is not UTF-8."""

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

from eagerloop.errors import DataError


class TemporaryCopy:
    r"""A file in the directory of temporary files, closed once it is written, which vanishes with this object.

    A `NamedTemporaryFile` would stay open: in a circle of objects Python may collect it before its wrapper, and warn.

    Attributes:
        path: The file.

    Example:
        >>> copy = TemporaryCopy([b"x,y\n", b"1,2\n"])
        >>> path = Path(copy.path)
        >>> path.read_text()
        'x,y\n1,2\n'
        >>> del copy
        >>> path.exists()
        False
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Writes the pieces; if that fails, nothing is left.

        Raises:
            DataError: There is no room for them.
        """
        with _room():
            file = tempfile.NamedTemporaryFile(suffix=".csv", delete=False)  # noqa: SIM115 - closed below
        self.path = file.name
        weakref.finalize(self, _remove, self.path, os.getpid())
        try:
            for piece in pieces:
                with _room():
                    file.write(piece)
        finally:
            with _room():
                file.close()


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Turns an `OSError` into a `DataError` that says where there is no room."""
    try:
        yield
    except OSError as error:
        where = tempfile.gettempdir() if tempfile.tempdir else "the directory of temporary files"
        msg = f"a copy of the table as text cannot be written to {where} ({error.strerror}); set TMPDIR to a place with room"
        raise DataError(msg) from error


def _remove(path: str, owner: int) -> None:
    """Removes the file, but not in a process that was forked from the one that wrote it."""
    if os.getpid() == owner:
        with contextlib.suppress(OSError):
            Path(path).unlink()
