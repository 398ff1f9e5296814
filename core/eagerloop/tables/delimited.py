"""Delimited text, from bytes to rows: encoding, delimiter, quotes, and the number of every line.

The file, or a block of it, is read once and then held as bytes: cutting it into cells takes many times its size, and is done
as asked for. Plain text is cut by NumPy; what has quotes or a fault goes through Python's csv module, which knows the line.
"""

import csv
import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError, DataError
from eagerloop.tables.cells import is_number
from eagerloop.tables.encoding import MARK, read_text
from eagerloop.tables.plain import cell_ends, chunks, cut

DELIMITERS = ("\t", ";", "|", ",")
"""What may separate cells, the comma last: files separated by `;` often have commas in their numbers."""

SAMPLE_BYTES, SAMPLE_ROWS = 65536, 20

Record = tuple[int, list[str]]


@dataclass(frozen=True, repr=False)
class Delimited:
    """Lines of text that are cut into cells: those of a file, or of a block of one.

    Attributes:
        path: The file as it was named.
        data: The bytes, known to be UTF-8, without a byte-order mark.
        delimiter: What separates the cells.
        header: Whether the first of these lines that is not blank holds the names of the columns.
        first: The file's first line that is not blank: its number, counted from 1, and its cells.
        digest: SHA-256 of the file's bytes, in hexadecimal.
        line: The number of the line in which the bytes begin.
        single: Whether a row must be one line: else a block might end within it.
    """

    path: str
    data: bytes
    delimiter: str
    header: bool
    first: Record
    digest: str
    line: int = 1
    single: bool = False

    @classmethod
    def read(cls, path: str | Path, delimiter: str | None, header: bool | None) -> "Delimited":  # noqa: FBT001 - one caller
        """Reads a file; the arguments and the errors are those of `eagerloop.tables.read_table`."""
        data = read_text(path)
        return cls(
            str(path), data.removeprefix(MARK), *find_form(path, data, delimiter, header), hashlib.sha256(data).hexdigest()
        )

    @cached_property
    def begin(self) -> int:
        """The number of the line below the header, if there is one here."""
        return self.first[0] + self.header if self.line == 1 else self.line

    @cached_property
    def _body(self) -> int:
        """The position of that line in the bytes."""
        place = 0
        for _ in range(self.begin - self.line):
            place = self.data.find(b"\n", place) + 1 or len(self.data)
        return place

    @cached_property
    def plain(self) -> bool:
        """Whether no row is out of the ordinary: no quotes, no blank lines, all of one length."""
        width, head = len(self.first[1]), self.data[: self._body]
        if head.count(b'"') % 2 or head.count(b"\r") != head.count(b"\r\n"):
            return False  # the header goes over several lines, or lines end in carriage returns alone
        return all(cell_ends(chunk, self.delimiter, width) is not None for chunk in chunks(self.data, self._body))

    def plain_lines(self) -> list[bytes]:
        """The rows of plain text, not cut into cells."""
        lines = self.data[self._body :].split(b"\n")
        return lines if lines[-1] else lines[:-1]

    def rows(self) -> Iterator[Record]:
        """Every row of data and the line in which it begins, each as long as the file's first line."""
        width = len(self.first[1])
        records = _records(self.path, self.data, self.delimiter, self.line, single=self.single)
        for line, record in islice(records, int(self.header), None):
            if len(record) != width:
                cells = f"{len(record)} cell{'s' if len(record) != 1 else ''}, expected {width} as in line {self.first[0]}"
                msg = f"{self.path}, line {line}: {cells}, separated by {self.delimiter!r}; mend the row or give the delimiter"
                raise DataError(msg)
            yield line, record

    def cells(self, places: Sequence[int]) -> list[list[str]]:
        """The columns at the given places, as text without the space around it."""
        columns: list[list[str]] = [[] for _ in places]
        if not self.plain:
            rows = [[record[place].strip() for place in places] for _, record in self.rows()]
            return list(map(list, zip(*rows, strict=True))) or columns  # a block may have blank lines alone
        for chunk in chunks(self.data, self._body):
            ends = cell_ends(chunk, self.delimiter, len(self.first[1]))
            assert ends is not None  # noqa: S101 - plain says so
            for column, more in zip(columns, cut(chunk, ends, places), strict=True):
                column.extend(more)
        return columns

    def parse(self) -> tuple[list[int], np.ndarray[Any, Any]] | None:
        """The numeric columns by NumPy's parser, several times as fast as cell by cell.

        Returns:
            The places of c columns and their numbers, float64, shape (n, c), one row for each line below the header; None
            if any row is out of the ordinary. A column with text among its numbers is not there.

        Source: `numpy.loadtxt`.
        """
        if not self.plain:
            return None
        sample = (record for _, record in islice(self.rows(), SAMPLE_ROWS))
        places = [place for place, cells in enumerate(zip(*sample, strict=True)) if all(map(is_number, cells))]
        options: dict[str, Any] = {"delimiter": self.delimiter, "skiprows": self.begin - self.line, "comments": None}
        if places:
            try:
                return places, np.loadtxt(_lines(self.data), ndmin=2, usecols=places, **options)
            except ValueError:
                pass
        return [], np.empty((self._count(), 0))

    def _count(self) -> int:
        """How many rows of plain text there are."""
        return self.data.count(b"\n", self._body) + (not self.data.endswith(b"\n") and self._body < len(self.data))


