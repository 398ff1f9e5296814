"""Delimited text files as named columns, and for every fault its file, line and column.

A column whose cells are all plain numbers is parsed by NumPy; every other one, and every file with a fault, goes through
Python's csv module, which knows about quotes and knows the line.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop.errors import DataError, did_you_mean
from eagerloop.tables.cells import Kind, complaint, is_number, kind_of, number, whole
from eagerloop.tables.delimited import Delimited, names_of

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What a cell without a value may say, in lower case."""

SHOWN = 10
"""How many known values an error message lists."""


@dataclass(eq=False, repr=False)
class Table:
    """The rows of a delimited text file; `eagerloop.tables.read_table` makes one.

    Attributes:
        path: The file as it was named.
        names: The columns by name, in the order of the file.
        lines: For each of the n rows the line of the file in which it begins, counted from 1.
        digest: SHA-256 of the file's bytes, in hexadecimal.
    """

    path: str
    names: tuple[str, ...]
    lines: Sequence[int]
    digest: str
    _source: Delimited
    _parsed: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    _text: dict[str, list[str]] = field(default_factory=dict)
    _kinds: dict[str, Kind] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"<Table {self.path}: {len(self)} rows of {', '.join(self.names)}>"

    @property
    def columns(self) -> dict[str, list[str]]:
        """Every column's cells as text, by name."""
        return self.texts(self.names)

    def require(self, *names: str) -> None:
        """Checks that columns are there.

        Raises:
            DataError: One is not; the message has the nearest name.
        """
        if not self._places.keys() >= set(names):
            require_columns(self.path, self.names, names)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def text(self, name: str) -> list[str]:
        """The n cells of a column as they are written, without the space around them.

        Raises:
            DataError: There is no such column.
        """
        self.require(name)
        if name not in self._text:
            self._cut(
                self._next(name) if name in self._parsed else [other for other in self.names if other not in self._parsed]
            )
        return self._text[name]

    def texts(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Several columns as `text` gives them, by name: the file is cut once for all of them.

        Raises:
            DataError: There is no such column.
        """
        wanted = list(names)
        self.require(*wanted)
        self._cut([name for name in wanted if name not in self._text])
        return {name: self._text[name] for name in wanted}

    def _next(self, name: str) -> list[str]:
        """A column that NumPy has parsed, and is seldom wanted as text; with as many more as were wanted before."""
        parsed = [other for other in self.names[self._places[name] :] if other in self._parsed and other not in self._text]
        return parsed[: 1 + sum(other in self._parsed for other in self._text)]

    def _cut(self, names: Sequence[str]) -> None:
        cells = self._source.cells([self._places[name] for name in names]) if names else []
        self._text.update(zip(names, cells, strict=True))

    def kind(self, name: str) -> Kind:
        """What a column holds.

        Returns:
            `"missing"` if no cell has a value; `"numeric"` if more than half of those with a value are numbers, so that
            a stray word is a fault and not a category; else `"text"`.

        Raises:
            DataError: There is no such column.
        """
        self.require(name)
        if name not in self._kinds:
            self._kinds[name] = kind_of(*self.filled(name))
        return self._kinds[name]

    def filled(self, name: str) -> tuple[int, int]:
        """How many cells of a column have a value, and how many of these are written as numbers.

        Raises:
            DataError: There is no such column.
        """
        self.require(name)
        if name in self._parsed:
            return len(self), len(self)
        counts = Counter(self.text(name))  # few different texts are the rule, and each is looked at once
        present = {cell: count for cell, count in counts.items() if cell.lower() not in MISSING}
        return sum(present.values()), sum(count for cell, count in present.items() if is_number(cell))

    def numbers(self, name: str, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
        """A column of finite numbers.

        Args:
            name: The column.
            dtype: The floating-point type of the answer.

        Returns:
            The numbers, shape (n,).

        Raises:
            DataError: There is no such column, or a cell is empty, no number, NaN, infinite or too large for the type.
        """
        self.require(name)
        values = self._parsed.get(name)
        if values is None:
            values = np.fromiter(map(number, self.text(name)), np.float64, len(self))
        with np.errstate(over="ignore"):  # what overflows is refused below
            converted = values.astype(dtype)
        finite = np.isfinite(converted)
        if not finite.all():
            row = int(np.argmin(finite))
            raise self.fault(name, row, complaint(self.text(name)[row], np.dtype(dtype)))
        return converted

    def labels(self, name: str, classes: Sequence[str], *, others: bool = False) -> np.ndarray[Any, Any]:
        """A column of class names, as class numbers.

        Args:
            name: The column.
            classes: The names that may occur; `3` and `3.0` are the same.
            others: Whether other cells may occur as well; each is -1.

        Returns:
            The position of each cell in `classes`, int32, shape (n,).

        Raises:
            DataError: There is no such column, or a cell is none of the classes where none else may occur.
        """
        numbers = {label: place for place, label in enumerate(classes)}
        cells = self.text(name)
        known_cells = {cell: numbers.get(cell, numbers.get(whole(cell), -1)) for cell in set(cells)}
        numbers_of_cells = [known_cells[cell] for cell in cells]
        if -1 in known_cells.values() and not others:
            row = numbers_of_cells.index(-1)
            known = ", ".join(list(classes)[:SHOWN]) + (", ..." if len(classes) > SHOWN else "")
            raise self.fault(name, row, f"{self.text(name)[row]!r} is none of the {len(classes)} known values ({known})")
        return np.array(numbers_of_cells, np.int32)

    def fault(self, name: str, row: int, complaint: str) -> DataError:
        """The error for a cell, to be raised: file, line, column, and what is wrong there.

        Args:
            name: The column.
            row: The row, counted from 0.
            complaint: What was expected, what was found, what to do.
        """
        return DataError(f"{self.path}, line {self.lines[row]}, column '{name}': {complaint}")


def read_table(path: str | Path, delimiter: str | None = None, *, header: bool | None = None) -> Table:
    r"""Reads a CSV or TSV file.

    Args:
        path: A UTF-8 text file, with or without a byte-order mark. Blank lines are skipped.
        delimiter: What separates the cells, one character (`\t` and `tab` mean a tabulator); if None, the one of tabulator,
            `;`, `|` and `,` by which most of the first rows have as many cells as the first line.
        header: Whether the first line holds the names; if None, it does unless one of its cells is a number. Without a
            header the columns are `c0`, `c1`, ...

    Returns:
        The table, with every row as long as the first line.

    Raises:
        ConfigError: The delimiter is not one character.
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
    source = Delimited.read(path, delimiter, header)
    if next(source.rows(), None) is None:
        msg = f"{path} has a header in line {source.first[0]} and no rows; expected at least one row"
        raise DataError(msg)
    return table_of(source, names_of(source))


def table_of(source: Delimited, names: tuple[str, ...]) -> Table:
    """The table of some lines of text, with its columns' names."""
    parsed = source.parse()
    if parsed is None:
        lines = [line for line, _ in source.rows()]
        return Table(source.path, names, lines, source.digest, source)
    places, numbers = parsed
    columns = {names[place]: numbers[:, column] for column, place in enumerate(places)}
    # A column with NaN or infinity is left to be read as text, so that the fault is shown as it is written.
    finite = {name: column for name, column in columns.items() if np.isfinite(column).all()}
    return Table(source.path, names, range(source.begin, source.begin + len(numbers)), source.digest, source, finite)


def require_columns(path: str, known: Sequence[str], wanted: Iterable[str]) -> None:
    """Refuses a column that is not there, and offers the nearest name."""
    among = set(known)
    for name in wanted:
        if name not in among:
            msg = f"{path} has no column '{name}'; {did_you_mean(name, known)}"
            raise DataError(msg)
