"""Fine-tuning in two phases: a body learns from much data, and a new head from little."""

from typing import Annotated, Literal

import typer

import eagerloop


def points(rows, seed):
    """Points in 10 dimensions, of which a hidden curve through two tells the class.

    Args:
        rows: How many.
        seed: Which.

    Returns:
        x (rows, 10), and the angle and the radius that the classes are made of, (rows,) each.
    """
    import numpy as np

    turned = np.linalg.qr(np.random.default_rng(7).normal(size=(10, 10)))[0]
    draws = np.random.default_rng(seed)
    plain = draws.normal(size=(rows, 10))
    plain[:, 2:] *= 0.3
    return plain @ turned, np.arctan2(plain[:, 1], plain[:, 0]), np.hypot(plain[:, 0], plain[:, 1])


def dataset(
    *,
    phase: Annotated[Literal["broad", "narrow"], typer.Option(help="much data and six classes, or little and two")] = "broad",
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """Sectors of a plane that is hidden in ten dimensions.

    Args:
        phase: `broad` has 2000 rows for the training and six sectors, `narrow` 60 rows, and every other sector is of one class.
        seed: Which points; filled in by the engine.

    Returns:
        x (n, 10), y (n,), classes.
    """
    import numpy as np

    rows = {"broad": 2000, "narrow": 60}[phase]
    x, angle, _radius = points(rows + 300, seed if phase == "broad" else seed + 1)
    sector = np.floor((angle + np.pi) / (2 * np.pi) * 6).clip(0, 5).astype("int32")
    y = sector if phase == "broad" else sector % 2
    size = 50 if phase == "broad" else 20
    return eagerloop.ArrayDataset((x[:rows], y[:rows]), (x[rows:], y[rows:]), batch_size=size, shuffle=True, seed=seed)


def model(*, dataset, units: Annotated[int, typer.Option(min=1, help="of each layer of the body")] = 48):
    """A body of two layers, which may be taken from another run, and a head for the classes at hand.

    Args:
        dataset: Filled in by the engine; it has as many classes as the head.
        units: At least 1.

    Returns:
        A Keras model from (n, 10) to logits (n, classes), whose layers are `body1`, `body2` and `head`.

    Source: Yosinski, Clune, Bengio and Lipson (2014), "How Transferable Are Features in Deep Neural Networks?".
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(units, "relu", name="body1"),
            layers.Dense(units, "relu", name="body2"),
            layers.Dense(dataset.outputs, name="head"),
        ],
        name="fine_tuning",
    )
