"""Curves and points as SVG: axes with round numbers, a legend, and every number again as a table below.

Lines are told apart by colour and by dashes. A point has its numbers as its title, which a browser shows without a script.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from eagerloop.inspection.pages.elements import Markup, element, table
from eagerloop.inspection.pages.frame import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Frame, ticks
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.scales import logarithmic

COLOURS = 8
"""Kinds of line in `page.css`, `s0` to `s7`; later series begin again."""

MOST_POINTS = 100
"""Points of one line; of more, so many are drawn, evenly chosen, the last one among them."""

COUNTED = ("epoch", "step")
"""What is on an axis and has no halves."""

Item = TypeVar("Item")


class Series(NamedTuple):
    """One line of a chart, or points alone.

    Attributes:
        name: What it shows.
        points: x and y; those that are not finite are left out.
        line: Whether the points are joined.
        colour: Its number among the colours, where the same thing is in several charts; by default its place in this one.
    """

    name: str
    points: Sequence[tuple[float, float]]
    line: bool = True
    colour: int | None = None

    def kind(self, number: int) -> str:
        """Its class in `page.css`, as the series of that number in its chart."""
        return f"s{(number if self.colour is None else self.colour) % COLOURS}" + ("" if self.line else " loose")


class Guide(NamedTuple):
    """A dashed line across the chart, to compare with."""

    value: float
    name: str


class Mark(NamedTuple):
    """Something that happened at one x, and where more is said of it."""

    at: float
    name: str
    link: str


def thinned(items: Sequence[Item], most: int = MOST_POINTS) -> list[Item]:
    """At most so many of the items, evenly chosen, the first and the last among them.

    Example:
        >>> thinned(range(100), 3)
        [0, 50, 99]
    """
    if len(items) <= most:
        return list(items)
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def chart(  # noqa: PLR0913 - what a chart may have besides its lines
    title: str,
    axes: tuple[str, str],
    series: Sequence[Series],
    *,
    guides: Sequence[Guide] = (),
    marks: Sequence[Mark] = (),
    same: bool = False,
    within: Sequence[float] = (),
    most: int = MOST_POINTS,
    alone: bool = False,
) -> Markup:
    """Draws series over one x.

    Args:
        title: What it shows.
        axes: What x and y are.
        series: The lines.
        guides: Lines to compare with.
        marks: What happened at some x.
        same: Both axes have the same ends, and a line where y is x: for predicted against actual values.
        within: Further y that the axis must reach.
        most: Points of each series.
        alone: Whether it has the width of the page for itself: then its numbers stand beside it.
    """
    drawn = [
        one._replace(points=thinned([point for point in one.points if all(map(math.isfinite, point))], most)) for one in series
    ]
    points = [point for one in drawn for point in one.points]
    if not points:
        return element(
            "figure", element("figcaption", title), element("p", "nothing to draw: no number is finite", class_="left-out")
        )
    levels = [guide.value for guide in guides]
    tops = [max(y for _, y in one.points) for one in drawn if one.line and one.points]
    log = not within and logarithmic([y for _, y in points], [*levels, *(tops if len(tops) > 1 else ())])
    frame = Frame([x for x, _ in points], [*(y for _, y in points), *levels, *within], same=same, log=log)
    inside = [
        *_axes(frame, axes),
        _diagonal(frame) if same else None,
        *(_guide(frame, guide) for guide in guides),
        *(_mark(frame, mark) for mark in marks),
        *(_series(frame, number, one, axes) for number, one in enumerate(drawn)),
    ]
    told = [" (logarithmic axis)"] if log else []
    if any(len(one.points) > most for one in series):
        told.append(f" ({most} points of each line, evenly chosen)")
    return element(
        "figure",
        element("figcaption", element("b", title), told),
        element("svg", inside, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=f"{title}: {axes[1]} over {axes[0]}"),
        element("div", _legend(drawn, guides), None if same else _numbers(drawn, axes, unfolded=alone), class_="beside"),
        class_="chart alone" if alone else "chart",
    )


def _diagonal(frame: Frame) -> Markup:
    """The line on which y is x."""
    low, high = frame.x_ends
    return _path(f"M{frame.x(low)} {frame.y(low)}L{frame.x(high)} {frame.y(high)}", "guide")


def _axes(frame: Frame, axes: tuple[str, str]) -> Iterator[Markup]:
    """Lines of the grid with their numbers, and the names of both axes."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in frame.y_ticks:
        yield _path(f"M{LEFT} {frame.y(value)}H{right}", "grid")
        yield element("text", _tick(value), x=LEFT - 6, y=frame.y(value) + 4, class_="end")
    for value in ticks(*frame.x_ends):
        if axes[0] in COUNTED and not value.is_integer():
            continue
        yield _path(f"M{frame.x(value)} {bottom}v4", "axis")
        yield element("text", _tick(value), x=frame.x(value), y=bottom + 17, class_="middle")
    yield _path(f"M{LEFT} {TOP}V{bottom}H{right}", "axis")
    yield element("text", axes[0], x=(LEFT + right) / 2, y=HEIGHT - 6, class_="middle name")
    yield element(
        "text", axes[1], x=12, y=(TOP + bottom) / 2, transform=f"rotate(-90 12 {(TOP + bottom) / 2})", class_="middle name"
    )


