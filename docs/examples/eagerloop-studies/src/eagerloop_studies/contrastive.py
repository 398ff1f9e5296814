"""Contrastive learning: two views of one thing are to look alike, and unlike those of all others in the batch."""

from typing import Annotated

import typer

import eagerloop


def labelled(rows, seed):
    """Series of four shapes, seen twice each: at another place, as strong as it comes, and with noise.

    Args:
        rows: How many series.
        seed: Which.

    Returns:
        Two views (rows, 24) of each, and which of the four shapes it is, (rows,). The training never sees the last.
    """
    import numpy as np

    draws, time = np.random.default_rng(seed), np.arange(24)
    shape = draws.integers(4, size=rows)
    cycles = np.array([1, 2, 3, 4])[shape][:, None]

    def view():
        place, strength = draws.uniform(0, 2 * np.pi, (rows, 1)), draws.uniform(0.5, 2, (rows, 1))
        return strength * np.cos(2 * np.pi * cycles * time / 24 + place) + 0.4 * draws.normal(size=(rows, 24))

    return view(), view(), shape


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many pairs of views")] = 640, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Pairs of views of a series, and nothing that says what it is.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Which series; filled in by the engine.

    Returns:
        x `{"one": (n, 24), "other": (n, 24)}`, no y.
    """
    one, other, _shape = labelled(rows, seed)
    cut = rows // 10
    parts = [({"one": one[some], "other": other[some]}, ()) for some in (slice(cut, None), slice(cut))]
    return eagerloop.ArrayDataset(*parts, batch_size=64, shuffle=True, seed=seed)


def model(
    *,
    units: Annotated[int, typer.Option(min=1, help="of the hidden layer")] = 64,
    code: Annotated[int, typer.Option(min=1, help="numbers that a view becomes")] = 8,
):
    """One encoder for both views.

    Args:
        units: At least 1.
        code: At least 1.

    Returns:
        A model from `{"one", "other"}` to codes of length 1, `{"one": (n, code), "other": (n, code)}`.
    """
    import keras

    class Encoder(keras.Model):
        def __init__(self):
            super().__init__(name="encoder")
            self.hidden = keras.layers.Dense(units, "relu", name="hidden")
            self.code = keras.layers.Dense(code, name="code")

        def call(self, x, training=False):
            return {name: keras.ops.normalize(self.code(self.hidden(view)), axis=-1) for name, view in x.items()}

    return Encoder()


def loss(*, temperature: Annotated[float, typer.Option(min=0.01, help="the lower, the more the nearest count")] = 0.2):
    """NT-Xent: of all codes in the batch, the likest to a view's is to be that of its other view.

    Args:
        temperature: At least 0.01.

    Returns:
        A loss over the pairs of a batch, which are compared with each other. Its figure `found` is for how many it is so.

    Source: Chen, Kornblith, Norouzi and Hinton (2020), "A Simple Framework for Contrastive Learning of Visual Representations".
    """
    import tensorflow as tf

    def over_the_batch(y_true, y_pred):
        codes = tf.concat([y_pred["one"], y_pred["other"]], axis=0)  # (2n, code)
        pairs = tf.shape(y_pred["one"])[0]
        likeness = tf.matmul(codes, codes, transpose_b=True) / temperature
        likeness -= 1e9 * tf.eye(2 * pairs)  # nothing is compared with itself
        partner = (tf.range(2 * pairs) + pairs) % (2 * pairs)
        value = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(partner, likeness))
        found = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(likeness, -1, tf.int32), partner), tf.float32))
        return value, {"found": found}

    return over_the_batch
