"""Mistakes of the loss: what it compares, how it is reduced, what is left out of it. Shapes: n rows, k outputs."""

from typing import Any

import numpy as np

from eagerloop.inspection.looking.tracing import number
from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, arrays, close, named
from eagerloop.structures import is_tensor, leaves_by_path, map_leaves, map_with_path, rows_of, shapes_in_words

ROWS = 4
"""Rows of the batch that are compared each with each."""

SMALLEST = 1e-6
"""A loss below this is as good as 0, and so is a multiple of it."""


@mistake(
    "EL01",
    "error",
    "every target is compared with every prediction",
    "bring targets and predictions to one shape: y[:, tf.newaxis], or tf.squeeze(predictions, axis=-1)",
    cheap=True,
)
def broadcast(evidence: Evidence) -> str:
    """The loss of some rows is that of all pairs of a target and a prediction, not that of the pairs that belong together."""
    paths = leaves_by_path(evidence.compared[0])
    return next(filter(None, (_stretched(evidence, path) for path in paths)), "") or _weights_stretched(evidence)


def _stretched(evidence: Evidence, path: str) -> str:
    """The same for the targets at one path; the others are those of the predictions' rows."""
    y, predictions = evidence.compared
    even = None if evidence.weights is None else np.ones(rows_of(predictions))
    whole = evidence.loss_of(y, predictions, weights=even)
    if not close(whole, evidence.loss_of(_rolled(y, path), predictions, weights=even)):
        return ""  # it makes a difference which target belongs to which prediction
    words = _of_all_pairs(evidence, path, predictions)
    leaf = leaves_by_path(y)[path]
    if not words and is_tensor(y) and is_tensor(predictions) and leaf.size == predictions.size:
        # Where all predictions lie on one side of all targets, the mean distance is that of all pairs as well.
        others = np.roll(leaf, 1, axis=0).reshape(predictions.shape).astype(predictions.dtype)
        values = [evidence.loss_of(known, others, weights=even) for known in (y, _rolled(y, path))]
        if close(*values):
            words = _of_all_pairs(evidence, path, others)
    return words


def _rolled(y: Any, path: str) -> Any:
    """The targets, those at a path given to the next row."""
    return map_with_path(lambda place, leaf: np.roll(leaf, 1, axis=0) if place == path else leaf, y)


def _of_all_pairs(evidence: Evidence, path: str, predictions: Any) -> str:
    """Whether the loss of a few rows is that of all their pairs, and not that of each row alone."""
    y = evidence.compared[0]
    leaf = leaves_by_path(y)[path]
    rows = _unlike(leaf)
    pairs = np.array([[_row_loss(evidence, path, predictions, i, j) for j in rows] for i in rows])
    even = None if evidence.weights is None else np.ones(len(rows))
    whole, n = evidence.loss_of(_rows(y, rows), _rows(predictions, rows), rows, even), len(leaf)
    made_up = "" if predictions is evidence.compared[1] else " and other predictions"
    told = f"targets {shapes_in_words(y)} and predictions {shapes_in_words(predictions)}"
    alike = is_tensor(predictions) and leaf.shape == predictions.shape
    where = f"y/{path}: {told}" if path else "inside the loss" if alike else told
    for own, every in zip(_averages(pairs.diagonal()), _averages(pairs), strict=True):
        if not close(own, every) and any(close(whole, every * factor) for factor in (1, len(rows), len(rows) ** 2)):
            return (
                f"{where}: stretched against each other to ({n}, {n}), so that it does not matter which target belongs to "
                f"which row (for {len(rows)} rows{made_up} the loss is {whole:.4g}; row by row it would be {own:.4g})"
            )
    return ""


def _weights_stretched(evidence: Evidence) -> str:
    """Whether the weights are multiplied with the losses of all rows, not each with that of its own."""
    if evidence.weights is None:
        return ""
    y, predictions = evidence.compared
    weights = np.asarray(evidence.weights)
    if not close(evidence.whole_loss, evidence.loss_of(y, predictions, weights=np.roll(weights, 1))):
        return ""
    rows = _unlike(weights)

    def of_rows(chosen: list[int], theirs: Any) -> float:
        return evidence.loss_of(_rows(y, chosen), _rows(predictions, chosen), chosen, theirs)

    pairs = np.array([[of_rows([row], weights[[other]]) for row in rows] for other in rows])
    whole = of_rows(rows, weights[rows])
    own, every = float(pairs.diagonal().mean()), float(pairs.mean())
    if close(own, every) or not any(close(whole, every * factor) for factor in (1, len(rows), len(rows) ** 2)):
        return ""
    return (
        f"the weights of the rows, {weights.shape}, are stretched against the losses of all rows, so that it does not matter "
        f"which weight belongs to which row (for {len(rows)} rows the loss is {whole:.4g}; row by row it would be {own:.4g})"
    )


