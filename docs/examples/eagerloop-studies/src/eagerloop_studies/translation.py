"""Translation with attention: a GRU reads a sentence, another one writes its translation, and looks back at what it needs."""

from typing import Annotated

import typer

import eagerloop

START, END, FIRST_WORD = 1, 2, 3
"""Tokens; 0 is the padding."""


def dataset(
    *,
    rows: Annotated[int, typer.Option(min=20, help="how many pairs of sentences")] = 800,
    words: Annotated[int, typer.Option(min=2, help="how many words each language has")] = 8,
    longest: Annotated[int, typer.Option(min=2, help="words of the longest sentence")] = 5,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """Sentences of a made language and their translations: word for word, from the last to the first.

    Args:
        rows: At least 20; a tenth of them is for the test.
        words: At least 2.
        longest: At least 2; the shortest sentence has two words.
        seed: Which sentences, and which word stands for which; filled in by the engine.

    Returns:
        x `{"source": (n, T), "target_in": (n, T + 1)}`, tokens, 0 behind the end; y `{"target_out": (n, T + 1)}`. The second
        input is the translation one place further on: teacher forcing.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    dictionary = FIRST_WORD + draws.permutation(words)
    source, target_in, target_out = (np.zeros((rows, longest + more), "int32") for more in (0, 1, 1))
    for row, length in enumerate(draws.integers(2, longest + 1, size=rows)):
        sentence = draws.integers(words, size=length)
        translated = dictionary[sentence[::-1]]
        source[row, :length] = FIRST_WORD + sentence
        target_in[row, : length + 1] = START, *translated
        target_out[row, : length + 1] = *translated, END
    x, y, cut = {"source": source, "target_in": target_in}, {"target_out": target_out}, rows // 10
    parts = [
        ({k: a[some] for k, a in x.items()}, {k: a[some] for k, a in y.items()}) for some in (slice(cut, None), slice(cut))
    ]
    return eagerloop.ArrayDataset(*parts, batch_size=80, shuffle=True, seed=seed)


def model(*, dataset, units: Annotated[int, typer.Option(min=1, help="of each GRU")] = 32):
    """An encoder and a decoder with attention.

    Args:
        dataset: Filled in by the engine; its training data tell how many tokens there are.
        units: At least 1.

    Returns:
        A model from `{"source", "target_in"}` to logits of the next token, (n, T + 1, tokens).

    Source: Bahdanau, Cho and Bengio (2015), "Neural Machine Translation by Jointly Learning to Align and Translate".
    """
    import keras

    tokens = 1 + int(max(dataset.train_arrays[0]["source"].max(), dataset.train_arrays[1]["target_out"].max()))

    class Translator(keras.Model):
        def __init__(self):
            super().__init__(name="translator")
            self.read_words = keras.layers.Embedding(tokens, units, name="read_words")
            self.encoder = keras.layers.GRU(units, return_sequences=True, return_state=True, name="encoder")
            self.written_words = keras.layers.Embedding(tokens, units, name="written_words")
            self.decoder = keras.layers.GRU(units, return_sequences=True, name="decoder")
            self.attention = keras.layers.AdditiveAttention(name="attention")
            self.next_word = keras.layers.Dense(tokens, name="next_word")

        def call(self, x, training=False):
            there = keras.ops.not_equal(x["source"], 0)  # (n, T)
            read, state = self.encoder(self.read_words(x["source"]), mask=there)  # (n, T, units), (n, units)
            written = self.decoder(self.written_words(x["target_in"]), initial_state=state)  # (n, T + 1, units)
            looked_at = self.attention([written, read], mask=[None, there])
            return self.next_word(keras.ops.concatenate([written, looked_at], axis=-1))

    return Translator()


def masked_loss(target, logits):
    """The mean cross-entropy, and the share of right tokens, over the places that are no padding.

    Args:
        target: Tokens, (n, T), 0 for the padding.
        logits: Shape (n, T, tokens).

    Returns:
        The loss, a scalar, and the figure `right`.
    """
    import tensorflow as tf

    there = tf.cast(tf.not_equal(target, 0), tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
    hit = tf.cast(tf.equal(tf.argmax(logits, -1, tf.int32), tf.cast(target, tf.int32)), tf.float32)
    count = tf.reduce_sum(there)
    return tf.reduce_sum(each * there) / count, {"right": tf.reduce_sum(hit * there) / count}


def loss():
    """Cross-entropy over the words, not over the padding.

    Returns:
        A loss whose figure `right` is the share of tokens that are the likeliest.
    """

    def over_words(y_true, y_pred):
        return masked_loss(y_true["target_out"], y_pred)

    return over_words


def translate(run, source):
    """Translates without a teacher: each word that is written goes in for the next one.

    Args:
        run: A run of this study.
        source: Tokens, (n, T).

    Returns:
        Tokens, (n, T + 1), with whatever comes behind the end.
    """
    import numpy as np

    written = np.full((len(source), source.shape[1] + 1), 0, "int32")
    written[:, 0] = START
    for place in range(written.shape[1]):
        likeliest = run.predict({"source": source, "target_in": written}).argmax(axis=-1)[:, place]
        if place + 1 < written.shape[1]:
            written[:, place + 1] = likeliest
    return np.column_stack([written[:, 1:], likeliest])
