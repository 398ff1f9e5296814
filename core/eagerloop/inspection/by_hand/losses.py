"""The loss of one row, worked by hand.

Shapes: n rows, k outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from eagerloop.inspection.by_hand.sums import Array, Line, Sum, factor, same
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import three

SHOWN = 3
"""So many terms of a longer mean are written out; twice as many of a sum over classes."""


class Rule(NamedTuple):
    """A loss that is known.

    Attributes:
        text: The formula.
        losses: What it gives for each row, (n,).
        lines: From the number of a row to the sum.
    """

    text: str
    losses: Array
    lines: Callable[[int], list[Line]]


def loss_of_row(record: StepFacts, row: int) -> Sum | None:
    """How the loss of one row comes about.

    Args:
        record: A step.
        row: From 0 to n - 1.

    Returns:
        The sum by the first rule that gives what was recorded for every row; None where there is none.

    Example:
        >>> y, predictions = np.array([[1.0], [2.0]]), np.array([[3.0], [2.5]])
        >>> rule = next(_rules(y, predictions, ()))
        >>> rule.losses.tolist(), rule.lines(0)
        ([4.0, 0.25], [Line(name='', numbers='(3.00 - 1.00)^2', result='4.00', term='')])
    """
    recorded = None if record.row_losses is None else record.row_losses.array
    if recorded is None or not isinstance(record.y, Values) or not isinstance(record.predictions, Values):
        return None
    y, predictions = record.y.array, record.predictions.array
    if y is None or predictions is None:
        return None
    weights = None if record.sample_weight is None else record.sample_weight.array
    with np.errstate(all="ignore"):  # exp of a large logit is infinite, and then the rule does not come out
        for rule in _rules(y, predictions.astype(np.float64), record.classes):
            if rule.losses.shape == recorded.shape and same(rule.losses, recorded):
                return Sum(rule.text, rule.lines(row))
            if weights is not None and rule.losses.shape == weights.shape and same(rule.losses * weights, recorded):
                return _weighted(rule, weights, row)
    return None


def _weighted(rule: Rule, weights: Array, row: int) -> Sum:
    """The sum of a rule, and the row's weight behind it."""
    alone, weight = rule.losses[row], float(weights[row])
    counted = Line("times the row's weight", f"{three(alone)} x {three(weight)}", three(alone * weight))
    return Sum(f"{rule.text}, times the weight of the row", [*rule.lines(row), counted])


def _rules(y: Array, predictions: Array, classes: Sequence[str]) -> Iterator[Rule]:
    """Every rule that targets and predictions of these shapes can follow."""
    rows = len(predictions)
    if predictions.ndim != 2 or y.dtype.kind not in "iuf" or len(y) != rows:  # noqa: PLR2004 - (n, k)
        return
    binary = bool(np.all((y == 0) | (y == 1)))
    if y.size == predictions.size:
        yield from _of_differences(y.reshape(rows, -1).astype(np.float64), predictions)
    if y.size == rows and predictions.shape[1] > 1:
        yield _of_classes(y.reshape(rows).astype(int), predictions, classes)
    if y.shape == predictions.shape and predictions.shape[1] > 1 and binary and np.all(y.sum(1) == 1):
        yield _of_classes(y.argmax(1), predictions, classes)
    if y.size == rows == predictions.size and binary:
        yield _of_two_classes(y.reshape(rows), predictions.reshape(rows))


def _of_differences(y: Array, predictions: Array) -> Iterator[Rule]:
    squares, sizes = (predictions - y) ** 2, np.abs(predictions - y)
    for text, marks, values in (
        ("(prediction - target)^2", ("(", ")^2"), squares),
        ("|prediction - target|", ("|", "|"), sizes),
    ):
        yield Rule(text, values.mean(1), _differences(y, predictions, marks, values))


def _differences(y: Array, predictions: Array, marks: tuple[str, str], values: Array) -> Callable[[int], list[Line]]:
    def lines(row: int) -> list[Line]:
        outputs = list(zip(predictions[row], y[row], values[row], strict=True))
        terms = [
            Line("", f"{marks[0]}{three(prediction)} - {factor(target)}{marks[1]}", three(value))
            for prediction, target, value in outputs[:SHOWN]
        ]
        mean = Line("", f"the mean of {len(outputs)} such terms, one for each output", three(values[row].mean()))
        return [*terms, mean] if len(outputs) > 1 else terms

    return lines


def _of_classes(y: Array, logits: Array, classes: Sequence[str]) -> Rule:
    known = (y >= 0) & (y < logits.shape[1])
    target = np.where(known, y, 0)
    exps = np.exp(logits)
    shares = exps / exps.sum(1, keepdims=True)  # (n, k), the softmax
    probabilities = np.where(known, shares[np.arange(len(y)), target], np.nan)

    def lines(row: int) -> list[Line]:
        total, probability = three(exps[row].sum()), three(probabilities[row])
        terms = [f"exp({three(logit)})" for logit in logits[row][:SHOWN]] + ["..."] * (logits.shape[1] > SHOWN)
        name = classes[y[row]] if y[row] < len(classes) else str(y[row])
        return [
            Line("sum over the classes", " + ".join(terms), total),
            Line(f"share of {name}", f"exp({three(logits[row, y[row]])}) / {total}", probability),
            Line("minus its log", f"-log({probability})", three(-np.log(probabilities[row]))),
        ]

    return Rule("-log softmax(logits) of the target's class", -np.log(probabilities), lines)


def _of_two_classes(y: Array, logits: Array) -> Rule:
    ones = 1 / (1 + np.exp(-logits))
    right = np.where(y == 1, ones, 1 - ones)

    def lines(row: int) -> list[Line]:
        one, probability = three(ones[row]), three(right[row])
        other = [Line("share of the target, 0", f"1 - {one}", probability)] if y[row] == 0 else []
        return [
            Line("share of class 1", f"1 / (1 + exp(-{factor(logits[row])}))", one),
            *other,
            Line("minus its log", f"-log({probability})", three(-np.log(right[row]))),
        ]

    return Rule("-log sigmoid(logit) of the target's class", np.logaddexp(0.0, np.where(y == 1, -logits, logits)), lines)
