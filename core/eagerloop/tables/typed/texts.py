"""Typed values as the cells of a text, and rows of them as its lines. Shapes: n rows, c columns."""

import csv
import datetime as dt
import decimal
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from eagerloop.errors import DataError

TAB = "\t"
"""What stands between the cells of a copy: texts hardly ever have one, so that hardly a cell needs quotes."""

ROWS_AT_ONCE = 1 << 16
"""The most rows that are held as text."""

CELLS_AT_ONCE = 1 << 18
"""About how many cells are."""

DOUBLE = 8
"""The bytes of Python's own floating-point numbers."""

Columns = Sequence[Sequence[str]]
"""The cells of some rows, column by column: c of n."""


def rows_at_once(columns: int) -> int:
    """How many rows are turned into text in one go.

    Example:
        >>> rows_at_once(3), rows_at_once(1 << 14)
        (65536, 16)
    """
    return max(1, min(ROWS_AT_ONCE, CELLS_AT_ONCE // max(columns, 1)))


def cell(value: Any) -> str | None:
    r"""A value as a cell; None if it is neither a number nor a text, a truth value, a date or a time.

    Numbers keep all their digits. A line that ends within a text is a space, so that a row is a line.

    Example:
        >>> [cell(value) for value in (None, True, 7, 0.1, "two\nlines", b"bytes", [1])]
        ['', 'True', '7', '0.1', 'two lines', None, None]
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (bool, int, decimal.Decimal)):
        return str(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    return number(value.total_seconds()) if isinstance(value, dt.timedelta) else None


def number(value: float) -> str:
    """A number with all its digits; nothing for NaN."""
    return "" if value != value else repr(value)  # noqa: PLR0124 - NaN alone differs from itself


def numbers(values: Any) -> list[str]:
    """Floating-point numbers, an array of shape (n,): each with the fewest digits that are no other number of its type.

    Example:
        >>> import numpy as np
        >>> numbers(np.array([0.1, np.nan], np.float32)), numbers(np.array([1e16, 0.1 + 0.2]))
        (['0.1', ''], ['1e+16', '0.30000000000000004'])
    """
    if values.dtype.itemsize < DOUBLE:
        return ["" if text == "nan" else text for text in values.astype("U").tolist()]
    return [number(value) for value in values.astype("f8").tolist()]


def one_line(text: str) -> str:
    """A text without ends of lines."""
    return text if text.isprintable() else text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def as_lines(path: str, names: Sequence[str], blocks: Iterable[Columns]) -> Iterator[bytes]:
    """The lines of the copy, the names of the columns first.

    Args:
        path: The file, for messages.
        names: The c columns.
        blocks: Some rows at a time; each cell is one line.

    Raises:
        DataError: There is no column, no row, or a text that no reader of CSV takes.
    """
    if not names:
        msg = f"{path} has no column of numbers or texts; expected at least one, and rows"
        raise DataError(msg)
    head = [[one_line(name)] for name in names]
    row, first = 0, True
    for columns in chain([head], blocks):
        count = len(columns[0])
        if count:
            yield _lines(path, names, columns, row)
        row += 0 if first else count
        first = False
    if not row:
        msg = f"{path} has no rows; expected at least one"
        raise DataError(msg)


def _lines(path: str, names: Sequence[str], columns: Columns, row: int) -> bytes:
    """Some rows as lines; the number of those before them is for messages."""
    for name, column in zip(names, columns, strict=True):
        if max(map(len, column)) > csv.field_size_limit():
            place, text = next(
                (place, text) for place, text in enumerate(column, row + 1) if len(text) > csv.field_size_limit()
            )
            msg = (
                f"{path}, row {place}, column '{name}': a text of {len(text)} letters, and {csv.field_size_limit()} can be "
                "read; shorten it, or write the table without that column"
            )
            raise DataError(msg)
    if len(columns) == 1:
        return b"".join(line_of([text]) for text in columns[0])
    quoted = [[_quoted(text) for text in column] if _needs_quotes(column) else column for column in columns]
    return ("\n".join(map(TAB.join, zip(*quoted, strict=True))) + "\n").encode("utf-8", "replace")


def line_of(cells: Sequence[str]) -> bytes:
    r"""A row as a line; one of a single cell without a value says `nan`, as a blank line would be no row.

    Example:
        >>> line_of(["a", "", "two words"]), line_of([""])
        (b'a\t\ttwo words\n', b'nan\n')
    """
    line = TAB.join(map(_quoted, cells))
    return (line if line.strip(" ") else "nan").encode("utf-8", "replace") + b"\n"


def _needs_quotes(column: Sequence[str]) -> bool:
    together = "\n".join(column)
    return TAB in together or '"' in together


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if TAB in text or '"' in text else text
