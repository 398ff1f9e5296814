"""Arrays that were split beforehand, from NumPy's `.npz`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import eagerloop
from eagerloop.errors import ConfigError, DataError


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
    class_weight: Annotated[
        str | None, typer.Option(help="balanced, or NAME=WEIGHT,...: how much the training rows of each class count.")
    ] = None,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """Arrays of an .npz file: x_train, y_train, x_test, y_test.

    The file may also hold `x_validation` and `y_validation`, the rows' weights `sample_weight_train` (and `_test`,
    `_validation`), and as arrays of text the names `features`, `targets` and `classes`. A structure is written by paths:
    `x_train/city` and `x_train/size` are a dict, `x_train/0` and `x_train/1` a tuple. If no part has y, y is empty. Pickled
    objects are never loaded.

    Args:
        path: The file.
        batch_size: Rows in a batch, at least 1.
        shuffle: Whether each epoch of the training has an order of its own.
        validation_fraction: The part of the training rows drawn for the validation, from 0 (none) to below 1.
        task: `auto`: one integer a row is a class, numbered from 0, and so is each of T integers a row, (n, T), unless the rows
            are one-hot; anything else is a regression.
        class_weight: `balanced`: n / (classes * rows of the class), counted in the training rows. Or weights by the classes'
            names; those left out have 1. They multiply the rows' own weights, in the training alone, as in Keras's `fit`.
        seed: The run's seed.

    Returns:
        x, float32, or int64 where float32 would round a whole number, shape (n, d) or with more axes; y, int32 of shape (n,) or
        (n, T) for a classification, else float32 of shape (n, k); weights, float32 of shape (n,); or structures of these.

    Raises:
        ConfigError: Both a validation fraction and a validation array are given, the batch is larger than the data,
            or a class is weighed that is not there.
        DataError: The file is missing, damaged or no .npz, arrays are missing, the shapes disagree, a number is not
            finite, a class number is out of range, or a weight is below 0; the array and the place in it are named.

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
    from eagerloop_plugins.array_files.archive import NAMES, read_archive  # noqa: PLC0415 - these need NumPy
    from eagerloop_plugins.array_files.names import pairs_of, wanted_names  # noqa: PLC0415

    named = read_archive(path, lambda names: wanted_names(path, names))
    pairs = pairs_of(named)
    if "validation" in pairs and validation_fraction:
        msg = f"{path} has x_validation, so validation-fraction must be 0, got {validation_fraction:g}"
        raise ConfigError(msg)
    try:
        whole = eagerloop.ArrayDataset(
            pairs["train"],
            pairs["test"],
            pairs.get("validation"),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            class_weight=class_weight,
            task=None if task == "auto" else task,
            **{name: named[name].tolist() for name in NAMES if name in named},
        )
    except DataError as error:
        msg = f"{path}: {error}"
        raise DataError(msg) from error
    # The validation is drawn after all rows were checked, so that errors count rows as the file does.
    return whole.with_validation(validation_fraction) if validation_fraction else whole
