"""A disk that fails on purpose: at the n-th file opened for writing, or at a size that no file may exceed.

Both act on this process alone, and only inside their `with`. The first is an audit hook, which sees every file that Python
opens; the second a limit of the operating system, which TensorFlow's own writing obeys, too.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


class _Watch:
    """What the audit hook does at the moment: nothing, unless `active`."""

    installed = False
    active = False
    fail_at: int | None = None
    opened: list[str] = []  # noqa: RUF012 - one process, one hook


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _Watch.active:
        return
    path, mode, flags = arguments
    writing = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITING)
    if not writing or isinstance(path, int):
        return
    _Watch.opened.append(os.fsdecode(path))
    if len(_Watch.opened) - 1 == _Watch.fail_at:
        raise OSError(errno.ENOSPC, "no space left on device (on purpose, by eagerloop.testing)", os.fsdecode(path))


@contextlib.contextmanager
def watched(fail_at: int | None = None) -> Iterator[list[str]]:
    """Notes which files are opened for writing, and lets one of them fail.

    Args:
        fail_at: Which one, from 0; None for none.

    Yields:
        The paths so far, a list that grows.
    """
    if not _Watch.installed:
        sys.addaudithook(_audit)
        _Watch.installed = True
    _Watch.opened, _Watch.fail_at, _Watch.active = [], fail_at, True
    try:
        yield _Watch.opened
    finally:
        _Watch.active = False


@contextlib.contextmanager
def limited(size: int) -> Iterator[bool]:
    """Lets every write beyond a file size fail, as `ulimit -f` does.

    Args:
        size: In bytes.

    Yields:
        Whether this system can do that.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield False
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield True
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def largest(directory: Path) -> int:
    """The size of the largest file below a directory, in bytes."""
    return max((path.stat().st_size for path in directory.rglob("*") if path.is_file()), default=0)
