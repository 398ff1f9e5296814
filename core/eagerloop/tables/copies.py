"""A copy of a table's text, for what cannot be gone through twice or is not UTF-8."""

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path


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
        """Writes the pieces; if that fails, nothing is left."""
        with tempfile.NamedTemporaryFile(suffix=".csv", delete=False) as file:
            self.path = file.name
            weakref.finalize(self, _remove, self.path, os.getpid())
            file.writelines(pieces)


def _remove(path: str, owner: int) -> None:
    """Removes the file, but not in a process that was forked from the one that wrote it."""
    if os.getpid() == owner:
        with contextlib.suppress(OSError):
            Path(path).unlink()
