"""The `(x, y)` pairs of arrays behind a dataset: brought to one dtype and shape, and checked.

Shapes: n rows, d features, k target columns. In messages the arrays are called `x_train`, `y_train`, `x_test` and so on.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.parts import Task

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

WHOLE = 2**24
"""Up to here, float32 holds every whole number."""

MOST_CLASSES = 1000
"""How many classes unnamed numbers may have, if there are fewer rows than that: a price in whole euros is no class."""


def task_of(y: Array) -> Task:
    """What an array of targets asks for: a whole number is a class, one a row, or (n, T) one at each place of a sequence.

    Rows of 0 with a single 1 are classes written out, one number for each output of a model, and stay numbers.
    """
    if y.dtype.kind not in "iub":
        return "regression"
    if y.size == len(np.atleast_1d(y)):
        return "classification"
    return "classification" if y.ndim == 2 and not is_one_hot(y) else "regression"  # noqa: PLR2004 - (n, T)


def is_one_hot(y: Array) -> bool:
    """Whether each row has a single 1, and else 0."""
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all())


def dtype_of(arrays: Iterable[Any]) -> type[np.generic]:
    """What the numbers of x become: float32, or int64 where they are whole and float32 would round one of them.

    Args:
        arrays: x of each part of the data.
    """
    found = [np.asarray(array) for array in arrays]
    whole = all(array.dtype.kind in "biu" for array in found)
    return np.int64 if whole and not all(map(_is_held, found)) else np.float32


def _is_held(array: Array) -> bool:
    """Whether float32 holds every one of these whole numbers exactly."""
    if array.dtype.kind == "b" or not array.size or (array.min() >= -WHOLE and array.max() <= WHOLE):
        return True
    far = np.iinfo(np.int64).max // 2  # beyond, a number that is rounded up would no longer be an int64
    return bool(array.min() >= -far and array.max() <= far and (array.astype(np.float32).astype(np.int64) == array).all())


def prepare(part: str, pair: Pair, task: Task, dtype: type[np.generic] = np.float32) -> Pair:
    """Brings the arrays of one part to their final form.

    Args:
        part: `train`, `test` or `validation`.
        pair: x with n rows (text stays as it is), y with n rows.
        task: What y holds.
        dtype: What numbers in x become.

    Returns:
        x, float32 or int64, shape (n, d) or with more axes; y, float32 of shape (n, k) for a regression, int32 of shape (n,)
        or (n, T) for a classification.

    Raises:
        DataError: The rows differ in number or there are none; a number is NaN, infinite or too large; y has no class
            numbers where it should.
    """
    x, y = (np.asarray(array) for array in pair)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        msg = f"x_{part} and y_{part} must have as many rows, at least one, got the shapes {x.shape} and {y.shape}"
        raise DataError(msg)
    if x.dtype.kind in "biuf":
        x = _finite(f"x_{part}", x) if dtype is np.float32 else _whole(f"x_{part}", x)
    if y.dtype.kind not in "biuf":
        msg = f"y_{part} must hold numbers, got {y.dtype}; number the classes from 0 and name them in `classes`"
        raise DataError(msg)
    column = (len(x), 1)
    x = x.reshape(column) if x.ndim == 1 else x
    if task == "classification":
        return x, _class_numbers(f"y_{part}", y)
    y = _finite(f"y_{part}", y)
    return x, y.reshape(column) if y.ndim == 1 else y


def _finite(name: str, array: Array) -> Array:
    """The array as float32."""
    with np.errstate(over="ignore"):  # what overflows is refused below
        converted = np.asarray(array, np.float32)
    finite = np.isfinite(converted)
    if not finite.all():
        where = np.unravel_index(int(np.argmin(finite)), array.shape)
        value = array[where]
        fault = "is too large for float32" if np.isfinite(value) else "is not finite"
        msg = f"{_cell(name, where)} = {value} {fault}; mend or remove the row"
        raise DataError(msg)
    return converted


def _whole(name: str, array: Array) -> Array:
    """The array as int64."""
    if array.dtype.kind == "u" and array.max() > np.iinfo(np.int64).max:
        where = np.unravel_index(int(array.argmax()), array.shape)
        msg = f"{_cell(name, where)} = {array[where]} is too large for int64; number what it stands for"
        raise DataError(msg)
    return array.astype(np.int64)


def _cell(name: str, where: Sequence[Any]) -> str:
    return f"{name}[{', '.join(str(int(place)) for place in where)}]"


def _class_numbers(name: str, y: Array) -> Array:
    """The array as int32, shape (n,), or (n, T) where a row has several."""
    if y.ndim > 2 and y.size != len(y):  # noqa: PLR2004 - (n, T)
        msg = f"{name} must have class numbers of shape ({len(y)},) or ({len(y)}, T), got {y.shape}; or give task=regression"
        raise DataError(msg)
    y = y.reshape(-1) if y.size == len(y) else y
    limit = np.iinfo(np.int32).max
    bad = ~((y >= 0) & (y <= limit)) if y.dtype.kind in "biu" else ~((y >= 0) & (y <= limit) & (y == np.floor(y)))
    if bad.any():
        where = np.unravel_index(int(np.argmax(bad)), y.shape)
        found = f"{_cell(name, where)} = {y[where]}"
        msg = f"{found} is no class number, expected 0, 1, 2, ...; number the classes, or give task=regression"
        raise DataError(msg)
    return y.astype(np.int32)


def check_alike(pairs: Mapping[str, Pair]) -> None:
    """Checks that the parts agree in the shape of a row.

    Raises:
        DataError: They do not; both arrays and shapes are named.
    """
    for axis, letter in enumerate("xy"):
        first = pairs["train"][axis]
        for part, pair in pairs.items():
            if pair[axis].shape[1:] != first.shape[1:]:
                shapes = f"{letter}_train has the shape {first.shape} and {letter}_{part} {pair[axis].shape}"
                msg = f"{shapes}; beyond the number of rows they must agree"
                raise DataError(msg)


def class_names(pairs: Mapping[str, Pair], given: Sequence[str]) -> tuple[str, ...]:
    """The classes by name, in the order of their numbers: those given, or the numbers up to the highest one in any y.

    Raises:
        DataError: There is one class only, a number has no class, or the numbers look like quantities.
    """
    part, y = max(((part, pair[1]) for part, pair in pairs.items()), key=lambda item: int(item[1].max()))
    place, highest = np.unravel_index(int(y.argmax()), y.shape), int(y.max())
    count = len(given) or highest + 1
    where = f"{_cell(f'y_{part}', place)} = {highest}"
    if highest >= count:
        msg = f"{where} is out of range: there are {count} classes, numbered from 0 ({', '.join(given)})"
        raise DataError(msg)
    if not given and count > max(MOST_CLASSES, len(pairs["train"][1])):
        rows = len(pairs["train"][1])
        msg = f"{where} means {count} classes for {rows} training rows; if y is a quantity, give task=regression"
        raise DataError(msg)
    if count == 1:
        msg = "y has one class only, so there is nothing to learn; check the data, or give task=regression"
        raise DataError(msg)
    return tuple(given) or tuple(map(str, range(count)))


def fingerprint_of(pairs: Mapping[str, Pair]) -> str:
    """SHA-256 over shapes, dtypes and bytes."""
    digest = hashlib.sha256()
    for part, pair in pairs.items():
        for array in pair:
            digest.update(f"{part} {array.shape} {array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
