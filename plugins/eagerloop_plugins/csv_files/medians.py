"""Exact medians of the training rows, also of a file that is larger than memory.

Shapes: m numbers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from eagerloop_plugins.csv_files.split import Array

MOST = 1 << 18
"""How many numbers of a column are sorted at once."""

BINS = 1 << 16
"""Into how many parts the rest is counted."""

AT_ONCE = 64
"""How many columns may hold as much; more share the memory, and need a pass more."""

FEWEST_BINS = 256

SIGN = 1 << 63


class Fills(dict[str, float]):
    """The median of each column's training rows, found when it is first asked for: most columns have all their values.

    Args:
        pieces: Gives the training values of some columns by name, block by block, each time from the beginning.
        count: How many training values a column has.
        at_once: Whether all values stand in memory anyhow, in one block.
    """

    def __init__(
        self,
        pieces: Callable[[Sequence[str]], Iterable[Mapping[str, Array]]],
        count: Callable[[str], int],
        *,
        at_once: bool = False,
    ) -> None:
        super().__init__()
        self._pieces, self._count, self._at_once = pieces, count, at_once

    def __missing__(self, name: str) -> float:
        self.find([name])
        return self[name]

    def find(self, names: Sequence[str]) -> None:
        """Finds the medians of several columns in as few passes as for one; a column without any training value has 0."""
        self.update({name: 0.0 for name in names if not self._count(name)})
        names = [name for name in names if self._count(name)]
        if self._at_once and names:
            (values,) = self._pieces(names)
            self.update({name: float(np.median(values[name][~np.isnan(values[name])])) for name in names})
            return
        share = -(-len(names) // AT_ONCE)
        middles = {name: ((self._count(name) - 1) // 2, self._count(name) // 2) for name in names}
        searches = {name: {rank: Search(rank, share) for rank in ranks} for name, ranks in middles.items()}
        while any(search.found is None for ranks in searches.values() for search in ranks.values()):
            self._look(searches)
        self.update({name: float(np.mean([searches[name][rank].found for rank in middles[name]])) for name in names})

    def _look(self, searches: Mapping[str, Mapping[int, "Search"]]) -> None:
        """One pass."""
        for piece in self._pieces([*searches]):
            for name, ranks in searches.items():
                keys = keys_of(piece[name])
                for search in ranks.values():
                    search.add(keys)
        for ranks in searches.values():
            for search in ranks.values():
                search.narrow()


class Search:
    """Finds the number of a rank, from 0 on, in several passes over all of them.

    Each pass either holds all numbers within the bounds, or counts them in equal parts, of which one has the rank.

    Example:
        >>> search = Search(1)
        >>> for piece in ([3.0, 1.0], [2.0]):
        ...     search.add(keys_of(np.array(piece)))
        >>> search.narrow()
        >>> search.found
        2.0
    """

    def __init__(self, rank: int, share: int = 1) -> None:
        self.found: float | None = None
        self._most, self._bins = max(MOST // share, 1), max(BINS // share, FEWEST_BINS)
        self._rank, self._low, self._high = rank, 0, 1 << 64
        self._held: list[Array] = []
        self._counts: Array | None = None

    def add(self, keys: Array) -> None:
        """Takes some numbers of a pass into account, as `keys_of` gives them."""
        if self.found is not None:
            return
        within = keys[(keys >= np.uint64(self._low)) & (keys <= np.uint64(self._high - 1))]
        if self._counts is None:
            self._held.append(within)
            if sum(map(len, self._held)) <= self._most:
                return
            self._counts, within, self._held = np.zeros(self._bins, np.int64), np.concatenate(self._held), []
        self._counts += np.bincount(
            ((within - np.uint64(self._low)) // np.uint64(self._width)).astype(int), minlength=self._bins
        )

    @property
    def _width(self) -> int:
        """How many keys a part has."""
        return -(-(self._high - self._low) // self._bins)

    def narrow(self) -> None:
        """Ends a pass."""
        if self.found is not None:
            return
        if self._counts is None:
            self.found = number_of(int(np.partition(np.concatenate(self._held), self._rank)[self._rank]))
            return
        width, ends = self._width, np.cumsum(self._counts)
        part = int(np.searchsorted(ends, self._rank, "right"))
        self._rank -= int(ends[part - 1]) if part else 0
        self._low, self._counts = self._low + part * width, None
        self._high = self._low + width
        self.found = number_of(self._low) if width == 1 else None


def keys_of(values: Array) -> Array:
    """Whole numbers of 64 bits in the order of the numbers, which are float64; NaN are left out."""
    bits = values[~np.isnan(values)].astype(np.float64).view(np.uint64)
    return np.where(bits & np.uint64(SIGN), ~bits, bits | np.uint64(SIGN))


def number_of(key: int) -> float:
    """The number of a key.

    Example:
        >>> [number_of(int(key)) for key in keys_of(np.array([-1.5, 0.0, 2.0]))]
        [-1.5, 0.0, 2.0]
    """
    bits = key ^ SIGN if key & SIGN else key ^ ((1 << 64) - 1)
    return float(np.array(bits, np.uint64).view(np.float64))
