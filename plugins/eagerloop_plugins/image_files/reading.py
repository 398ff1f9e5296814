"""Pictures that stay on the disk and are read batch by batch. Shapes: n rows, h x w pixels, c channels."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import eagerloop
from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.image_files.finding import Array, Found
from eagerloop_plugins.image_files.looking import Look, stamp_of

if TYPE_CHECKING:
    import tensorflow as tf

AHEAD = 2
"""Batches that are read while the model learns."""


class ImageDataset:
    """Batches of `(x, y)`, their pictures read while they are needed; in the training with weights, if classes are weighed.

    Args:
        found: The pictures.
        looks: What was seen of each.
        encoder: What makes x of a path.
        rows: The rows of `train`, `validation` and `test`.
        batch_size: Rows in a batch; the last of an epoch may be shorter.
        shuffle: Whether each epoch of the training has an order of its own.
        seed: Where the orders come from.
        class_weights: How much the training pictures of each class count; none if all count alike.

    Raises:
        ConfigError: A batch is larger than the training data.
        DataError: A path leads out of the folder.
    """

    exact, first_batch, keys = True, None, None
    note = "any position is reached exactly, from the seed and the epoch"

    def __init__(
        self,
        found: Found,
        looks: list[Look],
        encoder: "eagerloop.tables.Pictures",
        rows: Mapping[str, Array],
        *,
        batch_size: int,
        shuffle: bool,
        seed: int,
        class_weights: Sequence[float] = (),
    ) -> None:
        self.encoder, self.rows, self.batch_size, self.shuffle, self.seed = encoder, rows, batch_size, shuffle, seed
        if batch_size > len(rows["train"]):
            msg = f"batch size must be from 1 to {len(rows['train'])}, the number of training rows, got {batch_size}"
            raise ConfigError(msg)
        self._found, self._y, self.class_weights = found, found.y, tuple(class_weights)
        self._paths = np.array(encoder.paths(found.table))
        self._stamps = np.array([stamp_of(path) for path in self._paths.tolist()])
        self.columns, self.features, self.targets = encoder.columns, ("picture",), (found.target,)
        self.classes, self.outputs = found.classes, len(found.classes) or 1
        self.task: eagerloop.parts.Task = "classification" if found.classes else "regression"
        self.target_moments = None if found.classes else _moments(found.y[rows["train"]])
        self.batches_per_epoch = -(-len(rows["train"]) // batch_size)
        self.fingerprint = self._digest(looks)

    def __repr__(self) -> str:
        shape = f"{self.encoder.height} x {self.encoder.width} x {self.encoder.channels}"
        return (
            f"<{type(self).__name__}: {len(self.rows['train'])} training and {len(self.rows['test'])} test pictures of {shape} "
            f"from {self._found.table.path}, {self.task} of {self.targets[0]}, batches of {self.batch_size}>"
        )

    def _digest(self, looks: list[Look]) -> str:
        """Of the pictures' bytes, what they show, what they are for, and how they are read."""
        digest = hashlib.sha256(repr(self.encoder).encode())
        for part, rows in self.rows.items():
            for row in rows.tolist():
                digest.update(f"{part} {looks[row].digest} {self._y[row]}\n".encode())
        return digest.hexdigest()

    def train(self, epoch: int, start: int = 0) -> "tf.data.Dataset":
        """The batches of an epoch from batch `start` on, in the order that PCG64([seed, epoch]) draws.

        Args:
            epoch: Counted from 1.
            start: How many batches to leave out, whose pictures are not read.
        """
        rows = self.rows["train"]
        if self.shuffle:
            rows = rows[np.random.Generator(np.random.PCG64([self.seed, epoch])).permutation(len(rows))]
        return self._batches(rows[start * self.batch_size :], self.class_weights)

    def test(self) -> "tf.data.Dataset":
        """The test batches, in the order of the paths."""
        return self._batches(self.rows["test"])

    def validation(self) -> "tf.data.Dataset | None":
        """The validation batches, or None."""
        return self._batches(self.rows["validation"]) if len(self.rows["validation"]) else None

    def _batches(self, rows: Array, class_weights: Sequence[float] = ()) -> "tf.data.Dataset":
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        self._require_unchanged(rows)
        y = self._y[rows]
        weights = (np.array(class_weights, np.float32)[y],) if class_weights else ()
        given = tf.data.Dataset.from_tensor_slices((self._paths[rows], y, *weights))
        pictures = given.map(lambda path, *known: (self.encoder.read(path), *known), tf.data.AUTOTUNE, deterministic=True)
        return pictures.batch(self.batch_size).prefetch(AHEAD)

    def _require_unchanged(self, rows: Array) -> None:
        """Compares the files with those of when they were looked at.

        Raises:
            DataError: Some are gone, or others.
        """
        same = [stamp_of(path) == tuple(self._stamps[row]) for row, path in zip(rows, self._paths[rows].tolist(), strict=True)]
        changed = self._paths[rows][~np.array(same, bool)]
        if len(changed):
            what = f"{len(changed)} of {len(rows)} pictures have changed since the run began, or are gone, such as {changed[0]}"
            msg = f"{self._found.table.path}: {what}; put them back and resume, or train anew"
            raise DataError(msg)

    def encode(self, table: "eagerloop.tables.Table") -> Array:
        """The pictures of a table of paths, (n, h, w, c)."""
        table.require(*self.columns)
        return self.encoder.told(table)

    def target_values(self, table: "eagerloop.tables.Table") -> Array | None:
        """The known answers in a table, (n,) or (n, 1): -1, or NaN, in a row without one; None if there are none."""
        target = self.targets[0]
        if target not in table.names or table.kind(target) == "missing":
            return None
        if self.classes:
            return table.labels(target, self.classes, others=True)
        return table.values(target)[:, np.newaxis]

    def test_pieces(self) -> Iterator[tuple[Mapping[str, Any], Array, Array]]:
        """The test pictures, some at a time: their paths as they were found, x and y."""
        names, rows = self._found.table.text(self.encoder.column), self.rows["test"]
        for begin in range(0, len(rows), self.encoder.rows_at_once):
            some = rows[begin : begin + self.encoder.rows_at_once]
            x = np.stack([np.asarray(self.encoder.read(path)) for path in self._paths[some]])
            yield {self.encoder.column: [names[row] for row in some.tolist()]}, x, self._y[some]


def _moments(y: Array) -> tuple[list[float], list[float]]:
    return [float(y.mean())], [float(y.std()) or 1.0]
