"""Mistakes in what comes in and in how it is counted: the order of the data, epochs, metrics."""

from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.data.arrays import ArrayDataset
from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, close
from eagerloop.structures import leaves_by_path, map_leaves, rows_of

FEWEST_ROWS = 20
"""Below, an order by chance is too likely."""


@mistake(
    "EL15",
    "error",
    "the metric is not reset",
    "let reset_state put back everything that update_state adds to; a Keras metric keeps it in add_weight",
)
def not_reset(evidence: Evidence) -> str:
    """After reset_state, a metric still knows the batch before."""
    weights = () if evidence.weights is None else (evidence.weights,)
    whole = (evidence.y, evidence.predictions, *weights)
    half = max(1, rows_of(evidence.predictions) // 2)
    first, second = (map_leaves(lambda leaf, rows=rows: leaf[rows], whole) for rows in (slice(half), slice(half, None)))
    for name, metric in evidence.metrics.items():
        alone = _figure(metric, *second)
        for factor in (-1, 10):  # other answers: worse ones, or better ones
            other = map_leaves(lambda leaf, by=factor: tf.cast(by, leaf.dtype) * leaf, first[1])
            before = _figure(metric, first[0], other, *first[2:])
            after = _figure(metric, *second)
            if not close(alone, after) and np.isfinite([alone, after]).all():
                return (
                    f"'{name}' is {alone:.4g} for some rows; after other rows ({before:.4g}) and reset_state it is {after:.4g}"
                )
    return ""


def _figure(metric: Any, y: Any, predictions: Any, *weights: Any) -> float:
    """What a metric says of some rows alone, after reset_state."""
    metric.reset_state()
    metric.update_state(y, predictions, **dict(zip(("sample_weight",), weights, strict=False)))
    return float(np.mean(np.asarray(metric.result(), dtype=float)))


@mistake(
    "EL16",
    "warning",
    "the data are sorted by target",
    "shuffle the training rows: shuffle=True of a dataset, or .shuffle(rows, seed=...) before .batch(...)",
    cheap=True,
)
def sorted_by_target(evidence: Evidence) -> str:
    """Every epoch has its targets in order: a batch shows one class, or one end of the range."""
    if isinstance(evidence.dataset, ArrayDataset):
        y = evidence.dataset.train_arrays[1]
        if evidence.dataset.shuffle or not leaves_by_path(y) or evidence.dataset.batch_size >= rows_of(y):
            return ""
    else:
        first, second = evidence.epochs() if evidence.traces else ([], [])
        if len(first) < 2 or not second or not _same(first[0], second[0]):  # noqa: PLR2004
            return ""
        y = map_leaves(lambda *leaves: np.concatenate(leaves), *first)
    found = {path: _in_order(leaf, classes=_classes(evidence, leaf)) for path, leaf in leaves_by_path(y).items()}
    return next((f"y/{path}: {words}" if path else words for path, words in found.items() if words), "")


def _same(one: Any, other: Any) -> bool:
    """Whether two batches of targets, which may be structures, are equal."""
    pairs = zip(leaves_by_path(one).values(), leaves_by_path(other).values(), strict=True)
    return bool(leaves_by_path(one)) and all(np.array_equal(*pair) for pair in pairs)


def _classes(evidence: Evidence, y: np.ndarray[Any, Any]) -> bool:
    """Whether targets are classes; in a structure, whole numbers are."""
    task = evidence.dataset.task
    return task == "classification" or (task == "other" and y.dtype.kind in "iu")


def _in_order(y: np.ndarray[Any, Any], *, classes: bool) -> str:
    y = y.reshape(len(y), -1)
    if len(y) < FEWEST_ROWS or y.shape[1] > 1:
        return ""
    column = y[:, 0].astype(float)
    distinct = len(np.unique(column))
    if classes and distinct > 1 and np.count_nonzero(np.diff(column)) == distinct - 1:
        return f"the {len(y)} training rows come class by class, {distinct} classes one after the other, in every epoch"
    up, down = (np.diff(column) >= 0).all(), (np.diff(column) <= 0).all()
    if not classes and distinct > FEWEST_ROWS // 2 and (up or down):
        return f"the targets of the {len(y)} training rows {'rise' if up else 'fall'} from {column[0]:.4g} to {column[-1]:.4g}"
    return ""


@mistake(
    "EL17",
    "error",
    "the data are used up after the first epoch",
    "make the iterator anew for each epoch: from_generator(function), where the function makes a new generator at each call",
)
def used_up(evidence: Evidence) -> str:
    """The second epoch has fewer batches than the first."""
    if isinstance(evidence.dataset, ArrayDataset):
        return ""  # cut from arrays: every epoch is whole
    first, second = evidence.epochs()
    if len(second) >= len(first):
        return ""
    return f"epoch 1 has {len(first)} batches and epoch 2 has {len(second)}: the pipeline goes through an iterator that ends"
