"""Whether the first line of a table names its columns."""

import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from eagerloop.tables.cells import MISSING, is_number, number
from eagerloop.tables.records import Record

YEARS = range(1000, 3000)

FEWEST = 4
"""From how many numbers on 0, 1, 2, ... are names."""


def is_header(path: str | Path, rows: Sequence[Record]) -> bool:
    """Whether the first of some rows names the columns.

    It does if none of its cells is a number; if it has text where all cells below are numbers; or if its numbers are years, or
    count from 0 or 1, one by one. The last two are told, for they can be wrong; so is a first row of texts that are its own.
    """
    if not rows:
        return True
    (line, first), below = rows[0], [cells for _, cells in rows[1:] if len(cells) == len(rows[0][1])]
    numeric = [place for place, cell in enumerate(first) if is_number(cell)]
    if not numeric:
        return True
    header = any(_heads_numbers(first[place], [cells[place] for cells in below]) for place in range(len(first)))
    header = header or (_counts(first, numeric) and not any(_counts(cells, numeric) for cells in below))
    texts = [place for place in range(len(first)) if place not in numeric]
    if header or any(first[place] not in {cells[place] for cells in below} for place in texts):
        what = "names the columns" if header else "is a row, as it has numbers, and the columns are called c0, c1, ..."
        warnings.warn(f"{path}: line {line} {what}; the option header says otherwise", UserWarning, stacklevel=5)
    return header


def _heads_numbers(head: str, below: Sequence[str]) -> bool:
    """Whether a text stands above numbers alone."""
    present = [cell for cell in below if cell.strip().lower() not in MISSING]
    is_text = not is_number(head) and any(map(str.isalpha, head)) and head.strip().lower() not in MISSING
    return is_text and bool(present) and all(map(is_number, present))


def _counts(cells: Sequence[str], places: Sequence[int]) -> bool:
    """Whether the numbers of a row are years, or count from 0 or 1."""
    values = [float(number(cells[place])) for place in places]
    step = values[1] - values[0] if len(values) > 1 else 0
    if step <= 0 or any(b - a != step for a, b in pairwise(values)):
        return False
    years = all(value.is_integer() and int(value) in YEARS for value in values)
    return years or (values[0] in (0, 1) and step == 1 and len(values) >= FEWEST)
