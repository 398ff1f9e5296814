"""A run's history, which notes when somebody changes one of its rows: so nobody has to look at all of them at every save."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any


class _Changes:
    """How often a row was changed; one for all rows of a history."""

    count = 0


def _noted(change: Callable[..., Any]) -> Any:
    """A method of a dict, which is counted as a change."""

    @functools.wraps(change)
    def method(self: "NotedRow", *arguments: Any, **keywords: Any) -> Any:
        self.changes.count += 1
        return change(self, *arguments, **keywords)

    return method


class NotedRow(dict[str, Any]):
    """A row of a history: a dict that counts its changes."""

    __slots__ = ("changes",)

    def __init__(self, figures: Mapping[str, Any], changes: _Changes) -> None:
        super().__init__(figures)
        self.changes = changes

    __setitem__, __delitem__, __ior__ = _noted(dict.__setitem__), _noted(dict.__delitem__), _noted(dict.__ior__)
    update, setdefault = _noted(dict.update), _noted(dict.setdefault)
    pop, popitem, clear = _noted(dict.pop), _noted(dict.popitem), _noted(dict.clear)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, also in another process, is a plain dict: nobody asks it for changes."""
        return dict, (dict(self),)


class NotedHistory(list[dict[str, Any]]):
    """The rows of a run, a dict per finished epoch. Rows that are put in by anything but `append` are not watched.

    Args:
        rows: Those that are there already.

    Example:
        >>> history = NotedHistory([{"epoch": 1, "loss": 2.0}])
        >>> history.append({"epoch": 2, "loss": 1.0})
        >>> before = history.changes
        >>> history[0]["loss"] = 3.0
        >>> history.changes - before, history
        (1, [{'epoch': 1, 'loss': 3.0}, {'epoch': 2, 'loss': 1.0}])
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._changes = _Changes()
        super().__init__(NotedRow(row, self._changes) for row in rows)

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds a row, as a copy of it."""
        super().append(NotedRow(row, self._changes))

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is a plain list."""
        return list, ([dict(row) for row in self],)

    @property
    def changes(self) -> int:
        """How often a row was changed since it came in."""
        return self._changes.count

    def watches(self, row: Any) -> bool:
        """Whether a change of this row counts."""
        return type(row) is NotedRow and row.changes is self._changes
