"""The files that a history is kept in, which grow by a line a row; neither is written anew as long as nobody else changes it.

::

    history.jsonl               a row a line, for people and programs; it follows the checkpoint
    checkpoints/history.jsonl   `[place, row]` a line, durable before the checkpoint that needs it

The second one is only ever added to: a row at a place takes the place of what stood there and behind. So the history of every
checkpoint remains in it, whatever was killed, taken up again, or changed by an observer; and what is torn or damaged is passed
over. Which rows belong to a checkpoint, its manifest says by their number and their mark; they are looked for in both files.
"""

import contextlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eagerloop.errors import TrainingError, reason
from eagerloop.files.plain import not_waiting, read_plain
from eagerloop.storage.files import sync, write_atomically
from eagerloop.storage.manifests import damage
from eagerloop.storage.rows import LONGEST, Row, mark_of, row_after

HISTORY = "history.jsonl"


class _Growing:
    """A file that this process alone adds to.

    Args:
        durable: Whether each addition is on the disk when the call returns.
    """

    def __init__(self, *, durable: bool) -> None:
        self._durable = durable
        self._left: tuple[int, int] | None = None  # its size and time when it was left; None: it is to be looked at

    def add(self, path: Path, text: str) -> bool:
        """Adds to its end; does nothing and returns False if the file is not as it was left.

        Raises:
            OSError: It could not be written.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return False  # it is gone, or is a link or a pipe
        try:
            if not self._is_as_left(descriptor):
                return False
            self._write(descriptor, text.encode())
        finally:
            os.close(descriptor)
        return True

    def _is_as_left(self, descriptor: int) -> bool:
        """A file that has a second name may be that of a copy of the run: what is added here does not belong there."""
        status = os.fstat(descriptor)
        return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and _stamp(status) == self._left

    def _write(self, descriptor: int, data: bytes) -> None:
        if not data:
            return
        self._left = None
        while data:
            data = data[os.write(descriptor, data) :]
        if self._durable:
            os.fsync(descriptor)
        self._left = _stamp(os.fstat(descriptor))

    def replace(self, path: Path, text: str) -> None:
        """Writes it as a whole.

        Raises:
            TrainingError: It could not be written; the old one is as it was.
        """
        self._left = None
        write_atomically(path, text, durable=self._durable)
        if self._durable:
            sync(path.parent)
        self._left = _stamp(path.stat())


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


class HistoryFile:
    """Writes the `history.jsonl` of a run. A crash may tear it: the next start makes it anew."""

    def __init__(self) -> None:
        self._file = _Growing(durable=False)
        self._rows: Sequence[Row] = ()

    def write(self, directory: Path, rows: Sequence[Row]) -> None:
        """Brings it up to these rows.

        Raises:
            TrainingError: It could not be written.
        """
        path, count = directory / HISTORY, len(self._rows)
        new = "".join(f"{row.line}\n" for row in rows[count:])
        try:
            if mark_of(rows[:count]) != mark_of(self._rows) or not self._file.add(path, new):
                self._file.replace(path, "".join(f"{row.line}\n" for row in rows))
        except OSError as error:
            msg = f"{path} could not be written: {reason(error)}; what was there is kept"
            raise TrainingError(msg) from error
        self._rows = rows


class HistoryLog:
    """Writes the `history.jsonl` among the checkpoints."""

    def __init__(self) -> None:
        self._file = _Growing(durable=True)
        self._rows: list[Row] = []  # those that stand at the end of the file

    def write(self, directory: Path, rows: Sequence[Row]) -> None:
        """Adds what it lacks of these rows, durably.

        Raises:
            OSError, TrainingError: It could not be written.
        """
        path = directory / HISTORY
        if rows and not self._add(path, rows):
            self._take_up(path)
            if not self._add(path, rows):
                msg = f"{path} is being written by somebody else; let one process train here, then resume"
                raise TrainingError(msg)

    def keep(self, directory: Path, rows: Sequence[Row]) -> None:
        """Sees to it that the file has these rows, whatever has become of it, if there are checkpoints.

        Raises:
            TrainingError: It could not be written.
        """
        try:
            if directory.is_dir() and find_rows(directory / HISTORY, len(rows), mark_of(rows)) is None:
                self.write(directory, rows)
        except OSError as error:
            msg = f"{directory / HISTORY} could not be written: {reason(error)}; what was there is kept"
            raise TrainingError(msg) from error

    def _add(self, path: Path, rows: Sequence[Row]) -> bool:
        first = _common(self._rows, rows)
        lines = (f"[{place}, {row.line}]\n" for place, row in enumerate(rows[first:], first))
        added = self._file.add(path, "".join(lines))
        if added and first < len(rows):  # else what stands behind them stays
            self._rows[first:] = rows[first:]
        return added

    def _take_up(self, path: Path) -> None:
        """Goes on with the file that is there; what is torn or damaged in it is left out, a link is replaced."""
        lines: list[str] = []
        self._rows = []
        for place, row in entries(path):
            lines.append(f"[{place}, {row.line}]\n")
            self._rows[place:] = [row]
        self._file.replace(path, "".join(lines))


def _common(some: Sequence[Row], others: Sequence[Row]) -> int:
    """How many rows at the beginning are the same: of two marks that are equal, all before are."""
    count = min(len(some), len(others))
    while count and some[count - 1].mark != others[count - 1].mark:
        count -= 1
    return count


def history_of(checkpoint: Path, told: Any) -> Any:
    """The rows that belong to a checkpoint.

    Args:
        checkpoint: Its directory.
        told: What its manifest says of them: their number and their mark. Versions before had the rows themselves there.

    Returns:
        The rows; what is neither, as it is.

    Raises:
        DamagedError: They are in neither of the two files.
    """
    if not isinstance(told, dict) or not isinstance(told.get("rows"), int) or not isinstance(told.get("sha256"), str):
        return told
    log, plain = checkpoint.parent / HISTORY, checkpoint.parent.parent / HISTORY
    count, mark = told["rows"], told["sha256"]
    found = next((rows for path in (log, plain) if (rows := find_rows(path, count, mark)) is not None), None)
    if found is None:
        raise damage(log, f"neither it nor {plain} has the {count} rows of the history that {checkpoint.name} was written with")
    return found


def find_rows(path: Path, count: int, mark: str) -> list[dict[str, Any]] | None:
    """Looks for rows in a file of either form.

    Args:
        path: The file.
        count: How many they are.
        mark: The mark of the last one; empty if there are none.

    Returns:
        The rows, or None if they are not there.
    """
    if not count and not mark:
        return []
    rows: list[Row] = []
    for place, row in entries(path):
        rows[place:] = [row]
        if len(rows) == count and row.mark == mark:
            return [row.figures for row in rows]
    return None


def entries(path: Path) -> Iterator[tuple[int, Row]]:
    """Every row that can be read, with its place; those that follow a place with nothing before it are left out."""
    rows: list[Row] = []
    with contextlib.suppress(OSError), open(path, "rb", opener=not_waiting) as file:
        for line in iter(lambda: file.readline(LONGEST), b""):
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                content = json.loads(line)
                place, figures = content if isinstance(content, list) else (len(rows), content)
                if 0 <= place <= len(rows) and isinstance(figures, dict):
                    del rows[place:]
                    rows.append(row_after(rows, figures))
                    yield place, rows[-1]


def read_history(path: Path) -> list[dict[str, Any]]:
    """The rows of a history, as far as they are whole: what is damaged ends it."""
    rows: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, ValueError):
        for line in read_plain(path).splitlines():
            row = json.loads(line)
            whole = isinstance(row, dict) and "epoch" in row and all(isinstance(value, int | float) for value in row.values())
            rows += [row] if whole else []
    return rows
