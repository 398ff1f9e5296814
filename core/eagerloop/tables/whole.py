"""A delimited text file as one table, held in memory."""

from collections.abc import Iterable
from pathlib import Path

from eagerloop.errors import DataError
from eagerloop.tables.cells import missing_texts
from eagerloop.tables.delimited import Delimited
from eagerloop.tables.form import names_of
from eagerloop.tables.places import TableFile
from eagerloop.tables.table import Table, table_of


def read_table(
    path: str | Path | TableFile,
    delimiter: str | None = None,
    *,
    header: bool | None = None,
    missing: Iterable[str] | None = None,
    encoding: str | None = None,
) -> Table:
    r"""Reads a CSV or TSV file, or one of Parquet, SQLite, NumPy or JSON lines.

    Args:
        path: A UTF-8 text file, with or without a byte-order mark. Blank lines are skipped. Or a file of another kind, or what
            `open_table` made of one: its rows are read as if they stood in CSV.
        delimiter: What separates the cells, one character (`\t` and `tab` mean a tabulator); if None, the one of tabulator,
            `;`, `|` and `,` by which most of the first rows have as many cells as the first line.
        header: Whether the first line holds the names; if None, it does unless one of its cells is a number. Without a
            header the columns are `c0`, `c1`, ...
        missing: What a cell without a value may say, beside nothing and `nan`; if None: `NA`, `N/A`, `#N/A`, `<NA>`, `NULL`,
            `?`, `-`, `.`. Upper and lower case are the same.
        encoding: What the file is written in; if None, a byte-order mark says it, or it is UTF-8, or else Latin-1.

    Returns:
        The table, with every row as long as the first line.

    Raises:
        ConfigError: The delimiter is not one character; the file is no text, and an option of text is given.
        DataError: The file is missing, unreadable, not UTF-8, or empty; it has no rows, a row of another length, a column
            twice, or another delimiter.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "heights.csv")
        >>> _ = file.write_text("name;height\nAda;1.65\nAlan;1.78\n")
        >>> table = read_table(file)
        >>> table.names, table.text("name"), list(table.lines)
        (('name', 'height'), ['Ada', 'Alan'], [2, 3])
        >>> table.numbers("height", "float64")
        array([1.65, 1.78])

    Source: quoting as in RFC 4180, by Python's csv module.
    """
    source = Delimited.read(path, delimiter, header, missing_texts(missing), encoding)
    if next(source.rows(), None) is None:
        msg = f"{source.path} has a header in line {source.first[0]} and no rows; expected at least one row"
        raise DataError(msg)
    return table_of(source, names_of(source.path, source.first, header=source.header))
