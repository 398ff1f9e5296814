"""The columns of a table of predictions: features, targets and whatever a model answers with, each element under a name.

Shapes: n rows, k outputs, T places in a row (the steps of a sequence), c classes.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.running.probabilities import probabilities_at
from eagerloop.running.run import Run
from eagerloop.structures import is_tensor, leaves_by_path

Array = np.ndarray[Any, Any]
Columns = dict[str, Any]


def features_by_name(names: Sequence[str], x: Array, *, whole: bool = False) -> Columns:
    """A column for each feature of x, (n, d).

    Args:
        names: The d names.
        x: Features, (n, d) or with more axes, or a structure.
        whole: Whether rows may be longer or shorter elsewhere: then all of a row is one text, in one column.
    """
    leaves = leaves_by_path(x)
    if not whole and sum(math.prod(leaf.shape[1:]) for leaf in leaves.values()) == len(names):
        flat = [column for leaf in leaves.values() for column in leaf.reshape(len(leaf), -1).T]
        return dict(zip(names, flat, strict=True))
    if is_tensor(x):
        return {names[0] if len(names) == 1 else "x": _texts(x)}
    return {path: _texts(leaf) for path, leaf in leaves.items()}


def _texts(leaf: Array) -> list[str]:
    """All of each row as one text."""
    return [" ".join(map(_as_text, np.asarray(row).reshape(-1).tolist())) for row in leaf]


def targets_by_name(run: Run, y: Array) -> Columns:
    """The targets: of a classification the names of the classes."""
    if run.dataset.task == "other":
        ragged = any(leaf.dtype.kind == "O" for leaf in leaves_by_path(y).values())
        return {f"target_{name}": column for name, column in features_by_name(run.dataset.targets, y, whole=ragged).items()}
    if run.dataset.task != "classification":
        return _by_name(run.dataset.targets, y)
    names = _names_of_classes(run, int(y.max()) + 1)
    places = y.reshape(len(y), -1).T
    return {_name(run, place): [names[int(number)] for number in column] for place, column in enumerate(places)}


def predictions_by_name(run: Run, outputs: Any) -> Columns:
    """What the model answers, with a column for every element of every array in it.

    For a regression these are the numbers; for classes the likeliest, then a probability a class. Of several answers, those in
    a dictionary come in the order of their names.
    """
    if not is_tensor(outputs) or run.dataset.task == "other":
        columns: Columns = {}
        for path, leaf in leaves_by_path(outputs).items():
            name = "_".join(["prediction", *path.split("/")]) if path else "prediction"
            ragged = isinstance(leaf, tf.RaggedTensor)
            columns |= {name: _texts([row.numpy() for row in leaf])} if ragged else _numbered(name, leaf)  # type: ignore[arg-type]
        return columns
    places = math.prod(run.parts.first_batch[1].shape[1:])
    if run.dataset.task == "classification" and outputs[0].size % places == 0:
        return _classes_by_name(run, outputs, places)
    names = [f"prediction_{name}" for name in run.dataset.targets]
    flat = outputs.reshape(len(outputs), -1)
    return _by_name(names, flat) if flat.shape[1] == len(names) > 1 else _numbered("prediction", outputs)


def _classes_by_name(run: Run, outputs: Array, places: int) -> Columns:
    chances = probabilities_at(run.parts.answer, outputs, places)
    names = _names_of_classes(run, chances.shape[-1])
    found: Columns = {}
    for place in range(places):
        ending = f"_{_name(run, place)}" if places > 1 else ""
        likeliest = [names[number] for number in chances[:, place].argmax(axis=1)]
        found |= {f"prediction{ending}": likeliest}
        found |= _by_name([f"probability{ending}_{name}" for name in names[: chances.shape[-1]]], chances[:, place])
    return found


def _names_of_classes(run: Run, count: int) -> list[str]:
    """The names of the classes; one beyond them is called by its number."""
    return [*run.dataset.classes, *map(str, range(len(run.dataset.classes), count))]


def _name(run: Run, place: int) -> str:
    """The name of a target; one that the dataset does not name is called by its place."""
    return run.dataset.targets[place] if place < len(run.dataset.targets) else str(place)


def _numbered(name: str, values: Array) -> Columns:
    """One column, or as many as a row has elements, with their numbers."""
    flat = values.reshape(len(values), -1)
    return {name: flat[:, 0]} if flat.shape[1] == 1 else _by_name([f"{name}_{place}" for place in range(flat.shape[1])], flat)


def _by_name(names: Sequence[str], values: Array) -> Columns:
    flat = values.reshape(len(values), -1)
    return {name: flat[:, number] for number, name in enumerate(names)}


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def cells(column: Sequence[Any]) -> Sequence[Any]:
    """A column as it is written: numbers with as many digits as their own precision has, bytes as the text that they are."""
    return [_as_text(value) if isinstance(value, (np.floating, bytes)) else value for value in column]


def is_formula(cell: Any) -> bool:
    """Whether a spreadsheet that opens the table would compute a cell; a number with a sign is none, nor is a sign alone.

    Example:
        >>> [is_formula(cell) for cell in ("=1+1", "@SUM(A1)", "-1.5e-3", "-", "a=b", -1.5)]
        [True, True, False, False, False, False]

    Source: OWASP, "CSV Injection".
    """
    if not isinstance(cell, str) or cell in ("+", "-") or not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False