def _rows(structure: Any, rows: list[int]) -> Any:
    return map_leaves(lambda leaf: leaf[rows], structure)


def _averages(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """The mean, and the root of the mean square."""
    return float(values.mean()), float(np.sqrt(np.square(values).mean()))


def _unlike(y: np.ndarray[Any, Any]) -> list[int]:
    """Rows with different targets, as far as there are some."""
    _values, places = np.unique(y, axis=0, return_index=True)
    return sorted(places.tolist()[:ROWS]) if len(places) > 1 else list(range(min(ROWS, len(y))))


def _row_loss(evidence: Evidence, path: str, predictions: Any, target: int, prediction: int) -> float:
    """The loss of one row with the target of another."""

    def of_row(place: str, leaf: Any) -> Any:
        row = target if place == path else prediction
        return leaf[row : row + 1]

    even = None if evidence.weights is None else [1.0]
    y = map_with_path(of_row, evidence.compared[0])
    return evidence.loss_of(y, _rows(predictions, [prediction]), [prediction], even)


@mistake(
    "EL09",
    "warning",
    "the model's own penalties are left out",
    "add them inside the tape: value = loss(y, predictions) + tf.add_n(model.losses)",
    cheap=True,
)
def penalties_left_out(evidence: Evidence) -> str:
    """What is differentiated is the loss alone, and the model has penalties; or it has none to give, and its layers do."""
    if not hasattr(evidence.model, "losses"):
        kept = [name for name, layer in evidence.layers.items() if _regularized(layer)]
        kind = type(evidence.model).__name__
        return f"{named(kept)} has a regularizer, and the model ({kind}) has no `losses` to hand its penalty on" if kept else ""
    minimised, penalties = evidence.minimised, evidence.penalties
    if not evidence.ran or minimised is None or penalties <= 1e-5 * abs(evidence.whole_loss):
        return ""
    data = number(evidence.first.losses[-1].value) if evidence.first.losses else evidence.whole_loss
    left_out = data is not None and abs(minimised - data) < 0.01 * penalties
    words = f"the step minimises {minimised:.4g}, the loss alone; the penalties in model.losses are {penalties:.4g}"
    return words if left_out else ""


def _regularized(layer: Any) -> bool:
    return any(value is not None for name, value in vars(layer).items() if name.endswith("_regularizer"))


@mistake(
    "EL11",
    "warning",
    "the loss is summed, or not reduced",
    "take the mean over the rows: tf.reduce_mean, or reduction='sum_over_batch_size' of a Keras loss",
    cheap=True,
)
def not_a_mean(evidence: Evidence) -> str:
    """The tape gets a value for each row, or their sum: a batch twice as large would make a step twice as long."""
    shapes = [tuple(getattr(call.target, "shape", ())) for call in evidence.differentiated]
    for shape in filter(None, shapes):
        return f"the tape gets a loss of shape {shape}: TensorFlow adds it up over all rows, without a word"
    y, predictions = evidence.compared
    value = evidence.value_of(y, predictions)
    whole = number(value)
    if whole is None:
        # Some losses give a value for each row, and the step is to take the mean. The loop's own step refuses to.
        refused = evidence.traces and not evidence.ran
        return f"the loss has the shape {tuple(value.shape)}, one value for each row, not a scalar" if refused else ""
    minimised, count = _minimised(evidence), rows_of(predictions)
    again = [*range(count)] * 2
    twice = evidence.loss_of(_rows(y, again), _rows(predictions, again), again)
    if abs(whole) > SMALLEST and close(twice, 2 * whole):
        divided = any(close(one, whole / count) for one in minimised)
        told = f"the loss is {whole:.4g} for the batch and {twice:.4g} for the same rows twice: it is a sum over the rows"
        return "" if divided else told
    if not evidence.first.losses and evidence.ran:  # the step has a loss of its own
        whole = evidence.loss_of(y, arrays(evidence.first.result.predictions))
    if count > 1 and abs(whole) > SMALLEST and any(close(one, count * whole) for one in minimised):
        return f"the step minimises {minimised[0]:.4g}, {count} times the mean over its {count} rows: a sum"
    return ""


def _minimised(evidence: Evidence) -> list[float]:
    """What the step minimised, with penalties and without; nothing if that is not known."""
    value = evidence.minimised if evidence.ran else None
    return [] if value is None else [value, value - evidence.penalties]
