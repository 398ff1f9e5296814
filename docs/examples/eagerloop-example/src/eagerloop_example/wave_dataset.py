"""A dataset: a sine wave with noise."""

from typing import Annotated

import typer

import eagerloop


def wave(
    *,
    rows: Annotated[int, typer.Option(min=10, help="How many points.")] = 200,
    noise: Annotated[float, typer.Option(min=0, help="Standard deviation of the noise.")] = 0.1,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":  # quoted, so that listing the parts does not import NumPy
    """Points on a sine wave: `height` from `angle`, with noise."""
    import numpy as np  # here, so that listing the parts stays fast

    random = np.random.default_rng(seed)  # eagerloop fills `seed` in
    angle = random.uniform(-3, 3, (rows, 1))
    height = np.sin(angle) + noise * random.normal(size=angle.shape)
    cut = rows * 4 // 5
    return eagerloop.ArrayDataset(
        (angle[:cut], height[:cut]),
        (angle[cut:], height[cut:]),
        features=["angle"],
        targets=["height"],
        task="regression",
    )
