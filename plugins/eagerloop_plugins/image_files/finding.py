"""Which pictures there are, what they show, and what each is for. Shapes: n pictures."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import eagerloop
from eagerloop.errors import ConfigError, DataError

PATHS = ("path", "file", "filename", "file_name", "image", "picture")
"""What a column of paths is called, in lower case; else it is the first one that is not the target."""

MOST_CLASSES = 20
"""Up to how many different whole numbers in a column are taken for classes, as in `csv`."""

Array = np.ndarray[Any, Any]


class Found(NamedTuple):
    """The pictures.

    Attributes:
        table: A row each.
        column: The column of their paths.
        target: The column of what they show.
        classes: The classes, sorted; none for a regression.
        y: int32, (n,), the classes' numbers, or float32, (n, 1).
        part: What each is for, where folders say so: `train`, `test` or `validation`, (n,); else None.
    """

    table: "eagerloop.tables.Table"
    column: str
    target: str
    classes: tuple[str, ...]
    y: Array
    part: Array | None


def find(path: Path, target: str | None, column: str | None, task: str, table: str | None = None) -> Found:
    """The pictures of a folder, or of a table.

    Args:
        path: The folder, or the file of the table.
        target: The column to predict, of a table.
        column: The column of paths, of a table.
        task: `auto`, `regression` or `classification`.
        table: Of an SQLite file the table.

    Raises:
        ConfigError: A column of a folder is asked for, or one column for two purposes.
        DataError: There are no pictures, no classes, or a class without pictures.
    """
    if not path.is_dir():
        return _of_table(path, target, column, task, table)
    if target or column or table or task == "regression":
        msg = (
            f"{path} is a folder, whose folders are the classes: target, path-column, table and task=regression are for a table"
        )
        raise ConfigError(msg)
    return _of_folder(path)


def _of_folder(path: Path) -> Found:
    table = eagerloop.tables.read_folder(path)
    empty = [name for name in eagerloop.tables.class_folders(path) if not _starts(table.text("path"), name)]
    if empty:
        msg = f"{path}: no picture in {', '.join(empty)}; remove the folder, or put pictures into it"
        raise DataError(msg)
    if "class" not in table.names:
        loose = next(name for name in table.text("path") if "/" not in name)
        msg = (
            f"{path} needs a folder a class, and '{loose}' stands in none; or give a CSV file with columns of paths and classes"
        )
        raise DataError(msg)
    part = np.array(table.text("part")) if "part" in table.names else None
    return Found(table, "path", "class", *_classes(table, "class"), part)


def _starts(paths: list[str], folder: str) -> bool:
    return any(path.startswith(f"{folder}/") for path in paths)


def _of_table(path: Path, target: str | None, column: str | None, task: str, name: str | None) -> Found:
    table = eagerloop.tables.read_table(eagerloop.tables.open_table(path, name))
    target = table.names[-1] if target is None else target
    named = [name for name in table.names if name.lower() in PATHS and name != target]
    column = column or next(iter([*named, *(name for name in table.names if name != target)]), target)
    table.require(column, target)
    if column == target:
        msg = f"{path}: column '{column}' is to be the paths and the target; name two columns: path-column and target"
        raise ConfigError(msg)
    gone = np.flatnonzero(table.missing(target))
    if len(gone):
        raise table.fault(target, int(gone[0]), f"{len(gone)} of {len(table)} pictures have no target; leave out their rows")
    if table.kind(target) == "numeric" and (task == "regression" or (task == "auto" and not _few(table, target))):
        return Found(table, column, target, (), table.numbers(target)[:, np.newaxis], None)
    if task == "regression":
        msg = f"{path}: column '{target}' holds text, and task=regression needs numbers; choose another target"
        raise DataError(msg)
    return Found(table, column, target, *_classes(table, target), None)


def _few(table: "eagerloop.tables.Table", target: str) -> bool:
    """Whether the numbers are few whole ones, from 0 or 1 on without a gap: numbers of classes."""
    different = np.unique(table.values(target, np.float64))
    low = different[0] in (0, 1)
    return bool(low and len(different) <= MOST_CLASSES and (different == different[0] + np.arange(len(different))).all())


def _classes(table: "eagerloop.tables.Table", target: str) -> tuple[tuple[str, ...], Array]:
    names = sorted({*table.text(target)}, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
    if len(names) == 1:
        msg = f"{table.path} has one class only, {names[0]!r}: nothing to learn; add another"
        raise DataError(msg)
    return tuple(names), table.labels(target, names)
