"""What is known of a column of a CSV file that is read block by block."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eagerloop_plugins.csv_files.forms import FORMS, Form
from eagerloop_plugins.csv_files.rules import FEWEST_ROWS, MOST_CATEGORIES, MOST_VALUES, NO_VALUE, ROW_NUMBERS
from eagerloop_plugins.csv_files.split import Array


@dataclass
class Column:
    """What is known of a column.

    Attributes:
        present: How many cells have a value.
        numbers: How many cells are written as numbers.
        moments: Count, mean and variance of the training rows.
        low: The smallest training value.
        high: The largest training value.
        fault: The first block whose cells could not all be read as numbers.
        forms: What all of its texts so far can be read as.
        values: How often each number, or text, occurs: in all rows, and in the training rows; None if there are too many.
        unread: The blocks in which the column looked numeric, so that its texts were not counted.
        gaps: How many rows have no value here.
        training_gaps: How many training rows have none.
        first: The number in the first row.
        counts_rows: Whether the numbers so far are those of the rows, from 0 or 1 on.
    """

    present: int = 0
    numbers: int = 0
    moments: tuple[int, float, float] = (0, 0.0, 0.0)
    low: float = np.inf
    high: float = -np.inf
    fault: int | None = None
    forms: list[Form] = field(default_factory=lambda: [*FORMS])
    values: "tuple[Counter[Any], Counter[Any]] | None" = field(default_factory=lambda: (Counter(), Counter()))
    unread: list[int] = field(default_factory=list)
    gaps: int = 0
    training_gaps: int = 0
    first: float = np.nan
    counts_rows: bool = True

    def add_gaps(self, gone: Array, kept: Array, training: Array) -> None:
        """Counts the rows of a block that have no value."""
        self.gaps += int(np.count_nonzero(gone[kept]))
        self.training_gaps += int(np.count_nonzero(gone[training]))

    def add_numbers(self, values: Array, training: Array) -> None:
        """Takes the numbers of a block into account, but for NaN, where there is no value.

        Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
        """
        mine = values[training]
        mine = mine[~np.isnan(mine)]
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

    def add_order(self, values: Array, rows_before: int) -> None:
        """Sees whether the numbers of a block go on counting the rows, from 0 or 1 on."""
        if not rows_before and len(values):
            self.first = float(values[0])
            self.counts_rows = self.first in (0, 1)
        if self.counts_rows:
            self.counts_rows = bool(np.array_equal(values, rows_before + self.first + np.arange(len(values))))

    def add_texts(self, texts: Collection[str]) -> None:
        """Sees what some texts, each once, can be read as."""
        self.forms = [form for form in self.forms if form.fits(texts)]

    def add_values(self, values: Sequence[Any], kept: Array, training: Array) -> None:
        """Counts the values of a block, unless they have become too many."""
        if self.values is not None:
            everywhere, mine = self.values
            everywhere.update(only(kept, values))
            mine.update([values[row] for row in training.tolist()])
            if len(everywhere) > MOST_VALUES:
                self.values = None

    def tells_nothing(self, name: str, rows: int) -> str:
        """Why nothing can be learnt from this column, or an empty text.

        Args:
            name: What it is called.
            rows: How many rows the file has.
        """
        if self.kind == "missing":
            return "no value in any row"
        return self._numbers_tell_nothing(name, rows) if self.kind == "numeric" else self._texts_tell_nothing()

    def _numbers_tell_nothing(self, name: str, rows: int) -> str:
        if self.fault is not None:
            return ""
        if not self.moments[0]:
            return "no value in any training row"
        if self.low == self.high and not self.training_gaps:
            return f"{self.low:.6g} in every training row"
        numbered = name.strip().lower() in ROW_NUMBERS and self.counts_rows and rows >= FEWEST_ROWS
        return "counts the rows" if numbered else ""

    def _texts_tell_nothing(self) -> str:
        if self.values is None:
            return f"more than {MOST_VALUES} different texts"
        mine = self.values[1]
        once = sum(count == 1 for value, count in mine.items() if value != NO_VALUE)
        present, different = mine.total() - mine[NO_VALUE], len(mine) - (NO_VALUE in mine)
        if present >= FEWEST_ROWS and 2 * once > present:
            return f"names the rows: {different} different texts in {present} training rows"
        if len(mine) == 1:
            return f"{next(iter(mine))!r} in every training row"
        return f"{different} different texts" if different > MOST_CATEGORIES else ""

    @property
    def kind(self) -> str:
        """The rule of `eagerloop.tables.Table.kind`, over all blocks."""
        return "missing" if not self.present else "numeric" if 2 * self.numbers > self.present else "text"


def only(rows: Array, values: Sequence[Any]) -> Sequence[Any]:
    """Some of many values: all of them as they are, if no row is left out."""
    return values if len(rows) == len(values) else [values[row] for row in rows.tolist()]
