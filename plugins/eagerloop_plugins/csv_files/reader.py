"""Reads the blocks of a streamed file, several at the same time.

Shapes: n rows; of the columns of the file, p are numeric and q are text.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

import eagerloop
from eagerloop_plugins.csv_files.split import Array


def ahead(blocks: Any) -> Iterator["eagerloop.tables.Table"]:
    """The tables in their order, read by as many threads as there are cores, no more than one a thread ahead."""
    workers = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Any]] = deque()
        for number in range(len(blocks)):
            waiting.append(pool.submit(blocks.__getitem__, number))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Reader:
    """Reads the rows of one part in a block. `tf.io.decode_csv` cuts and parses without holding Python up.

    Args:
        dataset: The streamed dataset.
        part: 0 training, 1 validation, 2 test.
    """

    def __init__(self, dataset: Any, part: int) -> None:
        self.dataset, self.part = dataset, part
        self.numeric, self.text = len(dataset.encoder.scales), len(dataset.encoder.categories)
        wanted = {*dataset.columns, *dataset.targets}
        places = {name: place for place, name in enumerate(dataset.blocks.names) if name in wanted}
        self._wanted, self._places = [*places], [*places.values()]
        self._labels = {
            name: {value: place for place, value in enumerate(values)} for name, values in self._categories().items()
        }

    def _categories(self) -> dict[str, Sequence[str]]:
        dataset = self.dataset
        return {**dataset.encoder.categories} | ({dataset.targets[0]: dataset.classes} if dataset.classes else {})

    def __call__(self, number: Any, leave_out: Any) -> tuple[Array, Array, Array]:
        """Numbers float32 (n, p), numbers of categories int32 (n, q), y; the first few rows may be left out."""
        dataset = self.dataset
        rows = dataset.parts_of(int(number))[self.part][int(leave_out) :]
        columns = self._fast(int(number), rows) or self._slow(int(number), rows)
        x, categories = np.empty((len(rows), self.numeric), np.float32), np.empty((len(rows), self.text), np.int32)
        for place, (name, (mean, deviation)) in enumerate(dataset.encoder.scales.items()):
            x[:, place] = (columns[name] - mean) / deviation
        for place, name in enumerate(dataset.encoder.categories):
            categories[:, place] = columns[name]
        y = columns[dataset.targets[0]]
        return x, categories, y.astype(np.int32) if dataset.classes else y.astype(np.float32)[:, np.newaxis]

    def _fast(self, number: int, rows: Array) -> dict[str, Array] | None:
        """The columns by TensorFlow's parser: float64, or numbers of categories; None if a cell is not for it."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        lines = self.dataset.blocks.lines(number)
        if lines is None:
            return None
        defaults = [tf.constant([], tf.string if name in self._labels else tf.float64) for name in self._wanted]
        options = {"field_delim": self.dataset.blocks.delimiter, "use_quote_delim": False, "select_cols": self._places}
        try:
            with tf.device("CPU"):
                chosen = tf.constant([lines[row] for row in rows.tolist()], tf.string, shape=[len(rows)])
                cells = [column.numpy() for column in tf.io.decode_csv(chosen, defaults, **options)]
        except tf.errors.InvalidArgumentError:
            return None  # an empty cell of text, say
        columns = dict(zip(self._wanted, cells, strict=True))
        for name, known in self._labels.items():
            different = {cell: known.get(cell.decode("utf-8").strip(), -1) for cell in set(columns[name].tolist())}
            if -1 in different.values():
                return None  # `3` may be written `3.0`
            columns[name] = np.array([different[cell] for cell in columns[name].tolist()], np.int32)
        return columns

    def _slow(self, number: int, rows: Array) -> dict[str, Array]:
        """The same, by way of the table."""
        table = self.dataset.blocks[number]
        categories, columns = self._categories(), {}
        for name in self._wanted:
            if name in categories:
                columns[name] = table.labels(name, categories[name], others=name not in self.dataset.targets)[rows]
            else:
                columns[name] = table.numbers(name, np.float64)[rows]
        return columns