def _tick(value: float) -> str:
    """As short as it can be said."""
    return f"{value:.6g}" if 1e-4 <= abs(value) < 1e6 or not value else f"{value:.3g}"  # noqa: PLR2004


def _place(value: float) -> str:
    """An epoch or a step as it is counted; between two of them, a number."""
    return str(int(value)) if float(value).is_integer() else three(value)


def _path(course: str, class_: str) -> Markup:
    return element("path", d=course, class_=class_)


def _guide(frame: Frame, guide: Guide) -> Markup:
    return _path(f"M{LEFT} {frame.y(guide.value)}H{WIDTH - RIGHT}", "guide")


def _mark(frame: Frame, mark: Mark) -> Markup:
    """A line down, and a sign that leads to what is said of it."""
    place = min(max(frame.x(mark.at), LEFT), WIDTH - RIGHT)
    line = _path(f"M{place} {TOP}V{HEIGHT - BOTTOM}", "mark")
    sign = element("circle", cx=place, cy=TOP + 2, r=6, class_="sign")
    return element("a", element("title", mark.name), line, sign, href=mark.link, aria_label=mark.name)


def _series(frame: Frame, number: int, one: Series, axes: tuple[str, str]) -> Markup:
    places = [(frame.x(x), frame.y(y)) for x, y in one.points]
    course = "M" + "L".join(f"{x} {y}" for x, y in places)
    few = len(places) <= MOST_POINTS // 2
    dots = [
        element(
            "circle", element("title", f"{axes[0]} {_place(x)}, {one.name}: {three(y)}"), cx=left, cy=top, r=3 if few else 1.8
        )
        for (left, top), (x, y) in zip(places, one.points, strict=True)
    ]
    line = _path(course, "line") if one.line and len(places) > 1 else None
    return element("g", line, dots, class_=one.kind(number))


def _legend(series: Sequence[Series], guides: Sequence[Guide]) -> Markup | None:
    """The names behind a piece of their line."""
    if len(series) + len(guides) < 2 and all(one.colour is None for one in series):  # noqa: PLR2004
        return None
    kinds = [(one.kind(number), one.name) for number, one in enumerate(series)]
    items = [
        element(
            "li",
            element(
                "svg",
                element("g", _path("M0 5H22", "line"), element("circle", cx=11, cy=5, r=3), class_=kind),
                viewBox="0 0 22 10",
                aria_hidden="true",
            ),
            name,
        )
        for kind, name in kinds
    ]
    items += [
        element(
            "li", element("svg", _path("M0 5H22", "guide"), viewBox="0 0 22 10", aria_hidden="true"), f"{name}: {three(value)}"
        )
        for value, name in guides
    ]
    return element("ul", items, class_="legend")


def _numbers(series: Sequence[Series], axes: tuple[str, str], *, unfolded: bool) -> Markup:
    """Everything that is drawn, for those who want or need numbers."""
    known = [dict(one.points) for one in series]
    rows = [
        [_place(x), *(three(points[x]) if x in points else "" for points in known)]
        for x in sorted({x for points in known for x in points})
    ]
    drawn = table((axes[0], *(one.name for one in series)), rows)
    return element("details", element("summary", "The numbers"), drawn, open=unfolded)
