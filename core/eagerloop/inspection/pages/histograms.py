"""A distribution as bars, drawn as one small SVG."""

from eagerloop.inspection.pages.elements import Markup, element
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import bars as text_bars

WIDTH, HEIGHT = 160, 44
"""Of the bars, in the units of the drawing."""


def histogram(name: str, values: Values) -> Markup:
    """The bars, their ends in numbers, and a mark at zero where zero is among them.

    Args:
        name: What is distributed.
        values: With counts and edges.
    """
    said = f"{name}: from {three(values.minimum)} to {three(values.maximum)}, mean {three(values.mean)}"
    if values.nonfinite:
        said += f", {values.nonfinite} not finite"
    most = max(values.counts, default=0)
    if not most:
        return element("p", said, class_="left-out")
    step = WIDTH / len(values.counts)
    bars = "".join(
        f"M{number * step:.4g} {HEIGHT}V{HEIGHT - max(1, HEIGHT * count / most):.4g}h{step * 0.86:.4g}V{HEIGHT}"
        for number, count in enumerate(values.counts)
        if count
    )
    low, high = values.edges[0], values.edges[-1]
    zero = element("path", d=f"M{WIDTH * -low / (high - low):.4g} 0V{HEIGHT}", class_="zero") if low < 0 < high else None
    drawn = element(
        "svg",
        element("path", d=bars, class_="bars"),
        zero,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"histogram of {said}",
        preserveAspectRatio="none",
    )
    ends = element("span", element("i", three(low)), element("i", three(high)), class_="ends")
    return element("figure", element("figcaption", name), drawn, ends, class_="histogram")


def small_histogram(values: Values) -> Markup:
    """The bars as letters, as high as a line; for tables."""
    return element("code", text_bars(values.counts).replace(" ", "\N{NO-BREAK SPACE}"), class_="small-bars")
