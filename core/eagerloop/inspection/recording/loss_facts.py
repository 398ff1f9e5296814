"""What else a loss says of a batch: row by row, of a guess that knows nothing but the targets, and of weights a little off.

Shapes: n rows in a batch, k outputs: y (n, k) or (n,), predictions (n, k).
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.inspection.records.step_parts import DifferenceRecord
from eagerloop.storage.variables import inner_variable

MOST_ROWS = 1000
"""Rows whose losses are computed one by one."""

MOST_DIFFERENCES = 20
"""Variables that are checked by finite differences."""

SIZES = (0.3, 0.1, 0.03, 0.01)
"""How far a weight is moved, as a share of what is usual in its variable."""

_CLOSE = 1e-3


def row_losses(loss: Any, y: Any, predictions: Any) -> np.ndarray[Any, Any] | None:
    """The loss of each row as if it were the whole batch, (n,); None where it cannot be had."""
    if not 0 < len(predictions) <= MOST_ROWS or len(y) != len(predictions):
        return None
    try:
        return np.array([float(loss(y[row : row + 1], predictions[row : row + 1])) for row in range(len(y))])
    except Exception:  # noqa: BLE001 - a loss may be anything; one that needs the whole batch has no losses of rows
        return None


def baseline(loss: Any, y: Any, predictions: Any, task: str) -> float | None:
    """The loss of one answer for all rows: the mean of the targets, or the shares of the classes; None where there is none."""
    try:
        if task == "regression":
            guess = tf.reduce_mean(tf.cast(y, tf.float64), axis=0, keepdims=True)
            rows = tf.broadcast_to(guess, tf.shape(y))
            return float(loss(y, tf.reshape(tf.cast(rows, predictions.dtype), tf.shape(predictions))))
        return _of_shares(loss, np.asarray(y), predictions)
    except Exception:  # noqa: BLE001 - as above
        return None


def _of_shares(loss: Any, y: np.ndarray[Any, Any], predictions: Any) -> float | None:
    """The shares as logits or as probabilities: whichever gives the entropy of the shares is what the loss takes."""
    outputs = predictions.shape[-1]
    numbers = y.reshape(-1).astype(int) if y.ndim == 1 or y.shape[-1] == 1 else y.argmax(axis=-1)
    shares = np.bincount(numbers, minlength=max(2, outputs)) / len(numbers)
    entropy = -sum(share * math.log(share) for share in shares if share)
    safe = np.clip(shares, 1e-9, 1 - 1e-9)
    logits, odds = (np.log(safe), shares) if outputs > 1 else (np.log(safe[1:] / safe[0]), shares[1:])
    for guess in (logits, odds):
        rows = np.broadcast_to(guess, predictions.shape)
        value = float(loss(tf.convert_to_tensor(y), tf.cast(tf.constant(rows), predictions.dtype)))
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
