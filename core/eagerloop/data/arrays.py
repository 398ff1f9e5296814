"""The array-backed dataset: data in memory, whose order is a function of (seed, epoch).

Shapes: n rows, d features, k target columns. Because the order of an epoch is a permutation drawn from PCG64([seed,
epoch]), any position is reached by counting, without replaying what came before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.data.class_weights import ClassWeight, weighed, weights_of_classes
from eagerloop.data.columns import features_from, moments_of, names_of, shaped
from eagerloop.data.cutting import batches_of
from eagerloop.data.pairs import Pair, check_alike, class_names, dtypes_of, fingerprint_of, prepare
from eagerloop.data.splitting import split_rows
from eagerloop.data.tasks import settled_task
from eagerloop.errors import ConfigError
from eagerloop.parts import Task
from eagerloop.structures import leaves_by_path, map_leaves, rows_of

if TYPE_CHECKING:
    import tensorflow as tf

    from eagerloop.tables.table import Table


ROWS_AT_ONCE = 8192
"""Rows that are predicted, and stand in memory, at a time."""

SHOWN = 10
"""How many features the repr lists: an image has hundreds."""


@dataclass(eq=False, repr=False)
class ArrayDataset:
    """Batches of `(x, y)`, or of `(x, y, sample_weight)`, cut from arrays.

    Numbers in x become float32, or int64 where they are whole and float32 would round one. y becomes int32 of shape (n,) or
    (n, T) for a classification, and float32 of shape (n, k) for a regression: (n,) would broadcast against predictions (n, 1).
    x and y may be dicts and tuples of such arrays, and y may be `()`.

    Args:
        train_arrays: x of shape (n, d) or more axes, y of shape (n,) or (n, k), with the same n; and, where rows count for more
            or less, weights of shape (n,), 0 or more.
        test_arrays: The same for the test.
        validation_arrays: The same for the evaluation after each epoch, or None.
        batch_size: Rows in a batch; the last of an epoch may be shorter.
        shuffle: Whether each epoch of the training has an order of its own.
        seed: Where the orders come from.
        features: The columns of x by name; `x0`, `x1`, ... if none are given.
        targets: The columns of y by name; `y`, or `y0`, `y1`, ..., if none are given.
        classes: The classes by name, in the order of their numbers; if none are given for a classification, the numbers
            up to the highest one in y.
        task: Classification or regression; if not given, classification where classes are named, or y has one integer a
            row, or (n, T), T of them: a class at each place. One-hot rows are numbers. `other` where y is a structure.
        exact: Whether any position is reached exactly, which it is; `note` says why.
        fingerprint: A digest of the data; if not given, it is made from the arrays.
        columns: The columns of a table that `encode` needs; the features, if none are given.
        encoder: What turns a table into x, such as an `eagerloop.tables.Encoder`; if not given, the features are numeric
            columns.
        class_weight: How much the training rows of each class count, beside their own weights: `"balanced"`, or weights by the
            name or the number of a class, as in Keras's `fit`. Validation and test are not weighed by it.
        raw_test: The columns of the test rows as they were before any encoding, by name, to be shown beside predictions.

    Raises:
        ConfigError: The batch size is no positive number, or larger than the training data; a class is weighed that is not
            there.
        DataError: Shapes disagree, there are no rows, a number is not finite, a class number is out of range.

    Example:
        >>> x, y = np.arange(8.0).reshape(4, 2), np.arange(4.0).reshape(4, 1)
        >>> dataset = ArrayDataset((x, y), (x[:1], y[:1]), batch_size=3)
        >>> [len(batch_x) for batch_x, batch_y in dataset.train(epoch=1)]
        [3, 1]
        >>> [len(batch_x) for batch_x, batch_y in dataset.train(epoch=1, start=1)]
        [1]
    """

    train_arrays: Pair
    test_arrays: Pair
    validation_arrays: Pair | None = None
    batch_size: int = 10
    shuffle: bool = False
    seed: int = 0
    features: Sequence[str] = ()
    targets: Sequence[str] = ()
    classes: Sequence[str] = ()
    task: Task | Any = None  # None is for the caller alone: as soon as the rows have been looked at, it is a Task
    exact: bool = True
    note: str = "any position is reached exactly, from the seed and the epoch"
    fingerprint: str = ""
    columns: Sequence[str] = ()
    encoder: "Callable[[Table], np.ndarray[Any, Any]] | None" = None
    raw_test: Mapping[str, Sequence[Any]] | None = None
    class_weight: ClassWeight = None
    first_batch: None = field(default=None, init=False)
    keys: None = field(default=None, init=False)
    weights_of_classes = staticmethod(weights_of_classes)
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.task = settled_task(self.task, self.train_arrays[1], self.classes)
        pairs = {"train": self.train_arrays, "test": self.test_arrays, "validation": self.validation_arrays}
        dtypes = dtypes_of(pair[0] for pair in pairs.values() if pair is not None)
        prepared = {part: prepare(part, pair, self.task, dtypes) for part, pair in pairs.items() if pair is not None}
        check_alike(prepared)
        self.train_arrays, self.test_arrays = prepared["train"], prepared["test"]
        self.validation_arrays = prepared.get("validation")
        x, y, *_weights = self.train_arrays
        self.rows = int(rows_of(x))
        if not 1 <= self.batch_size <= self.rows:
            msg = f"batch size must be from 1 to {self.rows}, the number of training rows, got {self.batch_size}"
            raise ConfigError(msg)
        self.features = names_of("features", "x", self.features, x)
        self.targets = names_of("targets", "y", self.targets, y)
        self.classes = class_names(prepared, self.classes) if self.task == "classification" else ()
        self.outputs = len(self.classes) or len(self.targets)
        self.columns = tuple(self.columns) or self.features
        # Validation and test are not weighed by class, as in Keras's `fit`.
        counts = np.bincount(y.ravel(), minlength=len(self.classes)).tolist() if self.classes else ()
        self.class_weights = weights_of_classes(self.class_weight, self.classes, counts)
        self._weighed = weighed(self.train_arrays, self.class_weights)
        self.fingerprint = self.fingerprint or fingerprint_of({**prepared, "train": self._weighed})

    def __repr__(self) -> str:
        features = list(self.features)
        shown = ", ".join(features if len(features) <= SHOWN else [*features[:SHOWN], f"... ({len(features)} in all)"])
        return (
            f"<{type(self).__name__}: {self.rows} training and {rows_of(self.test_arrays)} test rows, "
            f"{self.task} of {', '.join(self.targets) or 'nothing'} from {shown}, batches of {self.batch_size}>"
        )

    @property
    def batches_per_epoch(self) -> int:
        """How many batches an epoch has, the last one perhaps shorter."""
        return -(-self.rows // self.batch_size)

    @property
    def target_moments(self) -> tuple[list[float], list[float]] | None:
        """Means and standard deviations of the k training targets; None for classes, and structures."""
        return moments_of(self.train_arrays[1]) if self.task == "regression" else None

    def order(self, epoch: int) -> np.ndarray[Any, Any] | None:
        """The row numbers of an epoch in the order of training, shape (n,); None if it is the order of the data."""
        if not self.shuffle:
            return None
        return np.random.Generator(np.random.PCG64([self.seed, epoch])).permutation(self.rows)

    def train(self, epoch: int, start: int = 0) -> "tf.data.Dataset":
        """The batches of an epoch from batch `start` on.

        Args:
            epoch: Counted from 1.
            start: How many batches to leave out.

        Returns:
            Batches x of shape (batch_size, d) and y of shape (batch_size, k) or (batch_size,), and the rows' weights.
        """
        order = self.order(epoch)
        if order is None and not start:  # the same in every epoch
            return self._once("train", self._weighed)
        first = start * self.batch_size
        rows = slice(first, None) if order is None else order[first:]
        return batches_of(map_leaves(lambda leaf: leaf[rows], self._weighed), self.batch_size, self.rows)

    def test(self) -> "tf.data.Dataset":
        """The test batches, always in the order of the data."""
        return self._once("test", self.test_arrays)

    def validation(self) -> "tf.data.Dataset | None":
        """The validation batches in the order of the data, or None."""
        pair = self.validation_arrays
        return None if pair is None else self._once("validation", pair)

    def _once(self, name: str, pair: Pair) -> "tf.data.Dataset":
        """A pipeline over whole arrays, made at its first use: making one takes as long as ten compiled steps."""
        if name not in self._made:
            self._made[name] = batches_of(pair, self.batch_size, int(rows_of(pair)))
        return self._made[name]

    def with_validation(self, fraction: float) -> "ArrayDataset":
        """The same with some of the training rows, drawn by the seed, as its validation.

        Args:
            fraction: Their part of the training rows, above 0 and below 1.

        Raises:
            ConfigError: None would be left to train on.
        """
        training, held, _none = split_rows(self.rows, test_fraction=0.0, validation_fraction=fraction, seed=self.seed)
        parts = [map_leaves(lambda leaf, rows=rows: leaf[rows], self.train_arrays) for rows in (training, held)]
        return replace(self, train_arrays=parts[0], validation_arrays=parts[1])

    def encode(self, table: "Table") -> Any:
        """New rows as the model wants them.

        Args:
            table: A table with `columns`, in any order; other columns are passed over.

        Returns:
            x, shape (n, d), or with the axes of the training data.

        Raises:
            DataError: A column is missing, or a cell cannot be encoded.
        """
        table.require(*self.columns)
        if self.encoder is not None:
            return shaped(getattr(self.encoder, "told", self.encoder)(table), self.train_arrays[0])
        return features_from(table, self.columns, self.train_arrays[0])

    def target_values(self, table: "Table") -> np.ndarray[Any, Any] | None:
        """The known answers in a table.

        Args:
            table: Any table.

        Returns:
            y, shape (n,) for a classification or (n, k); None if the table lacks a target, or has no value of it, or if y
            is a structure.

        Raises:
            DataError: A cell is no number, or none of the classes.
        """
        if self.task == "other" or any(name not in table.names or table.kind(name) == "missing" for name in self.targets):
            return None
        if self.task == "classification":
            known = [table.labels(name, self.classes) for name in self.targets]
            return known[0] if len(known) == 1 else np.column_stack(known)
        y = np.column_stack([table.numbers(name) for name in self.targets])
        return y.reshape(len(table), *self.train_arrays[1].shape[1:])

    def test_pieces(self) -> "Iterator[tuple[Mapping[str, Sequence[Any]], Any, Any]]":
        """The test rows, some at a time.

        Yields:
            Their columns by name, as they were before any encoding, x and y.
        """
        x, y, *_weights = self.test_arrays
        count = rows_of(x)
        flat = [column for leaf in leaves_by_path(x).values() for column in leaf.reshape(count, -1).T]
        raw = self.raw_test or dict(zip(self.features, flat, strict=True))
        for begin in range(0, count, ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            some_x, some_y = map_leaves(lambda leaf, rows=rows: leaf[rows], (x, y))
            yield {name: column[rows] for name, column in raw.items()}, some_x, some_y
