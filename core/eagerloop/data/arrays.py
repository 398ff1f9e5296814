"""The array-backed dataset: data in memory, whose order is a function of (seed, epoch).

Shapes: n rows, d features, k target columns. Because the order of an epoch is a permutation drawn from PCG64([seed,
epoch]), any position is reached by counting, without replaying what came before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.data.pairs import Pair, check_alike, class_names, dtype_of, fingerprint_of, prepare, task_of
from eagerloop.errors import ConfigError, DataError
from eagerloop.parts import Task

if TYPE_CHECKING:
    import tensorflow as tf

    from eagerloop.tables.table import Table


ROWS_AT_ONCE = 8192
"""Rows that are predicted, and stand in memory, at a time."""

SHOWN = 10
"""How many features the repr lists: an image has hundreds."""


@dataclass(eq=False, repr=False)
class ArrayDataset:
    """Batches of `(x, y)` cut from arrays.

    Numbers in x become float32, or int64 where they are whole and float32 would round one. y becomes int32 of shape (n,) or
    (n, T) for a classification, and float32 of shape (n, k) for a regression: (n,) would broadcast against predictions (n, 1).

    Args:
        train_arrays: x of shape (n, d) or more axes, y of shape (n,) or (n, k), with the same n.
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
            row, or (n, T), T of them: a class at each place. One-hot rows are numbers.
        exact: Whether any position is reached exactly, which it is.
        note: Why.
        fingerprint: A digest of the data; if not given, it is made from the arrays.
        columns: The columns of a table that `encode` needs; the features, if none are given.
        encoder: What turns a table into x; if not given, the features are numeric columns.
        raw_test: The columns of the test rows as they were before any encoding, by name, to be shown beside predictions.

    Raises:
        ConfigError: The batch size is no positive number, or larger than the training data.
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
    first_batch: None = field(default=None, init=False)
    keys: None = field(default=None, init=False)
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.task = self.task or ("classification" if self.classes else task_of(np.asarray(self.train_arrays[1])))
        pairs = {"train": self.train_arrays, "test": self.test_arrays, "validation": self.validation_arrays}
        dtype = dtype_of(pair[0] for pair in pairs.values() if pair is not None)
        prepared = {part: prepare(part, pair, self.task, dtype) for part, pair in pairs.items() if pair is not None}
        check_alike(prepared)
        self.train_arrays, self.test_arrays = prepared["train"], prepared["test"]
        self.validation_arrays = prepared.get("validation")
        x, y = self.train_arrays
        if not 1 <= self.batch_size <= len(x):
            msg = f"batch size must be from 1 to {len(x)}, the number of training rows, got {self.batch_size}"
            raise ConfigError(msg)
        self.features = _names("features", "x", self.features, x)
        self.targets = _names("targets", "y", self.targets, y)
        self.classes = class_names(prepared, self.classes) if self.task == "classification" else ()
        self.outputs = len(self.classes) or len(self.targets)
        self.columns = tuple(self.columns) or self.features
        self.fingerprint = self.fingerprint or fingerprint_of(prepared)

    def __repr__(self) -> str:
        features = list(self.features)
        shown = ", ".join(features if len(features) <= SHOWN else [*features[:SHOWN], f"... ({len(features)} in all)"])
        return (
            f"<{type(self).__name__}: {len(self.train_arrays[0])} training and {len(self.test_arrays[0])} test rows, "
            f"{self.task} of {', '.join(self.targets)} from {shown}, batches of {self.batch_size}>"
        )

    @property
    def batches_per_epoch(self) -> int:
        """How many batches an epoch has, the last one perhaps shorter."""
        return -(-len(self.train_arrays[0]) // self.batch_size)

    def order(self, epoch: int) -> np.ndarray[Any, Any] | None:
        """The row numbers of an epoch in the order of training, shape (n,); None if it is the order of the data."""
        if not self.shuffle:
            return None
        return np.random.Generator(np.random.PCG64([self.seed, epoch])).permutation(len(self.train_arrays[0]))

    def train(self, epoch: int, start: int = 0) -> "tf.data.Dataset":
        """The batches of an epoch from batch `start` on.

        Args:
            epoch: Counted from 1.
            start: How many batches to leave out.

        Returns:
            Batches x of shape (batch_size, d) and y of shape (batch_size, k) or (batch_size,).
        """
        x, y = self.train_arrays
        order = self.order(epoch)
        if order is None and not start:  # the same in every epoch
            return self._once("train", self.train_arrays)
        first = start * self.batch_size
        rows = slice(first, None) if order is None else order[first:]
        return self._batches(x[rows], y[rows], len(x))

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
            self._made[name] = self._batches(*pair, len(pair[0]))
        return self._made[name]

    def encode(self, table: "Table") -> np.ndarray[Any, Any]:
        """New rows as the model wants them.

        Args:
            table: A table with `columns`, in any order; other columns are passed over.

        Returns:
            x, shape (n, d), in the same form as the training data.

        Raises:
            DataError: A column is missing, or a cell cannot be encoded.
        """
        table.require(*self.columns)
        if self.encoder is not None:
            return self.encoder(table)
        like = self.train_arrays[0]
        x = np.column_stack([self._column(table, name, like.dtype) for name in self.columns])
        return x.reshape(len(table), *like.shape[1:])

    def _column(self, table: "Table", name: str, dtype: "np.dtype[Any]") -> np.ndarray[Any, Any]:
        """A column of a table, in the form of x: numbers, whole numbers, or text."""
        if dtype.kind in "OUS":
            return np.array(table.text(name))
        if dtype.kind == "f":
            return table.numbers(name)
        values = table.numbers(name, np.float64)
        broken = values != np.floor(values)
        if broken.any():
            raise table.fault(name, int(broken.argmax()), "the training rows have whole numbers here")
        return values.astype(dtype)

    def target_values(self, table: "Table") -> np.ndarray[Any, Any] | None:
        """The known answers in a table.

        Args:
            table: Any table.

        Returns:
            y, shape (n,) for a classification or (n, k); None if the table lacks a target, or has no value of it.

        Raises:
            DataError: A cell is no number, or none of the classes.
        """
        if any(name not in table.names or table.kind(name) == "missing" for name in self.targets):
            return None
        if self.task == "classification":
            known = [table.labels(name, self.classes) for name in self.targets]
            return known[0] if len(known) == 1 else np.column_stack(known)
        y = np.column_stack([table.numbers(name) for name in self.targets])
        return y.reshape(len(table), *self.train_arrays[1].shape[1:])

    def test_pieces(self) -> "Iterator[tuple[Mapping[str, Sequence[Any]], np.ndarray[Any, Any], np.ndarray[Any, Any]]]":
        """The test rows, some at a time.

        Yields:
            Their columns by name, as they were before any encoding, x and y.
        """
        x, y = self.test_arrays
        raw = self.raw_test or dict(zip(self.features, x.reshape(len(x), -1).T, strict=True))
        for begin in range(0, len(x), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            yield {name: column[rows] for name, column in raw.items()}, x[rows], y[rows]

    def _batches(self, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], rows: int) -> "tf.data.Dataset":
        """Whole batches are cut by a reshape, which costs nothing a row; what is left makes the short last one.

        `rows` is how many the whole part has: if these end in a short batch, one is concatenated even where there is
        nothing else, so that the element_spec, and with it a compiled loop, is the same from any start.
        """
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        whole = len(x) // self.batch_size
        cut = whole * self.batch_size
        shapes = [(whole, self.batch_size, *array.shape[1:]) for array in (x, y)]
        batches = tf.data.Dataset.from_tensor_slices((x[:cut].reshape(shapes[0]), y[:cut].reshape(shapes[1])))
        if rows % self.batch_size:
            last = tf.data.Dataset.from_tensors((x[cut:], y[cut:]))
            batches = batches.concatenate(last if cut < len(x) else last.take(0))
        return batches


def _names(what: str, letter: str, given: Sequence[str], array: np.ndarray[Any, Any]) -> tuple[str, ...]:
    """The names of an array's columns, numbered if none are given."""
    width = int(np.prod(array.shape[1:], dtype=int))
    if given and len(given) != width:
        msg = f"{letter}_train has {width} columns, shape {array.shape}, and {what} names {len(given)}: {', '.join(given)}"
        raise DataError(msg)
    return tuple(given) or ((letter,) if letter == "y" and width == 1 else tuple(f"{letter}{place}" for place in range(width)))
