"""Mistakes in what comes in and in how it is counted: the order of the data, epochs, metrics."""

from typing import Any

import numpy as np

from eagerloop.data.arrays import ArrayDataset
from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, close

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
    y, predictions = evidence.y, evidence.predictions
    half = max(1, len(y) // 2)
    for name, metric in evidence.metrics.items():
        alone = _figure(metric, y[half:], predictions[half:])
        for factor in (-1, 10):  # other answers: worse ones, or better ones
            before = _figure(metric, y[:half], factor * predictions[:half])
            after = _figure(metric, y[half:], predictions[half:])
            if not close(alone, after) and np.isfinite([alone, after]).all():
                return (
                    f"'{name}' is {alone:.4g} for some rows; after other rows ({before:.4g}) and reset_state it is {after:.4g}"
                )
    return ""


def _figure(metric: Any, y: Any, predictions: Any) -> float:
    """What a metric says of some rows alone, after reset_state."""
    metric.reset_state()
    metric.update_state(y, predictions)
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
        size, y = evidence.dataset.batch_size, evidence.dataset.train_arrays[1]
        if evidence.dataset.shuffle or size >= len(y):
            return ""
    else:
        first, second = evidence.epochs() if evidence.traces else ([], [])
        if len(first) < 2 or not second or not np.array_equal(first[0], second[0]):  # noqa: PLR2004
            return ""
        y = np.concatenate(first)
    return _in_order(y.reshape(len(y), -1), classes=evidence.dataset.task == "classification")


def _in_order(y: np.ndarray[Any, Any], *, classes: bool) -> str:
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
