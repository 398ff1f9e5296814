"""The data of the 'Keras with Eager Execution' guide: sepal widths from three other measures of R's iris."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import eagerloop

FEATURES = ("Petal.Length", "Sepal.Length", "Petal.Width")
TARGET = "Sepal.Width"
FILE = Path(__file__).with_name("iris.csv")


def iris(
    *,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows in a batch.")] = 10,
    shuffle: Annotated[bool, typer.Option(help="Draw the order of each epoch's training rows.")] = False,
    split: Annotated[
        Literal["guide", "random"], typer.Option(help="Which rows are the test: the last ones, as in the guide, or drawn ones.")
    ] = "guide",
    test_fraction: Annotated[float, typer.Option(min=0, max=1, help="The part of the rows kept for the test.")] = 0.2,
    validation_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the other rows evaluated on after each epoch.")
    ] = 0.0,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """R's iris, 150 flowers: sepal width from petal length, sepal length and petal width.

    The defaults are the guide's: rows 1 to 120 for training, 121 to 150, all of them virginica, for the test.

    Args:
        batch_size: Rows in a batch, at least 1.
        shuffle: Whether each epoch of the training has an order of its own.
        split: `guide`: the last rows are the test, and the last of the rest the validation; `random`: both are drawn.
        test_fraction: The part of the rows kept for the test, between 0 and 1.
        validation_fraction: The part of the *other* rows kept for the validation, from 0 (none) to below 1.
        seed: The run's seed.

    Returns:
        x, float32, shape (n, 3), in cm: `Petal.Length`, `Sepal.Length`, `Petal.Width`; y, float32, shape (n, 1), in cm:
        `Sepal.Width`.

    Raises:
        ConfigError: A fraction leaves no row to train on, or the batch is larger than the training data.

    Example:
        >>> dataset = iris()
        >>> dataset.train_arrays[0].shape, dataset.test_arrays[0].shape
        ((120, 3), (30, 3))
        >>> dataset.train_arrays[0][0].round(1).astype(str).tolist()
        ['1.4', '5.1', '0.2']

    Source: R's `datasets::iris`, with Fisher's values as scikit-learn has them since 0.20 (UCI's file differs in rows 35 and
    38); the split and the batches of the guide 'Keras with Eager Execution' of TensorFlow for R.
    """
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    table = eagerloop.tables.read_table(FILE, ",")
    columns = {name: table.numbers(name, np.float64) for name in FEATURES}
    x, y = np.column_stack(list(columns.values())), table.numbers(TARGET)[:, np.newaxis]
    training, validation, test = eagerloop.split_rows(
        len(table), test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed, shuffle=split == "random"
    )
    return eagerloop.ArrayDataset(
        (x[training], y[training]),
        (x[test], y[test]),
        (x[validation], y[validation]) if len(validation) else None,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        features=FEATURES,
        targets=(TARGET,),
        task="regression",
        raw_test={name: column[test] for name, column in columns.items()},
    )
