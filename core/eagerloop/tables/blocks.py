"""A delimited text file as a sequence of tables, one a block of whole lines: never is more than a block of it in memory."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, NamedTuple, overload

from eagerloop.errors import DataError, NotUtf8Error
from eagerloop.files.plain import not_waiting
from eagerloop.tables.cells import missing_texts
from eagerloop.tables.copies import TemporaryCopy
from eagerloop.tables.delimited import Delimited
from eagerloop.tables.encoding import MARK, as_utf8, check_text, encoding_of, old_encoding, unreadable
from eagerloop.tables.form import find_form, form_of_copy, names_of, require_columns
from eagerloop.tables.places import TableFile, open_table, place_of
from eagerloop.tables.table import Table, table_of

BLOCK_BYTES = 1 << 22
"""The size of a block, but for the rest of its last line. What is drawn block by block depends on it: it never changes."""


class Wishes(NamedTuple):
    """What was said of the form of a file."""

    delimiter: str | None
    header: bool | None
    missing: frozenset[str]


@dataclass(eq=False, repr=False)
class Blocks(Sequence[Table]):
    """The tables of a file's blocks; `eagerloop.tables.read_blocks` makes one.

    Attributes:
        path: The file as it was named.
        names: The columns by name, in the order of the file.
        digest: SHA-256 of the file's bytes, in hexadecimal.
        size: The file's size in bytes.
    """

    path: str
    names: tuple[str, ...]
    digest: str
    size: int
    _pattern: Delimited
    _places: Sequence[tuple[int, int]]
    _stamp: tuple[int, int]
    _place: TableFile

    def __len__(self) -> int:
        return len(self._places) - 1

    def __repr__(self) -> str:
        return f"<Blocks {self.path}: {len(self)} of {', '.join(self.names)}>"

    @overload
    def __getitem__(self, number: int) -> Table: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Table]: ...

    def __getitem__(self, number: int | slice) -> Table | Sequence[Table]:
        """The table of a block, read from the file now.

        Raises:
            DataError: The file has changed; a row has another length; a quoted cell goes over several lines.
        """
        if isinstance(number, slice):
            return [self[one] for one in range(len(self))[number]]
        return table_of(self._source(range(len(self))[number]), self.names)

    def __iter__(self) -> Iterator[Table]:
        return (self[number] for number in range(len(self)))

    def require(self, *names: str) -> None:
        """Checks that columns are there, as `Table.require` does."""
        require_columns(self.path, self.names, names)

    def lines(self, number: int, numeric: Sequence[int] = ()) -> list[bytes] | None:
        """The rows of a block, not cut into cells; None if it has quotes, blank lines or rows of another length.

        Args:
            number: The block.
            numeric: The places of columns whose cells without a value shall say `nan`.
        """
        source = self._source(number)
        return source.plain_lines(numeric) if source.plain else None

    @property
    def delimiter(self) -> str:
        """What separates the cells."""
        return self._pattern.delimiter

    @property
    def missing(self) -> frozenset[str]:
        """What a cell without a value may say, in lower case."""
        return self._pattern.missing

    def require_unchanged(self) -> None:
        """Compares the file's size and time with those of when it was first read.

        Raises:
            DataError: They differ.
        """
        with unreadable(self.path):
            changed = self._place.stamp != self._stamp
        if changed:
            msg = f"{self.path} has changed since it was first read; leave it alone while it is streamed, and start again"
            raise DataError(msg)

    def _source(self, number: int) -> Delimited:
        self.require_unchanged()
        (begin, line), (end, _) = self._places[number], self._places[number + 1]
        with unreadable(self.path), open(self._place.file, "rb", opener=not_waiting) as file:
            file.seek(begin)
            data = file.read(end - begin)
        if number:
            return replace(self._pattern, data=data, line=line, header=False)
        return replace(self._pattern, data=data if begin else data.removeprefix(MARK), line=line)


def read_blocks(
    path: str | Path | TableFile,
    delimiter: str | None = None,
    *,
    header: bool | None = None,
    missing: Iterable[str] | None = None,
    encoding: str | None = None,
) -> Blocks:
    r"""Reads a CSV or TSV file of any size, or one of Parquet, SQLite, NumPy or JSON lines, a block of rows (4 MiB) at a time.

    Args:
        path: A file as for `read_table`; but no cell of a text may go over several lines.
        delimiter: What separates the cells, as for `read_table`.
        header: Whether the first line holds the names, as for `read_table`.
        missing: What a cell without a value may say, as for `read_table`.
        encoding: What the file is written in, as for `read_table`. If it is not UTF-8, a copy that is stands in the directory
            of temporary files while the blocks are read.

    Returns:
        A sequence of tables. The file is gone through once, to find the blocks; each is read when it is asked for.

    Raises:
        ConfigError: The delimiter is not one character; the file is no text, and an option of text is given.
        DataError: The file is missing, unreadable, not UTF-8, or empty; it has no rows, a column twice, or another delimiter.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "heights.csv")
        >>> _ = file.write_text("name;height\nAda;1.65\nAlan;1.78\n")
        >>> [table.text("name") for table in read_blocks(file)]
        [['Ada', 'Alan']]
    """
    place = open_table(path)
    place.refuse({"delimiter": delimiter, "header": header, "encoding": encoding})
    return _read(place, Wishes(delimiter, header, missing_texts(missing)), encoding)


def read_stream(stream: IO[bytes], name: str, table: str | None = None) -> Blocks:
    """Reads what comes through a pipe, as `read_blocks` reads a file: a copy stands in the directory of temporary files."""
    copy = TemporaryCopy(iter(lambda: stream.read(BLOCK_BYTES), b""))
    return read_blocks(place_of(name, copy.path, table, held=copy))


def _read(place: TableFile, wishes: Wishes, encoding: str | None) -> Blocks:
    """The blocks of a file in any encoding."""
    path = place.path
    with unreadable(path), open(place.file, "rb", opener=not_waiting) as file:
        written = None if place.typed else encoding_of(file.read(len(MARK) + 1), encoding)
    if written is None:
        try:
            return _blocks(place, wishes)
        except NotUtf8Error:
            if encoding is not None:
                raise
            written = old_encoding(path, place.file)
    copy, digest = as_utf8(path, written, place.file)
    return _blocks(TableFile(path, copy.path, (copy, place.held), digest, place.file), wishes)


def _blocks(place: TableFile, wishes: Wishes) -> Blocks:
    """The blocks of a file of UTF-8, which may be a copy."""
    path, digest, places, filled, beginning = place.path, hashlib.sha256(), [(0, place.line)], False, b""
    blanks = b'\r\n"' + (b"" if wishes.delimiter == " " else b" ")
    with unreadable(path), open(place.file, "rb", opener=not_waiting) as file:
        stamp = place.stamp
        while data := file.read(BLOCK_BYTES):
            offset, line = places[-1]
            data += _rest(file.readline(BLOCK_BYTES), path, line)
            check_text(path, data, line, offset)
            digest.update(data)
            after = offset + len(data), line + data.count(b"\n")
            blank = not data.removeprefix(MARK).strip(blanks)
            filled = filled or bool(beginning and not blank)
            if blank and not beginning:
                places.clear()  # the first one is that with the header
            places.append(after)
            beginning = beginning or (b"" if blank else data)
    line, own_digest = places[0][1], place.digest or digest.hexdigest()
    form = form_of_copy(beginning) if place.typed else find_form(path, beginning, wishes.delimiter, wishes.header, line)
    options: dict[str, Any] = {"line": line, "single": True, "missing": wishes.missing, "counted": place.counted}
    pattern = Delimited(path, beginning.removeprefix(MARK), *form, own_digest, **options)
    if not filled and next(pattern.rows(), None) is None:
        msg = f"{path} has a header in line {pattern.first[0]} and no rows; expected at least one row"
        raise DataError(msg)
    names = names_of(path, pattern.first, header=pattern.header)
    return Blocks(path, names, own_digest, places[-1][0], replace(pattern, data=b""), places, stamp, place)


def _rest(line: bytes, path: str | Path, begin: int) -> bytes:
    """The end of a block's last line."""
    if len(line) == BLOCK_BYTES:
        msg = f"{path}: a line after line {begin} is longer than {BLOCK_BYTES} bytes; expected rows that end in line feeds"
        raise DataError(msg)
    return line
