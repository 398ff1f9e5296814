"""What the elements of a `tf.data` pipeline are: whether they are batches, their columns and their classes."""

from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.data.pairs import LETTERS
from eagerloop.errors import DataError, PluginError
from eagerloop.parts import Task
from eagerloop.structures import leaves_by_path, map_leaves, require_same_rows, shapes_in_words


def check_elements(batches: Any, where: str) -> None:
    """Refuses what gives no batches of x and y, or of x, y and weights."""
    spec = getattr(batches, "element_spec", None)
    if spec is None:
        msg = f"{where} must be a tf.data.Dataset of (x, y) batches, got {type(batches).__name__}"
        raise PluginError(msg)
    leaves = leaves_by_path(spec).values()
    tensors = all(isinstance(part, (tf.TensorSpec, tf.RaggedTensorSpec)) for part in leaves)
    if not (isinstance(spec, tuple) and len(spec) in (2, 3) and tensors and leaves_by_path(spec[0])):
        msg = f"{where} must give batches (x, y) or (x, y, sample_weight), each tensors or a structure of them, got {spec}"
        raise PluginError(msg)
    if any(part.shape.rank == 0 for part in leaves):
        msg = f"{where} must give batches, got single numbers {spec}; add .batch(32) to the pipeline"
        raise PluginError(msg)


def check_rows(batch: tuple[Any, ...], where: str) -> None:
    """Refuses a batch whose tensors differ in rows."""
    try:
        require_same_rows(LETTERS[: len(batch)], batch)
    except DataError as error:
        msg = f"{where}: in the first batch, {error}"
        raise PluginError(msg) from error


def columns_of(structure: Any, spec: Any) -> Any:
    """The arrays of a structure, for the names of their columns; what may be longer in another batch has one column."""

    def known(leaf: Any, own: Any) -> Any:
        varies = own.shape.rank is not None and not own.shape[1:].is_fully_defined()
        return np.zeros((1, 1)) if varies or isinstance(leaf, tf.RaggedTensor) else leaf

    return map_leaves(known, structure, spec)


def classes_of(train: tf.data.Dataset, y: Any, task: Task, named: tuple[str, ...], where: str) -> tuple[str, ...]:
    """The classes by name.

    Args:
        train: Batches of the training: all of it is read, once, for the highest number.
        y: That of a batch.
        task: What y holds.
        named: Names, in the order of the numbers; if there are none, the `class_names` that Keras leaves at a pipeline over a
            directory, or else the numbers.
        where: The dataset in words, for messages.

    Raises:
        PluginError: Classes are named where there are none, or fewer than there are.
    """
    if task != "classification":
        if named:
            msg = (
                f"{where} names classes ({', '.join(named)}), and its y, {shapes_in_words(y)}, holds no class numbers; give "
                "one whole number a row, or leave the names out"
            )
            raise PluginError(msg)
        return ()
    names = named or tuple(getattr(train, "class_names", None) or ())
    highest = int(train.reduce(np.int64(0), lambda top, batch: tf.maximum(top, tf.reduce_max(tf.cast(batch[1], tf.int64)))))
    if names and highest >= len(names):
        msg = f"{where} names {len(names)} classes ({', '.join(names)}), numbered from 0, and its y has the number {highest}"
        raise PluginError(msg)
    return names or tuple(str(number) for number in range(highest + 1))
