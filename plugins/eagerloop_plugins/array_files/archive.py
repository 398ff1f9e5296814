"""An .npz file: its arrays by name, and every fault of such a file."""

import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop.errors import DataError

DAMAGES = (ValueError, OSError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What NumPy and the zip archive raise for damaged files."""

NAMES = ("features", "targets", "classes")
"""Arrays of text."""


def read_archive(path: Path, wanted: Callable[[list[str]], Iterable[str]]) -> dict[str, np.ndarray[Any, Any]]:
    """Some of the arrays of a file.

    Args:
        path: The file.
        wanted: Which arrays, of all names that there are; it may refuse them.

    Returns:
        The arrays by name; those of `NAMES` are text, of shape (n,).

    Raises:
        DataError: The file is missing, damaged or no .npz, or an array cannot be read; pickled objects are never loaded.
    """
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
        named = {name: _array(path, file, name) for name in wanted(file.files)}
    for name in NAMES:
        if name in named and named[name].ndim != 1:
            msg = f"{path}: '{name}' must be a list of names, shape (n,), got the shape {named[name].shape}"
            raise DataError(msg)
    return named


def _array(path: Path, file: Any, name: str) -> np.ndarray[Any, Any]:
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
