"""A step in a notebook: the numbers of its page, without script, style sheet or picture, so that every notebook shows them.

The colours are those of the notebook, light or dark.
"""

from collections.abc import Iterator
from typing import Any

from eagerloop.inspection.by_hand.losses import loss_of_row
from eagerloop.inspection.by_hand.updates import update_of_weight, weight_of
from eagerloop.inspection.pages.batch_table import batch_table
from eagerloop.inspection.pages.elements import Markup, element, table
from eagerloop.inspection.pages.finding_list import findings
from eagerloop.inspection.pages.histograms import small_histogram
from eagerloop.inspection.pages.step_sections import worked
from eagerloop.inspection.pages.variable_maps import differences, ratio_cells
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LayerRecord, VariableRecord
from eagerloop.inspection.writing.numbers_as_text import percent, three

FEW_ROWS = 10
"""Rows of the batch in a cell."""

MOST_LINES = 60
"""Layers and variables in a cell."""


def step_cell(record: StepFacts) -> str:
    """Draws one step for a notebook.

    Args:
        record: What the step did.

    Returns:
        HTML without a script; every text of the record is escaped.
    """
    parts = ", ".join(f"{kind} {name}" for kind, name in record.parts.items())
    title = f"Step {record.step}: loss {three(record.loss)}, the same batch after the update {three(record.loss_after)}"
    return element(
        "div",
        element("p", element("b", title), element("br"), f"epoch {record.epoch}, batch {record.batch}, {parts}"),
        findings(record.findings, None) if record.findings else None,
        [_folded(name, shown, unfolded=number < 2) for number, (name, shown) in enumerate(_pieces(record))],  # noqa: PLR2004
        class_="eagerloop-step",
    )


def _folded(name: str, shown: Markup, *, unfolded: bool) -> Markup:
    return element("details", element("summary", name), shown, open=unfolded)


def _pieces(record: StepFacts) -> Iterator[tuple[str, Markup]]:
    """What the cell has, in the order of the loop."""
    yield "The batch", batch_table(record, FEW_ROWS)
    yield "The layers", _layers(record)
    by_hand = worked(f"The loss of row {record.row}, by hand", loss_of_row(record, record.row))
    if by_hand:
        yield "The loss", by_hand
    yield "The variables", _variables(record)
    weight = weight_of(record)
    moved = weight and worked(f"One weight by hand: {weight.label}", update_of_weight(record, weight))
    if moved:
        yield "The update of one weight", moved
    checked = differences(record)
    if checked:
        yield "Gradients checked by finite differences", checked


def _layers(record: StepFacts) -> Markup:
    head = ("layer", "class", "output", "", "minimum", "mean", "maximum", "zeros", "dead", "gradient's norm")
    return table(head, [_layer(layer) for layer in record.layers[:MOST_LINES]], caption=_cut("Layers", len(record.layers)))


def _layer(layer: LayerRecord) -> list[Any]:
    values = layer.output
    numbers = map(three, (values.minimum, values.mean, values.maximum))
    norm = three(layer.gradient.norm) if layer.gradient else "none"
    return [
        layer.name,
        layer.kind,
        str(values.shape),
        small_histogram(values),
        *numbers,
        percent(values.zeros),
        percent(layer.dead),
        norm,
    ]


def _variables(record: StepFacts) -> Markup:
    head = ("variable", "shape", "value", "gradient", "value's norm", "gradient's norm", "update's norm", "ratio", "log10")
    rows = [_variable(variable) for variable in record.variables[:MOST_LINES]]
    return table(head, rows, caption=_cut("Variables", len(record.variables)))


def _variable(variable: VariableRecord) -> list[Any]:
    gradient, update = variable.gradient, variable.update
    drawn = [small_histogram(variable.value), small_histogram(gradient) if gradient else ""]
    norms = [three(variable.value.norm), three(gradient.norm) if gradient else "none", three(update.norm)]
    return [variable.name, str(variable.value.shape), *drawn, *norms, *ratio_cells(variable.ratio)]


def _cut(name: str, count: int) -> str:
    return name if count <= MOST_LINES else f"{name}: the first {MOST_LINES} of {count}"
