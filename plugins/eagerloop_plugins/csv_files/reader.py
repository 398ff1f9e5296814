"""Reads the blocks of a streamed file, several at the same time.

Shapes: n rows; of the columns of the file, p are numeric and q are text.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from eagerloop_plugins.csv_files.dealing import Part
from eagerloop_plugins.csv_files.rules import NO_VALUE, OTHER
from eagerloop_plugins.csv_files.split import Array
from eagerloop_plugins.csv_files.weights import weights_of


def targets_of(table: Any, target: str, classes: Sequence[str], encoder: Any, rows: Array) -> Array:
    """Y of some rows of a table: int32 (n,) for classes, else float32 (n, 1)."""
    if classes:
        return encoder.reading.classes(table, target, classes, rows)  # type: ignore[no-any-return]
    return encoder.reading.values(table, target)[rows].astype(np.float32)  # type: ignore[no-any-return]


def ids_of(table: Any, names: Sequence[str], rows: Array) -> dict[str, Array]:
    """The ids of some rows as they are written, by column; of a file of its own for the test, those that it has."""
    texts = {name: table.text(name) for name in names if name in table.names}
    return {name: np.array([cells[row] for row in rows.tolist()], object) for name, cells in texts.items()}


def known_targets(table: Any, target: str, classes: Sequence[str], encoder: Any) -> Array | None:
    """The answers in a table: NaN, or -1 for classes, in a row without one; None if there are none at all."""
    if target not in table.names:
        return None
    own = encoder.reading.own(table)
    rows = np.flatnonzero(~own.missing(target))
    if not len(rows):
        return None
    known = targets_of(own, target, classes, encoder, rows)
    everywhere = np.full((len(table), *known.shape[1:]), -1 if classes else np.nan, known.dtype)
    everywhere[rows] = known
    return everywhere


def _without_gaps(cells: Array, missing: Collection[str]) -> list[str]:
    """Cells as text; those without a value are empty."""
    texts = {cell: cell.decode("utf-8").strip() for cell in set(cells.tolist())}
    texts = {cell: "" if text.lower() in missing else text for cell, text in texts.items()}
    return [texts[cell] for cell in cells.tolist()]


class Reader:
    """Reads the rows of one part in a block. `tf.io.decode_csv` cuts and parses without holding Python up.

    Args:
        dataset: The streamed dataset.
        part: The rows.
    """

    def __init__(self, dataset: Any, part: Part) -> None:
        self.dataset, self.part = dataset, part
        self._of_class = np.array(dataset.class_weights if part.place == 0 else (), np.float32)  # as in Keras's `fit`
        self.weighs = dataset.weight is not None or len(self._of_class) > 0
        self.numeric, self.text = dataset.encoder.width, len(dataset.encoder.categories)
        wanted = {*dataset.columns, *dataset.targets, dataset.weight}
        places = {name: place for place, name in enumerate(part.blocks.names) if name in wanted}
        self._wanted, self._places = [*places], [*places.values()]
        self._forms = dataset.encoder.reading.forms
        texts = {*self._categories(), *self._forms}
        self._numbers = [place for name, place in places.items() if name not in texts]
        self._labels = {
            name: {value: place for place, value in enumerate(values)} for name, values in self._categories().items()
        }

    def _categories(self) -> dict[str, Sequence[str]]:
        dataset = self.dataset
        return {**dataset.encoder.categories} | ({dataset.targets[0]: dataset.classes} if dataset.classes else {})

    def __call__(self, number: Any, leave_out: Any) -> tuple[Array, ...]:
        """Numbers float32 (n, p), numbers of categories int32 (n, q), y, weights; the first few rows may be left out."""
        dataset = self.dataset
        rows = self.part.rows(int(number))[int(leave_out) :]
        columns = self._fast(int(number), rows) or self._slow(int(number), rows)
        x, categories = np.empty((len(rows), self.numeric), np.float32), np.empty((len(rows), self.text), np.int32)
        place = 0
        for name in dataset.columns:
            if name not in dataset.encoder.categories:
                place = dataset.encoder.put(x, place, name, columns[name])
        for place, name in enumerate(dataset.encoder.categories):
            categories[:, place] = columns[name]
        y = columns[dataset.targets[0]].astype(np.int32 if dataset.classes else np.float32)
        if not self.weighs:
            return x, categories, y
        weights = np.ones(1, np.float32) if dataset.weight is None else columns[dataset.weight].reshape(-1).astype(np.float32)
        return x, categories, y, weights * self._of_class[y] if len(self._of_class) else weights

    def _fast(self, number: int, rows: Array) -> dict[str, Array] | None:
        """The columns by TensorFlow's parser: float64, or numbers of categories; None if a cell is not for it."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        lines = self.part.blocks.lines(number, self._numbers)
        if lines is None:
            return None
        texts = {*self._labels, *self._forms}
        defaults = [tf.constant([""]) if name in texts else tf.constant([], tf.float64) for name in self._wanted]
        options = {"field_delim": self.part.blocks.delimiter, "use_quote_delim": False, "select_cols": self._places}
        try:
            with tf.device("CPU"):
                chosen = tf.constant([lines[row] for row in rows.tolist()], tf.string, shape=[len(rows)])
                cells = [column.numpy() for column in tf.io.decode_csv(chosen, defaults, **options)]
        except tf.errors.InvalidArgumentError:
            return None  # a number that is written in a way of its own, say
        named = zip(self._wanted, cells, strict=True)
        columns = {name: column if name in texts else column[:, np.newaxis] for name, column in named}
        for name in ({*self._forms} & {*self._wanted}) - {*self._labels}:
            columns[name] = self._forms[name].values(_without_gaps(columns[name], self.part.blocks.missing))
        for name, known in self._labels.items():
            different = {cell: self._label(name, known, cell.decode("utf-8").strip()) for cell in set(columns[name].tolist())}
            if None in different.values():
                return None  # `3` may be written `3.0`
            columns[name] = np.array([different[cell] for cell in columns[name].tolist()], np.int32)
        return columns

    def _label(self, name: str, known: Mapping[str, int], text: str) -> int | None:
        """The place of a text among those known, as `Encoder.labels` has it; None if it takes a second look."""
        if text in known:
            return known[text]
        if name in self._forms or name in self.dataset.targets or text[:1].isdigit() or text[:1] in "+-.":
            return None
        encoder = self.dataset.encoder
        if text.lower() in self.part.blocks.missing:
            return known.get(NO_VALUE, -1)
        return known[OTHER] if name in encoder.pooled else -1

    def _slow(self, number: int, rows: Array) -> dict[str, Array]:
        """The same, by way of the table."""
        table = self.part.blocks[number]
        categories, columns = self._categories(), {}
        for name in self._wanted:
            if name in self.dataset.encoder.categories:
                columns[name] = self.dataset.encoder.labels(table, name)[rows]
            elif name == self.dataset.weight:
                columns[name] = weights_of(table, name)[rows]
            elif name in categories:
                columns[name] = self.dataset.encoder.reading.classes(table, name, categories[name], rows)
            else:
                columns[name] = self.dataset.encoder.reading.values(table, name)[rows]
        return columns
