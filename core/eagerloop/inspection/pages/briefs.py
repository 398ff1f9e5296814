"""The few words that a section of the page of a step has while it is folded."""

import math

from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.writing.numbers_as_text import percent, three

MOST_NAMES = 5
"""Layers that are named."""


def given(record: StepFacts) -> str:
    """The tensors that go in."""
    return ", ".join(f"{name} {values.shape}" for name, values in record.given.items())


def tape(record: StepFacts) -> str:
    """How much is watched."""
    return f"{sum(math.prod(one.value.shape) for one in record.variables if one.trainable):,} numbers are watched"


def forward(record: StepFacts) -> str:
    """The layers by name."""
    names = [layer.name for layer in record.layers]
    if len(names) > MOST_NAMES:
        names[MOST_NAMES - 1 : -1] = [f"{len(names) - MOST_NAMES} more"]
    return " → ".join(names)


def loss(record: StepFacts) -> str:
    """The one number."""
    return f"loss {three(record.loss)}"


def gradient(record: StepFacts) -> str:
    """How strong all gradients together are."""
    own = [one for one in record.variables if one.trainable]
    norm = gradient_norm(record)
    missing = sum(one.gradient is None for one in own)
    said = "no gradient" if norm is None else f"norm of all gradients {three(norm)}"
    return f"{said}, {missing} of {len(own)} variables without one" if missing and norm is not None else said


def gradient_norm(record: StepFacts) -> float | None:
    """The norm of all gradients together; None if there is none."""
    norms = [one.gradient.norm for one in record.variables if one.gradient is not None]
    return math.hypot(*norms) if norms else None


def check(record: StepFacts) -> str:
    """Yes or no."""
    return "the loss is finite" if math.isfinite(record.loss) else "the loss is not finite: there is no update"


def update(record: StepFacts) -> str:
    """How far the weights moved."""
    ratios = [one.ratio for one in record.variables if one.trainable and one.ratio > 0 and math.isfinite(one.ratio)]
    kind = str(record.optimizer.get("class", "the optimizer"))
    if not ratios:
        return kind
    low, high = percent(min(ratios)), percent(max(ratios))
    return f"{kind} moves them by {low if low == high else f'{low} to {high}'} of their value"


def again(record: StepFacts) -> str:
    """Before and after."""
    return f"loss {three(record.loss)} → {three(record.loss_after)}"
