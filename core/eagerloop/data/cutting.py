"""Batches cut from arrays. Shapes: n rows."""

from typing import TYPE_CHECKING, Any

from eagerloop.data.pairs import Pair
from eagerloop.structures import map_leaves, rows_of

if TYPE_CHECKING:
    import tensorflow as tf


def batches_of(arrays: Pair, size: int, rows: int) -> "tf.data.Dataset":
    """Whole batches are cut by a reshape, which costs nothing a row; what is left makes the short last one.

    Args:
        arrays: x, y and, if there are some, the weights of n rows.
        size: Rows in a batch.
        rows: How many rows the whole part has: if these end in a short batch, one is concatenated even where there is nothing
            else, so that the element_spec, and with it a compiled loop, is the same from any start.

    Returns:
        The batches, in the order of the rows.
    """
    import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

    here = rows_of(arrays)
    cut = here // size * size
    whole = map_leaves(lambda leaf: leaf[:cut].reshape(cut // size, size, *leaf.shape[1:]), arrays)
    batches = tf.data.Dataset.from_tensor_slices(whole)
    if rows % size:
        last = tf.data.Dataset.from_tensors(map_leaves(lambda leaf: leaf[cut:], arrays))
        batches = batches.concatenate(last if cut < here else last.take(0))
    return batches.with_options(_as_it_stands())


def _as_it_stands() -> Any:
    """Options for slices of what is in memory: TensorFlow need not look for a faster way, as each batch pays for that."""
    import tensorflow as tf  # noqa: PLC0415

    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
