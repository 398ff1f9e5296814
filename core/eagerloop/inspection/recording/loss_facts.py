"""What else a loss says of a batch: row by row, of a guess that knows nothing but the targets, and of weights a little off.

Shapes: n rows in a batch, k outputs: y (n, k) or (n,), predictions (n, k).
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.inspection.records.step_parts import DifferenceRecord
from eagerloop.loop import loss_of
from eagerloop.storage.variables import inner_variable
from eagerloop.structures import is_tensor, map_leaves, require_same_rows

MOST_ROWS = 1000
"""Rows whose losses are computed one by one."""

MOST_DIFFERENCES = 20
"""Variables that are checked by finite differences."""

SIZES = (0.3, 0.1, 0.03, 0.01)
"""How far a weight is moved, as a share of what is usual in its variable."""

_CLOSE = 1e-3


def row_losses(loss: Any, batch: Sequence[Any], predictions: Any) -> np.ndarray[Any, Any] | None:
    """The loss of each row as if it were the whole batch, its weight counted, (n,); None where it cannot be had.

    Args:
        loss: The loss.
        batch: x, y and perhaps the weights of the rows, each of n rows.
        predictions: Of n rows.
    """
    try:
        rows = require_same_rows(("x", "y", "sample_weight", "predictions"), (*_three(batch), predictions))
        return np.array([_loss_of_row(loss, batch, predictions, row) for row in range(rows)]) if rows <= MOST_ROWS else None
    except Exception:  # noqa: BLE001 - a loss may be anything; one that needs the whole batch has no losses of rows
        return None


def _three(batch: Sequence[Any]) -> tuple[Any, Any, Any]:
    x, y, *weights = batch
    return x, y, weights[0] if weights else ()


def _loss_of_row(loss: Any, batch: Sequence[Any], predictions: Any, row: int) -> float:
    (x, y, *weights), answer = map_leaves(lambda leaf: leaf[row : row + 1], (tuple(batch), predictions))
    return float(loss_of(loss, y, answer, x, *weights)[0])


def baseline(loss: Any, batch: Sequence[Any], predictions: Any, task: str) -> float | None:
    """The loss of one answer for all rows: the mean of the targets, or the shares of the classes; None where there is none.

    Args:
        loss: The loss.
        batch: x, y and perhaps the weights of the rows, which count in the mean and in the shares.
        predictions: (n, k); their shape and dtype are those of the answer.
        task: `regression` or `classification`; of another, and of structures, there is no usual answer.
    """
    x, y, *weights = batch
    if task == "other" or not is_tensor(y) or not is_tensor(predictions):
        return None

    def measured(answer: Any) -> float:
        return float(loss_of(loss, y, tf.cast(tf.convert_to_tensor(answer), predictions.dtype), x, *weights)[0])

    try:
        known = np.asarray(y)
        counts = np.asarray(weights[0], np.float64) if weights else np.ones(len(known))
        if task == "regression":
            guess = np.average(known.astype(np.float64), axis=0, weights=counts)
            return measured(np.broadcast_to(guess, known.shape).reshape(predictions.shape))
        return _of_shares(measured, known, predictions.shape, counts)
    except Exception:  # noqa: BLE001 - as above
        return None


def _of_shares(
    measured: Callable[[Any], float], y: np.ndarray[Any, Any], shape: Sequence[int], counts: np.ndarray[Any, Any]
) -> float | None:
    """The shares as logits or as probabilities: whichever gives the entropy of the shares is what the loss takes."""
    outputs = shape[-1]
    numbers = y.reshape(-1).astype(int) if y.ndim == 1 or y.shape[-1] == 1 else y.argmax(axis=-1)
    weights = np.repeat(counts, len(numbers) // len(counts))  # a class a row, or one at each of its places
    shares = np.bincount(numbers, weights, minlength=max(2, outputs)) / weights.sum()
    entropy = -sum(share * math.log(share) for share in shares if share) * weights.mean()
    safe = np.clip(shares, 1e-9, 1 - 1e-9)
    logits, odds = (np.log(safe), shares) if outputs > 1 else (np.log(safe[1:] / safe[0]), shares[1:])
    for guess in (logits, odds):
        value = measured(np.broadcast_to(guess, shape))
        if abs(value - entropy) <= _CLOSE * max(1.0, entropy):
            return value
    return None


def differences(
    variables: Mapping[str, Any], gradients: Mapping[str, Any], loss_now: Callable[[], float]
) -> Iterator[DifferenceRecord]:
    """Checks the largest gradient of each variable.

    The loss is computed in float32, whose rounding spoils small moves, and a kink (relu) spoils large ones: the weight is
    moved by several lengths, and of two neighbours that agree best the shorter is taken. The tape's answer has no say in it.

    Args:
        variables: Trainable variables by name.
        gradients: What the tape says, by the same names, as arrays of the variables' shapes.
        loss_now: The loss with the variables as they are, and always the same draws.

    Yields:
        A record a variable. The variables are as before when it is made.
    """
    for name, variable in list(variables.items())[:MOST_DIFFERENCES]:
        gradient = gradients.get(name)
        if gradient is None or not gradient.size or not np.isfinite(gradient).all():
            continue
        place = np.unravel_index(int(np.argmax(np.abs(gradient))), gradient.shape)
        index = tuple(int(part) for part in place)
        inner = inner_variable(variable)
        before = np.array(inner.numpy())
        try:
            found = _difference(inner, before, index, loss_now)
        finally:
            inner.assign(before)
        yield DifferenceRecord(name, index, float(before[index]), float(gradient[index]), found)


def _difference(variable: Any, before: np.ndarray[Any, Any], index: tuple[int, ...], loss_now: Callable[[], float]) -> float:
    usual = max(abs(float(before[index])), float(np.sqrt(np.mean(np.square(before, dtype=np.float64)))), 0.1)
    slopes = []
    for size in SIZES:
        sides = []
        for sign in (1, -1):
            moved = before.copy()
            moved[index] += sign * size * usual
            variable.assign(moved)
            sides.append((float(moved[index]), loss_now()))
        (right, above), (left, below) = sides
        slopes.append((above - below) / (right - left) if right != left else math.nan)
    jumps = [abs(slope - following) for slope, following in itertools.pairwise(slopes)]
    finite = [(jump, place) for place, jump in enumerate(jumps) if math.isfinite(jump)]
    return slopes[min(finite)[1] + 1] if finite else slopes[-1]
