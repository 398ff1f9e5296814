"""A delimited text file as a sequence of tables, one a block of whole lines: never is more than a block of it in memory."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

from eagerloop.errors import DataError
from eagerloop.tables.delimited import Delimited, find_form, names_of
from eagerloop.tables.encoding import MARK, check_text, unreadable
from eagerloop.tables.table import Table, require_columns, table_of

BLOCK_BYTES = 1 << 22
"""The size of a block, but for the rest of its last line. What is drawn block by block depends on it: it never changes."""


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

    def lines(self, number: int) -> list[bytes] | None:
        """The rows of a block, not cut into cells; None if it has quotes, blank lines or rows of another length."""
        source = self._source(number)
        return source.plain_lines() if source.plain else None

    @property
    def delimiter(self) -> str:
        """What separates the cells."""
        return self._pattern.delimiter

    def require_unchanged(self) -> None:
        """Compares the file's size and time with those of when it was first read.

        Raises:
            DataError: They differ.
        """
        with unreadable(self.path):
            changed = _stamp(self.path) != self._stamp
        if changed:
            msg = f"{self.path} has changed since it was first read; leave it alone while it is streamed, and start again"
            raise DataError(msg)

    def _source(self, number: int) -> Delimited:
        self.require_unchanged()
        (begin, line), (end, _) = self._places[number], self._places[number + 1]
        with unreadable(self.path), Path(self.path).open("rb") as file:
            file.seek(begin)
            data = file.read(end - begin)
        if number:
            return replace(self._pattern, data=data, line=line, header=False)
        return replace(self._pattern, data=data.removeprefix(MARK))


def read_blocks(path: str | Path, delimiter: str | None = None, *, header: bool | None = None) -> Blocks:
    r"""Reads a CSV or TSV file of any size, a block of whole lines (4 MiB) at a time.

    Args:
        path: A UTF-8 text file, as for `read_table`; but no cell may go over several lines.
        delimiter: What separates the cells, as for `read_table`.
        header: Whether the first line holds the names, as for `read_table`.

    Returns:
        A sequence of tables. The file is gone through once, to find the blocks; each is read when it is asked for.

    Raises:
        ConfigError: The delimiter is not one character.
        DataError: The file is missing, unreadable, not UTF-8, or empty; it has no rows, a column twice, or another delimiter.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "heights.csv")
        >>> _ = file.write_text("name;height\nAda;1.65\nAlan;1.78\n")
        >>> [table.text("name") for table in read_blocks(file)]
        [['Ada', 'Alan']]
    """
    digest, places, filled = hashlib.sha256(), [(0, 1)], False
    with unreadable(path), Path(path).open("rb") as file:
        stamp = _stamp(path)
        beginning = data = file.read(BLOCK_BYTES) + _rest(file.readline(BLOCK_BYTES), path, 1)
        while data:
            offset, line = places[-1]
            check_text(path, data, line, offset)
            digest.update(data)
            places.append((offset + len(data), line + data.count(b"\n")))
            data = file.read(BLOCK_BYTES)
            data += _rest(file.readline(BLOCK_BYTES), path, places[-1][1])
            filled = filled or bool(data.strip())
    delimiter, header, first = find_form(path, beginning, delimiter, header)
    pattern = Delimited(str(path), beginning.removeprefix(MARK), delimiter, header, first, digest.hexdigest(), single=True)
    if not filled and next(pattern.rows(), None) is None:
        msg = f"{path} has a header in line {first[0]} and no rows; expected at least one row"
        raise DataError(msg)
    names = names_of(pattern)
    return Blocks(str(path), names, pattern.digest, places[-1][0], replace(pattern, data=b""), places, stamp)


def _rest(line: bytes, path: str | Path, begin: int) -> bytes:
    """The end of a block's last line."""
    if len(line) == BLOCK_BYTES:
        msg = f"{path}: a line after line {begin} is longer than {BLOCK_BYTES} bytes; expected rows that end in line feeds"
        raise DataError(msg)
    return line


def _stamp(path: str | Path) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - said in one word
    return status.st_size, status.st_mtime_ns
