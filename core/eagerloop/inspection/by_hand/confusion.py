"""Which classes were taken for which."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def confusion(actual: Array, predictions: Array, classes: Sequence[str]) -> tuple[list[str], Array]:
    """Counts rows by what they are and what they were taken for.

    Args:
        actual: Numbers of the classes, (n,) or (n, 1), or 1 in the column of the class, (n, k).
        predictions: Numbers of the classes, (n,).
        classes: Their names; a class without one is called by its number.

    Returns:
        The names of all classes; whole numbers with a row for each actual class and a column for each predicted one.

    Example:
        >>> names, counts = confusion(np.array([0, 2, 2]), np.array([0, 2, 1]), ["cat", "dog"])
        >>> names, counts.tolist()
        (['cat', 'dog', '2'], [[1, 0, 0], [0, 0, 0], [0, 1, 1]])
    """
    known = np.asarray(actual).reshape(len(predictions), -1)
    known = known.argmax(axis=1) if known.shape[1] > 1 else known[:, 0].astype(int)
    count = max(len(classes), 1 + int(max(known.max(), predictions.max())))
    counts = np.zeros((count, count), int)
    np.add.at(counts, (known, predictions), 1)
    return [*classes, *map(str, range(len(classes), count))], counts
