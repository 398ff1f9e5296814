"""Distillation: a small student learns what a large teacher says of each row, not only which class is the right one."""

from typing import Annotated

import typer

import eagerloop


def dataset(
    *, rows: Annotated[int, typer.Option(min=100, help="how many points")] = 600, seed: int = 0
) -> "eagerloop.ArrayDataset":
    """Points on three arms of a spiral, with one class in ten told wrong.

    Args:
        rows: At least 100; a third of them is for the test, with the right classes.
        seed: Which points; filled in by the engine.

    Returns:
        x (n, 2), y (n,), classes.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    y, radius = draws.integers(3, size=rows), draws.uniform(0.2, 1, rows)
    angle = 2 * np.pi * y / 3 + 2.5 * radius + 0.15 * draws.normal(size=rows)
    x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    cut = rows // 3
    told = np.where(draws.random(rows) < 0.1, draws.integers(3, size=rows), y)
    return eagerloop.ArrayDataset((x[cut:], told[cut:]), (x[:cut], y[:cut]), batch_size=40, shuffle=True, seed=seed)


def model(*, dataset, units: Annotated[int, typer.Option(min=1, help="of the hidden layer")] = 32):
    """The student: one hidden layer.

    Args:
        dataset: Filled in by the engine; its classes are the outputs.
        units: At least 1.

    Returns:
        A Keras model from (n, d) to logits (n, classes).
    """
    import keras

    hidden = keras.layers.Dense(units, "relu", name="hidden")
    return keras.Sequential([hidden, keras.layers.Dense(dataset.outputs, name="logits")], name="student")


def teacher_of(dataset, seed, width=400):
    """A teacher: 400 random waves over the plane, added up so that they fit the training rows best.

    Args:
        dataset: Whose training rows it knows.
        seed: Where the waves come from.
        width: How many.

    Returns:
        A function from x (n, d) to logits (n, classes).

    Source: Rahimi and Recht (2007), "Random Features for Large-Scale Kernel Machines".
    """
    import numpy as np
    import tensorflow as tf

    x, y = dataset.train_arrays
    draws = np.random.default_rng(seed)
    waves, shifts = draws.normal(size=(x.shape[1], width)) * 3, draws.uniform(0, 2 * np.pi, width)
    features = np.cos(x @ waves + shifts)
    squares = features.T @ features + 3.0 * np.eye(width)
    weights = np.linalg.solve(squares, features.T @ (np.eye(dataset.outputs)[y] - 1 / dataset.outputs))
    waves, shifts, weights = (tf.constant(array, tf.float32) for array in (waves, shifts, 6 * weights))
    return lambda rows: tf.cos(rows @ waves + shifts) @ weights


def loss(
    *,
    temperature: Annotated[float, typer.Option(min=0.1, help="the higher, the softer what the teacher says")] = 2.0,
    share: Annotated[float, typer.Option(min=0, max=1, help="of the teacher, the rest is for the classes")] = 0.9,
    dataset,
    seed: int = 0,
):
    """The cross-entropy with what the teacher says, and with the classes as they were told.

    Args:
        temperature: At least 0.1.
        share: From 0 to 1.
        dataset: Filled in by the engine; the teacher is made from its training rows, once, with the loss.
        seed: Filled in by the engine.

    Returns:
        A loss that asks for x, with the figures `from_teacher` and `from_classes`.

    Source: Hinton, Vinyals and Dean (2015), "Distilling the Knowledge in a Neural Network".
    """
    import tensorflow as tf

    teacher = teacher_of(dataset, seed)

    def between(y_true, y_pred, x):
        soft = tf.nn.softmax(teacher(x) / temperature)
        each = tf.nn.softmax_cross_entropy_with_logits(soft, y_pred / temperature)
        from_teacher = temperature**2 * tf.reduce_mean(each)
        from_classes = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_true, y_pred))
        value = share * from_teacher + (1 - share) * from_classes
        return value, {"from_teacher": from_teacher, "from_classes": from_classes}

    return between
