"""The mean of the words' embeddings, and hidden layers behind it."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.model.activations import require_activation
from eagerloop_plugins.model.one_class_a_row import require_one_class_a_row
from eagerloop_plugins.model.pictures import shape_of_x
from eagerloop_plugins.model.target_units import target_units
from eagerloop_plugins.model.word_columns import word_columns

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from eagerloop.parts import Dataset

HIDDEN = [32]
LARGEST = 64
"""Numbers of an embedding, if nothing is said."""


def text(
    *,
    dataset: "Dataset",
    embedding: Annotated[int | None, typer.Option(min=1, help="numbers for a word; as their number asks, if not given")] = None,
    hidden: Annotated[list[int], typer.Option(min=1, help="units of each hidden layer behind the embeddings")] = HIDDEN,
    activation: Annotated[str | None, typer.Option(help="of the hidden units")] = "relu",
    dropout: Annotated[float, typer.Option(min=0, max=1, help="fraction of each hidden layer silenced, below 1")] = 0.0,
    standardize_target: Annotated[bool, typer.Option(help="learn a quantity around its mean, in its deviations")] = True,
) -> "keras.Model":
    """Free text: the mean of the embeddings of its words.

    It is for a table whose columns of text are counts of words (`--dataset.text`). Each of these has embeddings of its own.
    Their mean goes into hidden layers beside the other columns. It is what `Embedding` and `GlobalAveragePooling1D` would give
    for the words one after another: the order does not count. A table without such columns is taken for counts as a whole.

    Args:
        dataset: Filled in by the engine; its `outputs` are k, and its encoder says which columns are words.
        embedding: Numbers for a word, at least 1; by default the root of the number of words, from 8 to 64.
        hidden: Units of each hidden layer, each at least 1; there may be none.
        activation: The name of a Keras activation, or None.
        dropout: At least 0 and below 1, after each hidden layer.
        standardize_target: As for `mlp`.

    Returns:
        A model from x of shape (n, d) to predictions of shape (n, k): of classes, logits.

    Raises:
        ConfigError: x is no table, the dropout is 1, the activation unknown, or y has several class numbers a row.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> x = np.ones((2, 100), "float32")
        >>> model = text(dataset=SimpleNamespace(outputs=3, first_batch=(x, None)))
        >>> model(x, training=False).shape, tuple(model.embeddings[0].kernel.shape)
        (TensorShape([2, 3]), (100, 10))

    Source: Joulin et al., "Bag of tricks for efficient text classification" (2017), with hidden layers.
    """
    import keras  # noqa: PLC0415 - listing parts must not wait for Keras

    if dropout == 1:
        msg = "model 'text': option 'dropout' must be below 1, got 1; with every unit silenced there is nothing to learn from"
        raise ConfigError(msg)
    require_activation(activation, "model 'text'")
    require_one_class_a_row(dataset, "model 'text'")
    texts, others = word_columns(dataset, _width(dataset))

    class Text(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="text")
            sizes = [embedding or min(LARGEST, max(8, round(math.sqrt(end - begin)))) for begin, end in texts]
            self.embeddings = [
                keras.layers.Dense(size, use_bias=False, name=f"embedding{number}")
                for number, size in enumerate(sizes, start=1)
            ]
            self.behind = _behind(hidden, activation, dropout)
            self.behind.append(keras.layers.Dense(dataset.outputs, name="outputs"))
            self.behind += target_units(dataset) if standardize_target else []

        def call(self, x: "tf.Tensor", training: bool = False) -> "tf.Tensor":  # noqa: FBT001, FBT002 - Keras's signature
            found = [_mean(embed, x[:, begin:end]) for embed, (begin, end) in zip(self.embeddings, texts, strict=True)]
            x = keras.ops.concatenate([*found, *(x[:, begin:end] for begin, end in others)], axis=1)
            for layer in self.behind:
                x = layer(x, training=training) if layer.name.startswith("dropout") else layer(x)
            return x  # (n, k)

    return Text()


def _mean(embed: "keras.layers.Layer", counts: "tf.Tensor") -> "tf.Tensor":
    """The mean embedding of some words, (n, e), of their counts, (n, v); of no word at all it is 0."""
    import keras  # noqa: PLC0415 - as above

    words = keras.ops.sum(keras.ops.abs(counts), axis=1, keepdims=True)
    return embed(counts / keras.ops.maximum(words, 1.0))


def _behind(hidden: list[int], activation: str | None, dropout: float) -> "list[keras.layers.Layer]":
    import keras  # noqa: PLC0415 - as above

    layers = []
    for number, units in enumerate(hidden, start=1):
        layers.append(keras.layers.Dense(units, activation=activation, name=f"dense{number}"))
        layers += [keras.layers.Dropout(dropout, name=f"dropout{number}")] if dropout else []
    return layers


def _width(dataset: "Dataset") -> int:
    shape = shape_of_x(dataset)
    if shape is None or len(shape) != 2 or type(shape[1]) is not int:  # noqa: PLR2004 - (n, d)
        got = "several arrays" if shape is None else f"x of shape ({', '.join(['n', *map(str, shape[1:])])})"
        msg = f"model 'text' needs a table of numbers, x of shape (n, d), got {got}; name a column with --dataset.text"
        raise ConfigError(msg)
    return shape[1]
