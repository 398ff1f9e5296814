"""What a single cell says, and many of them together."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
"""Any array."""

Kind = Literal["numeric", "text", "missing"]
"""What a column holds."""

NO_VALUE = "missing"
"""The category of the cells of text that have no value."""

OTHER = "other"
"""The category of the texts that are too rare for one of their own."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?", "-", ".", "#n/a", "<na>"})
"""What a cell without a value may say, in lower case."""

ALWAYS = frozenset({"", "nan"})
"""What is missing whatever else is: no number is `nan`, and an empty cell says nothing."""


def missing_texts(given: Iterable[str] | None) -> frozenset[str]:
    """What a cell without a value may say, in lower case; the usual ones, if None are given.

    Example:
        >>> sorted(missing_texts(["-999", "None"]))
        ['', '-999', 'nan', 'none']
    """
    return MISSING if given is None else ALWAYS | {text.strip().lower() for text in given}


def number(cell: str) -> float:
    """A cell as a number, NaN if it is none. Python would take `1_000` too, which no other program writes."""
    try:
        return np.nan if "_" in cell else float(cell)
    except ValueError:
        return np.nan


def is_number(cell: str) -> bool:
    """Whether a cell is written as a number, be it infinite or NaN."""
    return not np.isnan(number(cell)) or cell.strip().lower() == "nan"


def whole(cell: str) -> str:
    """The usual text of a whole number; other text as it is."""
    value = number(cell)
    return str(int(value)) if np.isfinite(value) and value == int(value) else cell


def complaint(cell: str, dtype: np.dtype[Any]) -> str:
    """What is wrong with a cell in a column of numbers, and what to do."""
    if not cell:
        return "the cell is empty, expected a number; fill it in or remove the row"
    if not is_number(cell):
        hint = "write decimals with a point" if "," in cell else "mend the cell, remove the row or leave the column out"
        return f"{cell!r} is not a number; {hint}"
    size = f"too large for {dtype.name}" if np.isfinite(number(cell)) else "not finite"
    return f"{cell!r} is {size}; mend the cell or remove the row"


def kind_of(present: int, numbers: int) -> Kind:
    """What a column holds in which so many cells have a value, and so many of these are numbers."""
    if not present:
        return "missing"
    return "numeric" if 2 * numbers > present else "text"
