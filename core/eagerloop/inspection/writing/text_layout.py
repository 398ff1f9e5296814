"""Lines of text within a width: tables, lists of numbers, histograms of one line."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from eagerloop.inspection.records.values import BINS
from eagerloop.inspection.writing.numbers_as_text import three

HEIGHTS = "▁▂▃▄▅▆▇█"
"""The bars of a histogram, from the lowest; a bar of height 0 is a blank."""


def bars(counts: Sequence[int]) -> str:
    """A histogram, a character a bar; the highest bar is full, and what is not empty can be seen.

    Example:
        >>> bars([1, 0, 4, 8])
        '▁ ▄█'
    """
    most = max(counts, default=0)
    return "".join(HEIGHTS[math.ceil(len(HEIGHTS) * count / most) - 1] if count else " " for count in counts)


def histogram(values: Any, count: int = BINS) -> str:
    """The histogram of all finite values, from the smallest to the largest.

    Args:
        values: Numbers, of any shape.
        count: How many bars.

    Returns:
        So many characters; an empty text where no value is finite, or all are the same.

    Example:
        >>> histogram([0.0, 0.0, 1.0], 4)
        '█  ▄'
    """
    numbers = np.asarray(values, np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size or numbers.min() == numbers.max():
        return ""
    return bars(np.histogram(numbers, bins=count)[0].tolist())


def word(value: Any) -> str:
    """An element of any array: a number with three digits, text as it is."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else three(value)


def listed(values: Sequence[Any] | np.ndarray[Any, Any], width: int) -> str:
    """As many values as fit, two blanks between them, and dots where there are more.

    Example:
        >>> listed([1.0, 2.0, 3.0], 13), listed([1.0, 2.0, 3.0], 16)
        ('1.00  ...', '1.00  2.00  3.00')
    """
    line = ""
    for number, value in enumerate(values):
        longer = f"{line}  {word(value)}" if line else word(value)
        rest = len("  ...") if number < len(values) - 1 else 0
        if len(longer) + rest > width:
            return f"{line}  ..." if line else "..."
        line = longer
    return line


def table(rows: Sequence[Sequence[str]], left: int = 1, right: int | None = None, width: int | None = None) -> Iterator[str]:
    """Lines of columns: the first ones flush left, the others flush right.

    Args:
        rows: Cells as text, all rows of one length.
        left: How many columns are flush left.
        right: Where columns begin that are flush left again.
        width: The longest line; for it the names in the first column lose their beginnings.

    Yields:
        A line a row.

    Example:
        >>> list(table([("encoder/kernel", "1.50"), ("bias", "10.0")], width=16))
        ['.../kernel  1.50', 'bias        10.0']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if width is not None:
        widths[0] = min(widths[0], max(len("...") + 1, width - sum(widths[1:]) - 2 * len(widths[1:])))
    sides = ["<" if place < left or (right is not None and place >= right) else ">" for place in range(len(widths))]
    for first, *rest in rows:
        name = first if len(first) <= widths[0] else "..." + first[len(first) - widths[0] + 3 :]
        cells = [f"{cell:{side}{wide}}" for cell, side, wide in zip((name, *rest), sides, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def wrapped(text: str, width: int, hang: int = 2) -> list[str]:
    """A sentence in lines of a width, the later ones indented; a word is never cut."""
    return textwrap.wrap(text, width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False) or [""]


def folded(head: str, items: Sequence[str], width: int, most: int = 40) -> Iterator[str]:
    """Items after a head, indented where they go on, cut short where there are too many; an item is never cut.

    Example:
        >>> list(folded("colours  ", ["red", "light blue", "green"], 26, most=2))
        ['colours  red, light blue,', '   ... 1 more']
    """
    shown = list(items[:most]) + ([f"... {len(items) - most} more"] if len(items) > most else [])
    line = head
    for place, item in enumerate(shown):
        piece = item + (", " if place < len(shown) - 1 else "")
        if line != head and len(line) + len(piece.rstrip()) > width:
            yield line.rstrip()
            line = "   "
        line += piece
    yield line.rstrip()
