"""A small Transformer that tells the next word of a text. Loss and metric are the usual ones: only data and model are parts."""

from typing import Annotated

import typer

import eagerloop

NAMES, COLOURS, THINGS = ["anna", "ben", "cleo", "dan"], ["red", "green", "blue", "grey"], ["box", "hat", "cup", "key"]
VOCABULARY = [*NAMES, *COLOURS, *THINGS, "has", "a", "the", "of", "is", "."]


def sentences(rows, seed):
    """Made text, twelve words a row: `anna has a red box . the box of anna is red`.

    Args:
        rows: How many.
        seed: Which.

    Returns:
        Numbers of words, (rows, 12).
    """
    import numpy as np

    chosen = np.random.default_rng(seed).integers(4, size=(rows, 3))
    texts = (
        f"{NAMES[name]} has a {COLOURS[colour]} {THINGS[thing]} . the {THINGS[thing]} of {NAMES[name]} is {COLOURS[colour]}"
        for name, colour, thing in chosen
    )
    return np.array([[VOCABULARY.index(word) for word in text.split()] for text in texts])


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many rows of text")] = 500, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Text that can be foretold by whoever looks back further than one word.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Which text; filled in by the engine.

    Returns:
        x (n, 11), words by number; y (n, 11), the word behind each.
    """
    words, cut = sentences(rows, seed), rows // 10
    x, y = words[:, :-1], words[:, 1:]
    return eagerloop.ArrayDataset(
        (x[cut:], y[cut:]), (x[:cut], y[:cut]), batch_size=50, shuffle=True, seed=seed, classes=VOCABULARY
    )


def model(*, dataset, width: Annotated[int, typer.Option(min=1, help="numbers that stand for a word")] = 32):
    """One block of a Transformer's decoder: attention to what came before, and a hidden layer.

    Args:
        dataset: Filled in by the engine; its classes are the words.
        width: At least 1.

    Returns:
        A model from words (n, T) to logits of the next word, (n, T, words), for T up to 16.

    Source: Vaswani et al. (2017), "Attention Is All You Need"; Radford et al. (2018), for the decoder alone.
    """
    import keras
    from keras import layers

    class LanguageModel(keras.Model):
        def __init__(self):
            super().__init__(name="language_model")
            self.words = layers.Embedding(dataset.outputs, width, name="words")
            self.places = layers.Embedding(16, width, name="places")
            self.attention = layers.MultiHeadAttention(2, width // 2, use_bias=False, name="attention")
            self.normed = layers.LayerNormalization(name="normed")
            self.hidden = layers.Dense(2 * width, "relu", name="hidden")
            self.back = layers.Dense(width, name="back")
            self.normed_again = layers.LayerNormalization(name="normed_again")
            self.next_word = layers.Dense(dataset.outputs, name="next_word")

        def call(self, x, training=False):
            known = self.words(x) + self.places(keras.ops.arange(x.shape[1]))  # (n, T, width)
            known = self.normed(known + self.attention(known, known, use_causal_mask=True))
            known = self.normed_again(known + self.back(self.hidden(known)))
            return self.next_word(known)

    return LanguageModel()
