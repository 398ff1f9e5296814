"""Arrays as people have them at hand: `(x, y)`, a pair for each part, or tables; NumPy, pandas, TensorFlow or plain lists."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eagerloop.data.arrays import ArrayDataset
from eagerloop.data.beside import GivenData
from eagerloop.data.pairs import LETTERS, Pair
from eagerloop.data.splitting import split_rows
from eagerloop.errors import DataError, did_you_mean
from eagerloop.structures import is_tensor, map_leaves, require_same_rows, rows_of

TEST_FRACTION = 0.2
"""The part of the rows kept for the test where none is given, as `csv` has it."""

BATCH_SIZE = 32
"""Rows in a batch, as in `csv` and in Keras's `fit`."""


def dataset_of(given: Any, seed: int) -> ArrayDataset | None:
    """A dataset of arrays in memory, shuffled anew in each epoch.

    Args:
        given: `(x, y)`: a fifth of the rows, drawn by the seed, is the test. `((x, y), (x, y))`: training and test.
            `((x, y), (x, y), (x, y))`: training, validation and test. Or `GivenData` with a pair, or a table and its target,
            for each part. x has n rows, and y; either may be a dict of arrays; texts in y are classes. `(x, y, sample_weight)`
            has a weight for each row.
        seed: The run's seed.

    Returns:
        The dataset; None if something else was given.

    Raises:
        DataError: A column of x is no number, or the arrays do not fit each other.

    Example:
        >>> data = dataset_of(([[0.0], [1.0], [2.0], [3.0], [4.0]], [0.0, 2.0, 4.0, 6.0, 8.0]), seed=0)
        >>> data.features, data.task, [len(pair[0]) for pair in (data.train_arrays, data.test_arrays)]
        (('x0',), 'regression', [4, 1])

    Source: the arguments `x`, `y`, `sample_weight` and `validation_data` of `keras.Model.fit`.
    """
    whole = given if isinstance(given, GivenData) else GivenData(given)
    pairs = _pairs_of(whole)
    if "dataset" not in pairs:
        return None
    first_x, first_y = pairs["dataset"][:2]
    arrays, classes = _numbered({name: _arrays(pair) for name, pair in pairs.items()})
    if "test" not in arrays:
        arrays |= _split(arrays["dataset"], seed)
    return ArrayDataset(
        arrays["dataset"],
        arrays["test"],
        arrays.get("validation"),
        batch_size=min(BATCH_SIZE, rows_of(arrays["dataset"])),
        shuffle=True,
        seed=seed,
        features=_columns_of(first_x),
        targets=_columns_of(first_y),
        classes=classes,
    )


def _split(whole: Pair, seed: int) -> dict[str, Pair]:
    """A fifth of the rows as the test, the others for the training."""
    count = require_same_rows(LETTERS[: len(whole)], whole)
    training, _none, test = split_rows(count, test_fraction=TEST_FRACTION, seed=seed)
    parts = {"dataset": training, "test": test}
    return {name: map_leaves(lambda leaf, rows=rows: leaf[rows], whole) for name, rows in parts.items()}


def _pairs_of(whole: GivenData) -> dict[str, Pair]:
    """The x and y of each part, and weights, as they were given; nothing where these are no arrays."""
    parts = {"dataset": whole.dataset, "validation": whole.validation, "test": whole.test}
    if isinstance(whole.dataset, tuple) and len(whole.dataset) in (2, 3) and all(map(_is_pair, whole.dataset)):
        training, *between, test = whole.dataset
        known = {"dataset": training, "test": test} | ({"validation": between[0]} if between else {})
        twice = [name for name in known if name != "dataset" and parts[name] is not None]
        if twice:
            msg = f"the {twice[0]} data are given twice: in dataset, and as {twice[0]}=; leave one of them out"
            raise DataError(msg)
        parts |= known
    pairs = {name: _pair_of(part, whole.target) for name, part in parts.items() if part is not None}
    found = {name: pair for name, pair in pairs.items() if pair is not None}
    if "dataset" in found and len(found) < len(pairs):
        name = next(name for name, pair in pairs.items() if pair is None)
        msg = f"{name} must be what dataset is, a pair (x, y) or a table with the target, got {type(parts[name]).__name__}"
        raise DataError(msg)
    return found


def _pair_of(part: Any, target: Any) -> Pair | None:
    """The x and y; of a table, its other columns and its target."""
    if not _is_table(part):
        if _is_pair(part) and target is not None:
            msg = f"target={target!r} names a column of a table, and the data are a pair (x, y), which has its y; leave it out"
            raise DataError(msg)
        return part if _is_pair(part) else None
    names = list(part.columns)
    if target is None:
        msg = f"a table needs target=COLUMN, which is to be predicted; it has the columns {', '.join(map(str, names))}"
        raise DataError(msg)
    targets = [target] if isinstance(target, str) or target in names else list(target)
    for name in targets:
        if name not in names:
            msg = f"the table has no column {name!r} to be the target; {did_you_mean(str(name), map(str, names))}"
            raise DataError(msg)
    others = [name for name in names if name not in targets]
    if not others:
        msg = f"the table has no other column than the target {target!r}, so there is nothing to predict it from"
        raise DataError(msg)
    return part[others], part[targets[0] if len(targets) == 1 else targets]


def _is_table(value: Any) -> bool:
    """Whether this is a table of named columns, as pandas has it."""
    return all(hasattr(value, name) for name in ("columns", "__array__", "__getitem__"))


def _numbered(arrays: dict[str, Pair]) -> tuple[dict[str, Pair], list[str]]:
    """The arrays with a number for each text in y, and the texts: the classes, in the order of the alphabet."""
    ys = [pair[1] for pair in arrays.values()]
    texts = [y for y in ys if is_tensor(y) and y.dtype.kind in "OUS"]
    if not texts:
        return arrays, []
    of_texts = all(y.size == len(y) and all(isinstance(cell, str | bytes) for cell in y.flat) for y in texts)
    if not of_texts or len(texts) < len(arrays):
        return {name: (x, _numbers("y", y), *weights) for name, (x, y, *weights) in arrays.items()}, []
    classes, numbers = np.unique(np.concatenate([y.reshape(-1).astype(str) for y in texts]), return_inverse=True)
    split = np.split(numbers.astype(np.int32), np.cumsum([len(y) for y in texts])[:-1])
    named = zip(arrays.items(), split, strict=True)
    return {name: (x, y, *weights) for (name, (x, _y, *weights)), y in named}, classes.tolist()


def _is_pair(value: Any) -> bool:
    """Whether this is x and y, and perhaps weights: each a list, what NumPy makes an array of, or a dict of such."""
    return isinstance(value, tuple) and len(value) in (2, 3) and all(map(_is_data, value))


def _is_data(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_data, value.values()))
    return isinstance(value, list) or hasattr(value, "__array__")


def _arrays(pair: Any) -> Pair:
    """x, y and the weights as arrays."""
    x, *others = pair
    return (_each(_numbers, "x", x), *(_each(lambda _name, value: np.asarray(value), "y", value) for value in others))


def _each(change: Callable[[str, Any], Any], name: str, value: Any) -> Any:
    """What becomes of an array, or of each array in a dict; a list is data."""
    if isinstance(value, dict):
        return {str(key): _each(change, f"{name}/{key}", inner) for key, inner in value.items()}
    return change(name, value)


def _columns_of(value: Any) -> list[str]:
    """The names that pandas has for columns, as far as they are text."""
    if isinstance(value, dict):
        return []
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
