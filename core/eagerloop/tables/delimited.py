"""Delimited text, from bytes to rows: encoding, delimiter, quotes, and the number of every line.

The file, or a block of it, is read once and then held as bytes: cutting it into cells takes many times its size, and is done
as asked for. Plain text is cut by NumPy; what has quotes or a fault goes through Python's csv module, which knows the line.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.tables.cells import ALWAYS, MISSING, is_number
from eagerloop.tables.encoding import MARK, read_text
from eagerloop.tables.form import SAMPLE_ROWS, find_form, form_of_copy
from eagerloop.tables.places import TableFile, open_table
from eagerloop.tables.plain import cell_ends, chunks, cut, mark
from eagerloop.tables.records import Record, lines, records


@dataclass(frozen=True, repr=False)
class Delimited:
    """Lines of text that are cut into cells: those of a file, or of a block of one.

    Attributes:
        path: The file as it was named.
        data: The bytes, known to be UTF-8, without a byte-order mark.
        delimiter: What separates the cells.
        header: Whether the first of these lines that is not blank holds the names of the columns.
        first: The first line of the table: its number, counted from 1, and its cells.
        digest: SHA-256 of the file's bytes, in hexadecimal.
        line: The number of the line in which the bytes begin.
        single: Whether a row must be one line: else a block might end within it.
        missing: What a cell without a value says, in lower case.
        counted: What messages count: lines, or the rows of a file that is no text.
    """

    path: str
    data: bytes
    delimiter: str
    header: bool
    first: Record
    digest: str
    line: int = 1
    single: bool = False
    missing: frozenset[str] = MISSING
    counted: str = "line"

    @classmethod
    def read(
        cls,
        path: str | Path | TableFile,
        delimiter: str | None,
        header: bool | None,  # noqa: FBT001 - one caller
        missing: frozenset[str] = MISSING,
        encoding: str | None = None,
    ) -> "Delimited":
        """Reads a file; the arguments and the errors are those of `eagerloop.tables.read_table`."""
        place = open_table(path)
        place.refuse({"delimiter": delimiter, "header": header, "encoding": encoding})
        data, digest = read_text(place.file, encoding)
        form = form_of_copy(data) if place.typed else find_form(place.path, data, delimiter, header)
        digest, line = place.digest or digest, place.line
        return cls(place.path, data.removeprefix(MARK), *form, digest, line, missing=missing, counted=place.counted)

    @cached_property
    def begin(self) -> int:
        """The number of the line below the header, if there is one here."""
        return self.first[0] + self.header if self.first[0] >= self.line else self.line

    @cached_property
    def _body(self) -> int:
        """The position of that line in the bytes."""
        return self._place(self.begin)

    def _place(self, line: int) -> int:
        """Where a line begins, in bytes."""
        place = 0
        for _ in range(line - self.line):
            place = self.data.find(b"\n", place) + 1 or len(self.data)
        return place

    @cached_property
    def plain(self) -> bool:
        """Whether no row is out of the ordinary: no quotes, no blank lines, all of one length."""
        width = len(self.first[1])
        head = self.data[self._place(self.first[0]) : self._body] if self.first[0] >= self.line else b""
        above = self.data[: self._body]
        if head.count(b'"') % 2 or above.count(b"\r") != above.count(b"\r\n"):
            return False  # the header goes over several lines, or lines end in carriage returns alone, which count as lines
        return all(cell_ends(chunk, self.delimiter, width) is not None for chunk in chunks(self.data, self._body))

    def plain_lines(self, places: Sequence[int] = ()) -> list[bytes]:
        """The rows of plain text, not cut into cells; those without a value in columns of numbers say `nan`."""
        found = (self._marked(places) if places else self.data[self._body :]).split(b"\n")
        return found if found[-1] else found[:-1]

    def _marked(self, places: Sequence[int]) -> bytes:
        """The rows of plain text, with `nan` in the cells of some columns that have no value."""
        marked = []
        for chunk in chunks(self.data, self._body):
            ends = cell_ends(chunk, self.delimiter, len(self.first[1]))
            assert ends is not None  # noqa: S101 - plain says so
            marked.append(mark(chunk, ends, places, self.missing))
        return b"".join(marked)

    def rows(self) -> Iterator[Record]:
        """Every row of data and the line in which it begins, each as long as the file's first line."""
        width, top = len(self.first[1]), max(self.line, self.first[0])
        begins = self._place(top) if b"\n" in self.data else 0  # lines may end in carriage returns alone
        data = self.data[begins:] if begins else self.data
        found = records(self.path, data, self.delimiter, top if begins else self.line, single=self.single)
        for line, record in islice(found, int(self.header), None):
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
            The places of c columns and their numbers, float64, shape (n, c), one row for each line below the header, NaN
            where a cell has no value; None if any row is out of the ordinary. A column with text among its numbers is not
            there.

        Source: `numpy.loadtxt`.
        """
        if not self.plain:
            return None
        sample = zip(*(record for _, record in islice(self.rows(), SAMPLE_ROWS)), strict=True)
        places = [place for place, cells in enumerate(sample) if self._look_numeric(cells)]
        options: dict[str, Any] = {"delimiter": self.delimiter, "comments": None, "ndmin": 2, "usecols": places}
        if places and not any(map(is_number, self.missing - ALWAYS)):  # most files have all their values
            with contextlib.suppress(ValueError):
                return places, np.loadtxt(lines(self.data), skiprows=self.begin - self.line, **options)
        if places:
            with contextlib.suppress(ValueError):
                return places, np.loadtxt(lines(self._marked(places)), **options)
        return [], np.empty((self._count(), 0))

    def _look_numeric(self, cells: Sequence[str]) -> bool:
        """Whether there is a number among the first cells of a column, and else cells without a value alone."""
        numbers = [is_number(cell) for cell in cells]
        return any(numbers) and all(
            one or cell.strip().lower() in self.missing for one, cell in zip(numbers, cells, strict=True)
        )

    def _count(self) -> int:
        """How many rows of plain text there are."""
        return self.data.count(b"\n", self._body) + (not self.data.endswith(b"\n") and self._body < len(self.data))
