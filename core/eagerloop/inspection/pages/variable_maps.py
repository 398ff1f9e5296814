"""The variables of a step: their gradients, and what the optimizer did with them."""

import math
from collections.abc import Iterator, Sequence

from eagerloop.inspection.pages.elements import Markup, element, joined, table
from eagerloop.inspection.pages.heatmaps import Axes, heatmap
from eagerloop.inspection.pages.histograms import histogram
from eagerloop.inspection.pages.layer_flow import SUMMARY, summary_row
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import VariableRecord
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import percent, shape_of, three

INPUTS = Axes("input", "unit")


def gradients(variables: Sequence[VariableRecord]) -> Markup:
    """A row for each variable that is trained."""
    rows = [
        [variable.name, shape_of(variable.value.shape, variable.value.dtype), *_gradient_cells(variable)]
        for variable in variables
        if variable.trainable
    ]
    head = ("variable", "shape", "gradient's norm", "smallest", "mean", "largest")
    return table(head, rows, caption="The gradient of the loss with respect to each variable")


def _gradient_cells(variable: VariableRecord) -> list[str]:
    gradient = variable.gradient
    if gradient is None:
        return ["none: the loss does not depend on it", "", "", ""]
    return [three(number) for number in (gradient.norm, gradient.minimum, gradient.mean, gradient.maximum)]


def differences(record: StepFacts) -> Markup | None:
    """What the tape says beside what two losses say."""
    if not record.differences:
        return None
    rows = [
        [f"{one.variable}[{', '.join(map(str, one.index))}]", three(one.value), three(one.gradient), three(one.difference)]
        for one in record.differences
    ]
    head = ("weight", "value w", "gradient, by the tape", "by two losses")
    said = element(
        "p",
        "The tape can be checked without it: move one weight a little up and a little down, and see how much the loss moves: ",
        element("code", "(loss(w + h) - loss(w - h)) / 2h"),
        f"; {record.told_of_gradients}." if record.told_of_gradients else ".",
    )
    return element("div", said, table(head, rows, caption="Gradients checked by finite differences"))


def updates(variables: Sequence[VariableRecord]) -> Markup:
    """An article for each variable, those that no optimizer changes at the end."""
    ordered = sorted(variables, key=lambda variable: not variable.trainable)
    return element("div", [_variable(variable) for variable in ordered], class_="variables")


def ratio_cells(ratio: float) -> list[str]:
    """How far a step went, as a percentage and as a power of ten; nothing where there was no value to compare with.

    Example:
        >>> ratio_cells(0.001), ratio_cells(0.0)
        (['0.1%', '-3.00'], ['-', '-'])
    """
    return [percent(ratio), three(math.log10(ratio))] if ratio > 0 and math.isfinite(ratio) else ["-", "-"]


def _variable(variable: VariableRecord) -> Markup:
    arrays = list(_arrays(variable))
    kind = "" if variable.trainable else ", not trained"
    shape = shape_of(variable.value.shape, variable.value.dtype)
    maps = [heatmap(name, values, INPUTS) for name, values in arrays]
    bars = [histogram(name, values) for name, values in arrays]
    return element(
        "article",
        element("h3", variable.name, " ", element("small", shape + kind)),
        element("p", _how_far(variable)),
        element("div", maps, class_="maps", data_name=variable.name),
        element("div", bars, class_="bars-row"),
        table(SUMMARY, [summary_row(*named) for named in [*arrays, *_slots(variable)]], caption=f"{variable.name} in numbers"),
    )


def _how_far(variable: VariableRecord) -> Markup:
    """The size of the update in a sentence."""
    if not variable.ratio:
        return joined(
            "The update is 0." if not variable.update.norm else "There was no value before to compare the update with."
        )
    share, power = ratio_cells(variable.ratio)
    return joined("The update is ", element("b", share), f" of the value, norm by norm: 10 to the power of {power}.")


def _arrays(variable: VariableRecord) -> Iterator[tuple[str, Values]]:
    yield "value before", variable.value
    if variable.gradient is not None:
        yield "gradient", variable.gradient
    yield "update", variable.update


def _slots(variable: VariableRecord) -> Iterator[tuple[str, Values]]:
    """What the optimizer remembers of the variable."""
    for name, (before, after) in variable.slots.items():
        yield f"{name} before", before
        yield f"{name} after", after
