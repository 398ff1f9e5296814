"""Tables cut into pieces of few rows, for what takes more memory encoded than as text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.tables.blocks import Blocks
from eagerloop.tables.table import Table


@dataclass(frozen=True, repr=False, eq=False)
class Slice:
    """Some rows of a table, which answer as the table does.

    Attributes:
        table: The whole.
        begin: The first row.
        end: The row behind the last one.
    """

    table: Table
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    @property
    def path(self) -> str:
        """The file as it was named."""
        return self.table.path

    @property
    def names(self) -> tuple[str, ...]:
        """The columns by name."""
        return self.table.names

    def require(self, *names: str) -> None:
        """Checks that columns are there."""
        self.table.require(*names)

    def kind(self, name: str) -> str:
        """What the whole column holds."""
        return self.table.kind(name)

    def text(self, name: str) -> list[str]:
        """The cells of a column as they are written."""
        return self.table.text(name)[self.begin : self.end]

    def texts(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Several columns by name."""
        return {name: self.text(name) for name in names}

    def labels(self, name: str, classes: Sequence[str], *, others: bool = False) -> np.ndarray[Any, Any]:
        """A column of class names, as class numbers."""
        return self.table.labels(name, classes, others=others)[self.begin : self.end]

    def values(self, name: str, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
        """A column of numbers, NaN where there is none."""
        return self.table.values(name, dtype)[self.begin : self.end]

    def fault(self, name: str, row: int, complaint: str) -> DataError:
        """The error for a cell."""
        return self.table.fault(name, self.begin + row, complaint)


AnyTable = Table | Slice


@dataclass(frozen=True, repr=False, eq=False)
class Slices:
    """The tables of a file, or of a folder, in pieces.

    Attributes:
        whole: The tables, or one.
        rows: The most rows of a piece.
    """

    whole: Blocks | Table
    rows: int

    @property
    def path(self) -> str:
        """The file as it was named."""
        return self.whole.path

    def require(self, *names: str) -> None:
        """Checks that columns are there."""
        self.whole.require(*names)

    def __iter__(self) -> Iterator[Slice]:
        for table in (self.whole,) if isinstance(self.whole, Table) else self.whole:
            for begin in range(0, len(table), self.rows):
                yield Slice(table, begin, min(begin + self.rows, len(table)))
