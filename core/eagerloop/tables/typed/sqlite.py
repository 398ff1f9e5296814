"""A table of an SQLite file as the lines of a text. The file is opened for reading alone, and nothing is written beside it."""

import contextlib
import sqlite3
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eagerloop.errors import ConfigError, DataError, did_you_mean
from eagerloop.files.plain import not_waiting
from eagerloop.tables.typed.left_out import tell_of_left_out
from eagerloop.tables.typed.texts import Columns, as_lines, cell, rows_at_once

TABLES = r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND rootpage > 0"
"""Views and virtual tables are code of the file, and are not run."""

VERSION, LOGGED = slice(18, 20), 2
"""Where the header says how the file is written to, and what is there if by a write-ahead log."""

SHOWN = 20
"""How many tables a message names."""


def sqlite_lines(path: str, file: str, table: str | None) -> Iterator[bytes]:
    """The lines of the copy.

    Args:
        path: The file as it was named.
        file: Where it stands.
        table: Which table; if None, the only one.

    Raises:
        ConfigError: There are several tables and none was named, or no such table.
        DataError: The file is damaged, in use, or has no table; or the table has no row.

    Source: https://www.sqlite.org/uri.html.
    """
    with _whole(path), contextlib.closing(_opened(path, file)) as connection:
        name = _chosen(path, [name for (name,) in connection.execute(TABLES)], table)
        names = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({_quoted(name)})") if row[6] != 1]
        bytes_in: dict[str, str] = {}
        lines = as_lines(f"{path}, table '{name}'", names, _blocks(connection, name, names, bytes_in))
        yield from lines
    tell_of_left_out(path, bytes_in)


def _opened(path: str, file: str) -> sqlite3.Connection:
    """A connection that can write nothing.

    A file with a write-ahead log is taken as it stands, if the log is empty: SQLite would make files beside it otherwise.
    """
    with open(file, "rb", opener=not_waiting) as opened:
        logged = LOGGED in opened.read(VERSION.stop)[VERSION]
    log = Path(f"{file}-wal")
    if logged and log.exists() and log.stat().st_size:
        msg = f"{path} has changes that stand in {path}-wal alone; end the program that has it open, and start again"
        raise DataError(msg)
    query = "mode=ro&immutable=1" if logged else "mode=ro"
    connection = sqlite3.connect(f"file:{urllib.parse.quote(str(Path(file).absolute()))}?{query}", uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


@contextlib.contextmanager
def _whole(path: str) -> Iterator[None]:
    """Turns what SQLite says of a damaged file into a `DataError`."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        short = " ".join(str(error).split())
        hint = (
            "end the program that has it open"
            if "locked" in short
            else "write it again, or check it with PRAGMA integrity_check"
        )
        msg = f"{path} cannot be read as an SQLite file ({short:.120}); {hint}"
        raise DataError(msg) from error


def _chosen(path: str, tables: Sequence[str], wanted: str | None) -> str:
    """The table to read."""
    if not tables:
        msg = f"{path} has no table; expected one with rows"
        raise DataError(msg)
    if wanted is None and len(tables) == 1:
        return tables[0]
    if wanted is None:
        named = ", ".join(f"'{name}'" for name in tables[:SHOWN]) + (", ..." if len(tables) > SHOWN else "")
        msg = f"{path} has {len(tables)} tables: {named}; name one with --dataset.table, or of new rows with --table"
        raise ConfigError(msg)
    if wanted not in tables:
        msg = f"{path} has no table '{wanted}'; {did_you_mean(wanted, tables)}"
        raise ConfigError(msg)
    return wanted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _blocks(connection: sqlite3.Connection, table: str, names: Sequence[str], bytes_in: dict[str, str]) -> Iterator[Columns]:
    """The cells of some rows at a time, in the order in which they were put in; of bytes the columns are noted."""
    wanted = [f"t.{_quoted(name)}" for name in names]
    short = ", ".join(f"CASE typeof({one}) WHEN 'blob' THEN x'' ELSE {one} END" for one in wanted)
    cursor = connection.execute(f"SELECT {short} FROM {_quoted(table)} AS t NOT INDEXED")  # noqa: S608 - names are quoted
    while rows := cursor.fetchmany(rows_at_once(len(names))):
        columns = [_cells(column) for column in zip(*rows, strict=True)]
        for name, column in zip(names, columns, strict=True):
            if None in column:
                bytes_in.setdefault(name, "bytes")
        yield [[text or "" for text in column] for column in columns]


def _cells(values: Sequence[Any]) -> list[str | None]:
    return [cell(value) for value in values]
