"""A training batch, every value of it.

Shapes: n rows, d features (more axes are laid out in one row), k target columns.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.inspection.views.batch_columns import MOST_ROWS, column, distribution, note, ragged_column
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.pictures import are_pictures, beside
from eagerloop.inspection.writing.text_layout import folded, table
from eagerloop.parts import Dataset
from eagerloop.structures import leaves_by_path, map_leaves, rows_of

WIDTH = 80
FEWEST_ROWS = 5
"""Of fewer rows there is no histogram: one can see them."""


MOST_FEATURES = 40

MOST_PICTURES = 8


@dataclass(frozen=True, repr=False, eq=False)
class BatchView:
    """A batch and what its dataset says of it; print it.

    Attributes:
        number: Which batch of epoch 1, counted from 0.
        x: Features, (n, d) or with more axes; a structure of arrays, or of ragged tensors, where the dataset gives one, as y.
        y: Targets, (n, k) or (n,).
        features: The columns of x, by name.
        targets: The columns of y, by name.
        task: Classification or regression.
        classes: The classes by name, in the order of their numbers; empty for a regression.
        sample_weight: How much each row counts, (n,); None where all count alike.
    """

    number: int
    x: Any
    y: Any
    features: Sequence[str]
    targets: Sequence[str]
    task: str
    classes: Sequence[str]
    sample_weight: np.ndarray[Any, Any] | None = None

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """Shapes, dtypes and names, a row per example, each column's smallest, mean and largest value and its histogram."""
        labels = self._labels()
        tables = [line for block in self._blocks() for line in ["", *table(list(zip(labels, *block, strict=True)), left=0)]]
        return "\n".join([*self._head(), *self._pictures(), *tables, *self._distributions()])

    def _pictures(self) -> Iterator[str]:
        """The first pictures in shades, where x is a batch of them."""
        if are_pictures(self.x):
            y = self.y.reshape(-1) if isinstance(self.y, np.ndarray) and self.y.size == self._rows else ()
            named = [f"{row}  {self.classes[value] if self.classes else three(value)}" for row, value in enumerate(y)]
            shown = self.x[:MOST_PICTURES]
            yield from beside((named or [str(row) for row in range(self._rows)])[: len(shown)], shown, WIDTH)

    @property
    def _rows(self) -> int:
        return int(rows_of(self.x))

    def _tensors(self) -> Iterator[tuple[str, Any, Sequence[str]]]:
        """Each tensor by its name, `x` or `x/city`, with the names of its columns."""
        weights = () if self.sample_weight is None else self.sample_weight
        known = (("x", self.x, self.features), ("y", self.y, self.targets), ("sample_weight", weights, ("weight",)))
        for letter, structure, names in known:
            for path, leaf in leaves_by_path(structure).items():
                yield (f"{letter}/{path}", leaf, _numbered(f"{letter}/{path}", leaf)) if path else (letter, leaf, names)

    def _head(self) -> Iterator[str]:
        yield f"batch {self.number} of epoch 1, {_counted(self._rows, 'row')}, {self.task}"
        for name, leaf, names in self._tensors():
            ragged = "" if isinstance(leaf, np.ndarray) else "ragged  "
            yield from folded(
                f"{name}  {tuple(leaf.shape)} {np.dtype(_dtype(leaf)).name}  {ragged}", names, WIDTH, MOST_FEATURES
            )
        if not leaves_by_path(self.y):
            yield "y  empty"
        if self.classes:
            numbers, counts = np.unique(self.y, return_counts=True)
            here = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
            counted = [
                f"{i if name == str(i) else f'{i} {name}'} ({here.get(i, 0)} here)" for i, name in enumerate(self.classes)
            ]
            yield from folded("classes  ", counted, WIDTH, MOST_FEATURES)

    def _labels(self) -> list[str]:
        shown = min(self._rows, MOST_ROWS)
        return ["", *map(str, range(shown)), *(["..."] if shown < self._rows else []), "min", "mean", "max"]

    def _blocks(self) -> Iterator[list[list[str]]]:
        """Columns of text, as many together as the width of a page takes."""
        columns = list(self._columns())
        label = max(map(len, self._labels()))
        block: list[list[str]] = []
        width = label
        for one in columns:
            wide = 2 + max(map(len, one))
            if block and width + wide > WIDTH:
                yield block
                block, width = [], label
            block.append(one)
            width += wide
        yield block

    def _distributions(self) -> Iterator[str]:
        """A histogram a column; of very many columns one for all, as of the pixels of a picture."""
        if self._rows < FEWEST_ROWS:
            return
        columns: list[tuple[str, Any]] = []
        for name, leaf, names in self._tensors():
            if not isinstance(leaf, np.ndarray):
                columns.append((name, np.asarray(leaf.flat_values)))
            elif name == "y" and self.classes:
                continue
            elif name[0] == "x" and math.prod(leaf.shape[1:]) > MOST_FEATURES:
                columns.append((f"all {math.prod(leaf.shape[1:])} of {name}", leaf))
            else:
                flat = leaf.reshape(len(leaf), -1)
                columns += [(self._name(name, names, place), flat[:, place]) for place in range(flat.shape[1])]
        rows = [distribution(name, values) for name, values in columns if values.dtype.kind in "iuf"]
        if rows:
            yield from ["", *table([("", "from", "", "to"), *rows])]

    def _columns(self) -> Iterator[list[str]]:
        for name, leaf, names in self._tensors():
            if not isinstance(leaf, np.ndarray):
                yield ragged_column(name, leaf)
                continue
            if name == "x" and are_pictures(leaf):
                continue  # they are drawn
            flat = leaf.reshape(len(leaf), -1)
            most = MOST_FEATURES if name[0] == "x" else flat.shape[1]
            for place in range(min(flat.shape[1], most)):
                yield column(self._name(name, names, place), flat[:, place], self.classes if name == "y" else ())
            if flat.shape[1] > most:
                yield note(f"{flat.shape[1] - most} more", len(self._labels()))

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
    x, y, *weights = map_leaves(lambda leaf: leaf if hasattr(leaf, "flat_values") else np.asarray(leaf), tuple(batch))
    return BatchView(number, x, y, dataset.features, dataset.targets, dataset.task, dataset.classes, *weights)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _numbered(name: str, leaf: Any) -> list[str]:
    """The columns of a tensor in a structure: by its name, and by their numbers where there are several."""
    count = math.prod(leaf.shape[1:]) if isinstance(leaf, np.ndarray) else 1
    return [name] if count == 1 else [f"{name} {place}" for place in range(count)]


def _dtype(leaf: Any) -> Any:
    return leaf.dtype if isinstance(leaf, np.ndarray) else leaf.dtype.as_numpy_dtype
