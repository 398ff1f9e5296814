"""The rows of a history as they are written: a line each, and a mark that stands for this row and all before it.

A checkpoint's manifest names how many rows are its own, and the mark of the last one. So it stays as long as it is, however
long the history becomes, and no row before can be another one without its being noticed.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from eagerloop.storage.noting import NotedHistory

LONGEST = 64 * 2**20
"""Bytes of a line that a reader takes."""


class Row(NamedTuple):
    """A row of a history.

    Attributes:
        figures: The row as a reader will see it.
        line: The same as JSON.
        mark: SHA-256 of the mark before and this line, in hexadecimal.
        steps: How many steps had been done after it.
        best: The epoch with the lowest val_loss up to here, counted from 1; 0 where none has one that is a number.
    """

    figures: dict[str, Any]
    line: str
    mark: str
    steps: int
    best: int


FIRST = Row({}, "", "", 0, 0)
"""What stands before the first row."""


class SpoiltRowError(ValueError):
    """A row is not what a run writes.

    Attributes:
        number: Which one, counted from 1.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"row {number}")
        self.number = number


def row_after(rows: Sequence[Row], figures: Mapping[str, Any]) -> Row:
    """A row that follows others.

    Args:
        rows: Those before it.
        figures: What it is to say: JSON.

    Returns:
        The row.

    Raises:
        TypeError, ValueError, RecursionError: It is no JSON, or no table.
    """
    seen = dict(json.loads(json.dumps(figures)))
    line = json.dumps(seen)
    before = rows[-1] if rows else FIRST
    mark = hashlib.sha256(f"{before.mark}\n{line}".encode()).hexdigest()
    steps, loss = seen.get("steps"), seen.get("val_loss")
    lowest = rows[before.best - 1].figures["val_loss"] if before.best else math.inf
    better = isinstance(loss, int | float) and (loss < lowest or (loss == lowest and not before.best))
    return Row(
        seen, line, mark, before.steps + (steps if isinstance(steps, int) else 0), len(rows) + 1 if better else before.best
    )


def mark_of(rows: Sequence[Row]) -> str:
    """What stands for all of these rows; empty for none."""
    return rows[-1].mark if rows else ""


class Wording:
    """Makes rows of a history again and again: those that are as they were are not looked at again, nor worded.

    A `NotedHistory` tells that its rows are as they were; of any other, each row is compared with a copy of what it was.
    """

    def __init__(self) -> None:
        self._seen: list[Any] = []  # copies: an observer may change a row
        self._rows: list[Row] = []
        self._watched: list[Any] = []  # the rows themselves, as long as all of them tell of changes
        self._changes = 0

    def __call__(self, history: Sequence[Any], refuse: Callable[[Any], None]) -> list[Row]:
        """The rows as they are to be written.

        Args:
            history: The rows of now.
            refuse: Raises ValueError, TypeError or KeyError for a row as a reader will see it, if it may not be written.

        Raises:
            SpoiltRowError: A row is refused, or no JSON.
        """
        same = self._unchanged(history)
        rows = self._rows[:same]
        for number, figures in enumerate(history[same:], same + 1):
            try:
                row = row_after(rows, figures)
                refuse(row.figures)
            except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
                raise SpoiltRowError(number) from error
            rows.append(row)
        self._seen[same:] = [dict(figures) for figures in history[same:]]
        self._rows = rows
        self._watch(history)
        return list(rows)

    def _watch(self, history: Sequence[Any]) -> None:
        """Keeps the rows that tell of changes, if that is all of them."""
        if not isinstance(history, NotedHistory):
            self._watched = []
            return
        first = len(self._watched) if self._tells(history) else 0
        new = history[first:]
        self._watched[first:] = new if all(map(history.watches, new)) else []
        self._changes = history.changes

    def _tells(self, history: Sequence[Any]) -> bool:
        """Whether it says that the rows that were there are still there, and as they were."""
        count = len(self._watched)
        known = isinstance(history, NotedHistory) and count and history.changes == self._changes
        return bool(known) and self._watched == history[:count]  # what is the same object is not looked into

    def _unchanged(self, history: Sequence[Any]) -> int:
        """How many of the rows at the beginning are as they were."""
        if len(self._watched) == len(self._seen) and self._tells(history):
            return len(self._seen)
        count = min(len(self._seen), len(history))
        if _is_same(self._seen[:count], list(history[:count])):
            return count
        return next((place for place in range(count) if not _is_same(self._seen[place], history[place])), count)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two are equal; whatever cannot be compared is another one."""
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - anybody's object
        return False
