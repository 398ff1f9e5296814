"""A training batch, every value of it.

Shapes: n rows, d features (more axes are laid out in one row), k target columns.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import folded, histogram, table
from eagerloop.parts import Dataset

WIDTH = 80
MOST_ROWS = 20
FEWEST_ROWS = 5
"""Of fewer rows there is no histogram: one can see them."""

BARS = 20
"""Of the histograms; half as many where there are fewer than 50 rows."""

MOST_FEATURES = 40
DIGITS = 7
MEAN_DECIMALS = 4
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-4, 1e7
"""Columns whose largest number is not between these are written with exponents."""


@dataclass(frozen=True, repr=False, eq=False)
class BatchView:
    """A batch and what its dataset says of it; print it.

    Attributes:
        number: Which batch of epoch 1, counted from 0.
        x: Features, (n, d) or with more axes.
        y: Targets, (n, k) or (n,).
        features: The columns of x, by name.
        targets: The columns of y, by name.
        task: Classification or regression.
        classes: The classes by name, in the order of their numbers; empty for a regression.
    """

    number: int
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    features: Sequence[str]
    targets: Sequence[str]
    task: str
    classes: Sequence[str]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """Shapes, dtypes and names, a row per example, each column's smallest, mean and largest value and its histogram."""
        labels = self._labels()
        tables = [line for block in self._blocks() for line in ["", *table(list(zip(labels, *block, strict=True)), left=0)]]
        return "\n".join([*self._head(), *tables, *self._distributions()])

    def _head(self) -> Iterator[str]:
        yield f"batch {self.number} of epoch 1, {_counted(len(self.x), 'row')}, {self.task}"
        for letter, array, names in (("x", self.x, self.features), ("y", self.y, self.targets)):
            yield from folded(f"{letter}  {array.shape} {array.dtype.name}  ", names, WIDTH, MOST_FEATURES)
        if self.classes:
            numbers, counts = np.unique(self.y, return_counts=True)
            here = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
            counted = [
                f"{i if name == str(i) else f'{i} {name}'} ({here.get(i, 0)} here)" for i, name in enumerate(self.classes)
            ]
            yield from folded("classes  ", counted, WIDTH, MOST_FEATURES)

    def _labels(self) -> list[str]:
        shown = min(len(self.x), MOST_ROWS)
        return ["", *map(str, range(shown)), *(["..."] if shown < len(self.x) else []), "min", "mean", "max"]

    def _blocks(self) -> Iterator[list[list[str]]]:
        """Columns of text, as many together as the width of a page takes."""
        columns = list(self._columns())
        label = max(map(len, self._labels()))
        block: list[list[str]] = []
        width = label
        for column in columns:
            wide = 2 + max(map(len, column))
            if block and width + wide > WIDTH:
                yield block
                block, width = [], label
            block.append(column)
            width += wide
        yield block

    def _distributions(self) -> Iterator[str]:
        """A histogram a column; of very many columns one for all, as of the pixels of a picture."""
        if len(self.x) < FEWEST_ROWS:
            return
        x, y = (array.reshape(len(array), -1) for array in (self.x, self.y))
        columns = [(self._name("x", self.features, place), x[:, place]) for place in range(x.shape[1])]
        if x.shape[1] > MOST_FEATURES:
            columns = [(f"all {x.shape[1]} of x", x)]
        if not self.classes:
            columns += [(self._name("y", self.targets, place), y[:, place]) for place in range(y.shape[1])]
        rows = [_distribution(name, values) for name, values in columns if values.dtype.kind in "iuf"]
        if rows:
            yield from ["", *table([("", "from", "", "to"), *rows])]

    def _columns(self) -> Iterator[list[str]]:
        x, y = (array.reshape(len(array), -1) for array in (self.x, self.y))
        for place in range(min(x.shape[1], MOST_FEATURES)):
            yield _column(self._name("x", self.features, place), x[:, place])
        if x.shape[1] > MOST_FEATURES:
            yield _note(f"{x.shape[1] - MOST_FEATURES} more", len(self._labels()))
        for place in range(y.shape[1]):
            yield _column(self._name("y", self.targets, place), y[:, place], self.classes)

    @staticmethod
    def _name(letter: str, names: Sequence[str], place: int) -> str:
        return names[place] if place < len(names) else f"{letter}{place}"


