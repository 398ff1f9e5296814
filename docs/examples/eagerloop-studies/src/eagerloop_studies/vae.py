"""A variational autoencoder: images become a few numbers, which are spread as a normal distribution is."""

from typing import Annotated, Literal

import typer

import eagerloop


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many images")] = 400, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Images of a blurred spot somewhere.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Where the spots are; filled in by the engine.

    Returns:
        x (n, 64), from 0 to 1, images of 8 x 8; no y.
    """
    import numpy as np

    row, column = np.mgrid[:8, :8]
    middle = np.random.default_rng(seed).uniform(1, 6, (2, rows, 1, 1))
    x = np.exp(-((row - middle[0]) ** 2 + (column - middle[1]) ** 2) / 3).reshape(rows, 64)
    cut = rows // 10
    return eagerloop.ArrayDataset((x[cut:], ()), (x[:cut], ()), batch_size=36, shuffle=True, seed=seed)


def model(
    *,
    code: Annotated[int, typer.Option(min=1, help="numbers that an image becomes")] = 2,
    units: Annotated[int, typer.Option(min=1, help="of the hidden layers")] = 64,
    seed: int = 0,
):
    """An encoder to a mean and a variance, a draw, a decoder.

    Args:
        code: At least 1.
        units: At least 1.
        seed: Where the draws come from; filled in by the engine.

    Returns:
        A model from x (n, 64) to `{"image": (n, 64), "mean", "log_variance", "code": (n, code)}`, the image as logits. Only
        while training the code is drawn; else it is the mean.

    Source: Kingma and Welling (2014), "Auto-Encoding Variational Bayes".
    """
    import keras

    class Vae(keras.Model):
        def __init__(self):
            super().__init__(name="vae")
            self.encoder = keras.layers.Dense(units, "relu", name="encoder")
            self.moments = keras.layers.Dense(2 * code, name="moments")
            self.decoder = keras.layers.Dense(units, "relu", name="decoder")
            self.image = keras.layers.Dense(64, name="image")
            self.draws = keras.random.SeedGenerator(seed)

        def call(self, x, training=False):
            mean, log_variance = keras.ops.split(self.moments(self.encoder(x)), 2, axis=-1)
            drawn = mean
            if training:
                noise = keras.random.normal(keras.ops.shape(mean), seed=self.draws)
                drawn = mean + keras.ops.exp(0.5 * log_variance) * noise
            return {"image": self.image(self.decoder(drawn)), "mean": mean, "log_variance": log_variance, "code": drawn}

    return Vae()


class VaeLoss:
    """What an image loses on its way through the code, and how far the codes are from a normal distribution; see `loss`.

    Args:
        divergence: `kl` or `mmd`.
        weight: Of the divergence.
        seed: Where the draws come from that MMD compares the codes with.
    """

    def __init__(self, divergence, weight, seed):
        import keras

        self.divergence, self.weight = {"kl": self.kl, "mmd": self.mmd}[divergence], weight
        self.draws = keras.random.SeedGenerator(seed)  # an attribute: the engine finds it, and saves its state

    def __call__(self, y_true, y_pred, x):
        """The sum over the pixels, and the divergence; both are figures."""
        import tensorflow as tf

        pixels = tf.nn.sigmoid_cross_entropy_with_logits(x, y_pred["image"])
        reconstruction = tf.reduce_mean(tf.reduce_sum(pixels, axis=-1))
        divergence = self.divergence(y_pred)
        return reconstruction + self.weight * divergence, {"reconstruction": reconstruction, "divergence": divergence}

    @staticmethod
    def kl(y_pred):
        """The Kullback-Leibler divergence of each row's normal distribution from the standard one, as a mean over the rows."""
        import tensorflow as tf

        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        each = tf.exp(log_variance) + tf.square(mean) - 1.0 - log_variance
        return 0.5 * tf.reduce_mean(tf.reduce_sum(each, axis=-1))

    def mmd(self, y_pred):
        """The maximum mean discrepancy of all codes together from as many normal draws, with a Gaussian kernel."""
        import keras
        import tensorflow as tf

        codes = y_pred["code"]
        normal = keras.random.normal(tf.shape(codes), seed=self.draws)

        def likeness(one, other):
            squares = tf.reduce_sum(tf.square(one[:, None] - other[None]), axis=-1)  # (n, n)
            return tf.reduce_mean(tf.exp(-squares / codes.shape[-1]))

        return likeness(codes, codes) + likeness(normal, normal) - 2.0 * likeness(codes, normal)


def loss(
    *,
    divergence: Annotated[Literal["kl", "mmd"], typer.Option(help="what holds the codes together")] = "kl",
    weight: Annotated[float, typer.Option(min=0, help="of the divergence, beside 1 for the image")] = 1.0,
    seed: int = 0,
):
    """Reconstruction and divergence: the evidence lower bound, or its relative with MMD.

    Args:
        divergence: `kl` for the variational autoencoder, `mmd` for the one that compares all codes with a sample.
        weight: At least 0.
        seed: Filled in by the engine.

    Returns:
        A loss that asks for x, with the figures `reconstruction` and `divergence`.

    Source: Kingma and Welling (2014); Zhao, Song and Ermon (2019), "InfoVAE", for MMD.
    """
    return VaeLoss(divergence, weight, seed)
