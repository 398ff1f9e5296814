"""Where a run is kept: the directory as the user named it, and the very same one wherever the process is by now."""

import os
from pathlib import Path


class Home:
    """A directory by the name that the user gave, which a change of the working directory does not lead astray.

    While it is held open, it is known by what it is and not by what it is called: no other one can get its number, even if
    it was removed.

    Args:
        named: The directory; it need not exist yet.
    """

    def __init__(self, named: Path) -> None:
        self._named, self._began = named, _absolute(named)
        self._descriptor = -1
        self._status: os.stat_result | None = None

    @property
    def absolute(self) -> Path:
        """For whoever keeps the path, or writes: a program may change its working directory at any moment."""
        if self._status and not self._is_at(self._began) and self._is_at(self._named):
            return _absolute(self._named)  # a directory above was renamed
        return self._began

    @property
    def path(self) -> Path:
        """For messages, and for one look: as short as the user named it, as long as that leads there."""
        leads_there = self._is_at(self._named) if self._status else _absolute(self._named) == self._began
        return self._named if leads_there else self._began

    @property
    def is_held(self) -> bool:
        """Whether it is held open."""
        return self._status is not None

    @property
    def is_lost(self) -> bool:
        """Whether it is held open, and is not there any more: moved, removed or replaced by another one."""
        return self.is_held and not self._is_at(self.absolute)

    def hold(self) -> None:
        """Holds the directory that is there now.

        Raises:
            OSError: There is none.
        """
        self._descriptor = -1 if os.name == "nt" else os.open(self.path, os.O_RDONLY)
        self._status = self.path.stat() if os.name == "nt" else os.fstat(self._descriptor)

    def close(self) -> None:
        """Lets it go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._status = -1, None

    def _is_at(self, path: Path) -> bool:
        try:
            return self._status is not None and os.path.samestat(path.stat(), self._status)
        except OSError:
            return False


def _absolute(path: Path) -> Path:
    """The path from the root on; as it is, where the working directory was removed."""
    try:
        return path.absolute()
    except FileNotFoundError:
        return path
