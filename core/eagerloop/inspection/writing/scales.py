"""Which axis a drawing has."""

from collections.abc import Sequence

NEAR_ZERO = 0.05
"""A line that lies lower, as a share of the highest number, cannot be told from the axis."""


def logarithmic(ys: Sequence[float], guides: Sequence[float]) -> bool:
    """Whether an axis must be logarithmic: else a line would lie on zero.

    Args:
        ys: Everything that is drawn.
        guides: The lines to compare with, and of several curves the highest place of each.

    Example:
        >>> logarithmic([46.2, 20.8], [0.217]), logarithmic([46.2, 20.8], [9.0]), logarithmic([1.0, 0.0], [0.001])
        (True, False, False)
    """
    return bool(guides) and min(*ys, *guides) > 0 and min(guides) < NEAR_ZERO * max(ys)
