"""The batch of a step as a table: what went in, what should have come out, what did.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eagerloop.inspection.by_hand.answers import meaning_of_answers
from eagerloop.inspection.pages.elements import Markup, joined, table
from eagerloop.inspection.pages.layer_flow import SUMMARY, summary_row
from eagerloop.inspection.pages.picture_strip import first_pictures
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import listed, word

MOST_ROWS = 50
"""Rows of the batch that the table shows."""

MOST_COLUMNS = 12
"""Columns of x that the table shows."""

RAGGED_WIDTH = 40
"""Characters of a row of a ragged tensor."""


def batch_table(record: StepFacts, most: int = MOST_ROWS) -> Markup:
    """The batch: features, targets, weights, predictions, and the loss of each row."""
    given = {**record.given, **record.answered}
    if any(values.array is None for values in given.values()):
        rows = [summary_row(name, values) for name, values in given.items()]
        return table(SUMMARY, rows, caption="The batch, too large to list")
    pictures = _pictures(record)
    listed_too = {name: values for name, values in given.items() if pictures is None or name != "x"}
    columns = [column for name, values in listed_too.items() for column in _columns_of(record, name, values)]
    losses = None if record.row_losses is None else record.row_losses.array
    head = ["row", *(name for name, _cells in columns)] + ([] if losses is None else ["loss of the row"])
    count = min(most, record.rows)
    lost = [] if losses is None else [[three(value) for value in losses.reshape(record.rows, -1).mean(axis=1)[:count]]]
    drawn = [list(range(count)), *([cells[row] for row in range(count)] for _name, cells in columns), *lost]
    caption = (
        f"The batch: {', '.join(f'{name} {values.shape}' for name, values in given.items())}{_cut(record, listed_too, count)}"
    )
    rows = [list(cells) for cells in zip(*drawn, strict=True)]
    return joined(pictures, table(head, rows, caption=caption, class_="batch"))


def _cut(record: StepFacts, listed_too: Mapping[str, Values], count: int) -> str:
    """What is left out of the table; the pixels of pictures are above it."""
    widths = [_width(values) for name, values in listed_too.items() if name[0] == "x"]
    most = max(widths, default=0)
    if count == record.rows and most <= MOST_COLUMNS:
        return ""
    return f", the first {count} rows" + (f" and {min(MOST_COLUMNS, most)} columns" if widths else "")


def _pictures(record: StepFacts) -> Markup | None:
    """The first rows of x, if they are pictures, each with its target."""
    x, y = record.given.get("x"), record.given.get("y")
    if x is None or x.array is None:
        return None
    known = None if y is None else y.array
    targets: Any = known.reshape(-1) if known is not None and known.size == record.rows else []
    titles = [_target(record, value) for value in targets] or [f"row {row}" for row in range(record.rows)]
    return first_pictures(x.array, titles)


def _columns_of(record: StepFacts, name: str, values: Values) -> list[tuple[str, list[str]]]:
    """The columns of a tensor, each with a cell a row; a ragged tensor is one column."""
    if values.lengths is not None:
        return [(name, [listed(values.row(row), RAGGED_WIDTH) for row in range(record.rows)])]
    cells = _columns(values.array, record.rows)
    kind, inside = name.partition("/")[0], "/" in name
    width = cells.shape[1] if kind == "y" else min(MOST_COLUMNS, cells.shape[1])
    labels = _labels(record, name, cells.shape[1])[:width]

    def write(value: Any) -> str:
        if kind == "y" and not inside:
            return _target(record, value)
        return word(value) if kind in ("x", "y") else three(value)

    return [(label, [write(value) for value in cells[:, place]]) for place, label in enumerate(labels)]


def _labels(record: StepFacts, name: str, count: int) -> list[str]:
    """What the columns are called: by the dataset's names, else by their numbers."""
    if "/" in name or name == "sample_weight":
        return [name] if count == 1 else [f"{name} {number + 1}" for number in range(count)]
    if name == "x":
        return _names(record.features, count, "x")
    if name == "y":
        return [f"target {label}" for label in _names(record.targets, count, "y")]
    if record.task != "classification":
        return [f"predicted {label}" for label in _names(record.targets, count, "output")]
    before = {"logit": "logit of", "probability": "probability of"}.get(meaning_of_answers(record), "output for")
    of_one = record.classes[1:] if len(record.classes) == 2 and count == 1 else record.classes  # noqa: PLR2004
    return [f"{before} {label}" for label in _names(of_one, count, "class")]


def _width(values: Values) -> int:
    """How many columns a tensor has."""
    return 1 if values.lengths is not None else int(np.prod(values.shape[1:]))


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
