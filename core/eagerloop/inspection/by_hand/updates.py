"""The update of one weight, worked by hand: Adam's arithmetic, and that of stochastic gradient descent."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eagerloop.inspection.by_hand.sums import Line, Sum, factor, same
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import VariableRecord
from eagerloop.inspection.writing.numbers_as_text import three

OPTIONS = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "amsgrad", "nesterov")
"""With one of these, an optimizer does more than the sums below."""

MOST_DECIMALS = 8
"""A float32 weight has no more decimals than these."""


@dataclass(frozen=True, eq=False)
class Weight:
    """One element of a trainable variable, through one step.

    Attributes:
        variable: Its record.
        index: Which element.
        value: Before the step.
        gradient: Of the loss.
        update: After the step minus before.
        slots: The optimizer's own values for it, before and after, by name.
    """

    variable: VariableRecord
    index: tuple[int, ...]
    value: float
    gradient: float
    update: float
    slots: Mapping[str, tuple[float, float]]

    @property
    def label(self) -> str:
        """How it is called: `dense1/kernel[2, 5]`."""
        return f"{self.variable.name}{list(self.index)}" if self.index else self.variable.name


def weight_of(record: StepFacts) -> Weight | None:
    """The weight to follow: the one whose gradient was checked first, else the one with the largest gradient of its variable.

    Returns:
        A weight; None where no variable with a gradient was kept whole.
    """
    whole = {
        variable.name: variable
        for variable in record.variables
        if variable.gradient is not None and variable.gradient.array is not None and variable.gradient.array.size
        if variable.gradient.shape == variable.update.shape == variable.value.shape
    }
    checked = next(
        (
            (check.variable, check.index)
            for check in record.differences
            if check.variable in whole and _is_in(check.index, whole[check.variable].value.shape)
        ),
        None,
    )
    if checked is None and whole:
        variable = next(iter(whole.values()))
        largest = np.unravel_index(np.argmax(np.abs(variable.gradient.array)), variable.gradient.shape)  # type: ignore[union-attr,arg-type]
        checked = variable.name, tuple(int(place) for place in largest)
    return None if checked is None else _weight(whole[checked[0]], checked[1])


def _is_in(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether there is such an element: a record may come from anywhere."""
    return len(index) == len(shape) and all(0 <= place < size for place, size in zip(index, shape, strict=True))


def _weight(variable: VariableRecord, index: tuple[int, ...]) -> Weight:
    def at(values: Any) -> float:
        return float(values.array[index])

    slots = {
        name: (at(before), at(after))
        for name, (before, after) in variable.slots.items()
        if before.array is not None and after.array is not None and before.shape == after.shape == variable.value.shape
    }
    return Weight(variable, index, at(variable.value), at(variable.gradient), at(variable.update), slots)


def update_of_weight(record: StepFacts, weight: Weight) -> Sum | None:
    """How the optimizer changed one weight.

    Args:
        record: The step.
        weight: One of its weights.

    Returns:
        The sum; None where the optimizer is another one or has further options, or the sum gives another number than the step.
    """
    work = WORKED.get(str(record.optimizer.get("class")))
    if work is None or any(record.optimizer.get(option) for option in OPTIONS):
        return None
    try:
        return work(record, weight)
    except (KeyError, TypeError, ZeroDivisionError):  # an optimizer of the same name without those options
        return None


def _adam(record: StepFacts, weight: Weight) -> Sum | None:
    rate, beta1, beta2, epsilon = (float(record.optimizer[name]) for name in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    (m0, m1), (v0, v1), g, t = weight.slots["momentum"], weight.slots["velocity"], weight.gradient, record.iterations + 1
    m = beta1 * m0 + (1 - beta1) * g
    v = beta2 * v0 + (1 - beta2) * g**2
    correction = math.sqrt(1 - beta2**t) / (1 - beta1**t)
    step = rate * correction * m / (math.sqrt(v) + epsilon)
    if not (same(m, m1, abs(g)) and same(v, v1) and _same_update(-step, weight)):
        return None
    lines = [
        Line("m", f"{beta1:g} x {factor(m0)} + (1 - {beta1:g}) x {factor(g)}", three(m), "momentum"),
        Line("v", f"{beta2:g} x {factor(v0)} + (1 - {beta2:g}) x {factor(g)}^2", three(v), "velocity"),
        Line("c", f"sqrt(1 - {beta2:g}^{t}) / (1 - {beta1:g}^{t})", three(correction), "bias correction"),
        Line("step", f"{rate:g} x {three(correction)} x {factor(m)} / (sqrt({three(v)}) + {epsilon:g})", three(step)),
        _new_weight(weight, -step),
    ]
    return Sum("momentum m, velocity v: means of g and g^2 from 0; c: bias correction", lines)


def _descent(record: StepFacts, weight: Weight) -> Sum | None:
    rate, momentum = float(record.optimizer["learning_rate"]), float(record.optimizer.get("momentum") or 0.0)
    g = weight.gradient
    lines = []
    if momentum:
        before, after = weight.slots["momentum"]
        step = momentum * before - rate * g
        if not same(step, after, abs(rate * g)):
            return None
        lines.append(Line("step", f"{momentum:g} x {factor(before)} - {rate:g} x {factor(g)}", three(step)))
    else:
        step = -rate * g
        lines.append(Line("step", f"-{rate:g} x {factor(g)}", three(step)))
    if not _same_update(step, weight):
        return None
    rule = (
        "the step before, shortened, and the gradient downhill"
        if momentum
        else "the learning rate times the gradient, downhill"
    )
    return Sum(rule, [*lines, _new_weight(weight, step)])


WORKED: Mapping[str, Callable[[StepFacts, Weight], Sum | None]] = {"Adam": _adam, "SGD": _descent}
"""Sums by the class of the optimizer."""


def _same_update(update: float, weight: Weight) -> bool:
    """The recorded update is a difference of two weights, rounded as they are."""
    return same(update, weight.update, abs(weight.value))


def _new_weight(weight: Weight, update: float) -> Line:
    """Both numbers with as many decimals as show two digits of the update: the weight's own three digits may not move."""
    decimals = max(2, 1 - int(f"{update:.1e}".partition("e")[2]))
    sign = "-" if update < 0 else "+"
    if decimals > MOST_DECIMALS:
        return Line("weight", f"{three(weight.value)} {sign} {three(abs(update))}", three(weight.value + update))
    numbers = f"{weight.value:.{decimals}f} {sign} {abs(update):.{decimals}f}"
    return Line("weight", numbers, f"{weight.value + update:.{decimals}f}")
