"""Reading while another process trains: what is being read is not removed meanwhile.

Who reads a checkpoint holds a shared lock of its manifest, which ends with the process at the latest. Who trains removes a
checkpoint only if nobody holds one, else after a later save. Where a file system has no such locks, nothing is held.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows does not let go of files that are open
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Holds a checkpoint against its removal while the context lasts, as far as there is one.

    Args:
        path: Its manifest.
    """
    with _opened(path) as descriptor:
        if descriptor is not None and fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def unread(path: Path) -> Iterator[bool]:
    """Whether nobody holds a checkpoint; while the context lasts, nobody can begin to.

    Args:
        path: Its manifest.

    Yields:
        False if somebody reads it.
    """
    with _opened(path) as descriptor:
        free = True
        if descriptor is not None and fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                free = False
            except OSError:  # no locks are to be had here
                pass
        yield free


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """A descriptor of a plain file; None where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        yield None
        return
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)
