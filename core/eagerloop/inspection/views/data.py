"""The columns of a table before anything is trained: what would be read, what was decided, what is left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import bars, histogram, table
from eagerloop.tables import SeenColumn

BARS = 16
"""Of a histogram, and the most frequent texts whose counts are drawn."""

MOST_COLUMNS = 60
"""Columns that are shown, if nobody asks for all."""

MOST_LETTERS = 24
"""Of a name, or of a text."""

LARGEST_WHOLE = 10_000_000
"""Below it, whole numbers are written with all of their digits."""

HEAD = ("column", "use", "read as", "missing", "from", "", "to", "decided")


@dataclass(frozen=True, repr=False, eq=False)
class DataView:
    """The columns of a table; print it.

    Attributes:
        columns: Each column as it is read.
        in_short: Task, rows, features and classes in one line.
        all_columns: Whether every column is printed, however many there are.
    """

    columns: Sequence[SeenColumn]
    in_short: str = ""
    all_columns: bool = False

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """A line a column: what it is for and read as, the gaps, its smallest and largest value with a histogram between."""
        shown = list(self.columns if self.all_columns else self._first())
        lines = [self.in_short, "", *table([HEAD, *map(_row, shown)], left=3, right=5)]
        hidden = [column for column in self.columns if column not in shown]
        if hidden:
            counts = {use: sum(column.use == use for column in hidden) for use in dict.fromkeys(one.use for one in hidden)}
            told = ", ".join(f"{count} {use}" for use, count in counts.items())
            lines.append(f"... and {len(hidden)} more columns ({told}); --all shows them")
        return "\n".join(lines)

    def _first(self) -> Iterator[SeenColumn]:
        """The target and the weight, wherever they stand, and as many others as have room."""
        room = MOST_COLUMNS - sum(column.use in ("target", "weight") for column in self.columns)
        for column in self.columns:
            named = column.use in ("target", "weight")
            room -= not named
            if named or room >= 0:
                yield column


def inspect_data(dataset: Any, *, all_columns: bool = False) -> DataView:
    """Looks at every column of the table that a dataset comes from.

    Args:
        dataset: One with `columns_seen`, such as `csv`.
        all_columns: Whether every column is printed, however many there are.

    Raises:
        ConfigError: The dataset comes from no table.
    """
    seen = getattr(dataset, "columns_seen", None)
    if seen is None:
        msg = "this dataset comes from no table that could be shown column by column; look at a batch with inspect batch"
        raise ConfigError(msg)
    return DataView(seen(), getattr(dataset, "in_short", ""), all_columns)


def _row(column: SeenColumn) -> tuple[str, ...]:
    missing = str(column.missing) if column.missing else ""
    return (_short(column.name), column.use, column.read_as, missing, *_picture(column), column.decided)


def _picture(column: SeenColumn) -> tuple[str, str, str]:
    """The smallest number, a histogram and the largest; or the most and the least frequent text, their counts between them."""
    finite = column.numbers[np.isfinite(column.numbers)]
    if len(finite):
        return _number(finite.min()), histogram(finite, BARS) or "one value", _number(finite.max())
    counts = sorted(column.texts.items(), key=lambda item: (-item[1], item[0]))
    if not counts:
        return "", "", ""
    first, last = (_short(f"{text} ({count})") for text, count in (counts[0], counts[-1]))
    return first, bars([count for _text, count in counts[:BARS]]), last if len(counts) > 1 else ""


def _number(value: float) -> str:
    """A whole number with all of its digits: years differ in the last."""
    return three(int(value)) if value == int(value) and abs(value) < LARGEST_WHOLE else three(value)


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 3]}..."
