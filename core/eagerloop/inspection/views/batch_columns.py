"""The columns of a batch as text: what stands in each row, and the figures below."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import histogram, listed
from eagerloop.structures import rows_of

MOST_ROWS = 20
RAGGED = 30
"""Characters of a row of a ragged tensor."""

BARS = 20
"""Of the histograms; half as many where there are fewer than 50 rows."""

DIGITS = 7
MEAN_DECIMALS = 4
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-4, 1e7
"""Columns whose largest number is not between these are written with exponents."""


def ragged_column(name: str, leaf: Any) -> list[str]:
    """A ragged tensor as one column: the elements of each row, and the figures of all of them."""
    rows = (np.asarray(getattr(row, "flat_values", row)).ravel() for row in leaf[:MOST_ROWS])
    cells = [listed(row, RAGGED) for row in rows]
    elements = np.asarray(leaf.flat_values)
    known = elements.size and elements.dtype.kind in "iuf"
    figures = [three(elements.min()), three(elements.mean()), three(elements.max())] if known else ["", "", ""]
    return [name, *cells, *(["..."] if rows_of(leaf) > MOST_ROWS else []), *figures]


def note(text: str, rows: int) -> list[str]:
    """A column that says something in its first row."""
    return [text, *(["..."] * (rows - 1))]


def column(name: str, values: np.ndarray[Any, Any], classes: Sequence[str] = ()) -> list[str]:
    """A column as text: name, values, and the three figures over all values where they mean something."""
    more = ["..."] if len(values) > MOST_ROWS else []
    if classes or values.dtype.kind not in "iuf":
        cells = [classes[value] if classes else _text(value) for value in values[:MOST_ROWS]]
        return [name, *cells, *more, "", "", ""]
    form = _form(values)
    mean = float(np.mean(values, dtype=np.float64))
    return [name, *map(form, values[:MOST_ROWS]), *more, form(values.min()), _mean(mean, form), form(values.max())]


def distribution(name: str, values: np.ndarray[Any, Any]) -> tuple[str, ...]:
    """A row: the name, the smallest value, the histogram, the largest value."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return name, "-", "nothing finite", "-"
    picture = histogram(finite, BARS if finite.size >= 50 else BARS // 2)  # noqa: PLR2004
    return name, three(finite.min()), picture or "one value", three(finite.max())


def _form(values: np.ndarray[Any, Any]) -> Callable[[Any], str]:
    """One way to write every number of a column: as many decimals as they need, seven digits in all where they need more."""
    if values.dtype.kind != "f":
        return str
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    if largest and not SMALLEST_PLAIN <= largest < LARGEST_PLAIN:
        return "{:.5e}".format
    whole = max(1, math.floor(math.log10(largest)) + 1) if largest else 1
    decimals = min(max(map(_decimals, finite[:MOST_ROWS]), default=0), max(0, DIGITS - whole))
    return f"{{:.{decimals}f}}".format


def _decimals(value: Any) -> int:
    """How many digits after the point tell this value apart from its neighbours in its dtype."""
    return len(np.format_float_positional(value, unique=True, trim="-").partition(".")[2])


def _mean(mean: float, form: Callable[[Any], str]) -> str:
    """The mean of few-digit numbers has many digits: it gets up to two more decimals than its column, without idle zeros."""
    text = form(mean)
    if "e" in text or not math.isfinite(mean):
        return text
    decimals = len(text.partition(".")[2])
    longer = f"{mean:.{max(decimals, min(decimals + 2, MEAN_DECIMALS))}f}"
    while len(longer) > len(text) and longer[-1] in "0.":
        longer = longer[:-1]
    return longer


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
