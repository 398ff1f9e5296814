"""How numbers are written, on the terminal, on a page and in a notebook: the same number, the same text."""

import math
from collections.abc import Sequence
from typing import Any

DIGITS = 3
"""Significant digits of every number that was measured or computed."""


def three(value: Any) -> str:
    """A number with three significant digits; a whole number of an integer type with all of its digits.

    Args:
        value: A number of Python or NumPy.

    Returns:
        Plain digits from 0.0001 up to a million, a power of ten outside of that.

    Example:
        >>> [three(number) for number in (0.0123456, 5.1, 1234.5, 1.5e-5, 0.0, float("nan"), 7)]
        ['0.0123', '5.10', '1230', '1.50e-05', '0', 'nan', '7']
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, int):
        return str(value)
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(float(value))
    text = f"{value:.{DIGITS - 1}e}"
    power = int(text.partition("e")[2])
    if -4 <= power < 6:  # noqa: PLR2004
        return f"{float(text):.{max(0, DIGITS - 1 - power)}f}"
    return text


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage.

    Example:
        >>> percent(0.53125)
        '53.1%'
    """
    return f"{share * 100:.3g}%"


def duration(seconds: float) -> str:
    """A time in the unit that suits it.

    Example:
        >>> [duration(seconds) for seconds in (0.0000042, 0.0123, 2.5)]
        ['4.20 µs', '12.3 ms', '2.50 s']
    """
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 1000:  # noqa: PLR2004
            return f"{three(seconds * factor)} {unit}"
    return f"{three(seconds)} s"


def shape_of(shape: Sequence[int], dtype: str) -> str:
    """A shape and its dtype.

    Example:
        >>> shape_of((10, 4), "float32")
        '(10, 4) float32'
    """
    return f"{tuple(shape)} {dtype}"