def find_form(
    path: str | Path,
    data: bytes,
    delimiter: str | None,
    header: bool | None,  # noqa: FBT001 - of this package
) -> tuple[str, bool, Record]:
    """What the beginning of a file says of its form.

    Returns:
        The delimiter, whether there is a header, and the first line that is not blank.

    Raises:
        ConfigError: The delimiter is not one character.
        DataError: There is no such line, or another delimiter.
    """
    delimiter = find_delimiter(path, data, delimiter)
    first = next(_records(path, data, delimiter), None)
    if first is None:
        msg = f"{path} is empty; expected a header line and rows"
        raise DataError(msg)
    return delimiter, not any(map(is_number, first[1])) if header is None else header, first


def names_of(source: Delimited) -> tuple[str, ...]:
    """The columns by name; numbered, where there is no header."""
    return _names(source.path, source.first) if source.header else tuple(f"c{place}" for place in range(len(source.first[1])))


def _names(path: str, header: Record) -> tuple[str, ...]:
    """The columns' names, each once. R and pandas leave the column of row numbers without one."""
    line, cells = header
    names = [cell.strip() or f"c{place}" for place, cell in enumerate(cells)]
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        first = places.setdefault(name, place)
        if first < place:
            both = f"columns {first + 1} and {place + 1}"
            msg = f"{path}, line {line}: {both} are both called '{name}'; rename one"
            raise DataError(msg)
        if not cells[place].strip():
            text = f"{path}, line {line}: column {place + 1} has no name and is called '{name}'; leave it out if it counts rows"
            warnings.warn(text, UserWarning, stacklevel=4)
    return tuple(names)


def _lines(data: bytes) -> io.TextIOWrapper:
    """The lines of the text, a byte-order mark left out."""
    return io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")


def _records(path: str | Path, data: bytes, delimiter: str, begin: int = 1, *, single: bool = False) -> Iterator[Record]:
    """Every line that is not blank, cut into cells, with its number; a quoted cell may go over several lines."""
    reader = csv.reader(_lines(data), delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True)
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
        what = "that is not closed in the row that begins here"
        what += ", or in its first line: a streamed row must be one line" if single else ""
        msg = f'{path}, line {line}: {error}; look for a quote (") {what}'
        raise DataError(msg) from error


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
        return wanted or ","
    if wanted and not _score(data, wanted):
        msg = f"{path}, line 1: there is no delimiter {wanted!r}; the cells look separated by {best!r}: give that one, or none"
        raise DataError(msg)
    return wanted or best


def _score(data: bytes, delimiter: str) -> int:
    """How many of the first rows are as long as the first; 0 if the first is not cut at all."""
    sample = data[:SAMPLE_BYTES]
    if len(data) > SAMPLE_BYTES:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    text = io.StringIO(sample.decode("utf-8-sig", "ignore"), newline="")
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != " ")
    try:
        lengths = [len(record) for record in islice(filter(any, reader), SAMPLE_ROWS)]
    except csv.Error:
        return 0
    return lengths.count(lengths[0]) if lengths and lengths[0] > 1 else 0
