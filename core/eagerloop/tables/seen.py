"""A column of a table, as a dataset reads it: for people who look before they train."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from eagerloop.tables.cells import Array

Use = Literal["target", "feature", "weight", "left out", "excluded"]
"""What a column is for."""


@dataclass(frozen=True)
class SeenColumn:
    """A column as it is read, and what was decided about it.

    Attributes:
        name: What it is called.
        use: What it is for.
        read_as: What its cells are read as, in words.
        missing: How many rows have no value.
        decided: What was decided about it, in words.
        numbers: Some of its numbers, evenly spread over the file, float64, shape (n,), NaN in the gaps; none for texts.
        texts: How often each of its texts occurs; none for numbers.
    """

    name: str
    use: Use
    read_as: str
    missing: int
    decided: str = ""
    numbers: Array = field(default_factory=lambda: np.empty(0))
    texts: Mapping[str, int] = field(default_factory=dict)
