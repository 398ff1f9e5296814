"""The known answers of a table, read as a run has learnt to read them. Shapes: n rows, k targets."""

from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.tables.pictures import Pictures

if TYPE_CHECKING:
    from eagerloop.tables.table import Table

Array = np.ndarray[Any, Any]


def known_targets(learnt: Any, table: "Table") -> Array | None:
    """The answers in a table.

    Args:
        learnt: An `eagerloop.data.learnt.LearntData`, what was learnt of the data.
        table: New rows.

    Returns:
        y, (n,) for a classification of one target, else (n, k): -1, or NaN, in a row without one. None if the table lacks a
        target, has no value of one, or if y is a structure.

    Raises:
        DataError: A cell cannot be read, or is none of the classes.
    """
    if learnt.task == "other" or not learnt.targets or any(name not in table.names for name in learnt.targets):
        return None
    own = learnt.target_reading.own(table)
    if any(own.missing(name).all() for name in learnt.targets):
        return None
    known = np.column_stack([_column(learnt, own, name) for name in learnt.targets])
    if learnt.task == "classification" and len(learnt.targets) == 1:
        return known[:, 0]
    return known.reshape(len(known), *learnt.first_batch[1].shape[1:])


def _column(learnt: Any, table: "Table", name: str) -> Array:
    rows = np.flatnonzero(~table.missing(name))
    reading = learnt.target_reading
    if learnt.task != "classification":
        return reading.values(table, name)[:, 0].astype(np.float32)  # type: ignore[no-any-return]
    if isinstance(learnt.encoder, Pictures):  # a folder may have others, too
        return table.labels(name, learnt.classes, others=True)
    labels = np.full(len(table), -1, np.int32)
    labels[rows] = reading.classes(table, name, learnt.classes, rows)
    return labels
