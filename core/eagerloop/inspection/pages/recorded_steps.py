"""The recorded steps of a run one by one: a slider chooses; without a script they stand below each other."""

from collections.abc import Sequence
from typing import Any

from eagerloop.inspection.pages.batch_table import baseline_name
from eagerloop.inspection.pages.elements import Markup, element, joined, table
from eagerloop.inspection.pages.histograms import small_histogram
from eagerloop.inspection.pages.variable_maps import ratio_cells
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import percent, shape_of, three

MOST_LINES = 16
"""Layers and variables of a step."""

SUMMARY = ("distribution", "mean", "standard deviation")


def recorded_steps(records: Sequence[StepFacts]) -> Markup | None:
    """A slider and a panel for each step."""
    if not records:
        return None
    slider = element(
        "p",
        element("label", "Recorded step ", for_="step"),
        element("input", type="range", id="step", min=0, max=len(records) - 1, value=len(records) - 1, step=1),
        element("output", for_="step"),
        class_="slider",
        hidden=True,
    )
    return joined(slider, [_panel(record) for record in records])


def _panel(record: StepFacts) -> Markup:
    figures = [("loss", three(record.loss)), ("same batch after it", three(record.loss_after))]
    if record.baseline is not None:
        figures.append((baseline_name(record.task), three(record.baseline)))
    said = [element("li", f"{one.id} {one.severity}: {one.title}. {one.happened}") for one in record.findings]
    return element(
        "article",
        element("h3", f"Step {record.step} ", element("small", f"epoch {record.epoch}, batch {record.batch}")),
        element("dl", [element("div", element("dt", name), element("dd", value)) for name, value in figures], class_="figures"),
        element("ul", said) if said else None,
        _layers(record),
        _variables(record),
        class_="recorded",
        data_step=f"{record.step}, epoch {record.epoch}",
    )


def _layers(record: StepFacts) -> Markup:
    rows = [
        [layer.name, _shape(layer.output), *_summary(layer.output), percent(layer.dead), _norm(layer.gradient)]
        for layer in record.layers[:MOST_LINES]
    ]
    head = ("layer", "output", *SUMMARY, "dead", "gradient's norm")
    return table(head, rows, caption=_cut("Layers", len(record.layers)))


def _variables(record: StepFacts) -> Markup:
    rows = [
        [one.name, _shape(one.value), *_summary(one.value), _norm(one.gradient), *ratio_cells(one.ratio)]
        for one in record.variables[:MOST_LINES]
    ]
    head = ("variable", "shape", *SUMMARY, "gradient's norm", "update ratio", "log10")
    return table(head, rows, caption=_cut("Variables", len(record.variables)))


def _shape(values: Values) -> str:
    return shape_of(values.shape, values.dtype)


def _summary(values: Values) -> list[Any]:
    return [small_histogram(values), three(values.mean), three(values.deviation)]


def _norm(values: Values | None) -> str:
    return three(values.norm) if values else "none"


def _cut(name: str, count: int) -> str:
    return name if count <= MOST_LINES else f"{name}: the first {MOST_LINES} of {count}"
