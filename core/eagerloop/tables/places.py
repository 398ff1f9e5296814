"""Where the text of a table stands: in its own file, or, of what is no text, in a copy that is one."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eagerloop.errors import ConfigError, DataError
from eagerloop.files.plain import not_waiting
from eagerloop.tables.copies import TemporaryCopy
from eagerloop.tables.encoding import unreadable
from eagerloop.tables.typed import json_lines
from eagerloop.tables.typed.numpy_table import numpy_lines
from eagerloop.tables.typed.parquet import parquet_lines

BEGINNINGS = {b"PAR1": "Parquet", b"SQLite format 3\0": "SQLite", b"\x93NUMPY": "NumPy"}
"""What the files of a kind begin with."""

ENDINGS = {
    ".parquet": "Parquet",
    ".sqlite": "SQLite",
    ".sqlite3": "SQLite",
    ".npy": "NumPy",
    **dict.fromkeys(json_lines.ENDINGS, "JSON lines"),
}
"""What a name promises. `.db` promises nothing."""

ARCHIVES = {b"PK\x03\x04": "a ZIP archive, as .xlsx and .npz are", b"\x1f\x8b": "compressed by gzip"}
"""What is no table that could be read, and what is said of it."""

Stamp = tuple[int, int]


class TableFile(NamedTuple):
    """Where the text of a file stands; `eagerloop.tables.open_table` makes one.

    Attributes:
        path: The file as it was named.
        file: The text to read: a copy, if the file is no text in UTF-8.
        held: The copy, which vanishes with its object.
        digest: SHA-256 of the file's own bytes, if there is a copy.
        original: The file that must not change, if it is not the one to read.
        typed: Whether the file is no text, so that its copy has one known form: the names, then the rows, counted from 1.
        counted: What messages count: lines, or rows.
    """

    path: str
    file: str
    held: Any = None
    digest: str | None = None
    original: str | None = None
    typed: bool = False
    counted: str = "line"

    @property
    def line(self) -> int:
        """The number of the first line: rows of a copy are counted from 1, below the names."""
        return int(not self.typed)

    @property
    def size(self) -> int:
        """The bytes of the text; 0 if there is no such file."""
        return Path(self.file).stat().st_size if Path(self.file).is_file() else 0

    @property
    def stamp(self) -> Stamp:
        """Size and time of the file that must not change."""
        return stamp_of(self.original or self.file)

    def refuse(self, options: Mapping[str, Any]) -> None:
        """Refuses options of text for what is none.

        Raises:
            ConfigError: One of them is given.
        """
        given = [name for name, value in options.items() if value is not None]
        if self.typed and given:
            msg = f"{self.path} is no text, so that {', '.join(given)} must not be given; leave it out"
            raise ConfigError(msg)


def open_table(path: str | Path | TableFile, table: str | None = None) -> TableFile:
    r"""Finds out what a file is, and makes a text of it, if it is none.

    Parquet, SQLite and NumPy are known by their first bytes, JSON lines by their ending; anything else is text.

    Args:
        path: The file; what this function gave is given back.
        table: Of an SQLite file the table; needed if there are several.

    Returns:
        Where the text stands: `read_table` and `read_blocks` take it in place of a path. A copy stands in the directory of
        temporary files as long as this object lives, or what was read from it.

    Raises:
        ConfigError: A table is named, and there is none; or it is not named, and there are several.
        DataError: The file is missing, unreadable or damaged, or has no row.

    Example:
        >>> import json, tempfile
        >>> file = Path(tempfile.mkdtemp(), "heights.jsonl")
        >>> _ = file.write_text(json.dumps({"name": "Ada", "height": 1.65}))
        >>> made = open_table(file)
        >>> Path(made.file).read_text().splitlines()
        ['name\theight', 'Ada\t1.65']
    """
    return path if isinstance(path, TableFile) else place_of(str(path), str(path), table)


def place_of(path: str, file: str, table: str | None = None, *, held: Any = None) -> TableFile:
    """The same for a file that is called otherwise, such as what came through a pipe; `held` is kept alive with it."""
    kind = _kind_of(path, file)
    if table is not None and kind != "SQLite":
        msg = f"{path} is no SQLite file, and has no tables to choose from; leave the option table out"
        raise ConfigError(msg)
    if kind is None:
        return TableFile(path, file, held)
    with unreadable(path), open(file, "rb", opener=not_waiting) as opened:
        before = stamp_of(file)
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    copy = TemporaryCopy(_lines(kind, path, file, table))
    with unreadable(path):
        if stamp_of(file) != before:
            msg = f"{path} has changed while it was read; leave it alone, and start again"
            raise DataError(msg)
    return TableFile(path, copy.path, (copy, held), digest, file, typed=True, counted="line" if kind == "JSON lines" else "row")


def _lines(kind: str, path: str, file: str, table: str | None) -> Iterator[bytes]:
    """The lines of the copy."""
    with unreadable(path):
        if kind == "Parquet":
            yield from parquet_lines(path, file)
        elif kind == "SQLite":
            from eagerloop.tables.typed.sqlite import sqlite_lines  # noqa: PLC0415 - some Pythons have no SQLite

            yield from sqlite_lines(path, file, table)
        elif kind == "NumPy":
            yield from numpy_lines(path, file)
        else:
            with open(file, "rb", opener=not_waiting) as opened:
                yield from json_lines.json_lines(opened, path)


def _kind_of(path: str, file: str) -> str | None:
    """What a file is; None for text.

    Raises:
        DataError: It is not what its name promises, or an archive.
    """
    with unreadable(path), open(file, "rb", opener=not_waiting) as opened:
        data = opened.read(max(map(len, BEGINNINGS)))
    for beginning, kind in BEGINNINGS.items():
        if data.startswith(beginning):
            return kind
    for beginning, what in ARCHIVES.items():
        if data.startswith(beginning):
            msg = f"{path} is {what}; expected a table: save it as CSV or Parquet"
            raise DataError(msg)
    promised = ENDINGS.get(Path(path).suffix.lower())
    if promised is None or promised == "JSON lines":
        return promised or ("JSON lines" if path != file and _is_json(data) else None)
    what = "is empty" if not data else f"is no {promised} file: it begins with {data[:8]!r}"
    msg = f"{path} {what}; write it again, or give it the ending of what it is, such as .csv"
    raise DataError(msg)


def _is_json(data: bytes) -> bool:
    """Whether what came without a name is JSON lines."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n")[:1] == b"{"


def stamp_of(path: str | Path) -> Stamp:
    """Size and time of a file."""
    status = os.stat(path)  # noqa: PTH116 - said in one word
    return status.st_size, status.st_mtime_ns
