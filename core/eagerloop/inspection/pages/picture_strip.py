"""Pictures on a page, each with what is said of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from eagerloop.inspection.pages.elements import Markup, element
from eagerloop.inspection.writing.pictures import address, are_pictures, brightness

MOST = 24
"""Pictures of a strip."""

FIRST = 12
"""Of a batch."""


class Mistake(NamedTuple):
    """A picture that was taken for another.

    Attributes:
        picture: (h, w, c).
        actual: What it is.
        predicted: What the model says.
    """

    picture: np.ndarray[Any, Any]
    actual: str
    predicted: str


def strip(pictures: np.ndarray[Any, Any], titles: Sequence[str]) -> Markup:
    """Pictures in a row, (n, h, w, c), each above its title."""
    drawn = [
        element("figure", element("img", src=address(pixels), alt=title), element("figcaption", title))
        for pixels, title in zip(brightness(pictures), titles, strict=True)
    ]
    return element("div", drawn, class_="pictures")


def mistakes(examples: Sequence[Mistake]) -> Markup | None:
    """Pictures that were taken for others; None if there are none."""
    if not examples:
        return None
    shown = examples[:MOST]
    titles = [f"{one.actual}, taken for {one.predicted}" for one in shown]
    return element("div", element("h3", "Taken for another"), strip(np.stack([one.picture for one in shown]), titles))


def first_pictures(given: Any, titles: Sequence[str]) -> Markup | None:
    """The first pictures of a batch; None if it is no batch of pictures."""
    return strip(given[:FIRST], list(titles)[:FIRST]) if are_pictures(given) else None
