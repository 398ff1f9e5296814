"""Predictions as a table: the features, the target where it is known, what the model says."""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.table import read_table

if TYPE_CHECKING:
    from eagerloop.run import Run

Columns = dict[str, Sequence[Any]]


def write_predictions(run: "Run", source: Path | None = None, target: Path | None = None) -> int:
    """Predicts and writes CSV.

    Args:
        run: A run with a trained model.
        source: A table with the run's features as columns, in any order; by default the run's test data.
        target: The file to write; by default standard output.

    Returns:
        The number of rows.

    Raises:
        DataError: The table lacks a column, or has a cell that cannot be read.
        ConfigError: The output cannot be written.
    """
    columns = columns_of(run, source)
    if target is None:
        return _write(sys.stdout, columns)
    try:
        with target.open("w", newline="", encoding="utf-8") as file:
            return _write(file, columns)
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}; choose another with --output"
        raise ConfigError(msg) from error


def columns_of(run: "Run", source: Path | None = None) -> Columns:
    """The columns of the table of predictions, by name."""
    given, x, y = _test_columns(run) if source is None else _table_columns(run, source)
    outputs = run.predict(x)
    known = {} if y is None else _target_columns(run, y)
    return {**given, **known, **_prediction_columns(run, outputs)}


def _test_columns(run: "Run") -> tuple[Columns, np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    pieces = [(np.asarray(x), np.asarray(y)) for x, y in run.dataset.test()]
    x, y = np.concatenate([piece[0] for piece in pieces]), np.concatenate([piece[1] for piece in pieces])
    raw = getattr(run.dataset, "raw_test", None)
    return dict(raw) if raw else _by_name(run.dataset.features, x), x, y


def _table_columns(run: "Run", source: Path) -> tuple[Columns, np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    encode = getattr(run.dataset, "encode", None)
    if encode is None:
        msg = f"{run.assembly.made['dataset'].name} cannot read new rows from a file: it has no method encode(table)"
        raise ConfigError(msg)
    table = read_table(source)
    names = getattr(run.dataset, "columns", run.dataset.features)
    x = encode(table)  # names a missing column
    return {name: table.text(name) for name in names}, x, run.dataset.target_values(table)  # type: ignore[attr-defined]


def _by_name(names: Sequence[str], values: np.ndarray[Any, Any]) -> Columns:
    flat = values.reshape(len(values), -1)
    return {name: flat[:, number] for number, name in enumerate(names)}


def _target_columns(run: "Run", y: np.ndarray[Any, Any]) -> Columns:
    if run.dataset.task == "classification":
        return {run.dataset.targets[0]: [run.dataset.classes[int(number)] for number in y.reshape(-1)]}
    return _by_name(run.dataset.targets, y)


def _prediction_columns(run: "Run", outputs: np.ndarray[Any, Any]) -> Columns:
    """For a regression the number(s); for classes the likeliest, then a probability a class."""
    if run.dataset.task != "classification":
        flat = outputs.reshape(len(outputs), -1)
        names = ["prediction"] if flat.shape[1] == 1 else [f"prediction_{name}" for name in run.dataset.targets]
        return _by_name(names, flat)
    chances = _probabilities(outputs, logits=getattr(run.loss, "from_logits", True))
    likeliest = [run.dataset.classes[number] for number in chances.argmax(axis=1)]
    return {"prediction": likeliest} | _by_name([f"probability_{name}" for name in run.dataset.classes], chances)


def _probabilities(outputs: np.ndarray[Any, Any], *, logits: bool) -> np.ndarray[Any, Any]:
    """Shape (n, classes): the softmax of logits; one output alone is the logit of the second class."""
    values = outputs.astype("float64").reshape(len(outputs), -1)
    if values.shape[1] == 1:
        second = 1 / (1 + np.exp(-values)) if logits else values
        return np.hstack([1 - second, second])
    if not logits:
        return values
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _write(file: IO[str], columns: Columns) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in _rows(columns):
        writer.writerow(row)
        count += 1
    return count


def _rows(columns: Columns) -> Iterator[list[Any]]:
    for row in zip(*columns.values(), strict=True):
        yield [str(value) if isinstance(value, np.floating) else value for value in row]
