"""How the columns of a streamed file are put together in the order of x."""

from itertools import pairwise
from typing import Any

import numpy as np

import eagerloop


def places_of(encoder: "eagerloop.tables.Encoder") -> "tuple[np.ndarray[Any, Any], int, np.ndarray[Any, Any]]":
    """How x is put together of the numbers, (n, p), and the 0-1 columns of all texts behind each other, (n, h).

    Returns:
        Where each text's 0-1 columns begin among the h, (q,); h; and the order of both together that is x's, (d,).

    Example:
        >>> encoder = eagerloop.tables.Encoder("abc", {"b": (0, 1)}, {"a": ["x", "y"], "c": ["z"]}, gaps="b")
        >>> begins, hot, order = places_of(encoder)
        >>> begins.tolist(), hot, order.tolist()
        ([0, 2], 3, [2, 3, 0, 1, 4])
    """
    widths = [len(encoder.categories[name]) for name in encoder.columns if name in encoder.categories]
    ends = np.cumsum([0, *widths])
    numeric, texts = iter(range(encoder.width)), pairwise(ends)
    places: list[int] = []
    for name in encoder.columns:
        if name not in encoder.categories:
            places.extend(next(numeric) for _ in range(len(encoder.reading.names(name)) + (name in encoder.gaps)))
        else:
            places.extend(range(*(encoder.width + int(end) for end in next(texts))))
    return ends[:-1].astype(np.int32), int(ends[-1]), np.array(places, np.int32)
