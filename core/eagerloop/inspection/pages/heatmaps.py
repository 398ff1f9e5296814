"""An array as a table of coloured cells: orange above zero, blue below, the stronger the further from it.

Each cell has its number as text, so that it can be read aloud, copied, and seen without a script. The colours are classes of
`page.css`: they suit the light page and the dark one.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from eagerloop.inspection.pages.elements import Markup, element
from eagerloop.inspection.records.values import LARGEST, Values
from eagerloop.inspection.writing.numbers_as_text import three

MOST_ROWS, MOST_COLUMNS = 32, 32
"""Larger maps are cut, and say so."""

SHADES = 8
"""Steps from pale to strong, on either side of zero."""

CELL, MARGIN = 20, 30
"""The width of a cell, and of the numbers of the rows, in pixels."""


class Axes(NamedTuple):
    """What goes down and what goes across; nothing goes down in a vector."""

    down: str
    across: str


ROWS = Axes("row", "unit")
"""Of what a layer gives: the rows of the batch go down."""

PICTURE = Axes("pixel row", "pixel column")
"""Of what a layer makes of a batch of pictures."""


class Grid(NamedTuple):
    """What is drawn of an array.

    Attributes:
        cells: Rows and columns.
        axes: What goes down and across.
        told: The same in words, with what was left out.
    """

    cells: np.ndarray[Any, Any]
    axes: Axes
    told: str


def grid_of(array: np.ndarray[Any, Any], axes: Axes) -> Grid:
    """An array of any shape as rows and columns.

    Of a batch of images the first channel of the first row is shown. Otherwise what has more than two axes is flattened: a
    batch behind its first axis, a variable before its last one. A vector stays one: a bias has no rows.

    Example:
        >>> grid_of(np.ones(3), Axes("input", "unit")).told, grid_of(np.ones((2, 3)), Axes("input", "unit")).told
        ('a vector: units across', 'inputs down, units across')
    """
    batch = axes == ROWS
    if batch and array.ndim == 4:  # noqa: PLR2004 - rows, height, width, channels
        cells = array[0, :MOST_ROWS, :MOST_COLUMNS, 0]
        return Grid(cells, PICTURE, f"{_words(PICTURE)}; row 0, channel 0 of {array.shape}")
    shape = (1, -1) if array.ndim < 2 or not array.size else (len(array), -1) if batch else (-1, array.shape[-1])  # noqa: PLR2004
    flat = array.reshape(shape)
    if array.ndim < 2:  # noqa: PLR2004
        axes = Axes("", axes.down if batch else axes.across)
    elif flat.shape[1] == 1 < flat.shape[0] and not batch:  # a kernel of one unit: a row is easier to look at
        flat, axes = flat.T, Axes(axes.across, axes.down)
    cells = flat[:MOST_ROWS, :MOST_COLUMNS]
    sizes = [f"{one.shape[0]} x {one.shape[1]}" if axes.down else str(one.shape[1]) for one in (cells, flat)]
    cut = "" if cells.shape == flat.shape else f"; the first {sizes[0]} of {sizes[1]}"
    made_of = "" if batch or array.ndim < 3 else f" ({' x '.join(map(str, array.shape[:-1]))})"  # noqa: PLR2004 - of a picture
    return Grid(cells, axes, f"{_words(axes, made_of) if array.ndim else 'one number'}{cut}")


def _words(axes: Axes, made_of: str = "") -> str:
    return f"{axes.down}s{made_of} down, {axes.across}s across" if axes.down else f"a vector: {axes.across}s across"


def shade(value: float, largest: float) -> str:
    """The class of a cell: `z` for 0, `x` for what is not finite, else `p` or `n` and a number from 1 to 8.

    Example:
        >>> [shade(value, 2.0) for value in (0.0, 2.0, -0.1, math.inf)]
        ['z', 'p8', 'n1', 'x']
    """
    if not math.isfinite(value):
        return "x"
    if value == 0:
        return "z"
    return f"{'p' if value > 0 else 'n'}{max(1, math.ceil(SHADES * abs(value) / largest))}"


def heatmap(name: str, values: Values, axes: Axes = ROWS) -> Markup:
    """One map with its scale.

    Args:
        name: What the numbers are: `value`, `gradient`. The script shows maps of one group together by these names.
        values: The array. One that is kept as its summary alone has no map.
        axes: What goes down and across.
    """
    if values.array is None or values.array.dtype == object or not values.array.size:
        many = math.prod(values.shape) > LARGEST
        reason = f"{math.prod(values.shape):,} numbers are too many for a map" if many else "no numbers to draw"
        return element("p", element("b", name), f" {values.shape} {values.dtype}: {reason}", class_="left-out")
    grid, axes, told = grid_of(np.asarray(values.array), axes)
    numbers = np.asarray(grid, "float64")
    finite = np.abs(numbers[np.isfinite(numbers)])
    largest = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    drawn = element(
        "table",
        [_head(numbers.shape[1]), _body(grid, largest, numbered=bool(axes.down))],
        class_="heat",
        width=CELL * numbers.shape[1] + MARGIN,
        aria_label=f"{name}, {told}",
        data_name=name,
        data_down=axes.down or None,
        data_across=axes.across,
    )
    return element("figure", element("figcaption", element("b", name), " ", told), drawn, _scale(largest), class_="map")


def _head(columns: int) -> Markup:
    return Markup("<tr><td>" + "".join(f"<th>{number}" for number in range(columns)))


def _body(grid: np.ndarray[Any, Any], largest: float, *, numbered: bool) -> Markup:
    """The cells, in the short form that HTML allows: there may be thousands."""
    rows = []
    for number, row in enumerate(grid):
        cells = "".join(f"<td class={shade(float(value), largest)}><b>{three(value)}</b>" for value in row)
        rows.append(f"<tr><th>{number if numbered else ''}{cells}")
    return Markup("".join(rows))


def _scale(largest: float) -> Markup:
    """From the lowest colour to the highest."""
    steps = [*(f"n{number}" for number in range(SHADES, 0, -1)), "z", *(f"p{number}" for number in range(1, SHADES + 1))]
    bar = [element("i", class_=step) for step in steps]
    ends = element("span", f"-{three(largest)}"), element("span", three(largest))
    return element("p", ends[0], element("span", bar, class_="bar"), ends[1], class_="scale", aria_hidden="true")
