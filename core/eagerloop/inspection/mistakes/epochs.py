"""Two epochs of a dataset, to see whether the second is like the first."""

import itertools
import time
from typing import Any

from eagerloop.data.pipelines import as_dataset
from eagerloop.inspection.mistakes.evidence import arrays

MOST_BATCHES = 2000

MOST_SECONDS = 5.0
"""How long a pipeline is read."""


def two_epochs(made: Any) -> tuple[list[Any], list[Any]]:
    """The targets of the first two epochs, batch by batch; nothing where that takes too long.

    Args:
        made: What a dataset factory gave; it is used up by this.

    Returns:
        Two lists of arrays, (n, k) or (n,), or of structures of them.

    Example:
        >>> import tensorflow as tf
        >>> batches = tf.data.Dataset.from_tensors((tf.zeros((2, 1)), tf.zeros((2, 1))))
        >>> [len(epoch) for epoch in two_epochs((batches, batches))]
        [1, 1]
    """
    dataset, end = as_dataset(made, "the dataset"), time.monotonic() + MOST_SECONDS
    epochs = []
    for epoch in (1, 2):
        seen = []
        for _x, y, *_weights in itertools.islice(dataset.train(epoch, 0), MOST_BATCHES):
            seen.append(arrays(y))
            if time.monotonic() > end:
                return [], []
        if len(seen) == MOST_BATCHES:
            return [], []
        epochs.append(seen)
    return epochs[0], epochs[1]
