"""From the columns of a table to the features of a model, as the training rows set it down."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    import eagerloop


MOST_SHOWN = 5
"""How many values a note lists."""


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
                labels = table.labels(name, self.categories[name], others=True)
                known = np.flatnonzero(labels >= 0)
                x[known, place + labels[known]] = 1
                place += len(self.categories[name])
        return x

    def told(self, table: "eagerloop.tables.Table") -> "np.ndarray[Any, Any]":
        """The same for rows that are new, with a note on what the training rows did not have."""
        for name, known in self.categories.items():
            others = [table.text(name)[row] for row in (table.labels(name, known, others=True) < 0).nonzero()[0]]
            warn_of_others(table.path, name, Counter(others), len(table))
        return self(table)


def warn_of_others(path: str, name: str, others: "Counter[str]", rows: int) -> None:
    """Tells of values that no training row had: to the model they are none of the known ones, 0 in each of their columns."""
    if others:
        shown = ", ".join(map(repr, sorted(others)[:MOST_SHOWN])) + (", ..." if len(others) > MOST_SHOWN else "")
        text = f"{path}, column '{name}': {others.total()} of {rows} rows have a value that no training row has ({shown})"
        warnings.warn(f"{text}; they count as none of those known", UserWarning, stacklevel=2)


def raw(table: "eagerloop.tables.Table", name: str, *, numeric: bool) -> "np.ndarray[Any, Any]":
    """A column as it stands in the file: float64, or text."""
    import numpy as np  # noqa: PLC0415 - as above

    return table.numbers(name, np.float64) if numeric else np.array(table.text(name), dtype=object)


def places_of(encoder: Encoder) -> "tuple[np.ndarray[Any, Any], int, np.ndarray[Any, Any]]":
    """How x is put together of the numbers, (n, p), and the 0-1 columns of all texts behind each other, (n, h).

    Returns:
        Where each text's 0-1 columns begin among the h, (q,); h; and the order of both together that is x's, (d,).

    Example:
        >>> begins, hot, order = places_of(Encoder("abc", {"b": (0, 1)}, {"a": ["x", "y"], "c": ["z"]}))
        >>> begins.tolist(), hot, order.tolist()
        ([0, 2], 3, [1, 2, 0, 3])
    """
    import numpy as np  # noqa: PLC0415 - as above

    widths = [len(encoder.categories[name]) for name in encoder.columns if name in encoder.categories]
    ends = np.cumsum([0, *widths])
    numeric, texts = iter(range(len(encoder.scales))), pairwise(ends)
    behind = len(encoder.scales)
    places = [
        [next(numeric)] if name in encoder.scales else range(*(behind + end for end in next(texts))) for name in encoder.columns
    ]
    return ends[:-1].astype(np.int32), int(ends[-1]), np.array([place for some in places for place in some], np.int32)
