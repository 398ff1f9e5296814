"""pix2pix: an image becomes another one, near to the right one and such that a discriminator takes it for real."""

from typing import Annotated

import typer

import eagerloop


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many pairs of images")] = 240, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Outlines, and the shaded discs inside them.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Where the discs are; filled in by the engine.

    Returns:
        x (n, 16, 16, 1), 1 on the outline and else 0; y (n, 16, 16, 1), the disc, brighter to the right, from 0 to 1.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    row, column = np.mgrid[:16, :16]
    middle, radius = draws.uniform(5, 10, (2, rows, 1, 1)), draws.uniform(2.5, 5, (rows, 1, 1))
    distance = np.hypot(row - middle[0], column - middle[1])
    outline = (np.abs(distance - radius) < 0.7)[..., None]
    disc = ((distance < radius) * (0.3 + 0.7 * column / 15))[..., None]
    cut = rows // 10
    return eagerloop.ArrayDataset(
        (outline[cut:], disc[cut:]), (outline[:cut], disc[:cut]), batch_size=24, shuffle=True, seed=seed, task="regression"
    )


def model(*, width: Annotated[int, typer.Option(min=1, help="channels of the first convolution")] = 16):
    """A generator that halves and doubles, and a discriminator that judges patches of a pair.

    Args:
        width: At least 1.

    Returns:
        A model whose `generator` makes an image of an image, and which answers with it: (n, 16, 16, 1) to (n, 16, 16, 1). Its
        `discriminator` takes both images, and gives a logit for each of 4 x 4 patches.

    Source: Isola, Zhu, Zhou and Efros (2017), "Image-to-Image Translation with Conditional Adversarial Networks".
    """
    import keras
    from keras import layers

    given = keras.Input((16, 16, 1))
    outer = layers.Conv2D(width, 4, strides=2, padding="same", activation="relu")(given)  # (8, 8)
    inner = layers.Conv2D(2 * width, 4, strides=2, padding="same", activation="relu")(outer)  # (4, 4)
    back = layers.Conv2DTranspose(width, 4, strides=2, padding="same", activation="relu")(inner)
    joined = layers.Concatenate()([back, outer])
    made = layers.Conv2DTranspose(1, 4, strides=2, padding="same")(joined)
    pair = keras.Input((16, 16, 2))
    judged = layers.Conv2D(width, 4, strides=2, padding="same", activation="leaky_relu")(pair)
    judged = layers.Conv2D(1, 4, strides=2, padding="same")(judged)

    class Pix2Pix(keras.Model):
        def __init__(self):
            super().__init__(name="pix2pix")
            self.generator = keras.Model(given, made, name="generator")
            self.discriminator = keras.Model(pair, judged, name="discriminator")

        def call(self, x, training=False):
            return self.generator(x, training=training)

    return Pix2Pix()


class Pix2PixStep:
    """A step that updates the generator with its run's optimizer, and the discriminator with one of its own; see `step`.

    Args:
        weight: Of the run's loss, beside 1 for the discriminator's judgement.
        learning_rate: The discriminator's.

    Attributes:
        variables: Those of the discriminator's optimizer.
    """

    def __init__(self, weight, learning_rate):
        import keras

        self.weight = weight
        self.of_discriminator = keras.optimizers.Adam(learning_rate, beta_1=0.5)
        self.variables = self.of_discriminator.variables

    def build(self, model, optimizer, variables):
        """Makes the state of the discriminator's optimizer, before it is saved or restored."""
        self.of_discriminator.build(model.discriminator.trainable_variables)
        self.variables = self.of_discriminator.variables

    def __call__(self, model, loss, optimizer, x, y):
        """One batch: both losses on one pass, then both updates."""
        import tensorflow as tf

        generator, discriminator = model.generator, model.discriminator
        with tf.GradientTape(persistent=True) as tape:
            made = generator(x, training=True)
            real = discriminator(tf.concat([x, y], axis=-1), training=True)
            fake = discriminator(tf.concat([x, made], axis=-1), training=True)
            near = loss(y, made)
            generator_loss = self.weight * near + _judged(fake, real=True)
            discriminator_loss = 0.5 * (_judged(real, real=True) + _judged(fake, real=False))
        of_generator = tape.gradient(generator_loss, generator.trainable_variables)
        of_discriminator = tape.gradient(discriminator_loss, discriminator.trainable_variables)
        gradients = [*of_generator, *of_discriminator]
        finite = eagerloop.all_finite(generator_loss + discriminator_loss, gradients)
        if finite:
            optimizer.apply_gradients(zip(of_generator, generator.trainable_variables, strict=True))
            self.of_discriminator.apply_gradients(zip(of_discriminator, discriminator.trainable_variables, strict=True))
        figures = {"generator_loss": generator_loss, "discriminator_loss": discriminator_loss}
        return eagerloop.Step(x, y, made, near, gradients, finite, figures)

    def measure(self, model, loss, x, y):
        """How near the images are, and both losses; nothing is changed."""
        import tensorflow as tf

        made = model.generator(x, training=False)
        real, fake = (model.discriminator(tf.concat([x, image], axis=-1), training=False) for image in (y, made))
        near = loss(y, made)
        figures = {
            "generator_loss": self.weight * near + _judged(fake, real=True),
            "discriminator_loss": 0.5 * (_judged(real, real=True) + _judged(fake, real=False)),
        }
        return eagerloop.Step(x, y, made, near, (), eagerloop.all_finite(near, ()), figures)


def _judged(logits, *, real):
    """The mean cross-entropy of judgements with what they should be."""
    import tensorflow as tf

    wanted = tf.ones_like(logits) if real else tf.zeros_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits))


def step(
    *,
    weight: Annotated[float, typer.Option(min=0, help="of the run's loss, beside 1 for the discriminator")] = 100.0,
    discriminator_learning_rate: Annotated[float, typer.Option(min=0, help="the discriminator's")] = 0.0002,
):
    """A conditional generative adversarial network: near to the target, and real beside its input.

    The discriminator sees pairs of input and image. The run's loss, the mean absolute error as a rule, keeps the generator near
    to the target. The run's optimizer trains the generator; the step has an Adam of its own for the discriminator.

    Args:
        weight: At least 0.
        discriminator_learning_rate: At least 0.

    Returns:
        A step for one device. Its loss is the run's, unweighted; both players' losses are figures.

    Source: Isola, Zhu, Zhou and Efros (2017).
    """
    return Pix2PixStep(weight, discriminator_learning_rate)
