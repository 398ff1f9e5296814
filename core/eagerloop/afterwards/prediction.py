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
import tensorflow as tf

from eagerloop.afterwards.columns import Columns, cells, features_by_name, is_formula, predictions_by_name, targets_by_name
from eagerloop.afterwards.evaluation import tables_of
from eagerloop.building.blaming import blaming
from eagerloop.data.arrays import ROWS_AT_ONCE
from eagerloop.errors import ConfigError
from eagerloop.running.run import Run
from eagerloop.running.snapshots import say
from eagerloop.structures import leaves_by_path, map_leaves, shapes_in_words


def write_predictions(
    run: Run,
    source: str | Path | None = None,
    target: str | Path | None = None,
    *,
    table: str | None = None,
    for_spreadsheet: bool = False,
) -> int:
    """Predicts and writes CSV, piece by piece; or what the model answers, as arrays.

    Args:
        run: A run with a trained model.
        source: A table with the run's features as columns, in any order; `-` is standard input; by default the test data.
        target: The file to write, which is there only when it is complete; by default standard output. One that ends in `.npz`
            holds what `run.predict` gives: `predictions`, or an array for each path, such as `predictions/age`.
        table: Of an SQLite file as source the table; needed if there are several.
        for_spreadsheet: Put `'` before a text that a spreadsheet would run as a formula. By default it is written as it is, and
            a note says that there is one.

    Returns:
        The number of rows.

    Raises:
        DataError: The table lacks a column, or has a cell that cannot be read.
        ConfigError: The output cannot be written.

    Example:
        >>> import eagerloop, pathlib, tempfile
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> run = eagerloop.train(epochs=1, directory=place / "run")
        >>> write_predictions(run, target=place / "predictions.csv")
        30
        >>> (place / "predictions.csv").read_text().splitlines()[0]
        'Petal.Length,Sepal.Length,Petal.Width,Sepal.Width,prediction'
    """
    source, target = (None if path is None else Path(path) for path in (source, target))
    if target is not None and target.suffix == ".npz":
        return _write_arrays(target, [outputs for _given, outputs in _answered(run, source, table)])
    pieces = pieces_of(run, source, table)
    if target is None:
        return _write(sys.stdout, pieces, quote=for_spreadsheet)
    with _complete(target) as file:
        return _write(file, pieces, quote=for_spreadsheet)


def pieces_of(run: Run, source: Path | None = None, table: str | None = None) -> Iterator[Columns]:
    """The columns of the table of predictions, by name, for some rows at a time."""
    for given, outputs in _answered(run, source, table):
        yield {**given, **predictions_by_name(run, outputs)}


def _answered(run: Run, source: Path | None, table: str | None) -> Iterator[tuple[Columns, Any]]:
    """What stands beside the predictions, and what the model answers, for some rows at a time."""
    for given, x in _test_pieces(run) if source is None else _table_pieces(run, source, table):
        with blaming(f"{run.place} cannot predict x of shape {shapes_in_words(x)}"):
            outputs = run.predict(x)
        yield given, outputs


def _write_arrays(target: Path, answers: Sequence[Any]) -> int:
    """The answers in one file, an array for each path; no object is ever pickled."""
    rows: dict[str, Any] = {}
    if not any(isinstance(leaf, tf.RaggedTensor) for leaf in leaves_by_path(answers[0]).values()):
        with contextlib.suppress(ValueError):  # of sequences of two lengths
            rows = leaves_by_path(map_leaves(lambda *leaves: np.concatenate(leaves), *answers))
    if not rows:
        msg = f"{target}: the answers have rows of several lengths, which make no array; write CSV, to predictions.csv say"
        raise ConfigError(msg)
    with _complete(target, binary=True) as file:
        np.savez(file, **{f"predictions/{path}" if path else "predictions": leaf for path, leaf in rows.items()})
    return len(next(iter(rows.values())))


@contextlib.contextmanager
def _complete(target: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A file to write to that takes its name at the end: a fault on the way leaves what was there before."""
    device = target.exists() and not target.is_file()  # a pipe, or /dev/null
    path = target if device else target.resolve().with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            with path.open("wb") if binary else path.open("w", newline="", encoding="utf-8") as file:
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


Piece = tuple[Columns, Any]
"""Columns to stand beside the predictions, and x."""


def _test_pieces(run: Run) -> Iterator[Piece]:
    """The test rows. A dataset that comes from a table gives them with the table's columns."""
    if hasattr(run.dataset, "test_pieces"):
        for given, x, y in run.dataset.test_pieces():
            yield {**given, **targets_by_name(run, y)}, x
        return
    batches = run.dataset.test()
    specs = leaves_by_path(batches.element_spec).values()
    alike = all(spec.shape.rank and spec.shape[1:].is_fully_defined() for spec in specs)
    for x, y, *_weights in batches.rebatch(ROWS_AT_ONCE) if alike else batches:
        given, targets = (map_leaves(_array, structure) for structure in (x, y))
        yield {**features_by_name(run.dataset.features, given, whole=not alike), **targets_by_name(run, targets)}, x


def _array(leaf: Any) -> Any:
    """A tensor as an array; of a ragged one, an array of rows."""
    if not isinstance(leaf, tf.RaggedTensor):
        return leaf.numpy()
    rows = np.empty(int(leaf.nrows()), object)
    for place, row in enumerate(leaf):  # one by one: rows of one length would be taken for columns
        rows[place] = row.numpy()
    return rows


def _table_pieces(run: Run, source: Path, name: str | None) -> Iterator[Piece]:
    """The rows of a table, with a target as it stands there: nobody needs it, and it may have gaps."""
    dataset: Any = run.dataset  # which kind of table it can read is asked of its methods
    if not hasattr(dataset, "encode"):
        msg = f"{run.parts.names['dataset']} cannot read new rows from a file: it has no method encode(table)"
        raise ConfigError(msg)
    for table in tables_of(source, dataset, name):
        if not len(table):
            continue  # a block of blank lines
        x = dataset.encode(table)  # names a missing column
        ids = [name for name in getattr(dataset, "carried", ()) if name in table.names]
        shown = [*ids, *dataset.columns, *(name for name in dataset.targets if name in table.names)]
        yield table.texts(shown), x


def _write(file: IO[str], pieces: Iterable[Columns], *, quote: bool) -> int:
    writer = csv.writer(file, lineterminator="\n")
    count, formula = 0, ""
    for columns in pieces:
        written: list[Sequence[Any]] = [list(columns), *(cells(column) for column in columns.values())]
        formula = formula or next((str(cell) for row in written for cell in row if is_formula(cell)), "")
        if quote and formula:
            written = [[f"'{cell}" if is_formula(cell) else cell for cell in row] for row in written]
        names, *values = written
        if not count:
            writer.writerow(names)
        writer.writerows(zip(*values, strict=True))
        count += len(values[0])
    if formula and not quote:
        say([f"a spreadsheet would run {formula!r:.60} as a formula; --for-spreadsheet puts ' before such cells"])
    return count
