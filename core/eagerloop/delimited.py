"""Delimited text, from bytes to rows: encoding, delimiter, quotes, and the number of every line.

The file is read once, and then held as bytes: cutting it into cells takes many times its size, and is done as asked for.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError, DataError

DELIMITERS = ("\t", ";", "|", ",")
"""What may separate cells, the comma last: files separated by `;` often have commas in their numbers."""

SAMPLE_BYTES, SAMPLE_ROWS = 65536, 20

Record = tuple[int, list[str]]


@dataclass(frozen=True, repr=False)
class Delimited:
    """A text file whose lines are cut into cells.

    Attributes:
        path: The file as it was named.
        data: Its bytes, known to be UTF-8.
        delimiter: What separates the cells.
        header: Whether the first line that is not blank holds the names of the columns.
        first: That line's number, counted from 1, and its cells.
    """

    path: str
    data: bytes
    delimiter: str
    header: bool
    first: Record

    @classmethod
    def read(cls, path: str | Path, delimiter: str | None, header: bool | None) -> "Delimited":  # noqa: FBT001 - one caller
        """Reads a file; the arguments and the errors are those of `eagerloop.read_table`."""
        data = read_text(path)
        delimiter = find_delimiter(path, data, delimiter)
        first = next(_records(path, data, delimiter), None)
        if first is None:
            msg = f"{path} is empty; expected a header line and rows"
            raise DataError(msg)
        header = not any(map(is_number, first[1])) if header is None else header
        return cls(str(path), data, delimiter, header, first)

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def rows(self) -> Iterator[Record]:
        """Every row of data and the line in which it begins, each as long as the first line."""
        width = len(self.first[1])
        for line, record in islice(_records(self.path, self.data, self.delimiter), int(self.header), None):
            if len(record) != width:
                cells = f"{len(record)} cell{'s' if len(record) != 1 else ''}, expected {width} as in line {self.first[0]}"
                msg = f"{self.path}, line {line}: {cells}, separated by {self.delimiter!r}; mend the row or give the delimiter"
                raise DataError(msg)
            yield line, record

    def cells(self, places: Sequence[int]) -> list[list[str]]:
        """The columns at the given places, as text without the space around it."""
        return list(map(list, zip(*([record[place].strip() for place in places] for _, record in self.rows()), strict=True)))

    def parse(self) -> tuple[list[int], np.ndarray[Any, Any]] | None:
        """The numeric columns by NumPy's parser, several times as fast as cell by cell.

        Returns:
            The places of c columns and their numbers, float64, shape (n, c), one row for each line below the header; None
            if there are none, or if any row is out of the ordinary: quotes, blank lines, text among numbers.

        Source: `numpy.loadtxt`.
        """
        sample = (record for _, record in islice(self.rows(), SAMPLE_ROWS))
        places = [place for place, cells in enumerate(zip(*sample, strict=True)) if all(map(is_number, cells))]
        skip = self.first[0] - (0 if self.header else 1)
        marks = len(self.first[1]) - 1
        below = islice(_lines(self.data), skip, None)
        if not places or b'"' in self.data or any(line.count(self.delimiter) != marks or line.isspace() for line in below):
            return None
        options: dict[str, Any] = {"delimiter": self.delimiter, "skiprows": skip, "usecols": places, "comments": None}
        try:
            return places, np.loadtxt(_lines(self.data), ndmin=2, **options)
        except ValueError:
            return None


def read_text(path: str | Path) -> bytes:
    """The bytes of a UTF-8 file.

    Raises:
        DataError: It is missing, unreadable or not UTF-8.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reasons = {FileNotFoundError: "does not exist", IsADirectoryError: "is a directory, expected a text file"}
        msg = f"data file {path} {reasons.get(type(error), f'cannot be read ({error.strerror})')}; check the path"
        raise DataError(msg) from error
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else f"0x{data[error.start]:02x}"
        msg = f"{path}, line {line}: expected UTF-8 text, got {found} at byte {error.start}; save the file as UTF-8"
        raise DataError(msg) from error
    return data


def _lines(data: bytes) -> io.TextIOWrapper:
    """The lines of the text, a byte-order mark left out."""
    return io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")


def _records(path: str | Path, data: bytes, delimiter: str) -> Iterator[Record]:
    """Every line that is not blank, cut into cells, with its number; a quoted cell may go over several lines."""
    reader = csv.reader(_lines(data), delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True)
    line = 1
    try:
        for record in reader:
            if len(record) > 1 or (record and record[0].strip()):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        msg = f'{path}, line {line}: {error}; look for a quote (") that is not closed in the row that begins here'
        raise DataError(msg) from error


def find_delimiter(path: str | Path, data: bytes, given: str | None) -> str:
    """The delimiter that was given, if the first line has it; if none was given, the one found.

    Raises:
        ConfigError: It is not one character.
        DataError: The file is separated by another one.
    """
    given = "\t" if given in ("\\t", "tab") else given
    if given is not None and (len(given) != 1 or given in '\r\n"'):
        msg = f"a delimiter is one character such as ',' or ';' ('tab' for a tabulator), got {given!r}"
        raise ConfigError(msg)
    scores = {one: _score(data, one) for one in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: scores[one])
    if not scores[best]:
        return given or ","
    if given and not _score(data, given):
        msg = f"{path}, line 1: there is no delimiter {given!r}; the cells look separated by {best!r}: give that one, or none"
        raise DataError(msg)
    return given or best


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


def number(cell: str) -> float:
    """A cell as a number, NaN if it is none. Python would take `1_000` too, which no other program writes."""
    try:
        return np.nan if "_" in cell else float(cell)
    except ValueError:
        return np.nan


def is_number(cell: str) -> bool:
    """Whether a cell is written as a number, be it infinite or NaN."""
    return not np.isnan(number(cell)) or cell.strip().lower() == "nan"
