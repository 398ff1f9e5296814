"""Forecasting from sequence to sequence: what a series has been, and what it will be."""

from typing import Annotated

import typer

import eagerloop


def dataset(
    *,
    past: Annotated[int, typer.Option(min=1, help="steps that are known")] = 24,
    future: Annotated[int, typer.Option(min=1, help="steps to forecast")] = 8,
    length: Annotated[int, typer.Option(min=100, help="steps of the whole series")] = 700,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """Windows of one series: two waves whose lengths are no multiples of each other, and noise.

    Args:
        past: At least 1.
        future: At least 1.
        length: At least 100.
        seed: Of the noise; filled in by the engine.

    Returns:
        x (n, past, 1), y (n, future). The test is the end of the series: no value of it is in the training.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    time = np.arange(length)
    series = np.sin(2 * np.pi * time / 12) + 0.6 * np.sin(2 * np.pi * time / 17.3) + 0.05 * draws.normal(size=length)
    windows = np.lib.stride_tricks.sliding_window_view(series, past + future)
    x, y = windows[:, :past, None], windows[:, past:]
    cut = len(x) * 4 // 5
    train, test = slice(None, cut - past - future), slice(cut, None)
    return eagerloop.ArrayDataset((x[train], y[train]), (x[test], y[test]), batch_size=64, shuffle=True, seed=seed)


def model(*, dataset, units: Annotated[int, typer.Option(min=1, help="of each GRU")] = 24):
    """A GRU that reads the past, and one that writes the future.

    Args:
        dataset: Filled in by the engine; its targets are the steps to forecast.
        units: At least 1.

    Returns:
        A Keras model from (n, past, 1) to (n, future).

    Source: Sutskever, Vinyals and Le (2014), "Sequence to Sequence Learning with Neural Networks".
    """
    import keras
    from keras import layers

    future = dataset.outputs
    return keras.Sequential(
        [
            keras.Input((None, 1)),
            layers.GRU(units, name="reader"),
            layers.RepeatVector(future),
            layers.GRU(units, return_sequences=True, name="writer"),
            layers.Dense(1, name="value"),
            layers.Reshape((future,)),
        ],
        name="forecaster",
    )
