"""What each column of a file holds, found in one pass over its blocks, in bounded memory."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import eagerloop
from eagerloop.errors import DataError
from eagerloop_plugins.csv_files.column import Column
from eagerloop_plugins.csv_files.dealing import Dealt
from eagerloop_plugins.csv_files.forms import Truth
from eagerloop_plugins.csv_files.rules import MOST_VALUES, NO_VALUE
from eagerloop_plugins.csv_files.split import Array, Split
from eagerloop_plugins.csv_files.threads import ahead


class Gathering:
    """Reads the whole file once.

    Args:
        blocks: The file.
        names: The columns to look at.
        target: The one to predict.
        reading: How cells are read.
        split: What deals the rows out.
        standardize: Whether numeric features are to be standardized.

    Attributes:
        columns: What is known of each column, by name.
        dealt: Which rows are for what.
    """

    def __init__(
        self,
        blocks: Any,
        names: Sequence[str],
        target: str,
        reading: "eagerloop.tables.Reading",
        split: Split,
        *,
        standardize: bool,
    ) -> None:
        self.blocks, self.target, self.reading, self.standardize = blocks, target, reading, standardize
        self.columns, self.dealt = {name: Column() for name in names}, Dealt(split)
        for number, table in enumerate(ahead(blocks)):
            training = self.dealt.add(len(table), reading.left_out(table))
            kept = self.dealt.kept(number)
            for name in names if len(table) else ():  # a block may have blank lines alone
                self._add(number, table, name, kept, training)

    def read_again(self, reading: "eagerloop.tables.Reading") -> None:
        """Goes through the file once more, for the columns that are to be read in forms of their own."""
        self.reading = reading
        self.columns.update({quantity: Column() for name in reading.forms for quantity in (name, *reading.names(name))})
        for number, table in enumerate(ahead(self.blocks)):
            for name in reading.forms if len(table) else ():
                self._add(number, table, name, self.dealt.kept(number), self.dealt.parts(number)[0])

    def _add(self, number: int, table: Any, name: str, kept: Array, training: Array) -> None:
        column = self.columns[name]
        if name in self.reading.forms and not self._is_truth(name):
            self._add_quantities(table, name, kept, training)
            return
        present, numbers = table.filled(name)
        column.present += present
        column.numbers += numbers
        values = self._values(table, name) if numbers == present else None
        column.add_gaps(np.isnan(values) if values is not None else table.missing(name), kept, training)
        if values is None:
            column.fault = number if column.fault is None else column.fault
            column.counts_rows = False
            texts = self.reading.texts(table, name)
            column.add_values(texts, kept, training)
            column.add_texts({*texts} - {NO_VALUE})
            return
        column.add_numbers(values, training)
        column.add_order(values[kept], self.dealt.count - len(kept))
        if name == self.target:
            column.add_values(values.tolist(), kept, training)
        column.unread.append(number)

    def _is_truth(self, name: str) -> bool:
        """Whether this is the target, and truth values: these are classes."""
        return name == self.target and isinstance(self.reading.forms.get(name), Truth)

    def _add_quantities(self, table: Any, name: str, kept: Array, training: Array) -> None:
        """The same for a column in a form of its own."""
        values = self.reading.values(table, name)
        quantities = self.reading.names(name)
        for place, quantity in enumerate(quantities if name in quantities else (*quantities, name)):
            numbers = values[:, place % len(quantities)]
            column = self.columns.setdefault(quantity, Column())
            column.present += int(np.count_nonzero(~np.isnan(numbers)))
            column.numbers = column.present
            column.add_gaps(np.isnan(numbers), kept, training)
            column.add_numbers(numbers, training)
            column.counts_rows = False
            if quantity == self.target:
                column.add_values(numbers.tolist(), kept, training)

    def _values(self, table: Any, name: str) -> Array | None:
        """A block's column of numbers, float64, NaN in the gaps; None if there is a cell that the table would refuse."""
        try:
            values = table.values(name, self._dtype(name))
        except DataError:
            return None
        return values if values.dtype == np.float64 else table.values(name, np.float64)  # type: ignore[no-any-return]

    def _dtype(self, name: str) -> Any:
        """What float32 cannot hold is refused where it would be stored as it is."""
        return np.float64 if name != self.target and self.standardize else np.float32

    def tells_nothing(self, name: str) -> str:
        """Why nothing can be learnt from a column, or an empty text."""
        reasons = [self.counted_if_possible(one).tells_nothing(one, self.dealt.count) for one in self.reading.names(name)]
        return reasons[0] if all(reasons) else ""

    def counted(self, name: str) -> "tuple[Counter[Any], Counter[Any]]":
        """How often each value occurs, at first in all rows, then in the training rows.

        Raises:
            DataError: There are too many.
        """
        values = self.counted_if_possible(name).values
        if values is None:
            msg = f"{self.blocks.path}: column '{name}' has more than {MOST_VALUES} different values, too many for classes or "
            msg += "categories; leave it out of the features, or give task=regression if it is the target and holds numbers"
            raise DataError(msg)
        return values

    def counted_if_possible(self, name: str) -> Column:
        """The column, after its texts were counted that were not counted in passing."""
        column = self.columns[name]
        if column.kind == "text" and column.unread:
            if name == self.target:  # its numbers were counted as numbers
                column.values, column.unread = (Counter(), Counter()), list(range(len(self.dealt.ends)))
            for number in column.unread:
                training, kept = self.dealt.parts(number)[0], self.dealt.kept(number)
                column.add_values(self.reading.texts(self.blocks[number], name), kept, training)
            column.unread = []
        return column

    def refuse_fault(self, name: str) -> None:
        """Raises the error that the first bad block's table has for a column of numbers."""
        fault = self.columns[name].fault
        if fault is not None:
            self.blocks[fault].values(name, self._dtype(name))

    def first(self, name: str, value: Any) -> tuple[Any, int]:
        """The block, and its row, in which a column first has a value."""
        for table in self.blocks:
            cells = (
                self.reading.texts(table, name) if isinstance(value, str) else self.reading.values(table, name)[:, 0].tolist()
            )
            if value in cells:
                return table, cells.index(value)
        raise KeyError(value)

    def training_values(self, names: Sequence[str]) -> Iterator[dict[str, Array]]:
        """The training rows' values of some columns of numbers, float64, NaN in the gaps, block by block."""
        for number, table in enumerate(ahead(self.blocks)):
            training = self.dealt.parts(number)[0]
            sources = {name: self.reading.source(name) for name in names}
            yield {name: self.reading.values(table, source)[training, place] for name, (source, place) in sources.items()}
