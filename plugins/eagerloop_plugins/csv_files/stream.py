"""CSV files that are larger than memory: gone through once to know them, then read block by block, in parallel.

Shapes: n rows, d columns of x; of the columns in the file, p are numeric and q are text. What is drawn is drawn block by block,
so that no list of rows is ever needed: see `Split` and `StreamDataset.train`.
"""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.csv_files.columns import places_of
from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.reader import Reader, ids_of, known_targets, targets_of
from eagerloop_plugins.csv_files.said import said_of
from eagerloop_plugins.csv_files.split import Array

if TYPE_CHECKING:
    import tensorflow as tf

WINDOW_BYTES = 1 << 25
"""How much of the file is mixed with each other: rows are drawn from so many bytes of blocks, which are drawn themselves."""


class StreamDataset:
    """Batches of `(x, y)`, or of `(x, y, sample_weight)`, read from a file while they are needed.

    Args:
        found: What there is to know of the file.
        batch_size: Rows in a batch; the last of an epoch may be shorter. None: as many as suit the rows.
        shuffle: Whether each epoch of the training has an order of its own.

    Raises:
        ConfigError: There are no rows for a part, or a batch is larger than the training data.
    """

    def __init__(self, findings: Findings, *, batch_size: int | None, shuffle: bool) -> None:
        said = said_of(findings, batch_size)
        self.decided, self.in_short, self.usual_answer = said.decided, said.in_short, said.usual_answer
        self.carried = said.carried
        self.blocks, self.dealt, self.encoder = findings.blocks, findings.dealt, findings.encoder
        self.fingerprint, self.weight, self.class_weights = findings.fingerprint, findings.weight, findings.class_weights
        self.batch_size, self.shuffle, self.seed = said.batch_size, shuffle, findings.dealt.split.seed
        self.columns, self.features, self.targets = findings.encoder.columns, findings.encoder.features, (findings.target,)
        self.classes = tuple(findings.classes)
        self.task: eagerloop.parts.Task = "classification" if findings.classes else "regression"
        self.outputs = len(self.classes) or 1
        self.target_moments = None if findings.moments is None else tuple([number] for number in findings.moments)
        self.exact, self.note = True, "any position is reached by reading the blocks that hold it, from the seed and the epoch"
        self._parts = findings.parts
        self._counts = {name: part.counts() for name, part in self._parts.items()}
        rows = {part: int(counts.sum()) for part, counts in self._counts.items()}
        if not 1 <= self.batch_size <= rows["train"]:
            msg = f"batch size must be from 1 to {rows['train']}, the number of training rows, got {self.batch_size}"
            raise ConfigError(msg)
        if not rows["test"]:
            msg = "test-fraction 0 leaves no row to test on; 0.2 keeps every fifth row"
            raise ConfigError(msg)
        self.batches_per_epoch = -(-rows["train"] // self.batch_size)
        self.rows = rows
        self.first_batch = self.keys = None
        # About as many rows as fit into the bytes of a window, in whole batches: few batches then span two windows.
        self._window = max(1, findings.dealt.count * WINDOW_BYTES // findings.blocks.size // said.batch_size) * said.batch_size

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}: {self.rows['train']} training and {self.rows['test']} test rows streamed from "
            f"{self.blocks.path}, {self.task} of {self.targets[0]}, batches of {self.batch_size}>"
        )

    def train(self, epoch: int, start: int = 0) -> "tf.data.Dataset":
        """The batches of an epoch from batch `start` on.

        The order: the blocks' own order is drawn by PCG64([seed, epoch, 0, 1]); of that sequence of training rows, each
        window w, about 32 MiB, is mixed by PCG64([seed, epoch, w]). In a file of one block this is just the order of
        `eagerloop.ArrayDataset`. Only the blocks of the window that holds `start` are read to get there.

        Args:
            epoch: Counted from 1.
            start: How many batches to leave out.

        Returns:
            Batches x of shape (batch_size, d), y of shape (batch_size, 1) or (batch_size,), and the rows' weights.
        """
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        order = np.arange(len(self.blocks))
        if self.shuffle:
            order = np.random.Generator(np.random.PCG64([self.seed, epoch, 0, 1])).permutation(order)
        row = start * self.batch_size
        window = row // self._window
        begin = window * self._window if self.shuffle else row
        rows = self._rows("train", order, begin)
        if self.shuffle:
            mixed = self._mixer(epoch, window, row - begin)
            numbers = tf.data.Dataset.range(window, np.iinfo(np.int64).max)
            rows = tf.data.Dataset.zip((numbers, rows.rebatch(self._window))).map(mixed)
        return self._batches(rows, self.batches_per_epoch - start)

    def test(self) -> "tf.data.Dataset":
        """The test batches in the order of the file."""
        return self._part("test")

    def validation(self) -> "tf.data.Dataset | None":
        """The validation batches in the order of the file, or None."""
        return self._part("validation") if self.rows["validation"] else None

    def encode(self, table: "eagerloop.tables.Table") -> Array:
        """New rows as the model wants them: float32, shape (n, d)."""
        table.require(*self.columns)
        return self.encoder.told(table)

    def target_values(self, table: "eagerloop.tables.Table") -> Array | None:
        """The known answers in a table, (n,) or (n, 1): -1, or NaN, in a row without one; None if there are none."""
        return known_targets(table, self.targets[0], self.classes, self.encoder)

    def test_pieces(self) -> Iterator[tuple[Mapping[str, Any], Array, Array]]:
        """The test rows, some at a time: the columns as they are in the file, x, y."""
        part = self._parts["test"]
        for number, table in enumerate(part.blocks):
            rows = part.rows(number)
            if len(rows):
                given = ids_of(table, self.carried, rows)
                given |= {name: self.encoder.shown(table, name, rows) for name in self.columns}
                yield given, self.encoder(table)[rows], targets_of(table, self.targets[0], self.classes, self.encoder, rows)

    def _part(self, part: str) -> "tf.data.Dataset":
        return self._batches(self._rows(part, np.arange(len(self._counts[part])), 0), -(-self.rows[part] // self.batch_size))

    def _rows(self, part: str, order: Array, begin: int) -> "tf.data.Dataset":
        """Encoded rows of one part, an element a block, from a row on: numbers (n, p), of categories (n, q), y, weights."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        self._parts[part].blocks.require_unchanged()
        ends = np.cumsum(self._counts[part][order])
        first = int(np.searchsorted(ends, begin, "right"))
        passed = np.zeros(len(order) - first, np.int64)
        if len(passed):
            passed[0] = begin - (ends[first - 1] if first else 0)
        reader = Reader(self, self._parts[part])
        shapes = [(None, reader.numeric), (None, reader.text), (None,) if self.classes else (None, 1)]
        types = [tf.float32, tf.int32, tf.int32 if self.classes else tf.float32]
        if reader.weighs:
            shapes, types = [*shapes, (None,)], [*types, tf.float32]

        def read(number: "tf.Tensor", leave_out: "tf.Tensor") -> tuple["tf.Tensor", ...]:
            made = tf.numpy_function(reader, [number, leave_out], types)
            return tuple(tf.ensure_shape(one, shape) for one, shape in zip(made, shapes, strict=True))

        parallel = min(os.cpu_count() or 1, 8)
        return tf.data.Dataset.from_tensor_slices((order[first:], passed)).map(read, parallel, deterministic=True)

    def _mixer(self, epoch: int, first: int, passed: int) -> Any:
        import tensorflow as tf  # noqa: PLC0415 - as above

        def permute(window: Array, count: Array) -> Array:
            order = np.random.Generator(np.random.PCG64([self.seed, epoch, int(window)])).permutation(int(count))
            return order[passed:] if window == first else order

        def mixed(window: "tf.Tensor", rows: tuple["tf.Tensor", ...]) -> tuple["tf.Tensor", ...]:
            order = tf.ensure_shape(tf.numpy_function(permute, [window, tf.shape(rows[0])[0]], tf.int64), [None])
            return tuple(tf.gather(one, order) for one in rows)

        return mixed

    def _batches(self, rows: "tf.data.Dataset", count: int) -> "tf.data.Dataset":
        """Batches of one size, across blocks; text becomes 0-1 columns only here, where it takes no memory to speak of."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        encoder = self.encoder
        begins, hot, order = places_of(encoder)

        def complete(numbers: "tf.Tensor", categories: "tf.Tensor", *others: "tf.Tensor") -> tuple["tf.Tensor", ...]:
            if not encoder.categories:
                return numbers, *others
            cells = tf.reshape(tf.stack([row_of(categories), tf.maximum(categories, 0) + begins], axis=2), (-1, 2))
            known = tf.cast(tf.reshape(categories, [-1]) >= 0, tf.float32)  # another one is 0 in each column
            ones = tf.scatter_nd(cells, known, [tf.shape(categories)[0], hot])
            return tf.gather(tf.concat([numbers, ones], axis=1), order, axis=1), *others

        def row_of(cells: "tf.Tensor") -> "tf.Tensor":
            return tf.broadcast_to(tf.range(tf.shape(cells)[0])[:, tf.newaxis], tf.shape(cells))

        batches = rows.rebatch(self.batch_size).map(complete, 2, deterministic=True)
        return batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(8)
