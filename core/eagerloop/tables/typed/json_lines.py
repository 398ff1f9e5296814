"""JSON lines as a table: an object a line, whose names are the columns."""

import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from eagerloop.errors import DataError
from eagerloop.tables.typed.texts import line_of, one_line

ENDINGS = (".jsonl", ".ndjson")

LONGEST = 1 << 22
"""Bytes that a line may have."""


def json_lines(lines: IO[bytes], name: str) -> Iterator[bytes]:
    """The lines of the copy.

    The columns are all names that occur, in the order in which they do. `null`, or a name that a line lacks, is no value.

    Args:
        lines: The bytes, gone through once; a copy is gone through again.
        name: What messages call it.

    Raises:
        DataError: A line is no object, or has a value that is no number, text or truth value.
    """
    with tempfile.TemporaryFile() as copy:
        names: dict[str, None] = {}
        for number, record in _records(lines, name):
            if record is not None:
                names.update(dict.fromkeys(record))
            copy.write(b"\n" if record is None else json.dumps([number, record]).encode() + b"\n")
        if not names:
            msg = f"{name} has no row; expected a JSON object a line"
            raise DataError(msg)
        copy.seek(0)
        yield from _rows(copy, list(names), name)


def _rows(copy: IO[bytes], names: list[str], name: str) -> Iterator[bytes]:
    """The names, and a line for each; a blank line stays one, so that the numbers of the lines stay."""
    yield line_of([one_line(one) for one in names])
    for line in copy:
        if line == b"\n":
            yield line
            continue
        number, record = json.loads(line)
        yield line_of([_cell(record.get(one), name, number, one) for one in names])


def _records(lines: IO[bytes], name: str) -> Iterator[tuple[int, Any]]:
    """Each line's number and object; None for a blank line."""
    number = 0
    while line := lines.readline(LONGEST):
        number += 1
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            yield number, None
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            msg = f"{name}, line {number}: this is no JSON ({_short(error)}); expected an object a line"
            raise DataError(msg) from error
        if not isinstance(record, dict):
            msg = f"{name}, line {number}: expected a JSON object with a value for each column, got {_short(record)}"
            raise DataError(msg)
        yield number, record


def _cell(value: Any, name: str, line: int, column: str) -> str:
    """A value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return one_line(value)
    msg = f"{name}, line {line}, column '{column}': expected a number, a text or a truth value, got {_short(value)}"
    raise DataError(msg)


def _short(thing: Any) -> str:
    return f"{' '.join(str(thing).split()):.60}"
