"""From numbers to places in a drawing: its size, its ends, and the round numbers on its axes."""

import math
from collections.abc import Sequence

WIDTH, HEIGHT = 400, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 40
"""Of the drawing and of its margins, in its own units: about a pixel each."""


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends: steps of 1, 2 or 5 times a power of ten.

    Example:
        >>> ticks(0.0, 1.0), ticks(3.0, 27.0)
        ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [5.0, 10.0, 15.0, 20.0, 25.0])
    """
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.10g}") for number in range(first, last + 1)]


def powers(low: float, high: float) -> list[float]:
    """Round numbers between two ends of a logarithmic axis: powers of ten, with their 2 and 5 where those are few.

    Example:
        >>> powers(0.3, 400.0), powers(0.3, 4.0)
        ([1.0, 10.0, 100.0], [0.5, 1.0, 2.0])
    """
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    round_numbers = [float(f"{factor}e{power}") for power in tens for factor in (1, 2, 5)]
    inside = [number for number in round_numbers if low <= number <= high]
    few = [number for number in inside if f"{number:e}".startswith("1.0")]
    return few if len(few) > 2 else inside  # noqa: PLR2004


class Frame:
    """From numbers to places in the drawing.

    Args:
        xs: All x that must be in it.
        ys: All y.
        same: Both axes have the same ends.
        log: y is drawn by its logarithm; all of them are above zero.
    """

    def __init__(self, xs: Sequence[float], ys: Sequence[float], *, same: bool = False, log: bool = False) -> None:
        if same:
            xs = ys = [*xs, *ys]
        self.log = log
        self.x_ends, self.y_ends = _ends(xs), _ends([math.log10(y) for y in ys] if log else ys)

    @property
    def y_ticks(self) -> list[float]:
        """The round numbers on the axis of y."""
        low, high = self.y_ends
        return powers(10**low, 10**high) if self.log else ticks(low, high)

    def x(self, value: float) -> float:
        """From the left."""
        low, high = self.x_ends
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low), 1)

    def y(self, value: float) -> float:
        """From the top."""
        low, high = self.y_ends
        place = math.log10(value) if self.log else value
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (place - low) / (high - low), 1)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """A range with a little room; one number alone stands in the middle."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    room = (high - low) * 0.04 or abs(low) * 0.1 or 1.0
    return low - room, high + room
