"""U-Net: which pixels belong to the thing, from coarse and fine views of the image together."""

from typing import Annotated

import typer

import eagerloop


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many images")] = 240, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Discs, a little brighter than what is around them, under uneven light.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Where the discs are, the light and the noise; filled in by the engine.

    Returns:
        x (n, 16, 16, 1); y (n, 16, 16, 1), 1 inside a disc and else 0.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    row, column = np.mgrid[:16, :16]
    middle, radius = draws.uniform(4, 11, (2, rows, 1, 1)), draws.uniform(2, 4.5, (rows, 1, 1))
    y = np.hypot(row - middle[0], column - middle[1]) < radius
    slope = draws.uniform(-0.15, 0.15, (2, rows, 1, 1))
    x = y + slope[0] * (row - 7.5) + slope[1] * (column - 7.5) + 0.1 * draws.normal(size=y.shape)
    x, y, cut = x[..., None], y[..., None].astype("float32"), rows // 10
    return eagerloop.ArrayDataset((x[cut:], y[cut:]), (x[:cut], y[:cut]), batch_size=24, shuffle=True, seed=seed)


def model(*, width: Annotated[int, typer.Option(min=1, help="channels of the first level")] = 8):
    """Two levels down and two up, each joined with its like.

    Args:
        width: At least 1; it doubles from level to level.

    Returns:
        A functional Keras model from (n, 16, 16, 1) to a logit for each pixel, (n, 16, 16, 1).

    Source: Ronneberger, Fischer and Brox (2015), "U-Net: Convolutional Networks for Biomedical Image Segmentation".
    """
    import keras
    from keras import layers

    def looked_at(image, channels):
        return layers.Conv2D(channels, 3, padding="same", activation="relu")(image)

    given = keras.Input((16, 16, 1))
    fine = looked_at(given, width)  # (16, 16)
    middle = looked_at(layers.MaxPooling2D()(fine), 2 * width)  # (8, 8)
    coarse = looked_at(layers.MaxPooling2D()(middle), 4 * width)  # (4, 4)
    up = layers.Conv2DTranspose(2 * width, 2, strides=2)(coarse)
    middle = looked_at(layers.Concatenate()([up, middle]), 2 * width)
    up = layers.Conv2DTranspose(width, 2, strides=2)(middle)
    fine = looked_at(layers.Concatenate()([up, fine]), width)
    return keras.Model(given, layers.Conv2D(1, 1)(fine), name="unet")


def loss():
    """Cross-entropy for each pixel, and how well the areas overlap.

    Returns:
        A loss with the figure `overlap`: the intersection of what is said and what is, over their union.

    Source: Jaccard (1912), for the overlap.
    """
    import tensorflow as tf

    def of_pixels(y_true, y_pred):
        value = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y_true, y_pred))
        said, there = y_pred > 0, y_true > 0.5
        both = tf.math.count_nonzero(tf.logical_and(said, there), dtype=tf.float32)
        either = tf.math.count_nonzero(tf.logical_or(said, there), dtype=tf.float32)
        return value, {"overlap": both / tf.maximum(either, 1.0)}

    return of_pixels
