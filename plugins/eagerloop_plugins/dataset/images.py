"""Pictures as people have them: a folder a class, or a table with their paths."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import eagerloop
from eagerloop.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from eagerloop_plugins.image_files.finding import Found
    from eagerloop_plugins.image_files.reading import ImageDataset


def images(  # noqa: PLR0913 - each argument is an option
    *,
    path: Annotated[Path, typer.Option(help="A folder with a folder for each class, or a table with a column of paths.")],
    target: Annotated[str | None, typer.Option(help="Of a table, the column to predict; the last one, if not given.")] = None,
    path_column: Annotated[
        str | None, typer.Option(help="Of a table, the column of paths; 'path' or the first one, if not given.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="Of an SQLite file the table; needed if there are several.")] = None,
    class_weight: Annotated[
        str | None, typer.Option(help="balanced, or NAME=WEIGHT,...: how much the training pictures of each class count.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="SIDE or HEIGHTxWIDTH in pixels; their own, if all are alike and small, else 64.")
    ] = None,
    colour: Annotated[
        Literal["auto", "grey", "rgb"], typer.Option(help="One channel or three; auto: grey, if no picture has colours.")
    ] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="Rows in a batch.")] = 32,
    shuffle: Annotated[bool, typer.Option(help="Draw the order of each epoch's training rows.")] = True,
    test_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the pictures drawn for the test, if no folder is called test.")
    ] = 0.2,
    validation_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the others evaluated on after each epoch.")
    ] = 0.0,
    task: Annotated[
        Literal["auto", "regression", "classification"], typer.Option(help="What the target is; auto: the column decides.")
    ] = "auto",
    seed: int = 0,
) -> "ImageDataset":
    """Your own pictures: a folder a class, or a table of paths.

    Every picture is looked at once before the training: broken ones are named. After that they stay on the disk and are read
    batch by batch, so that there may be more of them than fit into memory.

    Args:
        path: A folder: its folders are the classes; or they stand in folders called `train`, `test` (or `validation`). Or a
            table, in CSV or any kind that `csv` reads: its paths start from its own folder. No link, and no path, may lead out
            of the folder.
        target: The column to predict; by default the last one.
        path_column: The column of paths; by default one called `path`, `file`, `filename`, `image`, ..., else the first.
        table: Of an SQLite file the table, which must be named if there are several.
        class_weight: `balanced`: n / (classes * pictures of the class), counted in the training pictures. Or weights by the
            classes' names; those left out have 1. They act in the training alone, as in Keras's `fit`.
        size: To which height and width all are resized, whatever their proportions; by default their own, if all have the
            same, of 128 pixels at most, else 64 x 64.
        colour: `grey`: one channel; `rgb`: three. `auto`: `grey`, if none has colours. Transparency is left out.
        batch_size: Rows in a batch, at least 1.
        shuffle: Whether each epoch of the training has an order of its own.
        test_fraction: The part drawn for the test, between 0 and 1, unless there are folders `train` and `test`.
        validation_fraction: The part of the *other* pictures drawn for the validation, from 0 (none) to below 1.
        task: Of a table. `auto`: text is classes, and so are at most 20 whole numbers that count from 0 or 1 without a gap.
        seed: The run's seed, from which the rows are drawn.

    Returns:
        x, float32, shape (n, height, width, 1 or 3), from 0 to 1; y, int32 of shape (n,), the sorted classes' numbers, or
        float32 of shape (n, 1); and, if classes are weighed, weights in the training, float32 of shape (n,).

    Raises:
        ConfigError: The size is none, a fraction or the batch size does not fit the data, a class is weighed that is not there.
        DataError: No picture, a broken one, a class without pictures, a link out of the folder.

    Example:
        >>> import tempfile
        >>> import tensorflow as tf
        >>> root = Path(tempfile.mkdtemp())
        >>> file = tf.io.encode_png(tf.zeros([8, 8, 1], tf.uint8)).numpy()
        >>> for name in ("cats", "dogs"):
        ...     (root / name).mkdir()
        ...     for number in range(5):
        ...         _ = (root / name / f"{number}.png").write_bytes(file)
        >>> dataset = images(path=root, batch_size=4)
        >>> dataset.classes, [len(rows) for rows in dataset.rows.values()], next(iter(dataset.train(1)))[0].shape
        (('cats', 'dogs'), [8, 0, 2], TensorShape([4, 8, 8, 1]))

    Source: the folders and the pixels (divided by 255) of `keras.utils.image_dataset_from_directory`.
    """
    from eagerloop_plugins.image_files.finding import find  # noqa: PLC0415 - these need NumPy
    from eagerloop_plugins.image_files.looking import form_of, look_at  # noqa: PLC0415
    from eagerloop_plugins.image_files.reading import ImageDataset  # noqa: PLC0415

    found = find(path, target, path_column, task, table)
    rows = _rows(found, test_fraction, validation_fraction, seed)
    counts = [int((found.y[rows["train"]] == number).sum()) for number in range(len(found.classes))]
    weights = eagerloop.ArrayDataset.weights_of_classes(class_weight, found.classes, counts)
    paths = eagerloop.tables.Pictures(found.column, 1, 1, 1).paths(found.table)
    looks = look_at(found.table.path, found.table.text(found.column), paths)
    encoder = form_of(found.table.path, found.column, looks, size, colour)
    order: Any = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    return ImageDataset(found, looks, encoder, rows, class_weights=weights, **order)


def _rows(found: "Found", test_fraction: float, validation_fraction: float, seed: int) -> "dict[str, np.ndarray]":
    """The rows of each part: what folders say, and of the rest what is drawn."""
    import numpy as np  # noqa: PLC0415 - as above

    named = (
        {name: np.flatnonzero(found.part == name) for name in ("train", "validation", "test")} if found.part is not None else {}
    )
    mine = named.get("train", np.arange(len(found.y)))
    training, validation, test = eagerloop.split_rows(
        len(mine),
        test_fraction=0.0 if len(named.get("test", ())) else test_fraction,
        validation_fraction=0.0 if len(named.get("validation", ())) else validation_fraction,
        seed=seed,
    )
    rows = {"train": mine[training], "validation": mine[validation], "test": mine[test]}
    rows |= {name: given for name, given in named.items() if name != "train" and len(given)}
    missing = [name for number, name in enumerate(found.classes) if number not in found.y[rows["train"]]]
    if missing:
        what = f"no picture of {', '.join(map(repr, missing))} is among the {len(rows['train'])} of the training"
        msg = f"{found.table.path}: {what}; add some, or take another seed or a smaller test-fraction"
        raise DataError(msg)
    if not len(rows["test"]):
        msg = f"{found.table.path}: test-fraction 0 leaves no picture to test on; 0.2 keeps every fifth"
        raise DataError(msg)
    return rows
