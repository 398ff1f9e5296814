"""Text cut into rows of cells by Python's csv module, each with the number of its line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from eagerloop.errors import DataError

Record = tuple[int, list[str]]
"""The line in which a row begins, counted from 1, and its cells."""


def lines(data: bytes) -> io.TextIOWrapper:
    """The lines of the text, a byte-order mark left out."""
    return io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")


def records(
    path: str | Path, data: bytes, delimiter: str, begin: int = 1, *, single: bool = False, lenient: bool = False
) -> Iterator[Record]:
    """Every line that is not blank, cut into cells, with its number; a quoted cell may go over several lines.

    Args:
        path: The file, for messages.
        data: The text.
        delimiter: What separates the cells.
        begin: The number of its first line.
        single: Whether a row must be one line.
        lenient: Whether a fault ends the rows, instead of being told.
    """
    reader = csv.reader(lines(data), delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True)
    line = begin
    try:
        for record in reader:
            if single and reader.line_num > line - begin + 1:
                msg = f"{path}, line {line}: a quoted cell goes over several lines; write it in one, or do not stream the file"
                raise DataError(msg)
            if len(record) > 1 or (record and record[0].strip()):
                yield line, record
            line = begin + reader.line_num
    except csv.Error as error:
        if lenient:
            return
        what = "that is not closed in the row that begins here"
        what += ", or in its first line: a streamed row must be one line" if single else ""
        msg = f'{path}, line {line}: {error}; look for a quote (") {what}'
        raise DataError(msg) from error
