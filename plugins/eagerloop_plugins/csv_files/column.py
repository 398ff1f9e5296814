"""What is known of a column of a CSV file that is read block by block."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eagerloop_plugins.csv_files.split import Array


@dataclass
class Column:
    """What is known of a column.

    Attributes:
        most: How many different values are kept.
        present: How many cells have a value.
        numbers: How many cells are written as numbers.
        moments: Count, mean and variance of the training rows.
        low: The smallest training value.
        high: The largest training value.
        fault: The first block whose cells could not all be read as numbers.
        values: How often each number, or text, occurs: in all rows, and in the training rows; None if there are too many.
        unread: The blocks in which the column looked numeric, so that its texts were not counted.
        empty: The first block with an empty cell.
    """

    most: float
    present: int = 0
    numbers: int = 0
    moments: tuple[int, float, float] = (0, 0.0, 0.0)
    low: float = np.inf
    high: float = -np.inf
    fault: int | None = None
    values: "tuple[Counter[Any], Counter[Any]] | None" = field(default_factory=lambda: (Counter(), Counter()))
    unread: list[int] = field(default_factory=list)
    empty: int | None = None

    def add_numbers(self, values: Array, training: Array) -> None:
        """Takes the numbers of a block into account.

        Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
        """
        mine = values[training]
        if not len(mine):
            return
        self.low, self.high = min(self.low, float(mine.min())), max(self.high, float(mine.max()))
        count, mean, variance = self.moments
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused by the survey
            more, other, spread = len(mine), float(mine.mean()), float(mine.var())
        if not count:  # a file of one block has just the figures that NumPy gives for it
            self.moments = more, other, spread
            return
        total, distance = count + more, other - mean
        between = distance**2 * (count * more / total**2)
        self.moments = total, mean + distance * more / total, (count * variance + more * spread) / total + between

    def add_values(self, values: Sequence[Any], training: Array) -> None:
        """Counts the values of a block, unless they have become too many."""
        if self.values is not None:
            everywhere, mine = self.values
            everywhere.update(values)
            mine.update([values[row] for row in training.tolist()])
            if len(everywhere) > self.most:
                self.values = None

    @property
    def kind(self) -> str:
        """The rule of `eagerloop.tables.Table.kind`, over all blocks."""
        return "missing" if not self.present else "numeric" if 2 * self.numbers > self.present else "text"
