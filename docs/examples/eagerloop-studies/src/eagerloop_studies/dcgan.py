"""DCGAN: convolutions that make images, against convolutions that tell them from real ones. The step is `adversarial`."""

from typing import Annotated

import typer

import eagerloop


def bars():
    """All images that there are: a bright bar, upright or lying, at one of six places.

    Returns:
        Shape (12, 8, 8, 1), from -1 (dark) to 1.
    """
    import numpy as np

    images = np.full((12, 8, 8, 1), -1.0, "float32")
    for place in range(6):
        images[place, :, place + 1] = 1.0
        images[6 + place, place + 1] = 1.0
    return images


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many images")] = 320, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Images of a bar, upright or lying.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Which bars, and their noise; filled in by the engine.

    Returns:
        x (n, 8, 8, 1), from -1 to 1; y (n, 1), all 1: every image is real. The step passes y over, the evaluation does not.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    x = bars()[draws.integers(12, size=rows)] + 0.05 * draws.normal(size=(rows, 8, 8, 1))
    y, cut = np.ones((rows, 1)), rows // 10
    return eagerloop.ArrayDataset((x[cut:], y[cut:]), (x[:cut], y[:cut]), batch_size=32, shuffle=True, seed=seed)


def model(*, code: Annotated[int, typer.Option(min=1, help="numbers of noise that an image is made from")] = 8):
    """A generator by transposed convolutions, a discriminator by strided ones.

    Args:
        code: At least 1.

    Returns:
        A model whose `generator` makes images (n, 8, 8, 1) from noise (n, code). Called itself it is the `discriminator`: how
        real an image is, a logit (n, 1).

    Source: Radford, Metz and Chintala (2016), "Unsupervised Representation Learning with Deep Convolutional GANs".
    """
    import keras
    from keras import layers

    class Dcgan(keras.Model):
        def __init__(self):
            super().__init__(name="dcgan")
            self.generator = keras.Sequential(
                [
                    keras.Input((code,)),
                    layers.Dense(4 * 4 * 16),
                    layers.LeakyReLU(0.2),
                    layers.Reshape((4, 4, 16)),
                    layers.Conv2DTranspose(16, 4, strides=2, padding="same"),
                    layers.LeakyReLU(0.2),
                    layers.Conv2D(1, 5, padding="same", activation="tanh"),
                ],
                name="generator",
            )
            self.discriminator = keras.Sequential(
                [
                    keras.Input((8, 8, 1)),
                    layers.Conv2D(16, 4, strides=2, padding="same"),
                    layers.LeakyReLU(0.2),
                    layers.Flatten(),
                    layers.Dense(32),
                    layers.LeakyReLU(0.2),
                    layers.Dense(1),
                ],
                name="discriminator",
            )

        def call(self, x, training=False):
            return self.discriminator(x, training=training)  # (n, 1)

    return Dcgan()
