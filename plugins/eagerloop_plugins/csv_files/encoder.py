"""From the columns of a table to the features of a model, as the training rows set it down."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eagerloop.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    import eagerloop

MOST_CATEGORIES = 1000
"""How many columns a single column of text may become: names and dates are no categories."""


@dataclass(frozen=True)
class Encoder:
    """Turns a table into x, as the training rows set it down.

    Attributes:
        columns: The columns to take, in order.
        scales: Mean and deviation by numeric column; 0 and 1 leave it as it is.
        categories: The sorted values by column of text.
    """

    columns: Sequence[str]
    scales: Mapping[str, tuple[float, float]]
    categories: Mapping[str, Sequence[str]]

    @classmethod
    def fit(
        cls, table: "eagerloop.tables.Table", columns: Sequence[str], rows: "np.ndarray[Any, Any]", *, standardize: bool
    ) -> "Encoder":
        """Reads means, deviations and categories off the given rows alone."""
        scales, categories = {}, {}
        for name in columns:
            values = raw(table, name, numeric=table.kind(name) == "numeric")[rows]
            warn_if_constant(table, name, values)
            if table.kind(name) == "numeric":
                # The deviation of a constant column is 0, or what rounding leaves of 0.
                constant = not standardize or values.max() == values.min()
                scales[name] = (float(values.mean()) if standardize else 0.0, 1.0 if constant else float(values.std()))
            else:
                categories[name] = _categories(table, name, values)
        return cls(tuple(columns), scales, categories)

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of x by name."""
        hot = {name: [f"{name}={value}" for value in values] for name, values in self.categories.items()}
        return tuple(feature for name in self.columns for feature in hot.get(name, [name]))

    def __call__(self, table: "eagerloop.tables.Table") -> "np.ndarray[Any, Any]":
        """x, float32, shape (n, d), for a table with the columns in any order."""
        import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

        x = np.zeros((len(table), len(self.features)), np.float32)
        place = 0
        for name in self.columns:
            if name in self.scales:
                mean, deviation = self.scales[name]
                x[:, place] = (table.numbers(name, np.float64) - mean) / deviation
                place += 1
            else:
                x[np.arange(len(table)), place + table.labels(name, self.categories[name])] = 1
                place += len(self.categories[name])
        return x


def _categories(table: "eagerloop.tables.Table", name: str, values: "np.ndarray[Any, Any]") -> list[str]:
    """The values of a column of text, sorted."""
    refuse_empty(table, name)
    categories = sorted(set(values.tolist()))
    if len(categories) > MOST_CATEGORIES:
        most = f"{len(categories)} different texts, at most {MOST_CATEGORIES} can be categories"
        msg = f"{table.path}: column '{name}' has {most}; leave it out of the features"
        raise DataError(msg)
    return categories


def warn_if_constant(table: "eagerloop.tables.Table", name: str, values: "np.ndarray[Any, Any]") -> None:
    """A column that is the same in every training row is told to the user."""
    if (values == values[0]).all():
        text = f"{table.path}: column '{name}' is {values[0]} in every training row, so there is nothing to learn in it"
        warnings.warn(text, UserWarning, stacklevel=4)


def refuse_empty(table: "eagerloop.tables.Table", name: str) -> None:
    """Text has no missing value."""
    if "" in table.text(name):
        raise table.fault(name, table.text(name).index(""), "the cell is empty; fill it in or remove the row")


def raw(table: "eagerloop.tables.Table", name: str, *, numeric: bool) -> "np.ndarray[Any, Any]":
    """A column as it stands in the file: float64, or text."""
    import numpy as np  # noqa: PLC0415 - as above

    return table.numbers(name, np.float64) if numeric else np.array(table.text(name), dtype=object)
