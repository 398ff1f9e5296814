"""The form of a delimited text file, as its first lines show it: what separates the cells, and what the columns are called."""

import csv
import io
import re
import warnings
from collections.abc import Iterable, Sequence
from itertools import count, islice
from pathlib import Path

from eagerloop.errors import ConfigError, DataError, did_you_mean
from eagerloop.tables.cells import is_number
from eagerloop.tables.header import is_header
from eagerloop.tables.preamble import find_preamble
from eagerloop.tables.records import Record, records
from eagerloop.tables.typed.texts import TAB

DELIMITERS = ("\t", ";", "|", ",")
"""What may separate cells, the comma last: files separated by `;` often have commas in their numbers."""

BLANK = re.compile(rb'(?:\xef\xbb\xbf)?(?:[ \r]*(?:""[ \r]*)?\n)+')
"""Blank lines."""

QUOTED = re.compile("'[^']+'")

SHOWN = 5
"""How many columns a note names."""

SAMPLE_BYTES, SAMPLE_ROWS = 65536, 20
"""How much of a file is looked at to see its form."""


def find_form(
    path: str | Path,
    data: bytes,
    delimiter: str | None,
    header: bool | None,  # noqa: FBT001 - of this package
    line: int = 1,
) -> tuple[str, bool, Record]:
    """What the beginning of a file, from a line on, says of its form.

    Returns:
        The delimiter, whether there is a header, and the first line of the table: blank lines, comments and titles stand
        before it.

    Raises:
        ConfigError: The delimiter is not one character.
        DataError: There is no such line, or another delimiter.
    """
    blank = 0 if delimiter == " " else _blank_bytes(data)  # two spaces may be three cells
    begin, rest = line + data.count(b"\n", 0, blank), data[blank:]
    preamble = find_preamble(rest)
    if preamble.lines:
        begin, rest = begin + preamble.lines, rest.split(b"\n", preamble.lines)[-1]
    delimiter = find_delimiter(path, rest, preamble.delimiter if delimiter is None else delimiter)
    found = list(islice(records(path, _sample(rest), delimiter, begin, lenient=True), SAMPLE_ROWS))
    first = next(records(path, rest, delimiter, begin), None)
    if first is None:
        msg = f"{path} is empty; expected a header line and rows"
        raise DataError(msg)
    if preamble.lines:
        warnings.warn(f"{path}: the table begins in line {first[0]}; what stands before it is passed over", stacklevel=4)
    return delimiter, is_header(path, found) if header is None else header, first


def form_of_copy(data: bytes) -> tuple[str, bool, Record]:
    """The same of the copy of a file that is no text, which has one form; its names stand in line 0.

    Args:
        data: The beginning, with the names at least.
    """
    return TAB, True, next(records("", data.partition(b"\n")[0], TAB, 0))


def _blank_bytes(data: bytes) -> int:
    """How many bytes the blank lines before all others take, however many there are."""
    found = BLANK.match(data)
    return found.end() if found else 0


def names_of(path: str, first: Record, *, header: bool) -> tuple[str, ...]:
    """The columns by name; numbered, where there is no header."""
    return _names(path, first) if header else tuple(f"c{place}" for place in range(len(first[1])))


def _names(path: str, header: Record) -> tuple[str, ...]:
    """The columns' names, each once. R and pandas leave the column of row numbers without one."""
    line, cells = header[0], without_quotes(header[1])
    given = {cell.strip() for cell in cells}
    names: dict[str, int] = {}
    told = []
    for place, cell in enumerate(cells):
        usual = cell.strip() or f"c{place}"
        others = (f"{usual}.{number}" for number in count(1))
        taken = names if cell.strip() else {*names, *given}
        name = usual if usual not in taken else next(name for name in others if name not in {*names, *given})
        names[name] = place
        if not cell.strip():
            told.append(f"column {place + 1} has no name and is called '{name}'")
        elif name != usual:
            told.append(f"columns {names[usual] + 1} and {place + 1} are both called '{usual}'; the second is '{name}' here")
    where = f"{path}, line {line}" if line else path
    if told:
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        warnings.warn(f"{where}: {'; '.join(told[:SHOWN])}{more}", UserWarning, stacklevel=4)
    return tuple(names)


def without_quotes(cells: Sequence[str]) -> list[str]:
    """The names of columns without `'` around them, if all have it: no reader of CSV takes it for a quote.

    Example:
        >>> without_quotes(["'age'", "'vote'"]), without_quotes(["'age'", "vote"])
        (['age', 'vote'], ["'age'", 'vote'])
    """
    quoted = [cell.strip() for cell in cells]
    return [cell[1:-1] for cell in quoted] if all(QUOTED.fullmatch(cell) for cell in quoted) else list(cells)


def find_delimiter(path: str | Path, data: bytes, wanted: str | None) -> str:
    """The delimiter that was given, if the first line has it; if none was given, the one found.

    Raises:
        ConfigError: It is not one character.
        DataError: The file is separated by another one.
    """
    wanted = "\t" if wanted in ("\\t", "tab") else wanted
    if wanted is not None and (len(wanted) != 1 or wanted in '\r\n"'):
        msg = f"a delimiter is one character such as ',' or ';' ('tab' for a tabulator), got {wanted!r}"
        raise ConfigError(msg)
    scores = {one: _score(data, one) for one in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: scores[one])
    if not scores[best]:
        return wanted or (" " if _has_spaces(data) else ",")
    if wanted and not _score(data, wanted):
        msg = f"{path}, line 1: there is no delimiter {wanted!r}; the cells look separated by {best!r}: give that one, or none"
        raise DataError(msg)
    return wanted or best


def _sample(data: bytes) -> bytes:
    """The first lines."""
    sample = data[:SAMPLE_BYTES]
    return sample[: sample.rfind(b"\n") + 1] or sample if len(data) > SAMPLE_BYTES else sample


def _score(data: bytes, delimiter: str) -> int:
    """How many of the first rows are as long as the first; 0 if the first is not cut at all."""
    text = io.StringIO(_sample(data).decode("utf-8-sig", "ignore"), newline="")
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != " ")
    try:
        lengths = [len(record) for record in islice(filter(any, reader), SAMPLE_ROWS)]
    except csv.Error:
        return 0
    return lengths.count(lengths[0]) if lengths and lengths[0] > 1 else 0


def _has_spaces(data: bytes) -> bool:
    """Whether single spaces separate cells: all of the first rows have as many, and below the first each has a number."""
    rows = [line.split(" ") for line in _sample(data).decode("utf-8-sig", "ignore").splitlines()[:SAMPLE_ROWS]]
    alike = len(rows) > 1 and len({len(cells) for cells in rows}) == 1 < len(rows[0])
    return alike and all(any(map(is_number, cells)) for cells in rows[1:])


def require_columns(path: str, known: Sequence[str], wanted: Iterable[str]) -> None:
    """Refuses a column that is not there, and offers the nearest name."""
    among = set(known)
    for name in wanted:
        if name not in among:
            msg = f"{path} has no column '{name}'; {did_you_mean(name, known)}"
            raise DataError(msg)
