"""Handwritten digits, the smallest pictures that a network learns from."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import eagerloop

FILE = Path(__file__).with_name("digits.npz")
"""What it is, and its licence, stands in `digits.txt` beside it."""

SIDE = 8
INK = 16.0
"""The darkest pixel."""

FEATURES = tuple(f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE))


def digits(
    *,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows in a batch.")] = 32,
    shuffle: Annotated[bool, typer.Option(help="Draw the order of each epoch's training rows.")] = True,
    split: Annotated[
        Literal["fixed", "random", "last"],
        typer.Option(help="Which rows are the test: always the same, or drawn by the seed, or the last, by other hands."),
    ] = "fixed",
    test_fraction: Annotated[float, typer.Option(min=0, max=1, help="The part of the rows kept for the test.")] = 0.2,
    validation_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the other rows evaluated on after each epoch.")
    ] = 0.0,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """Handwritten digits: 1,797 grey pictures of 8 x 8 pixels.

    The people of the file wrote one after another. Drawn rows, as by default, are a test on known hands; the last rows are one
    on hands that the training has hardly seen, which is harder: about 0.92 right instead of 0.97.

    Args:
        batch_size: Rows in a batch, at least 1.
        shuffle: Whether each epoch of the training has an order of its own.
        split: `fixed`: rows drawn once, the same whatever the seed; `random`: drawn by the seed; `last`: the last rows are the
            test, and the last of the rest the validation.
        test_fraction: The part of the rows kept for the test, between 0 and 1.
        validation_fraction: The part of the *other* rows kept for the validation, from 0 (none) to below 1.
        seed: The run's seed.

    Returns:
        x, float32, shape (n, 8, 8, 1), from 0 (paper) to 1 (ink); y, int32, shape (n,), the digit. A table of new digits has
        the columns `pixel_0_0`, row by row, to `pixel_7_7`, from 0 to 16 as in the file.

    Raises:
        ConfigError: A fraction leaves no row to train on, or the batch is larger than the training data.

    Example:
        >>> dataset = digits()
        >>> dataset.train_arrays[0].shape, dataset.test_arrays[0].shape
        ((1438, 8, 8, 1), (359, 8, 8, 1))
        >>> dataset.train_arrays[0][0, 0, :, 0].tolist()  # the uppermost row of pixels of the file's first digit, a 0
        [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0]

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits" (1998), UCI Machine Learning Repository,
    doi 10.24432/C50P49, its test set as in scikit-learn's `load_digits`; CC BY 4.0.
    """
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    with np.load(FILE) as file:
        pixels, y = file["x"], file["y"].astype(np.int32)
    encoder = eagerloop.tables.Encoder(FEATURES, dict.fromkeys(FEATURES, (0.0, INK)), {})
    x = (pixels / np.float32(INK)).astype(np.float32).reshape(-1, SIDE, SIDE, 1)
    fractions = {"test_fraction": test_fraction, "validation_fraction": validation_fraction}
    drawn_by = seed if split == "random" else 0
    training, validation, test = eagerloop.split_rows(len(x), **fractions, seed=drawn_by, shuffle=split != "last")
    return eagerloop.ArrayDataset(
        (x[training], y[training]),
        (x[test], y[test]),
        (x[validation], y[validation]) if len(validation) else None,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        features=FEATURES,
        targets=("digit",),
        classes=[str(digit) for digit in range(10)],
        task="classification",
        encoder=encoder,
        raw_test=dict(zip(FEATURES, pixels[test].T, strict=True)),
    )
