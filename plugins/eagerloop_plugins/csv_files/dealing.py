"""Which rows of each block are used, and for what: those without a value of the target are left out before the draw."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from eagerloop_plugins.csv_files.split import Array, Split


class Dealt:
    """The rows of a file, dealt out block by block.

    Args:
        split: What draws them.

    Attributes:
        ends: How many rows are used up to the end of each block.

    Example:
        >>> dealt = Dealt(Split(0.25, 0, seed=0))
        >>> training = dealt.add(5, np.array([1]))  # the second of five rows is left out
        >>> sorted(np.concatenate(dealt.parts(0)).tolist()), dealt.count, dealt.left_out
        ([0, 2, 3, 4], 4, 1)
    """

    def __init__(self, split: Split) -> None:
        self.split = split
        self.ends: list[int] = []
        self._gone: dict[int, Array] = {}

    def add(self, rows: int, gone: Array) -> Array:
        """Takes the next block.

        Args:
            rows: How many rows it has.
            gone: Those that are left out, counted from 0.

        Returns:
            The rows of the training, counted within the block.
        """
        if len(gone):
            self._gone[len(self.ends)] = gone.astype(np.int32)
        self.ends.append(self.count + rows - len(gone))
        return self.parts(len(self.ends) - 1)[0]

    @property
    def count(self) -> int:
        """How many rows are used."""
        return self.ends[-1] if self.ends else 0

    @property
    def left_out(self) -> int:
        """How many rows are not used."""
        return sum(map(len, self._gone.values()))

    def kept(self, block: int) -> Array:
        """The rows of a block that are used, counted within it."""
        begin, end = self._bounds(block)
        gone = self._gone.get(block)
        return np.arange(end - begin) if gone is None else np.delete(np.arange(end - begin + len(gone)), gone)

    def parts(self, block: int) -> tuple[Array, Array, Array]:
        """The rows of a block that are for training, validation and test, counted within it."""
        parts = self.split(block, *self._bounds(block))
        if block not in self._gone:
            return parts
        kept = self.kept(block)
        return kept[parts[0]], kept[parts[1]], kept[parts[2]]

    def counts(self) -> list[tuple[int, int, int]]:
        """How many rows of each block are for training, validation and test."""
        return [
            (len(first), len(second), len(third))
            for first, second, third in (
                self.split(block, begin, end) for block, (begin, end) in enumerate(pairwise([0, *self.ends]))
            )
        ]

    def _bounds(self, block: int) -> tuple[int, int]:
        return self.ends[block - 1] if block else 0, self.ends[block]


class Part(NamedTuple):
    """The rows for training, for validation, or for the test.

    Attributes:
        blocks: The file that they stand in.
        dealt: How its rows are dealt out.
        place: Which of the three parts in it they are.
    """

    blocks: Any
    dealt: Dealt
    place: int

    def rows(self, block: int) -> Array:
        """The rows of a block, counted within it, in the order of the file."""
        return self.dealt.parts(block)[self.place]

    def counts(self) -> Array:
        """How many rows each block has."""
        return np.array([counts[self.place] for counts in self.dealt.counts()])


def all_rows(blocks: Any, reading: Any) -> Part:
    """All rows of a file of their own, but for those that are left out."""
    dealt = Dealt(Split(0.0, 0.0, 0))
    for table in blocks:
        dealt.add(len(table), reading.left_out(table))
    return Part(blocks, dealt, 0)
