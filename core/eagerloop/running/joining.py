"""The answers to several batches, as those to one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.errors import DataError
from eagerloop.structures import map_leaves


def joined(answers: Sequence[Any]) -> Any:
    """Joins the rows of several answers.

    Args:
        answers: Tensors or structures of them, of one form.

    Returns:
        An array, or the structure of arrays; of ragged tensors, ragged ones.

    Raises:
        DataError: They cannot be joined: they are of sequences of two lengths, say.
    """
    try:
        return map_leaves(_rows_together, *answers)
    except (ValueError, TypeError) as error:
        msg = (
            f"the answers to {len(answers)} batches cannot be joined row by row ({' '.join(str(error).split())}); "
            "predict each batch on its own, with batches of one length"
        )
        raise DataError(msg) from error


def _rows_together(*leaves: Any) -> Any:
    """The rows of several tensors in one array; of ragged ones, in one ragged tensor."""
    if isinstance(leaves[0], tf.RaggedTensor):
        return tf.concat(leaves, axis=0)
    return np.concatenate([np.asarray(leaf) for leaf in leaves])
