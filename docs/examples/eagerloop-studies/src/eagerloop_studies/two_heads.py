"""Two inputs and two outputs: a functional Keras model of houses, with dicts in and dicts out."""

from typing import Annotated

import typer

import eagerloop


def dataset(
    *, rows: Annotated[int, typer.Option(min=20, help="how many houses")] = 400, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Made houses: size, age and town, price, and whether it was sold.

    Args:
        rows: At least 20; a tenth of them is for the test.
        seed: Which houses; filled in by the engine.

    Returns:
        x `{"house": (n, 2), "town": (n, 1)}`, the town as a number from 0 to 4; y `{"price": (n, 1), "sold": (n,)}`, a class.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    house, town = draws.normal(size=(rows, 2)), draws.integers(5, size=rows)
    level = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])[draws.permutation(5)][town]
    price = house @ [1.5, -0.5] + level + 0.1 * draws.normal(size=rows)
    sold = (house[:, 0] - level > 0).astype("int32")
    cut = rows // 10
    parts = [
        ({"house": house[some], "town": town[some]}, {"price": price[some], "sold": sold[some]})
        for some in (slice(cut, None), slice(cut))
    ]
    return eagerloop.ArrayDataset(*parts, batch_size=30, shuffle=True, seed=seed)


def model(*, units: Annotated[int, typer.Option(min=1, help="of the hidden layer")] = 32):
    """Both inputs joined, and an output for each question.

    Args:
        units: At least 1.

    Returns:
        A functional Keras model from `{"house", "town"}` to `{"price": (n, 1), "sold": (n, 2)}`, the second as logits.

    Source: Keras's guide "The Functional API".
    """
    import keras
    from keras import layers

    house, town = keras.Input((2,), name="house"), keras.Input((1,), name="town")
    place = layers.Flatten()(layers.Embedding(5, 4, name="towns")(town))
    joined = layers.Dense(units, "relu", name="joined")(layers.Concatenate()([house, place]))
    answers = {"price": layers.Dense(1, name="price")(joined), "sold": layers.Dense(2, name="sold")(joined)}
    return keras.Model({"house": house, "town": town}, answers, name="two_heads")


def loss(*, sold_weight: Annotated[float, typer.Option(min=0, help="of the second loss, beside 1 for the first")] = 1.0):
    """The squared error of the price and the cross-entropy of the sale, added up.

    Args:
        sold_weight: At least 0.

    Returns:
        A loss with the figures `price_loss`, `sold_loss` and `sold_right`, the share of sales that were told.
    """
    import tensorflow as tf

    def of_both(y_true, y_pred):
        price = tf.reduce_mean(tf.square(y_true["price"] - y_pred["price"]))
        sold = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["sold"], y_pred["sold"]))
        right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y_pred["sold"], -1, tf.int32), y_true["sold"]), tf.float32))
        return price + sold_weight * sold, {"price_loss": price, "sold_loss": sold, "sold_right": right}

    return of_both
