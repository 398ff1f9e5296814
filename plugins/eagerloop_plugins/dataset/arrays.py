"""Arrays that were split beforehand, from NumPy's `.npz`."""

import warnings
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import eagerloop
from eagerloop.errors import ConfigError, DataError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

NEEDED = ("x_train", "y_train", "x_test", "y_test")
VALIDATION = ("x_validation", "y_validation")
NAMES = ("features", "targets", "classes")

DAMAGES = (ValueError, OSError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What NumPy and the zip archive raise for damaged files."""


def arrays(
    *,
    path: Annotated[Path, typer.Option(help="An .npz file with x_train, y_train, x_test, y_test.")],
    batch_size: Annotated[int, typer.Option(min=1, help="Rows in a batch.")] = 32,
    shuffle: Annotated[bool, typer.Option(help="Draw the order of each epoch's training rows.")] = True,
    validation_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the training rows evaluated on after each epoch.")
    ] = 0.0,
    task: Annotated[
        Literal["auto", "regression", "classification"], typer.Option(help="What y holds; auto: integers are classes.")
    ] = "auto",
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """Arrays of an .npz file: x_train, y_train, x_test, y_test.

    The file may also hold `x_validation` and `y_validation`, and as arrays of text the names `features`, `targets` and
    `classes`. Pickled objects are never loaded.

    Args:
        path: The file.
        batch_size: Rows in a batch, at least 1.
        shuffle: Whether each epoch of the training has an order of its own.
        validation_fraction: The part of the training rows drawn for the validation, from 0 (none) to below 1.
        task: `auto`: one integer a row is a class, numbered from 0, and so is each of T integers a row, (n, T), unless the rows
            are one-hot; anything else is a regression.
        seed: The run's seed.

    Returns:
        x, float32, or int64 where float32 would round a whole number, shape (n, d) or with more axes; y, int32 of shape (n,) or
        (n, T) for a classification, else float32 of shape (n, k).

    Raises:
        ConfigError: Both a validation fraction and a validation array are given, or the batch is larger than the data.
        DataError: The file is missing, damaged or no .npz, an array is missing, the shapes disagree, a number is not
            finite, or a class number is out of range; the array and the place in it are named.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> file = Path(tempfile.mkdtemp(), "small.npz")
        >>> x, y = np.zeros((4, 2)), np.array([0, 1, 0, 1])
        >>> np.savez(file, x_train=x, y_train=y, x_test=x, y_test=y)
        >>> arrays(path=file, batch_size=2).task
        'classification'

    Source: the layout of Keras's `mnist.npz`.
    """
    named = _load(path)
    if "x_validation" in named and validation_fraction:
        msg = f"{path} has x_validation, so validation-fraction must be 0, got {validation_fraction:g}"
        raise ConfigError(msg)
    try:
        whole = eagerloop.ArrayDataset(
            (named["x_train"], named["y_train"]),
            (named["x_test"], named["y_test"]),
            (named["x_validation"], named["y_validation"]) if "x_validation" in named else None,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            task=None if task == "auto" else task,
            **{name: named[name].tolist() for name in NAMES if name in named},
        )
    except DataError as error:
        msg = f"{path}: {error}"
        raise DataError(msg) from error
    return _with_validation(whole, validation_fraction) if validation_fraction else whole


def _with_validation(whole: "eagerloop.ArrayDataset", fraction: float) -> "eagerloop.ArrayDataset":
    """Some of the training rows moved to the validation: after all were checked, so that errors count rows as the file does."""
    x, y = whole.train_arrays
    training, held, _ = eagerloop.split_rows(len(x), test_fraction=0.0, validation_fraction=fraction, seed=whole.seed)
    return replace(whole, train_arrays=(x[training], y[training]), validation_arrays=(x[held], y[held]))


def _load(path: Path) -> "dict[str, np.ndarray[Any, Any]]":
    """The arrays of the file by name, all that is needed among them."""
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    if not path.is_file():
        reason = "is a directory, expected an .npz file" if path.is_dir() else "does not exist"
        msg = f"data file {path} {reason}; check the path"
        raise DataError(msg)
    if not zipfile.is_zipfile(path):
        msg = f"{path} is no .npz file, or a damaged one; write it with numpy.savez"
        raise DataError(msg)
    try:
        file = np.load(path, allow_pickle=False)
    except DAMAGES as error:
        msg = f"{path} cannot be read ({error}); write it anew with numpy.savez"
        raise DataError(msg) from error
    with file:
        _check_names(path, file.files)
        named = {name: _array(path, file, name) for name in file.files if name in (*NEEDED, *VALIDATION, *NAMES)}
    for name in NAMES:
        if name in named and named[name].ndim != 1:
            msg = f"{path}: '{name}' must be a list of names, shape (n,), got the shape {named[name].shape}"
            raise DataError(msg)
    return named


def _check_names(path: Path, names: list[str]) -> None:
    """Names the missing arrays, and warns of those that would be passed over."""
    for name in (*NEEDED, *(VALIDATION if set(VALIDATION) & set(names) else ())):
        if name not in names:
            msg = f"{path} has no array '{name}'; {did_you_mean(name, names)}"
            raise DataError(msg)
    known = (*NEEDED, *VALIDATION, *NAMES)
    for name in names:
        if name not in known:
            text = f"{path}: the array '{name}' is passed over; {did_you_mean(name, known)}"
            warnings.warn(text, UserWarning, stacklevel=4)


def _array(path: Path, file: Any, name: str) -> "np.ndarray[Any, Any]":
    """One array of the file. It is read here, so this is where damage shows."""
    try:
        array: np.ndarray[Any, Any] = file[name]
        return array.astype(str) if name in NAMES else array
    except DAMAGES as error:
        pickled = "Object arrays" in str(error)
        reason = "holds pickled Python objects, which can run code" if pickled else f"cannot be read ({error})"
        remedy = "save it as an array of numbers or text" if pickled else "write the file anew"
        msg = f"{path}: the array '{name}' {reason}; {remedy}"
        raise DataError(msg) from error
