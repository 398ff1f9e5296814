"""A run on the rows of another table: its loss and its metrics."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.data.arrays import ROWS_AT_ONCE
from eagerloop.errors import ConfigError, DataError
from eagerloop.running.run import Run
from eagerloop.running.snapshots import say
from eagerloop.structures import map_leaves
from eagerloop.tables.blocks import Blocks, read_blocks, read_stream
from eagerloop.tables.folder import read_folder
from eagerloop.tables.pictures import Pictures
from eagerloop.tables.places import open_table
from eagerloop.tables.slices import Slices


def tables_of(source: Path, dataset: Any, table: str | None = None) -> Blocks | Slices:
    """The tables of a file, block by block. Of pictures few rows at a time, and a folder is a table.

    Args:
        source: A file of any kind of table; `-` is standard input.
        dataset: The dataset that is to encode it.
        table: Of an SQLite file the table.

    Raises:
        ConfigError: A table is named, and there is none; or it is not named, and there are several.
        DataError: It cannot be read.
    """
    encoder = getattr(dataset, "encoder", None)
    if isinstance(encoder, Pictures) and source.is_dir():
        return Slices(read_folder(source), encoder.rows_at_once)
    blocks = (
        read_stream(sys.stdin.buffer, "standard input", table) if str(source) == "-" else read_blocks(open_table(source, table))
    )
    return Slices(blocks, encoder.rows_at_once) if isinstance(encoder, Pictures) else blocks


def evaluate_table(run: Run, source: str | Path, table: str | None = None) -> dict[str, float]:
    r"""The loss and every metric over the rows of a table, which stand encoded in memory meanwhile.

    Args:
        run: A run whose dataset reads tables.
        source: A file with the run's features and its target as columns, in any order; `-` is standard input.
        table: Of an SQLite file the table; needed if there are several.

    Returns:
        The figures by name, as `Run.evaluate` gives them. A row without a target is left out, and counted. All others count
        alike: a column of weights is not looked at.

    Raises:
        ConfigError: The dataset reads no tables, or its targets are no columns.
        DataError: A column is missing, a cell cannot be read, or no row has a target.

    Example:
        >>> import eagerloop, pathlib, tempfile
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> run = eagerloop.train(epochs=1, directory=place / "run")
        >>> rows = "Sepal.Length,Petal.Length,Petal.Width,Sepal.Width\n5.1,1.4,0.2,3.5\n"
        >>> written = (place / "new.csv").write_text(rows)
        >>> sorted(evaluate_table(run, place / "new.csv"))
        ['loss']
    """
    dataset: Any = run.dataset
    if not hasattr(dataset, "encode") or not hasattr(dataset, "target_values"):
        msg = f"{run.parts.names['dataset']} cannot read new rows from a file: it has no methods encode and target_values"
        raise ConfigError(msg)
    if dataset.task == "other" or not dataset.targets:
        msg = (
            f"{run.parts.names['dataset']} has no targets that a table could have as columns; call run.evaluate(data) in Python"
        )
        raise ConfigError(msg)
    tables = tables_of(Path(source), dataset, table)
    tables.require(*dataset.columns, *dataset.targets)
    left_out = [0, 0]
    pieces = list(_pieces(dataset, tables, left_out))
    if not pieces:
        msg = f"{tables.path}: no row has a value of the target '{dataset.targets[0]}'; there is nothing to compare with"
        raise DataError(msg)
    if left_out[0]:
        say([f"{tables.path}: {left_out[0]} of {left_out[1]} rows have no value of the target and are left out"])
    return run.evaluate(_batches(pieces, dataset))


def _pieces(dataset: Any, tables: Blocks | Slices, left_out: list[int]) -> Iterator[tuple[Any, Any]]:
    """X and y of the rows that have a target, some at a time; and how many have none, of how many."""
    for table in tables:
        if not len(table):
            continue
        y = dataset.target_values(table)
        left_out[1] += len(table)
        if y is None:
            left_out[0] += len(table)
            continue
        known = y >= 0 if dataset.task == "classification" else ~np.isnan(y)
        rows = known.reshape(len(y), -1).all(axis=1)
        left_out[0] += int(np.count_nonzero(~rows))
        x = _x_of(dataset, table)
        yield map_leaves(lambda leaf, rows=rows: leaf[rows], x), y[rows]


def _x_of(dataset: Any, table: Any) -> Any:
    """X of a table; of pictures the paths alone, once each was seen to be whole: they are read when their batch is."""
    encoder = getattr(dataset, "encoder", None)
    if not isinstance(encoder, Pictures):
        return dataset.encode(table)
    encoder.told(table)
    return np.array(encoder.paths(table))


def _batches(pieces: list[tuple[Any, Any]], dataset: Any) -> tf.data.Dataset:
    size = getattr(dataset, "batch_size", ROWS_AT_ONCE)
    rows = map_leaves(lambda *leaves: np.concatenate(leaves), *pieces)
    made = tf.data.Dataset.from_tensor_slices(rows)
    encoder = getattr(dataset, "encoder", None)
    if isinstance(encoder, Pictures):
        made = made.map(lambda path, y: (encoder.read(path), y))
    return made.batch(size)
