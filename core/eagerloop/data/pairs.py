"""The arrays behind a dataset, `(x, y)` or `(x, y, sample_weight)`: brought to one dtype and shape, and checked.

Each may be one array or a structure of them. Shapes: n rows, d features, k target columns. In messages the arrays are called
`x_train`, `y_train`, `x_test/city` and so on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from eagerloop.data.tasks import task_of
from eagerloop.errors import DataError
from eagerloop.parts import Task
from eagerloop.structures import leaves_by_path, map_leaves, map_with_path, require_same_rows

Array = np.ndarray[Any, Any]
Pair = tuple[Any, ...]
"""x, y and, if there are some, the weights of the rows."""

LETTERS = ("x", "y", "sample_weight")

WHOLE = 2**24
"""Up to here, float32 holds every whole number."""

MOST_CLASSES = 1000
"""How many classes unnamed numbers may have, if there are fewer rows than that: a price in whole euros is no class."""


def dtypes_of(parts: Iterable[Any]) -> dict[str, type[np.generic]]:
    """What the numbers of each array of x become: float32, or int64 where they are whole and float32 would round one of them.

    Args:
        parts: x of each part of the data.

    Returns:
        The types by the arrays' paths.
    """
    found: dict[str, list[Array]] = {}
    for x in parts:
        for path, leaf in leaves_by_path(x).items():
            found.setdefault(path, []).append(np.asarray(leaf))
    return {path: _dtype_of(arrays) for path, arrays in found.items()}


def _dtype_of(arrays: Sequence[Array]) -> type[np.generic]:
    whole = all(array.dtype.kind in "biu" for array in arrays)
    return np.int64 if whole and not all(map(_is_held, arrays)) else np.float32


def _is_held(array: Array) -> bool:
    """Whether float32 holds every one of these whole numbers exactly."""
    if array.dtype.kind == "b" or not array.size or (array.min() >= -WHOLE and array.max() <= WHOLE):
        return True
    far = np.iinfo(np.int64).max // 2  # beyond, a number that is rounded up would no longer be an int64
    return bool(array.min() >= -far and array.max() <= far and (array.astype(np.float32).astype(np.int64) == array).all())


def prepare(part: str, pair: Pair, task: Task, dtypes: Mapping[str, type[np.generic]]) -> Pair:
    """Brings the arrays of one part to their final form.

    Args:
        part: `train`, `test` or `validation`.
        pair: x with n rows (text stays as it is), y with n rows or `()`, and the rows' weights if there are some.
        task: What y holds, if it is one array; in a structure each array is looked at by itself.
        dtypes: What numbers in x become, by path.

    Returns:
        x, float32 or int64, shape (n, d) or with more axes; y, float32 of shape (n, k) for a regression, int32 of shape (n,)
        or (n, T) for a classification; the weights, float32 of shape (n,) or (n, T).

    Raises:
        DataError: The rows differ in number or there are none; a number is NaN, infinite or too large; y has no class
            numbers where it should; a weight is below 0.
    """
    names = [f"{letter}_{part}" for letter in LETTERS[: len(pair)]]
    arrays = tuple(map_leaves(np.asarray, structure) for structure in pair)
    require_same_rows(names, arrays)

    def named(name: str, path: str) -> str:
        return f"{name}/{path}" if path else name

    x = map_with_path(lambda path, leaf: _features(named(names[0], path), leaf, dtypes[path]), arrays[0])
    y = map_with_path(lambda path, leaf: _targets(named(names[1], path), leaf, task if not path else task_of(leaf)), arrays[1])
    weights = [map_with_path(lambda path, leaf: _weights(named(names[2], path), leaf), given) for given in arrays[2:]]
    return (x, y, *weights)


def _features(name: str, x: Array, dtype: type[np.generic]) -> Array:
    """An array of x, with at least two axes."""
    if x.dtype.kind in "biuf":
        x = _finite(name, x) if dtype is np.float32 else _whole(name, x)
    return x.reshape(len(x), 1) if x.ndim == 1 else x


def _targets(name: str, y: Array, task: Task) -> Array:
    """An array of y: class numbers, or numbers with at least two axes."""
    if y.dtype.kind not in "biuf":
        msg = f"{name} must hold numbers, got {y.dtype}; number the classes from 0 and name them in `classes`"
        raise DataError(msg)
    if task == "classification":
        return _class_numbers(name, y)
    y = _finite(name, y)
    return y.reshape(len(y), 1) if y.ndim == 1 else y


def _weights(name: str, weights: Array) -> Array:
    """The weights of rows, or of the places in each row."""
    if weights.dtype.kind not in "biuf":
        msg = f"{name} must hold numbers, got {weights.dtype}; give each row a weight of 0 or more"
        raise DataError(msg)
    weights = _finite(name, weights)
    if weights.size == len(weights):
        weights = weights.reshape(-1)
    if weights.min() < 0 or not weights.any():
        found = f"down to {weights.min():.6g}" if weights.min() < 0 else "0 alone"
        msg = f"{name} must be 0 or more, and not 0 for all rows, got {found}"
        raise DataError(msg)
    return weights


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
    for letter, first, part, structure in _beside_the_training(pairs):
        wanted, found = leaves_by_path(first), leaves_by_path(structure)
        if list(wanted) != list(found):
            names = [", ".join(paths) or "nothing" for paths in (wanted, found)]
            msg = f"{letter}_train has {names[0]} and {letter}_{part} {names[1]}; they must be alike"
            raise DataError(msg)
        for path, leaf in found.items():
            if leaf.shape[1:] != wanted[path].shape[1:]:
                ending = f"/{path}" if path else ""
                shapes = f"{letter}_train{ending} has the shape {wanted[path].shape} and {letter}_{part}{ending} {leaf.shape}"
                msg = f"{shapes}; beyond the number of rows they must agree"
                raise DataError(msg)


def _beside_the_training(pairs: Mapping[str, Pair]) -> Iterator[tuple[str, Any, str, Any]]:
    """Letter, structure of the training, other part and its structure. A part may leave its weights out."""
    for part, pair in pairs.items():
        for letter, first, structure in zip(LETTERS, pairs["train"], pair, strict=False):
            yield letter, first, part, structure


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
        for path, array in leaves_by_path(pair).items():
            place = path.partition("/")[2]  # of a structure; x and y alone are told apart by their order
            digest.update(f"{part}{place and '/'}{place} {array.shape} {array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
