"""What a sum is, and when it comes out."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from eagerloop.inspection.writing.numbers_as_text import three

CLOSE = 1e-4
"""How far a sum in float64 may be from what the step got in float32, relatively."""

ROUNDING = 1e-6
"""The same, relatively to the largest number that went into the sum: it may have cancelled out."""

Array = np.ndarray[Any, Any]


class Line(NamedTuple):
    """One line of a sum.

    Attributes:
        name: What comes out, in letters: `m`.
        numbers: What goes in: `0.9 x 0 + (1 - 0.9) x -12.3`.
        result: The number that comes out: `-1.23`.
        term: The field's word for it where there is more room: `momentum`.
    """

    name: str
    numbers: str
    result: str
    term: str = ""


class Sum(NamedTuple):
    """A sum that came out.

    Attributes:
        rule: The formula, in words or letters.
        lines: The numbers, line by line.
    """

    rule: str
    lines: Sequence[Line]


def same(computed: Any, recorded: Any, largest: float = 0.0) -> bool:
    """Whether two numbers, or two arrays of one shape, agree as well as float32 lets them.

    Args:
        computed: In float64.
        recorded: By the step.
        largest: The size of the largest number that went in.

    Example:
        >>> same(0.1, 0.1000001), same(0.1, 0.101), same(0.0, 1e-5, largest=100.0)
        (True, False, True)
    """
    if not (math.isfinite(largest) and np.all(np.isfinite(computed))):
        return False
    return bool(np.allclose(computed, recorded, rtol=CLOSE, atol=ROUNDING * largest + 1e-12))


def factor(value: Any) -> str:
    """A number that stands behind a sign: a negative one in brackets.

    Example:
        >>> factor(-1.5), factor(2.0)
        ('(-1.50)', '2.00')
    """
    return f"({three(value)})" if value < 0 else three(value)
