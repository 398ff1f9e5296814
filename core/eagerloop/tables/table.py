"""Delimited text files as named columns, and for every fault its file, line and column.

A column whose cells are all plain numbers is parsed by NumPy; every other one, and every file with a fault, goes through
Python's csv module, which knows about quotes and knows the line.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.tables.cells import MISSING, Kind, complaint, is_number, kind_of, missing_texts, number, whole
from eagerloop.tables.delimited import Delimited
from eagerloop.tables.form import require_columns

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
    def delimiter(self) -> str:
        """What separates the cells."""
        return self._source.delimiter

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
            present = len(self) - int(np.count_nonzero(np.isnan(self._parsed[name])))
            return present, present
        counts = Counter(self.text(name))  # few different texts are the rule, and each is looked at once
        values = {cell: count for cell, count in counts.items() if cell.lower() not in self._source.missing}
        return sum(values.values()), sum(count for cell, count in values.items() if is_number(cell))

    def missing(self, name: str) -> np.ndarray[Any, Any]:
        """Which cells of a column have no value, bool, shape (n,).

        Raises:
            DataError: There is no such column.
        """
        self.require(name)
        if name in self._parsed:
            return np.isnan(self._parsed[name])  # type: ignore[no-any-return]
        cells = self.text(name)
        gone = {cell for cell in set(cells) if cell.lower() in self._source.missing}
        return np.fromiter((cell in gone for cell in cells), bool, len(cells)) if gone else np.zeros(len(cells), bool)

    def with_missing(self, texts: Iterable[str] | None) -> "Table":
        """The same table, in which other texts are no value, as `eagerloop.tables.read_table` takes them."""
        missing = missing_texts(texts)
        if missing == self._source.missing:
            return self
        return table_of(replace(self._source, missing=missing), self.names)

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
        converted = self._converted(name, dtype)
        self._refuse_where(~np.isfinite(converted), name, dtype)
        return converted

    def values(self, name: str, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
        """A column of finite numbers that may have gaps.

        Args:
            name: The column.
            dtype: The floating-point type of the answer.

        Returns:
            The numbers, shape (n,), NaN where a cell has no value.

        Raises:
            DataError: There is no such column, or a cell is no number, infinite or too large for the type.
        """
        converted = self._converted(name, dtype)
        strange = ~np.isfinite(converted)
        if strange.any():
            self._refuse_where(strange & ~self.missing(name), name, dtype)
        return converted

    def _converted(self, name: str, dtype: Any) -> np.ndarray[Any, Any]:
        self.require(name)
        values = self._parsed.get(name)
        if values is None:
            values = np.fromiter(map(number, self.text(name)), np.float64, len(self))
            if not self._source.missing <= MISSING:  # numbers may stand for no value, too
                values[self.missing(name)] = np.nan
        with np.errstate(over="ignore"):  # what overflows is refused
            return values.astype(dtype)

    def _refuse_where(self, bad: np.ndarray[Any, Any], name: str, dtype: Any) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            raise self.fault(name, row, complaint(self.text(name)[row], np.dtype(dtype)))

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

    def place(self, row: int) -> str:
        """Where a row stands in the file, in words."""
        return f"{self._source.counted} {self.lines[row]}"

    def fault(self, name: str, row: int, complaint: str) -> DataError:
        """The error for a cell, to be raised: file, line, column, and the complaint: what is wrong there, and what to do."""
        return DataError(f"{self.path}, {self.place(row)}, column '{name}': {complaint}")


def table_of(source: Delimited, names: tuple[str, ...]) -> Table:
    """The table of some lines of text, with its columns' names."""
    parsed = source.parse()
    if parsed is None:
        lines = [line for line, _ in source.rows()]
        return Table(source.path, names, lines, source.digest, source)
    places, numbers = parsed
    columns = {names[place]: numbers[:, column] for column, place in enumerate(places)}
    # A column with infinity is left to be read as text, so that the fault is shown as it is written.
    finite = {name: column for name, column in columns.items() if not np.isinf(column).any()}
    return Table(source.path, names, range(source.begin, source.begin + len(numbers)), source.digest, source, finite)
