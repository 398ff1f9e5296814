"""Predictions as a table: the features, the target where it is known, what the model says.

They are made and written piece by piece: a million rows are never in memory at once.
"""

import contextlib
import csv
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from eagerloop.building.blaming import blaming
from eagerloop.data.arrays import ROWS_AT_ONCE
from eagerloop.errors import ConfigError
from eagerloop.running.run import Run
from eagerloop.tables.blocks import read_blocks
from eagerloop.tables.table import Table

Columns = dict[str, Any]


def write_predictions(run: Run, source: Path | None = None, target: Path | None = None) -> int:
    """Predicts and writes CSV, piece by piece.

    Args:
        run: A run with a trained model.
        source: A table with the run's features as columns, in any order; by default the run's test data.
        target: The file to write, which is there only when it is complete; by default standard output.

    Returns:
        The number of rows.

    Raises:
        DataError: The table lacks a column, or has a cell that cannot be read.
        ConfigError: The output cannot be written.
    """
    pieces = pieces_of(run, source)
    if target is None:
        return _write(sys.stdout, pieces)
    with _complete(target) as file:
        return _write(file, pieces)


def pieces_of(run: Run, source: Path | None = None) -> Iterator[Columns]:
    """The columns of the table of predictions, by name, for some rows at a time."""
    for given, x, y in _test_pieces(run) if source is None else _table_pieces(run, source):
        known = {} if y is None else _target_columns(run, y)
        with blaming(f"{run.directory} cannot predict x of shape {x.shape}"):
            outputs = run.predict(x)
        yield {**given, **known, **_prediction_columns(run, outputs)}


@contextlib.contextmanager
def _complete(target: Path) -> Iterator[IO[str]]:
    """A file to write to that takes its name at the end: a fault on the way leaves what was there before."""
    device = target.exists() and not target.is_file()  # a pipe, or /dev/null
    path = target if device else target.resolve().with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            with path.open("w", newline="", encoding="utf-8") as file:
                yield file
            if not device:
                path.replace(target.resolve())
        except BaseException:
            if not device:
                path.unlink(missing_ok=True)
            raise
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}; choose another with --output"
        raise ConfigError(msg) from error


Piece = tuple[Columns, np.ndarray[Any, Any], np.ndarray[Any, Any] | None]


def _test_pieces(run: Run) -> Iterator[Piece]:
    """The test rows. A dataset that comes from a table gives them with the table's columns."""
    if hasattr(run.dataset, "test_pieces"):
        yield from run.dataset.test_pieces()
        return
    for x, y in run.dataset.test().rebatch(ROWS_AT_ONCE).as_numpy_iterator():
        yield _by_name(run.dataset.features, x), x, y


def _table_pieces(run: Run, source: Path) -> Iterator[Piece]:
    dataset: Any = run.dataset  # which kind of table it can read is asked of its methods
    if not hasattr(dataset, "encode"):
        msg = f"{run.parts.names['dataset']} cannot read new rows from a file: it has no method encode(table)"
        raise ConfigError(msg)
    known = None
    for table in read_blocks(source):
        x, y = dataset.encode(table), dataset.target_values(table)  # encode names a missing column
        known = y is not None if known is None else known
        if known != (y is not None):
            raise _half_known(table, dataset.targets)
        yield {name: table.text(name) for name in dataset.columns}, x, y


def _half_known(table: Table, targets: Sequence[str]) -> Exception:
    """The target must have a value in every row, or in none."""
    name = next((name for name in targets if table.kind(name) == "missing"), targets[0])
    return table.fault(name, 0, "some rows of the file have a value of the target and some have none; fill in all or none")


def _by_name(names: Sequence[str], values: np.ndarray[Any, Any]) -> Columns:
    flat = values.reshape(len(values), -1)
    return {name: flat[:, number] for number, name in enumerate(names)}


def _target_columns(run: Run, y: np.ndarray[Any, Any]) -> Columns:
    if run.dataset.task == "classification":
        return {run.dataset.targets[0]: [run.dataset.classes[int(number)] for number in y.reshape(-1)]}
    return _by_name(run.dataset.targets, y)


def _prediction_columns(run: Run, outputs: np.ndarray[Any, Any]) -> Columns:
    """For a regression the number(s); for classes the likeliest, then a probability a class."""
    if run.dataset.task != "classification":
        flat = outputs.reshape(len(outputs), -1)
        names = ["prediction"] if flat.shape[1] == 1 else [f"prediction_{name}" for name in run.dataset.targets]
        return _by_name(names, flat)
    chances = probabilities(outputs, logits=run.parts.answer != "probabilities")
    likeliest = [run.dataset.classes[number] for number in chances.argmax(axis=1)]
    return {"prediction": likeliest} | _by_name([f"probability_{name}" for name in run.dataset.classes], chances)


def probabilities(outputs: np.ndarray[Any, Any], *, logits: bool) -> np.ndarray[Any, Any]:
    """Shape (n, classes): the softmax of logits; one output alone is the logit of the second class."""
    values = outputs.astype("float64").reshape(len(outputs), -1)
    if values.shape[1] == 1:
        second = 1 / (1 + np.exp(-values)) if logits else values
        return np.hstack([1 - second, second])
    if not logits:
        return values
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _write(file: IO[str], pieces: Iterable[Columns]) -> int:
    writer = csv.writer(file, lineterminator="\n")
    count = 0
    for columns in pieces:
        if not count:
            writer.writerow(columns)
        cells = [_cells(column) for column in columns.values()]
        writer.writerows(zip(*cells, strict=True))
        count += len(cells[0])
    return count


def _cells(column: Sequence[Any]) -> Sequence[Any]:
    """Numbers with as many digits as their own precision has."""
    return [str(value) if isinstance(value, np.floating) else value for value in column]
