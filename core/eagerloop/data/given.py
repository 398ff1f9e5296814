"""Arrays as people have them at hand: `(x, y)`, or a pair for each part, of NumPy, pandas, TensorFlow or plain lists."""

from typing import Any

import numpy as np

from eagerloop.data.arrays import ArrayDataset
from eagerloop.data.pairs import Pair
from eagerloop.data.splitting import split_rows
from eagerloop.errors import DataError

TEST_FRACTION = 0.2
"""The part of the rows kept for the test where none is given, as `csv` has it."""

BATCH_SIZE = 32
"""Rows in a batch, as in `csv` and in Keras's `fit`."""


def dataset_of(given: Any, seed: int) -> ArrayDataset | None:
    """A dataset of arrays in memory, shuffled anew in each epoch.

    Args:
        given: `(x, y)`: a fifth of the rows, drawn by the seed, is the test. `((x, y), (x, y))`: training and test.
            `((x, y), (x, y), (x, y))`: training, validation and test. x has n rows, and y.
        seed: The run's seed.

    Returns:
        The dataset; None if something else was given.

    Raises:
        DataError: A column of x is no number, or the arrays do not fit each other.

    Example:
        >>> data = dataset_of(([[0.0], [1.0], [2.0], [3.0], [4.0]], [0.0, 2.0, 4.0, 6.0, 8.0]), seed=0)
        >>> data.features, data.task, [len(pair[0]) for pair in (data.train_arrays, data.test_arrays)]
        (('x0',), 'regression', [4, 1])

    Source: the arguments `x`, `y` and `validation_data` of `keras.Model.fit`.
    """
    if not isinstance(given, tuple):
        return None
    if _is_pair(given):
        x, y = _numbers("x", given[0]), np.asarray(given[1])
        if len(x) != len(y):
            msg = f"x and y must have as many rows, got the shapes {x.shape} and {y.shape}"
            raise DataError(msg)
        training, _none, test = split_rows(len(x), test_fraction=TEST_FRACTION, seed=seed)
        parts: list[Pair] = [(x[rows], y[rows]) for rows in (training, test)]
    elif len(given) in (2, 3) and all(map(_is_pair, given)):
        parts = [(_numbers("x", x), np.asarray(y)) for x, y in given]
    else:
        return None
    first_x, first_y = given if _is_pair(given) else given[0]
    return ArrayDataset(
        parts[0],
        parts[-1],
        parts[1] if len(parts) == 3 else None,  # noqa: PLR2004
        batch_size=min(BATCH_SIZE, len(parts[0][0])),
        shuffle=True,
        seed=seed,
        features=_columns_of(first_x),
        targets=_columns_of(first_y),
    )


def _is_pair(value: Any) -> bool:
    """Whether this is x and y: two lists, or what NumPy makes arrays of."""
    arrays = isinstance(value, tuple) and all(isinstance(part, list) or hasattr(part, "__array__") for part in value)
    return arrays and len(value) == 2  # noqa: PLR2004


def _columns_of(value: Any) -> list[str]:
    """The names that pandas has for columns, as far as they are text."""
    names: list[Any] = [getattr(value, "name", None)] if getattr(value, "ndim", 0) == 1 else [*getattr(value, "columns", ())]
    return names if all(isinstance(name, str) for name in names) else []


def _numbers(name: str, value: Any) -> Any:
    """The array; columns of different types are numbers all the same, or refused by name."""
    array = np.asarray(value)
    if array.dtype.kind != "O":
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        columns = getattr(value, "dtypes", {})
        named = [str(column) for column in getattr(value, "columns", ()) if columns[column].kind not in "biuf"]
        which = f" (columns {', '.join(named)})" if named else ""
        msg = f"{name} must hold numbers{which}: {error}; encode what is text, or write a CSV file and take the dataset csv"
        raise DataError(msg) from error
