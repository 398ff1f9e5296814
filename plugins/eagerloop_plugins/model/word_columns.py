"""Which columns of x are counts of words. Shapes: d columns."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import eagerloop

if TYPE_CHECKING:
    from eagerloop.parts import Dataset

Ranges = list[tuple[int, int]]
"""Each from a column of x to the one behind its last."""


def word_columns(dataset: "Dataset", width: int) -> tuple[Ranges, Ranges]:
    """Where the counts of words stand in x, one range for each column of text, and where the rest does.

    Args:
        dataset: Its encoder says which columns are words; if it does not, all are.
        width: d.
    """
    encoder: Any = getattr(dataset, "encoder", None)
    forms = getattr(getattr(encoder, "reading", None), "forms", {})
    words = [name for name, form in forms.items() if isinstance(form, eagerloop.tables.Words) and name in encoder.columns]
    if not words:
        return [(0, width)], []
    starts = [encoder.features.index(encoder.reading.names(name)[0]) for name in words]
    texts = sorted((start, start + len(forms[name].vocabulary)) for start, name in zip(starts, words, strict=True))
    ends = [0, *(end for one in texts for end in one), width]
    return texts, [(begin, end) for begin, end in list(pairwise(ends))[::2] if begin < end]
