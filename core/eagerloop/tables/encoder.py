"""From the columns of a table to the features of a model, as the training rows set it down."""

import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.tables.cells import NO_VALUE, Array, complaint
from eagerloop.tables.learnt import Learnt
from eagerloop.tables.reading import Reading

if TYPE_CHECKING:
    from eagerloop.tables.table import Table

LARGEST = float(np.finfo(np.float32).max)

MOST_SHOWN = 5
"""How many values a note lists."""


@dataclass(frozen=True)
class Encoder:
    """Turns a table into x, as the training rows set it down.

    It is plain data, so that a run can keep it: `as_json` and `from_json`.

    Attributes:
        columns: The columns to take, in order.
        scales: Mean and deviation by quantity, of which a numeric column holds one, or more; 0 and 1 leave it as it is.
        categories: The sorted values by column of text; `missing` is among them, if a training row has no value.
        fills: What a cell without a value counts as, by quantity; if there are none, such a cell is a fault.
        gaps: The numeric columns in which a training row has no value: a column of x tells where.
        reading: How cells are read.
        gappy: The numeric columns in which any row has no value.
        pooled: The columns of text whose rare texts are the category `other`.

    Example:
        >>> encoder = Encoder(("coat", "weight"), {"weight": (4.0, 2.0)}, {"coat": ("long", "short")})
        >>> encoder.features
        ('coat=long', 'coat=short', 'weight')
        >>> Encoder.from_json(encoder.as_json()) == encoder
        True
    """

    columns: Sequence[str]
    scales: Mapping[str, tuple[float, float]]
    categories: Mapping[str, Sequence[str]]
    fills: Mapping[str, float] = field(default_factory=dict)
    gaps: Collection[str] = frozenset()
    reading: Reading = field(default_factory=Reading)
    gappy: Collection[str] = frozenset()
    pooled: Collection[str] = frozenset()

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of x by name."""
        return tuple(feature for name in self.columns for feature in self._features_of(name))

    def _features_of(self, name: str) -> list[str]:
        if name in self.categories:
            return [f"{name}={value}" for value in self.categories[name]]
        return [*self.reading.names(name), f"{name}={NO_VALUE}"] if name in self.gaps else [*self.reading.names(name)]

    @property
    def width(self) -> int:
        """p, how many columns of x are of numbers, those that tell of gaps included."""
        return len(self.scales) + len(self.gaps)

    def __call__(self, table: "Table") -> Array:
        """x, float32, shape (n, d), for a table with the columns in any order."""
        x = np.zeros((len(table), len(self.features)), np.float32)
        place = 0
        for name in self.columns:
            if name not in self.categories:
                place = self.put(x, place, name, self._values(table, name))
            else:
                labels = self.labels(table, name)
                known = np.flatnonzero(labels >= 0)
                x[known, place + labels[known]] = 1
                place += len(self.categories[name])
        return x

    def _values(self, table: "Table", name: str) -> Array:
        """The quantities of a column, (n, k), NaN in gaps, if these can be filled."""
        values = self.reading.values(table, name)
        gone = np.isnan(values[:, 0])
        if gone.any() and any(self.fill(quantity) is None for quantity in self.reading.names(name)):
            row = int(gone.argmax())
            raise table.fault(name, row, complaint(table.text(name)[row], np.dtype(np.float64)))
        for quantity, numbers in zip(self.reading.names(name), values.T, strict=True):
            mean, deviation = self.scales[quantity]
            large = np.abs(numbers - mean) > LARGEST * deviation  # of new rows: those of the training set the deviation
            if large.any():
                row = int(large.argmax())
                told = "is too large beside those of the training rows; mend the cell or remove the row"
                raise table.fault(name, row, f"{table.text(name)[row]!r} {told}")
        return values

    def fill(self, quantity: str) -> float | None:
        """What a cell without a value counts as; None if it is a fault."""
        try:
            return self.fills[quantity]  # it may be worked out only now
        except KeyError:
            return None

    def labels(self, table: "Table", name: str) -> Array:
        """The places of a column's texts among its categories, int32, shape (n,); -1 for one that is none of them."""
        return self.reading.labels(table, name, self.categories[name], pooled=name in self.pooled)

    def put(self, x: Array, place: int, name: str, values: Array) -> int:
        """Puts the quantities of a column, (n, k), into x, from a place on, and tells where the next one begins."""
        gone = np.isnan(values[:, 0])
        some = gone.any()
        for quantity, numbers in zip(self.reading.names(name), values.T, strict=True):
            mean, deviation = self.scales[quantity]
            filled = np.where(gone, self.fills[quantity], numbers) if some else numbers
            x[:, place] = (filled - mean) / deviation
            place += 1
        if name in self.gaps:
            x[:, place] = gone
            place += 1
        return place

    def as_json(self) -> dict[str, Any]:
        """What it has learnt, as JSON; what fills the gaps of new rows is worked out for all columns."""
        return Learnt.of(self).as_json()

    @classmethod
    def from_json(cls, content: Any) -> "Encoder":
        """The encoder that `as_json` told of.

        Raises:
            ValueError: It is no such content. (Or KeyError, TypeError, AttributeError: whatever reading it raises.)
        """
        return cls(**Learnt.from_json(content)._asdict())

    def told(self, table: "Table") -> Array:
        """The same for rows that are new, with a note on what the training rows did not have."""
        table = self.reading.own(table)
        for name in self.categories:
            texts = self.reading.texts(table, name)
            others = [texts[row] for row in (self.labels(table, name) < 0).nonzero()[0]]
            warn_of_others(table.path, name, Counter(others), len(table))
        return self(table)

    def shown(self, table: "Table", name: str, rows: Array) -> Array:
        """Some cells as they stand beside predictions: the text of the file, or numbers, and nothing where they lack."""
        if name in self.categories or name in self.reading.forms:
            texts = table.text(name)
            return np.array([texts[row] for row in rows.tolist()], dtype=object)
        values: Array = table.values(name, np.float64)[rows]
        if name not in self.gappy:
            return values
        shown = values.astype(object)
        shown[np.isnan(values)] = ""
        return shown


def warn_of_others(path: str, name: str, others: "Counter[str]", rows: int) -> None:
    """Tells of values that no training row had: to the model they are none of the known ones, 0 in each of their columns."""
    if others:
        shown = ", ".join(map(repr, sorted(others)[:MOST_SHOWN])) + (", ..." if len(others) > MOST_SHOWN else "")
        text = f"{path}, column '{name}': {others.total()} of {rows} rows have a value that no training row has ({shown})"
        warnings.warn(f"{text}; they count as none of those known", UserWarning, stacklevel=2)
