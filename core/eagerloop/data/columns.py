"""The columns of arrays in a dataset: what they are called, and how a table fills them.

Shapes: n rows, d features.
"""

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.structures import is_tensor, leaves_by_path, map_with_path, shapes_in_words

if TYPE_CHECKING:
    from eagerloop.tables.table import Table


def features_from(table: "Table", columns: Sequence[str], like: Any) -> Any:
    """X of the rows of a table.

    Args:
        table: It has the columns.
        columns: One for each number in a row of x, in the order of its arrays.
        like: x of the training, (n, d), or a structure.

    Returns:
        x in that form.

    Raises:
        DataError: A cell is no number, or no whole number where the training rows have whole ones.
    """
    names = iter(columns)

    def filled(leaf: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        own = itertools.islice(names, math.prod(leaf.shape[1:]))
        x = np.column_stack([_column(table, name, leaf.dtype) for name in own])
        return x.reshape(len(table), *leaf.shape[1:])

    leaves = {path: filled(leaf) for path, leaf in leaves_by_path(like).items()}  # by name, as the columns are
    return map_with_path(lambda path, _like: leaves[path], like)


def _column(table: "Table", name: str, dtype: "np.dtype[Any]") -> np.ndarray[Any, Any]:
    """A column of a table, in the form of x: numbers, whole numbers, or text."""
    if dtype.kind in "OUS":
        return np.array(table.text(name))
    if dtype.kind == "f":
        return table.numbers(name)
    values = table.numbers(name, np.float64)
    broken = values != np.floor(values)
    if broken.any():
        raise table.fault(name, int(broken.argmax()), "the training rows have whole numbers here")
    return values.astype(dtype)


def shaped(x: Any, like: Any) -> Any:
    """New rows, (n, d), with the axes of the training's: a picture is as many columns of a table as it has pixels.

    Args:
        x: What an encoder gave.
        like: x of the training, of any number of rows.
    """
    if not is_tensor(x) or not is_tensor(like) or x.shape[1:] == like.shape[1:]:
        return x
    return x.reshape(len(x), *like.shape[1:])


def names_of(what: str, letter: str, given: Sequence[str], structure: Any) -> tuple[str, ...]:
    """The names of the columns of x or y.

    Args:
        what: What the names are called.
        letter: `x` or `y`.
        given: Names for all of them, or none: then those of one array are numbered, and others are called by their path.
        structure: One array, (n, d), or a structure of them.

    Returns:
        A name a column.

    Raises:
        DataError: There are more or fewer names than columns.

    Example:
        >>> names_of("features", "x", (), {"city": np.zeros((3, 1)), "image": np.zeros((3, 2))})
        ('city', 'image_0', 'image_1')
    """
    widths = {path: math.prod(leaf.shape[1:]) for path, leaf in leaves_by_path(structure).items()}
    if given and len(given) != sum(widths.values()):
        has = f"{letter}_train has {sum(widths.values())} columns, shape {shapes_in_words(structure)}"
        msg = f"{has}, and {what} names {len(given)}: {', '.join(given)}"
        raise DataError(msg)
    if given:
        return tuple(given)
    names: list[str] = []
    for path, width in widths.items():
        alone = width == 1 and (path or letter == "y")
        stem = f"{path}_" if path else letter
        names += [path or letter] if alone else [f"{stem}{place}" for place in range(width)]
    return tuple(names)


def moments_of(array: np.ndarray[Any, Any]) -> tuple[list[float], list[float]]:
    """Means and standard deviations of an array's columns.

    Args:
        array: Numbers, (n, k) or with more axes.

    Returns:
        k means and k deviations; a column that is the same in all rows has the deviation 1.

    Example:
        >>> moments_of(np.array([[1.0, 5.0], [3.0, 5.0]]))
        ([2.0, 5.0], [1.0, 1.0])
    """
    columns = array.reshape(len(array), -1).astype(np.float64)
    deviations = columns.std(axis=0)
    return columns.mean(axis=0).tolist(), np.where(deviations > 0, deviations, 1.0).tolist()
