"""Batches that people give, in the form of the dataset's own: the same structure, the same dtypes."""

from typing import Any

import tensorflow as tf

from eagerloop.errors import DataError
from eagerloop.structures import require_same_rows


def batch_like(like: tuple[Any, ...], x: Any, y: Any, sample_weight: Any = None) -> tuple[Any, ...]:
    """A batch of a user's own.

    Args:
        like: A batch of the dataset.
        x: Features, (n, d), or a structure.
        y: Targets, (n, k) or (n,), or a structure.
        sample_weight: How much each row counts, (n,); None where the batch has no weights.

    Returns:
        (x, y), or (x, y, sample_weight), of tensors.

    Raises:
        DataError: A structure is another one than the dataset's, or its tensors differ in rows.
    """
    batch: tuple[Any, ...] = (tensors_like(like[0], x, "x"), tensors_like(like[1], y, "y"))
    if sample_weight is not None:
        weights = like[2] if len(like) > 2 else tf.ones(1)  # noqa: PLR2004 - a dataset may have none
        batch = (*batch, tensors_like(weights, sample_weight, "sample_weight"))
    require_same_rows(("x", "y", "sample_weight")[: len(batch)], batch)
    return batch


def tensors_like(like: Any, given: Any, name: str) -> Any:
    """The tensors of what was given, in the structure and the dtypes of a batch of the dataset.

    Args:
        like: A tensor, or a structure of them.
        given: The same of numbers, arrays or tensors.
        name: What it is called.

    Raises:
        DataError: It has other paths.
    """
    if isinstance(like, tf.Tensor):
        return tf.convert_to_tensor(given, like.dtype)
    if isinstance(like, tf.RaggedTensor):
        return given if isinstance(given, tf.RaggedTensor) else tf.ragged.constant(given, like.dtype)
    wanted = list(like) if isinstance(like, dict) else list(range(len(like)))
    found = list(given) if isinstance(given, dict) else list(range(len(given))) if isinstance(given, (tuple, list)) else None
    if found is None or isinstance(given, dict) != isinstance(like, dict) or set(found) != set(wanted):
        told = type(given).__name__ if found is None else ", ".join(map(str, found)) or "nothing"
        msg = f"{name} must have {', '.join(map(str, wanted)) or 'nothing'}, as the dataset's batches have, got {told}"
        raise DataError(msg)
    made = {key: tensors_like(like[key], given[key], f"{name}/{key}") for key in wanted}
    if isinstance(like, dict):
        return made
    return type(like)(*made.values()) if hasattr(like, "_fields") else type(like)(made.values())
