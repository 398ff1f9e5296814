"""What a model answers beside what was right: points for numbers, a table for classes.

Shapes: n rows, k outputs.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from eagerloop.inspection.by_hand.confusion import confusion
from eagerloop.inspection.pages.charts import Series, chart
from eagerloop.inspection.pages.elements import Markup, element, joined
from eagerloop.inspection.pages.heatmaps import SHADES
from eagerloop.inspection.pages.histograms import histogram
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import percent, three

MOST_ROWS = 500
"""Points of a chart; of more rows, so many are drawn, evenly chosen."""

MOST_TARGETS = 4
"""Charts of single targets."""

MOST_CLASSES = 40
"""Rows and columns of the table of classes."""

Array = np.ndarray[Any, Any]


def regressions(actual: Array, predictions: Array, targets: Sequence[str]) -> Markup:
    """For each target the points and the residuals.

    Args:
        actual: (n, k) or (n,).
        predictions: (n, k).
        targets: The k names.
    """
    known, answered = (np.asarray(given, "float64").reshape(len(predictions), -1) for given in (actual, predictions))
    if known.shape != answered.shape:
        return element("p", f"targets {known.shape} and predictions {answered.shape} cannot be compared", class_="left-out")
    names = list(targets) if len(targets) == known.shape[1] else [f"output {number + 1}" for number in range(known.shape[1])]
    pairs = zip(names, known.T, answered.T, strict=True)
    drawn = [_regression(*pair) for pair in list(pairs)[:MOST_TARGETS]]
    more = f"{MOST_TARGETS} of {len(names)} targets." if len(names) > MOST_TARGETS else None
    return joined(more and element("p", more, class_="left-out"), drawn)


def _regression(name: str, known: Array, answered: Array) -> Markup:
    chosen = np.unique(np.linspace(0, len(known) - 1, min(MOST_ROWS, len(known))).round().astype(int))
    points = [(float(known[row]), float(answered[row])) for row in chosen]
    residuals = Values.of(answered - known)
    rows = f"{len(known):,} test rows" + (f", {len(chosen)} of them drawn" if len(chosen) < len(known) else "")
    spread = float(np.std(known))
    root = float(np.sqrt(np.mean((answered - known) ** 2)))
    said = element(
        "p",
        f"{rows}. The typical error (root mean square) is ",
        element("b", three(root)),
        f"; the targets themselves deviate from their mean by {three(spread)}. On average the answers are ",
        f"{three(abs(residuals.mean))} too {'high' if residuals.mean > 0 else 'low'}.",
    )
    points_drawn = chart(
        f"{name}: predicted against actual",
        ("actual", "predicted"),
        [Series("rows", points, line=False)],
        same=True,
        most=MOST_ROWS,
    )
    bars = element("div", histogram("residuals: predicted minus actual", residuals), class_="residuals")
    return joined(said, element("div", points_drawn, bars, class_="charts"))


def confusion_table(actual: Array, predictions: Array, classes: Sequence[str]) -> Markup:
    """How many rows of each class were taken for which.

    Args:
        actual: Numbers of the classes, (n,) or (n, 1), or 1 in the column of the class, (n, k).
        predictions: Numbers of the classes, (n,).
        classes: Their names.
    """
    names, counts = confusion(actual, predictions, classes)
    right = np.trace(counts) / max(1, counts.sum())
    commonest = counts.sum(axis=1).max() / max(1, counts.sum())
    said = element(
        "p",
        element("b", percent(right)),
        f" of {counts.sum():,} test rows are right. Always the commonest class would get {percent(commonest)}.",
    )
    if len(names) > MOST_CLASSES:
        return joined(said, element("p", f"{len(names)} classes are too many for a table.", class_="left-out"))
    rows = [_class_row(name, row) for name, row in zip(names, counts, strict=True)]
    head = element(
        "tr", element("td", "actual ↓", element("br"), "predicted →"), [element("th", name, scope="col") for name in names]
    )
    return joined(said, element("div", element("table", head, rows, class_="confusion"), class_="scroll"))


def _class_row(name: str, counts: Array) -> Markup:
    total = max(1, int(counts.sum()))
    cells = [element("td", int(count), class_=f"p{-(-SHADES * int(count) // total)}" if count else "z") for count in counts]
    return element("tr", element("th", name, scope="row"), cells)
