"""What there is to know of a CSV file before training on it, and what follows from it."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import eagerloop
from eagerloop.errors import DataError
from eagerloop_plugins.csv_files.choosing import choose
from eagerloop_plugins.csv_files.column import Column
from eagerloop_plugins.csv_files.dealing import Part, all_rows
from eagerloop_plugins.csv_files.faults import Faults
from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.forms import Dates, Form, decide, in_order
from eagerloop_plugins.csv_files.gaps import refuse_ambiguous, refuse_gaps, tell_of_forms, tell_of_gaps, tell_of_pooled
from eagerloop_plugins.csv_files.gathering import Gathering
from eagerloop_plugins.csv_files.medians import Fills
from eagerloop_plugins.csv_files.rules import (
    NO_VALUE,
    check_features,
    counts_from_start,
    fault_of_all,
    fingerprint,
    most_frequent,
)
from eagerloop_plugins.csv_files.split import Split
from eagerloop_plugins.csv_files.texts import vocabularies
from eagerloop_plugins.csv_files.wishes import Wishes


class Survey:
    """Looks at the whole file.

    Args:
        blocks: The file.
        target: The column to predict.
        split: What deals the rows out.
        wishes: What else was asked for.
        test: The file of the test, if it has one of its own.
    """

    def __init__(self, blocks: Any, target: str, split: Split, wishes: Wishes, test: Any = None) -> None:
        self.blocks, self.target, self.split, self.wishes, self.test = blocks, target, split, wishes, test
        self.reading = eagerloop.tables.Reading((target,), wishes.missing_values)
        self.faults = Faults(blocks.path, target)
        check_features(blocks, target, wishes.features, wishes.exclude)
        wanted = {target, *(wishes.features or blocks.names)} - {*wishes.exclude, wishes.weight}
        self.gathered = self._gather([name for name in blocks.names if name in wanted])

    def _gather(self, names: Sequence[str]) -> Gathering:
        return Gathering(self.blocks, names, self.target, self.reading, self.split, standardize=self.wishes.standardize)

    def findings(self) -> Findings:
        """What a dataset is made from.

        Raises:
            ConfigError: No row would be left to train on.
            DataError: Anything in the file.
        """
        self._refuse_no_target()
        self._read_forms()
        chosen, left_out = choose(self.gathered, self.wishes.features and [*self.wishes.features])
        self._heed_gaps(chosen)
        self.split.refuse_too_much(self.gathered.dealt.count)
        classes: list[str] = []
        with self.faults.of(self.target):
            classes = self.classes(self.wishes.task)
        encoder = self.encoder(chosen)
        counts = self._training_counts(classes) if classes else ()
        if not classes:
            self._warn_if_constant(self.target)
        digest = fingerprint(self.blocks, [*chosen, self.target, *([self.test.digest] if self.test is not None else [])])
        moments, apart = None if classes else self._moments(), self._apart(chosen)
        dealt = self.gathered.dealt
        found = Findings(self.blocks, dealt, encoder, self.target, classes, digest, counts, moments, apart)
        return found._replace(left_out=left_out)

    def _moments(self) -> tuple[float, float]:
        """Mean and deviation of the training targets; the deviation is 1 where all are the same."""
        column = self.column(self.target)
        _, mean, variance = column.moments
        return mean, 1.0 if column.low == column.high else float(np.sqrt(variance))

    def _apart(self, chosen: Sequence[str]) -> Part | None:
        """The rows of the test, if it has a file of its own."""
        if self.test is None:
            return None
        self.test.require(self.target, *chosen)
        part = all_rows(self.test, self.reading)
        if not part.dealt.count:
            msg = f"{self.test.path} has no row with a value of the target '{self.target}'; take another test file"
            raise DataError(msg)
        tell_of_gaps(self.test.path, self.target, {}, part.dealt, drop=False)
        return part

    def column(self, name: str) -> Column:
        """What is known of a column."""
        return self.gathered.columns[name]

    def _refuse_no_target(self) -> None:
        if self.column(self.target).kind == "missing":
            raise fault_of_all(self.blocks, self.target, "no cell of the target has a value; choose another target")

    def _read_forms(self) -> None:
        """Reads columns of texts as quantities, if all of their texts agree, and tells."""
        columns = self.gathered.columns
        fitting: dict[str, Sequence[Form]] = {
            name: column.forms
            for name, column in columns.items()
            if column.numbers < column.present and column.forms and name not in self.wishes.text
        }
        fitting = in_order(fitting, self.wishes.dates)
        if self.target in fitting:  # a date is nothing to predict
            fitting[self.target] = [form for form in fitting[self.target] if not isinstance(form, Dates)]
        refuse_ambiguous(self.blocks, fitting)
        forms = decide(fitting, self.blocks.delimiter, self.wishes.decimal)
        words = vocabularies(self.gathered, self.wishes)
        if forms or words:
            tell_of_forms(self.blocks, forms)
            self.reading = replace(self.reading, forms={**forms, **words})
            self.gathered.read_again(self.reading)

    def _heed_gaps(self, chosen: Sequence[str]) -> None:
        """Does what was asked for with the rows in which a feature has no value, and tells."""
        gaps = {name: self.column(name).gaps for name in chosen if self.column(name).gaps}
        if gaps and self.wishes.missing == "refuse":
            refuse_gaps(self.blocks, gaps, self.gathered.dealt)
        if gaps and self.wishes.missing == "drop":
            self.reading = replace(self.reading, needed=(self.target, *gaps))
            self.gathered = self._gather([name for name in self.blocks.names if name in {self.target, *chosen}])
            if self.wishes.text:  # other rows are trained on now
                words = vocabularies(self.gathered, self.wishes)
                self.reading = replace(self.reading, forms={**self.reading.forms, **words})
                self.gathered.read_again(self.reading)
        tell_of_gaps(self.blocks.path, self.target, gaps, self.gathered.dealt, drop=self.wishes.missing == "drop")

    def classes(self, task: str) -> list[str]:
        """The classes by name, sorted; none for a regression. Each must be learnt from at least one row."""
        column = self.column(self.target)
        if column.kind == "numeric" or task == "regression":
            self.gathered.refuse_fault(self.target)
        few = column.kind == "text" or (
            column.values is not None and counts_from_start(sorted(column.values[0]), self.gathered.dealt.count)
        )
        if task == "regression" or (task == "auto" and not few):
            return []
        names = self._names(column)
        everywhere = self.gathered.counted(self.target)[0]
        if len(everywhere) == 1:
            only = f"one class only, {names[next(iter(everywhere))]!r}: nothing to learn; choose another target"
            left_out = self.gathered.dealt.left_out
            hint = f" ({left_out} rows have no value there; --dataset.missing-values says what that is)" if left_out else ""
            msg = f"{self.blocks.path}: column '{self.target}' has {only}{hint}"
            raise DataError(msg)
        return [names[value] for value in sorted(everywhere)]

    def _training_counts(self, classes: Sequence[str]) -> list[int]:
        """How many training rows each class has: it must be learnt from at least one."""
        everywhere, mine = self.gathered.counted(self.target)
        for value, name in zip(sorted(everywhere), classes, strict=True):
            if not mine[value]:
                complaint = f"of the {everywhere[value]} rows of class {name!r} none is among the training rows"
                table, row = self.gathered.first(self.target, value)
                raise table.fault(self.target, row, f"{complaint}; take another seed or a smaller test-fraction")
        return [mine[value] for value in sorted(everywhere)]

    def _names(self, column: Column) -> dict[Any, str]:
        """The values of the target, and what the classes are called."""
        everywhere = self.gathered.counted(self.target)[0]
        if column.kind == "text":
            return {value: value for value in everywhere}
        for value in everywhere:
            if value != np.floor(value):
                table, row = self.gathered.first(self.target, value)
                raise table.fault(self.target, row, f"{value:g} is no class, expected whole numbers; or give task=regression")
        return {value: str(int(value)) for value in everywhere}

    def encoder(self, chosen: Sequence[str]) -> "eagerloop.tables.Encoder":
        """Means, deviations and categories of the training rows.

        Raises:
            DataError: The faults of all columns.
        """
        numeric = dict.fromkeys(name for name in chosen if self.column(name).kind == "numeric")
        scales, categories = {}, {}
        for name in chosen:
            with self.faults.of(name):
                if name in self.wishes.text:
                    scales.update(dict.fromkeys(self.reading.names(name), (0.0, 1.0)))
                elif name in numeric:
                    scales.update({quantity: self._scale(quantity) for quantity in self.reading.names(name)})
                else:
                    categories[name] = self._categories(name)
        self.faults.tell()
        one_block = len(self.blocks) == 1
        fills = Fills(self.gathered.training_values, lambda name: self.column(name).moments[0], at_once=one_block)
        fills.update({word: 0.0 for name in self.wishes.text for word in self.reading.names(name)})  # counts have no gaps
        gaps = frozenset(name for name in numeric if self.column(name).training_gaps)
        gappy = [name for name in numeric if self.column(name).gaps]
        fills.find([quantity for name in gappy for quantity in self.reading.names(name)])
        pooled = frozenset(filter(self._pooled, categories))
        tell_of_pooled(self.gathered, {name: categories[name] for name in chosen if name in pooled})
        return eagerloop.tables.Encoder(tuple(chosen), scales, categories, fills, gaps, self.reading, frozenset(gappy), pooled)

    def _scale(self, name: str) -> tuple[float, float]:
        """Mean and deviation of a column of numbers."""
        column, standardize = self.column(name), self.wishes.standardize
        self.gathered.refuse_fault(name)
        if self.reading.source(name)[0] == name:
            self._warn_if_constant(name)
        _, mean, variance = column.moments
        if standardize and not np.isfinite(variance):
            value = max(column.low, column.high, key=abs)
            table, row = self.gathered.first(name, value)
            raise table.fault(name, row, f"{value:g} is too large to be standardized, all others would be 0")
        constant = not standardize or column.low >= column.high  # or there is no training value
        return mean if standardize else 0.0, 1.0 if constant else float(np.sqrt(variance))

    def _categories(self, name: str) -> list[str]:
        everywhere, mine = self.gathered.counted(name)
        if len(mine) == 1:
            self._warn(name, next(iter(mine)))
        if not self._pooled(name):  # else there is a category for others
            others = Counter({value: count for value, count in everywhere.items() if not mine[value]})
            eagerloop.tables.warn_of_others(self.blocks.path, name, others, self.gathered.dealt.count)
        return most_frequent(mine, self.wishes.max_categories)

    def _pooled(self, name: str) -> bool:
        """Whether a column has more texts than categories."""
        mine = self.gathered.counted(name)[1]
        return len(mine) - (NO_VALUE in mine) > self.wishes.max_categories

    def _warn_if_constant(self, name: str) -> None:
        column = self.column(name)
        if column.low == column.high:
            self._warn(name, column.low)

    def _warn(self, name: str, value: Any) -> None:
        text = f"{self.blocks.path}: column '{name}' is {value} in every training row, so there is nothing to learn in it"
        warnings.warn(text, UserWarning, stacklevel=5)
