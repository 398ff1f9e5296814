"""Neural style transfer: what is trained is an image, until it has the content of one image and the style of another."""

from typing import Annotated

import typer

import eagerloop


def dataset(*, steps: Annotated[int, typer.Option(min=1, help="how often the pair is shown in an epoch")] = 20):
    """A disc, and stripes: one pair of images, shown again and again.

    Args:
        steps: At least 1.

    Returns:
        Batches of one row, x `{"content": (1, 16, 16, 1), "style": (1, 16, 16, 1)}`, from 0 to 1, and no y. The test is the
        same pair, since nothing else is there to be tested on.
    """
    import numpy as np

    row, column = np.mgrid[:16, :16]
    disc = ((row - 8.0) ** 2 + (column - 8.0) ** 2 < 30)[..., None].astype("float32")
    stripes = ((row + column) % 4 < 2)[..., None].astype("float32")
    x = {"content": np.stack([disc] * steps), "style": np.stack([stripes] * steps)}
    once = {name: images[:1] for name, images in x.items()}
    return eagerloop.ArrayDataset((x, ()), (once, ()), batch_size=1)


def model(*, dataset):
    """An image whose pixels are the weights; it begins as the content.

    Args:
        dataset: Filled in by the engine; it has the content.

    Returns:
        A model that answers with its image, (1, 16, 16, 1), whatever x is.
    """
    import tensorflow as tf

    class Canvas(tf.Module):
        def __init__(self):
            super().__init__(name="canvas")
            self.image = tf.Variable(dataset.train_arrays[0]["content"][:1], name="image")

        def __call__(self, x, training):
            return tf.identity(self.image)

    return Canvas()


def loss(
    *,
    content_weight: Annotated[float, typer.Option(min=0, help="of the content, beside 1 for the style")] = 0.01,
    filters: Annotated[int, typer.Option(min=1, help="random filters that look at an image")] = 32,
    seed: int = 0,
):
    """How far an image is from the content of one and from the style of the other, as random filters see them.

    Args:
        content_weight: At least 0.
        filters: At least 1.
        seed: Where the filters come from; filled in by the engine.

    Returns:
        A loss that asks for x, with the figures `content_loss` and `style_loss`.

    Source: Gatys, Ecker and Bethge (2016), "Image Style Transfer Using Convolutional Neural Networks". Ustyuzhaninov et al.
    (2016), "Texture Synthesis Using Shallow Convolutional Networks with Random Filters": the filters need not be trained.
    """
    import numpy as np
    import tensorflow as tf

    kernels = tf.constant(np.random.default_rng(seed).normal(size=(5, 5, 1, filters)) / 5, tf.float32)

    def seen(image):
        return tf.nn.relu(tf.nn.conv2d(image, kernels, 1, "VALID"))  # (1, 12, 12, filters)

    def gram(features):  # which filters answer together, wherever: (1, filters, filters)
        return tf.einsum("nhwc,nhwd->ncd", features, features) / (12 * 12)

    def between(y_true, y_pred, x):
        image, content, style = seen(y_pred), seen(x["content"]), seen(x["style"])
        content_loss = tf.reduce_mean(tf.square(image - content))
        style_loss = tf.reduce_mean(tf.square(gram(image) - gram(style)))
        return style_loss + content_weight * content_loss, {"content_loss": content_loss, "style_loss": style_loss}

    return between
