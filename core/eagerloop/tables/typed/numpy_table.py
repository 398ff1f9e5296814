"""A NumPy file of one array as the lines of a text. Shapes: n rows, c columns."""

import contextlib
from collections.abc import Iterator
from tokenize import TokenError
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.tables.typed.left_out import tell_of_left_out
from eagerloop.tables.typed.texts import Columns, as_lines, cell, numbers, one_line, rows_at_once

PLAIN = "biufUSMm"
"""The kinds of types that are numbers, texts, truth values, dates or times."""

DAMAGED = (ValueError, TypeError, LookupError, EOFError, OSError, ArithmeticError, SyntaxError, TokenError, SystemError)
"""What NumPy raises: the header is parsed as Python's literals, and texts may have letters that there are not."""

MATRIX = 2
"""The axes of a table."""


def numpy_lines(path: str, file: str) -> Iterator[bytes]:
    """The lines of the copy.

    Args:
        path: The file as it was named.
        file: Where it stands: a structured array of shape (n,), or one of shape (n, c), whose columns are `c0`, `c1`, ...

    Raises:
        DataError: It is damaged, of another shape, has no row, or holds Python objects: these would be code to run.

    Source: `numpy.load` with `allow_pickle=False`.
    """
    array = _opened(path, file)
    columns = _columns(path, array)
    kinds = {name: str(column.dtype) for name, column in columns.items() if not _is_plain(column)}
    tell_of_left_out(path, kinds)
    yield from as_lines(path, [*columns], _blocks(path, columns, len(array)))


def _opened(path: str, file: str) -> Any:
    """The array, which stays on disk."""
    with _whole(path):
        return np.load(file, mmap_mode="r", allow_pickle=False)


@contextlib.contextmanager
def _whole(path: str) -> Iterator[None]:
    """Turns what NumPy says of a damaged file into a `DataError`."""
    try:
        yield
    except DAMAGED as error:
        objects = "Python objects" in str(error)
        what = "holds Python objects, and reading them would run code of the file" if objects else f"is damaged ({error})"
        msg = f"{path} {' '.join(what.split()):.160}; save an array of numbers or texts with numpy.save"
        raise DataError(msg) from error


def _columns(path: str, array: Any) -> dict[str, Any]:
    """The columns by name."""
    if array.dtype.names and array.ndim == 1:
        return {name: array[name] for name in array.dtype.names}
    if array.ndim == MATRIX and not array.dtype.names:
        return {f"c{place}": array[:, place] for place in range(array.shape[1])}
    msg = f"{path} has the shape {array.shape}; expected a structured array of rows, or one of shape (rows, columns)"
    raise DataError(msg)


def _is_plain(column: Any) -> bool:
    calendar = column.dtype.kind == "m" and np.datetime_data(column.dtype)[0] in ("Y", "M", "generic")  # of no fixed length
    return column.ndim == 1 and column.dtype.kind in PLAIN and not calendar


def _blocks(path: str, columns: dict[str, Any], count: int) -> Iterator[Columns]:
    """The cells of some rows at a time; those of a column that is not read are empty."""
    size = rows_at_once(len(columns))
    for begin in range(0, count, size):
        rows = slice(begin, min(begin + size, count))
        with _whole(path):
            cells = [_cells(column[rows]) if _is_plain(column) else [""] * len(column[rows]) for column in columns.values()]
        yield cells


def _cells(values: Any) -> list[str]:
    """The cells of a column."""
    kind = values.dtype.kind
    if kind == "f":
        return numbers(values)
    if kind == "M":
        unit, _ = np.datetime_data(values.dtype)
        texts = np.datetime_as_string(values.astype(f"M8[{'D' if unit in 'YMWD' else 's' if unit in 'hms' else 'us'}]"))
        return ["" if text == "NaT" else text.replace("T", " ") for text in texts.tolist()]
    if kind == "m":
        return numbers(values / np.timedelta64(1, "s"))
    if kind == "S":
        return [one_line(value.decode("utf-8", "replace")) for value in values.tolist()]
    return [cell(value) or "" for value in values.tolist()]
