"""The batch of a step as a table: what went in, what should have come out, what did.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from eagerloop.inspection.pages.elements import Markup, table
from eagerloop.inspection.pages.layer_flow import SUMMARY, summary_row
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import word

MOST_ROWS = 50
"""Rows of the batch that the table shows."""

MOST_COLUMNS = 12
"""Columns of x that the table shows."""


def batch_table(record: StepFacts, most: int = MOST_ROWS) -> Markup:
    """The batch: features, targets, predictions, and the loss of each row."""
    if record.x.array is None or record.y.array is None or record.predictions.array is None:
        named = (("x", record.x), ("y", record.y), ("predictions", record.predictions))
        return table(SUMMARY, [summary_row(name, values) for name, values in named], caption="The batch, too large to list")
    x, y, predictions = (_columns(values.array, len(record.x.array)) for values in (record.x, record.y, record.predictions))
    losses = None if record.row_losses is None else record.row_losses.array
    features = _names(record.features, x.shape[1], "x")[:MOST_COLUMNS]
    predicted = _names(record.classes or record.targets, predictions.shape[1], "output")[:MOST_COLUMNS]
    head = [
        "row",
        *features,
        *(f"target {name}" for name in _names(record.targets, y.shape[1], "y")),
        *(f"predicted {name}" for name in predicted),
    ]
    head += [] if losses is None else ["loss of the row"]
    rows = []
    for number in range(min(most, len(x))):
        cells = [*map(word, x[number, :MOST_COLUMNS]), *(_target(record, value) for value in y[number])]
        cells += map(three, predictions[number, :MOST_COLUMNS])
        rows.append([number, *cells, *([] if losses is None else [three(losses.reshape(len(x), -1)[number].mean())])])
    cut = (
        ""
        if len(rows) == len(x) and len(features) == x.shape[1]
        else f", the first {len(rows)} rows and {len(features)} columns"
    )
    caption = f"The batch: x {record.x.shape}, y {record.y.shape}, predictions {record.predictions.shape}{cut}"
    return table(head, rows, caption=caption, class_="batch")


def baseline_name(task: str) -> str:
    """What a model would do that looks at no feature; its loss is the baseline."""
    return "predicting the shares of the classes" if task == "classification" else "predicting the mean"


def _columns(array: Any, rows: int) -> np.ndarray[Any, Any]:
    """All that belongs to a row in a row; a step of one's own may give predictions for a part of the batch."""
    values = np.asarray(array)
    flat = values.reshape(len(values), -1) if values.size else values.reshape(len(values), 0)
    missing = np.full((max(0, rows - len(flat)), flat.shape[1]), np.nan)
    return np.concatenate([flat, missing]) if len(missing) else flat


def _names(names: Sequence[str], count: int, else_: str) -> list[str]:
    return list(names) if len(names) == count else [f"{else_} {number + 1}" for number in range(count)]


def _target(record: StepFacts, value: Any) -> str:
    """A target as it is; of a class, its name."""
    known = record.task == "classification" and value in range(len(record.classes))
    return record.classes[int(value)] if known else word(value)
