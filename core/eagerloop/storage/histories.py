"""The rows of many checkpoints, from files that are read once.

The history of a checkpoint is the beginning of that of the next one, unless the run was taken up again from an earlier one. So
they share one list, and what was asked of a row once is not asked again.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from eagerloop.storage.history_file import HISTORY, entries, history_of

Figures = dict[str, Any]


class _Shared:
    """Rows that several histories begin with, and how many of them are known to be good."""

    def __init__(self, rows: list[Figures]) -> None:
        self.rows, self.good = rows, 0


class Beginning(Sequence[Figures]):
    """The first rows of a list that others share; it cannot be changed.

    Args:
        shared: The list.
        count: How many of its rows these are.
    """

    def __init__(self, shared: _Shared, count: int) -> None:
        self.shared, self._count = shared, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Figures: ...
    @overload
    def __getitem__(self, place: slice) -> list[Figures]: ...
    def __getitem__(self, place: int | slice) -> Figures | list[Figures]:
        places = range(self._count)[place]
        return self.shared.rows[places] if isinstance(places, int) else [self.shared.rows[each] for each in places]

    def __iter__(self) -> Iterator[Figures]:
        return iter(self.shared.rows[: self._count])

    def goes_on_from(self, other: Any) -> bool:
        """Whether all rows of another one are the first of these, as far as can be told without a look at them."""
        return isinstance(other, Beginning) and other.shared is self.shared and len(other) <= len(self)

    def all(self, holds: Callable[[Figures], bool]) -> bool:
        """Whether something holds for every row.

        Args:
            holds: What; the same one at every call, as a row for which it held is not looked at again.
        """
        shared = self.shared
        while shared.good < self._count and holds(shared.rows[shared.good]):
            shared.good += 1
        return shared.good >= self._count


class Histories:
    """Finds the rows of one checkpoint after the other, as `history_of` does; a file is read again only if it has changed."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[tuple[int, int], dict[tuple[int, str], Beginning]]] = {}

    def __call__(self, checkpoint: Path, told: Any) -> Any:
        """The rows that belong to a checkpoint; arguments and errors are those of `history_of`."""
        if isinstance(told, dict) and isinstance(told.get("rows"), int) and isinstance(told.get("sha256"), str):
            for path in (checkpoint.parent / HISTORY, checkpoint.parent.parent / HISTORY):
                found = self._find(path, (told["rows"], told["sha256"]))
                if found is not None:
                    return found
        return history_of(checkpoint, told)

    def _find(self, path: Path, key: tuple[int, str]) -> Beginning | None:
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = status.st_size, status.st_mtime_ns
        if path not in self._read or (key not in self._read[path][1] and self._read[path][0] != stamp):
            self._read[path] = stamp, _beginnings(path)
        return self._read[path][1].get(key)


def _beginnings(path: Path) -> dict[tuple[int, str], Beginning]:
    """Every history that stands in a file, by the number of its rows and their mark."""
    shared = _Shared([])
    found = {(0, ""): Beginning(shared, 0)}
    for place, row in entries(path):
        if place < len(shared.rows):
            shared = _Shared(shared.rows[:place])
        shared.rows.append(row.figures)
        found[place + 1, row.mark] = Beginning(shared, place + 1)
    return found