def inspect_batch(dataset: Dataset, number: int = 0) -> BatchView:
    """Looks at a batch of the first epoch, as training would get it.

    Args:
        dataset: A run's dataset.
        number: Which batch, counted from 0.

    Returns:
        The batch; print it.

    Raises:
        ConfigError: The epoch has no such batch.

    Example:
        >>> from eagerloop import ArrayDataset
        >>> x, y = np.array([[1.0, 2.5], [3.0, 4.0]]), np.array([[0.5], [1.0]])
        >>> print(inspect_batch(ArrayDataset((x, y), (x, y), batch_size=2)))
        batch 0 of epoch 1, 2 rows, regression
        x  (2, 2) float32  x0, x1
        y  (2, 1) float32  y
        <BLANKLINE>
              x0    x1     y
           0   1   2.5   0.5
           1   3   4.0   1.0
         min   1   2.5   0.5
        mean   2  3.25  0.75
         max   3   4.0   1.0

    Source: the guide "Keras with Eager Execution", which prints a batch of a one-shot iterator.
    """
    batch = next(iter(dataset.train(1, number)), None) if number >= 0 else None
    if batch is None:
        count = sum(1 for _batch in dataset.train(1, 0))
        msg = f"epoch 1 has {_counted(count, 'batch', 'batches')}, numbered from 0; there is no batch {number}"
        raise ConfigError(msg)
    x, y = (np.asarray(tensor) for tensor in batch)
    return BatchView(number, x, y, dataset.features, dataset.targets, dataset.task, dataset.classes)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _note(text: str, rows: int) -> list[str]:
    return [text, *(["..."] * (rows - 1))]


def _column(name: str, values: np.ndarray[Any, Any], classes: Sequence[str] = ()) -> list[str]:
    """A column as text: name, values, and the three figures over all values where they mean something."""
    more = ["..."] if len(values) > MOST_ROWS else []
    if classes or values.dtype.kind not in "iuf":
        cells = [classes[value] if classes else _text(value) for value in values[:MOST_ROWS]]
        return [name, *cells, *more, "", "", ""]
    form = _form(values)
    mean = float(np.mean(values, dtype=np.float64))
    return [name, *map(form, values[:MOST_ROWS]), *more, form(values.min()), _mean(mean, form), form(values.max())]


def _distribution(name: str, values: np.ndarray[Any, Any]) -> tuple[str, ...]:
    """A row: the name, the smallest value, the histogram, the largest value."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return name, "-", "nothing finite", "-"
    picture = histogram(finite, BARS if finite.size >= 50 else BARS // 2)  # noqa: PLR2004
    return name, three(finite.min()), picture or "one value", three(finite.max())


def _form(values: np.ndarray[Any, Any]) -> Callable[[Any], str]:
    """One way to write every number of a column: as many decimals as they need, seven digits in all where they need more."""
    if values.dtype.kind != "f":
        return str
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    if largest and not SMALLEST_PLAIN <= largest < LARGEST_PLAIN:
        return "{:.5e}".format
    whole = max(1, math.floor(math.log10(largest)) + 1) if largest else 1
    decimals = min(max(map(_decimals, finite[:MOST_ROWS]), default=0), max(0, DIGITS - whole))
    return f"{{:.{decimals}f}}".format


def _decimals(value: Any) -> int:
    """How many digits after the point tell this value apart from its neighbours in its dtype."""
    return len(np.format_float_positional(value, unique=True, trim="-").partition(".")[2])


def _mean(mean: float, form: Callable[[Any], str]) -> str:
    """The mean of few-digit numbers has many digits: it gets up to two more decimals than its column, without idle zeros."""
    text = form(mean)
    if "e" in text or not math.isfinite(mean):
        return text
    decimals = len(text.partition(".")[2])
    longer = f"{mean:.{max(decimals, min(decimals + 2, MEAN_DECIMALS))}f}"
    while len(longer) > len(text) and longer[-1] in "0.":
        longer = longer[:-1]
    return longer


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
