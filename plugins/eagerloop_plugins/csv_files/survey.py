"""What there is to know of a CSV file before training on it, found in one pass over its blocks, in bounded memory."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop_plugins.csv_files.column import Column
from eagerloop_plugins.csv_files.encoder import Encoder, warn_of_others
from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.reader import ahead
from eagerloop_plugins.csv_files.rules import (
    MOST_CATEGORIES,
    MOST_VALUES,
    check_features,
    counts_from_start,
    fault_of_all,
    fingerprint,
    refuse_empty,
)
from eagerloop_plugins.csv_files.split import Array, Split


class Survey:
    """Reads the whole file once.

    Args:
        blocks: The file.
        target: The column to predict.
        features: The columns to predict from; all others, if None.
        split: What deals the rows out.
        standardize: Whether numeric features are to be standardized.
    """

    def __init__(self, blocks: Any, target: str, features: Sequence[str] | None, split: Split, *, standardize: bool) -> None:
        self.blocks, self.target, self.given, self.split, self.standardize = blocks, target, features, split, standardize
        check_features(blocks, target, features)
        most = getattr(blocks, "most_values", MOST_VALUES)
        wanted = {target, *(features or blocks.names)}
        self.columns = {name: Column(most) for name in blocks.names if name in wanted}
        self.ends: list[int] = []
        count = 0
        for number, table in enumerate(ahead(blocks)):
            training = split(number, count, count + len(table))[0]
            count += len(table)
            self.ends.append(count)
            for name in self.columns if len(table) else ():  # a block may have blank lines alone
                self._add(number, table, name, training)

    def findings(self, task: str) -> Findings:
        """What a dataset is made from.

        Args:
            task: `regression`, `classification` or `auto`.

        Raises:
            ConfigError: No row would be left to train on.
            DataError: Anything in the file.
        """
        chosen = self.features()
        classes = self.classes(task)
        self.split.refuse_too_much(self.ends[-1])
        encoder = self.encoder(chosen)
        if classes:
            self._refuse_unlearnt(classes)
        else:
            self._warn_if_constant(self.target)
        digest = fingerprint(self.blocks, [*chosen, self.target])
        return Findings(self.blocks, self.ends, self.split, encoder, self.target, classes, digest)

    def _add(self, number: int, table: Any, name: str, training: Array) -> None:
        column = self.columns[name]
        present, numbers = table.filled(name)
        column.present += present
        column.numbers += numbers
        values = self._finite(table, name) if numbers == present and present else None
        if values is None:
            column.fault = number if column.fault is None else column.fault
            column.counts_rows = False
            texts = table.text(name)
            column.add_values(texts, training)
            column.empty = number if "" in texts and column.empty is None else column.empty
            return
        column.add_numbers(values, training)
        column.add_order(values, self.ends[-1] - len(table))
        if name == self.target:
            column.add_values(values.tolist(), training)
        column.unread.append(number)

    def _finite(self, table: Any, name: str) -> Array | None:
        """A block's column of numbers, float64; None if there is a cell that the table would refuse."""
        try:
            values = table.numbers(name, self._dtype(name))
        except DataError:
            return None
        return values if values.dtype == np.float64 else table.numbers(name, np.float64)  # type: ignore[no-any-return]

    def _dtype(self, name: str) -> Any:
        """What float32 cannot hold is refused where it would be stored as it is."""
        return np.float64 if name != self.target and self.standardize else np.float32

    def features(self) -> list[str]:
        """The columns to learn from; those that tell nothing are left out, and named, unless somebody has asked for them."""
        chosen = list(self.given or [name for name in self.columns if name != self.target])
        for name in chosen:
            if self.given and self.columns[name].kind == "missing":
                raise fault_of_all(self.blocks, name, "no cell of this column has a value; leave it out of the features")
        reasons = {
            name: "" if self.given else self._counted_if_possible(name).tells_nothing(name, self.ends[-1]) for name in chosen
        }
        for name in filter(reasons.get, chosen):
            text = f"{self.blocks.path}: column '{name}' {reasons[name]} and is left out"
            hint = "" if self.columns[name].kind == "missing" else "; --dataset.features takes what you name"
            warnings.warn(text + hint, UserWarning, stacklevel=5)
        chosen = [name for name in chosen if not reasons[name]]
        if not chosen:
            msg = f"{self.blocks.path} has no column to learn from besides the target '{self.target}'; check the delimiter"
            raise DataError(msg)
        return chosen

    def classes(self, task: str) -> list[str]:
        """The classes by name, sorted; none for a regression. Each must be learnt from at least one row."""
        column = self.columns[self.target]
        if column.kind == "missing":
            raise fault_of_all(self.blocks, self.target, "no cell of the target has a value; choose another target")
        if column.kind == "numeric" or task == "regression":
            self._refuse_fault(self.target)
        few = column.kind == "text" or (
            column.values is not None and counts_from_start(sorted(column.values[0]), self.ends[-1])
        )
        if task == "regression" or (task == "auto" and not few):
            return []
        names = self._names(column)
        everywhere = self._counted(self.target)[0]
        if len(everywhere) == 1:
            only = f"one class only, {names[next(iter(everywhere))]!r}: nothing to learn; choose another target"
            msg = f"{self.blocks.path}: column '{self.target}' has {only}"
            raise DataError(msg)
        return [names[value] for value in sorted(everywhere)]

    def _refuse_unlearnt(self, classes: Sequence[str]) -> None:
        """Every class must be learnt from at least one row."""
        everywhere, mine = self._counted(self.target)
        for value, name in zip(sorted(everywhere), classes, strict=True):
            if not mine[value]:
                complaint = f"of the {everywhere[value]} rows of class {name!r} none is among the training rows"
                table, row = self._first(self.target, value)
                raise table.fault(self.target, row, f"{complaint}; take another seed or a smaller test-fraction")

    def _first(self, name: str, value: Any) -> tuple[Any, int]:
        """The block, and its row, in which a column first has a value."""
        for table in self.blocks:
            cells = table.text(name) if isinstance(value, str) else table.numbers(name, np.float64).tolist()
            if value in cells:
                return table, cells.index(value)
        raise KeyError(value)

    def _names(self, column: Column) -> dict[Any, str]:
        """The values of the target, and what the classes are called."""
        everywhere = self._counted(self.target)[0]
        if column.kind == "text":
            self._refuse_empty(self.target)
            return {value: value for value in everywhere}
        for value in everywhere:
            if value != np.floor(value):
                table, row = self._first(self.target, value)
                raise table.fault(self.target, row, f"{value:g} is no class, expected whole numbers; or give task=regression")
        return {value: str(int(value)) for value in everywhere}

    def encoder(self, chosen: Sequence[str]) -> Encoder:
        """Means, deviations and categories of the training rows."""
        scales, categories = {}, {}
        for name in chosen:
            column = self.columns[name]
            if column.kind == "numeric":
                self._refuse_fault(name)
                self._warn_if_constant(name)
                _, mean, variance = column.moments
                if self.standardize and not np.isfinite(variance):
                    value = max(column.low, column.high, key=abs)
                    table, row = self._first(name, value)
                    raise table.fault(name, row, f"{value:g} is too large to be standardized, all others would be 0")
                constant = not self.standardize or column.low == column.high
                scales[name] = mean if self.standardize else 0.0, 1.0 if constant else float(np.sqrt(variance))
            else:
                categories[name] = self._categories(name)
        return Encoder(tuple(chosen), scales, categories)

    def _categories(self, name: str) -> list[str]:
        everywhere, mine = self._counted(name)
        self._refuse_empty(name)
        if len(mine) > MOST_CATEGORIES:
            most = f"{len(mine)} different texts, at most {MOST_CATEGORIES} can be categories"
            msg = f"{self.blocks.path}: column '{name}' has {most}; leave it out of the features"
            raise DataError(msg)
        others = Counter({value: count for value, count in everywhere.items() if not mine[value]})
        warn_of_others(self.blocks.path, name, others, self.ends[-1])
        if len(mine) == 1:
            self._warn(name, next(iter(mine)))
        return sorted(mine)

    def _counted(self, name: str) -> "tuple[Counter[Any], Counter[Any]]":
        """How often each value occurs, at first in all rows, then in the training rows."""
        values = self._counted_if_possible(name).values
        if values is None:
            msg = f"{self.blocks.path}: column '{name}' has more than {MOST_VALUES} different values, too many for classes or "
            msg += "categories; leave it out of the features, or give task=regression if it is the target and holds numbers"
            raise DataError(msg)
        return values

    def _counted_if_possible(self, name: str) -> Column:
        """The column, after its texts were counted that were not counted in passing."""
        column = self.columns[name]
        if column.kind == "text" and column.unread:
            if name == self.target:  # its numbers were counted as numbers
                column.values, column.unread = (Counter(), Counter()), list(range(len(self.ends)))
            for number in column.unread:
                training = self.split(number, self.ends[number - 1] if number else 0, self.ends[number])[0]
                column.add_values(self.blocks[number].text(name), training)
            column.unread = []
        return column

    def _refuse_fault(self, name: str) -> None:
        """Raises the error that the first bad block's table has for a column of numbers."""
        fault = self.columns[name].fault
        if fault is not None:
            self.blocks[fault].numbers(name, self._dtype(name))

    def _refuse_empty(self, name: str) -> None:
        if self.columns[name].empty is not None:
            refuse_empty(self.blocks[self.columns[name].empty], name)

    def _warn_if_constant(self, name: str) -> None:
        column = self.columns[name]
        if column.low == column.high:
            self._warn(name, column.low)

    def _warn(self, name: str, value: Any) -> None:
        text = f"{self.blocks.path}: column '{name}' is {value} in every training row, so there is nothing to learn in it"
        warnings.warn(text, UserWarning, stacklevel=5)
