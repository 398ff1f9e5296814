"""The directory in which a training began: whether a path still leads there."""

import os
from pathlib import Path


class Home:
    """A directory, known by what it is and not by what it is called.

    It is held open: as long as it is, no other one can get its number, even if it was removed.

    Args:
        path: A directory that exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._descriptor = -1 if os.name == "nt" else os.open(path, os.O_RDONLY)
        self._status = path.stat() if os.name == "nt" else os.fstat(self._descriptor)

    def is_at(self, path: Path) -> bool:
        """Whether a path leads to this very directory."""
        try:
            return os.path.samestat(path.stat(), self._status)
        except OSError:
            return False

    def close(self) -> None:
        """Lets it go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
