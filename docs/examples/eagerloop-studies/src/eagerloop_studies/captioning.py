"""Image captioning with attention: a GRU writes what is in an image, and looks at a place of it for each word."""

from typing import Annotated

import typer

import eagerloop
from eagerloop_studies.translation import masked_loss

WORDS = ["", "<start>", "<end>", "small", "large", "upright", "lying", "bar", "left", "right"]
"""What the tokens mean; 0 is the padding. A bar that is in the middle has no place, so captions differ in length."""


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many images")] = 600, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Images of a bar, each with a caption such as `small upright bar left`.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Which bars, and their noise; filled in by the engine.

    Returns:
        x `{"image": (n, 12, 12, 1), "caption_in": (n, 5)}`, y `{"caption_out": (n, 5)}`: tokens, the first ones a place further
        on than the second.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    image = 0.1 * draws.normal(size=(rows, 12, 12, 1))
    caption_in, caption_out = np.zeros((2, rows, 5), "int32")
    for row, (large, lying, side) in enumerate(draws.integers((2, 2, 3), size=(rows, 3))):
        length, row_at, column_at = (5 if large else 3), draws.integers(1, 6), (4, 0, 8)[side]
        height, width = (1, length) if lying else (length, 1)
        column_at = min(column_at + draws.integers(3), 12 - width)
        image[row, row_at : row_at + height, column_at : column_at + width] += 1.0
        said = ["large" if large else "small", "lying" if lying else "upright", "bar", *([], ["left"], ["right"])[side]]
        tokens = [WORDS.index(word) for word in said]
        caption_in[row, : len(tokens) + 1] = 1, *tokens
        caption_out[row, : len(tokens) + 1] = *tokens, 2
    cut = rows // 10
    parts = [
        ({"image": image[some], "caption_in": caption_in[some]}, {"caption_out": caption_out[some]})
        for some in (slice(cut, None), slice(cut))
    ]
    return eagerloop.ArrayDataset(*parts, batch_size=60, shuffle=True, seed=seed)


def model(*, units: Annotated[int, typer.Option(min=1, help="of the GRU")] = 24):
    """Convolutions see, a GRU writes, and attends to the places of the image.

    Args:
        units: At least 1.

    Returns:
        A model from `{"image", "caption_in"}` to logits of the next word, (n, 5, words).

    Source: Xu et al. (2015), "Show, Attend and Tell".
    """
    import keras
    from keras import layers

    class Captioner(keras.Model):
        def __init__(self):
            super().__init__(name="captioner")
            self.see = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu", name="see")
            self.see_more = layers.Conv2D(units, 5, strides=2, padding="same", activation="relu", name="see_more")
            self.places = layers.Embedding(9, units, name="places")
            self.words = layers.Embedding(len(WORDS), units, name="words")
            self.write = layers.GRU(units, return_sequences=True, name="write")
            self.attention = layers.Attention(name="attention")
            self.next_word = layers.Dense(len(WORDS), name="next_word")

        def call(self, x, training=False):
            seen = self.see_more(self.see(x["image"]))  # (n, 3, 3, units)
            seen = keras.ops.reshape(seen, (-1, 9, units)) + self.places(keras.ops.arange(9))
            written = self.write(self.words(x["caption_in"]), initial_state=keras.ops.mean(seen, axis=1))
            looked_at = self.attention([written, seen])  # (n, 5, units)
            return self.next_word(keras.ops.concatenate([written, looked_at], axis=-1))

    return Captioner()


def loss():
    """Cross-entropy over the words of the caption, not over the padding.

    Returns:
        A loss whose figure `right` is the share of tokens that are the likeliest.
    """

    def over_words(y_true, y_pred):
        return masked_loss(y_true["caption_out"], y_pred)

    return over_words
