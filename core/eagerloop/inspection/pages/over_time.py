"""What changed from one recorded step to the next: the layers' outputs, and how far each variable moved."""

import math
from collections.abc import Callable, Sequence

from eagerloop.inspection.pages.charts import COLOURS, Guide, Series, chart, thinned
from eagerloop.inspection.pages.elements import Markup, element, joined
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LayerRecord

USUAL = -3.0
"""The power of ten of a usual update, relative to the value: a rule of thumb."""

FIGURES: Sequence[tuple[str, Callable[[LayerRecord], float], Sequence[float]]] = (
    ("mean", lambda layer: layer.output.mean, (0,)),
    ("standard deviation", lambda layer: layer.output.deviation, (0,)),
    ("dead share", lambda layer: layer.dead, (0, 1)),
)
"""What is drawn of each layer's output, and what the axis must reach."""


def layers_over_time(records: Sequence[StepFacts]) -> Markup | None:
    """Mean, standard deviation and dead share of every layer's output; at most eight layers to a chart."""
    names = list(dict.fromkeys(layer.name for record in records for layer in record.layers))
    if not names:
        return None
    shown = thinned(names, COLOURS)
    drawn = []
    for title, figure, within in FIGURES:
        series = [
            Series(name, [(record.step, figure(layer)) for record in records for layer in record.layers if layer.name == name])
            for name in shown
        ]
        drawn.append(chart(f"{title} of the output", ("step", title), series, within=within))
    told = element(
        "p",
        "The standard deviation says how far the outputs lie around their mean. A unit is dead if its output is 0 for every "
        "row of the batch. A standard deviation that shrinks to 0 from layer to layer, or a dead share that grows, means that "
        "less and less gets through.",
        class_="told",
    )
    return joined(told, _left_out(names, shown, "layers"), element("div", drawn, class_="charts"))


def ratios_over_time(records: Sequence[StepFacts]) -> Markup | None:
    """The update of each variable relative to its value, as a power of ten."""
    names = list(dict.fromkeys(one.name for record in records for one in record.variables if one.trainable))
    if not names:
        return None
    shown = thinned(names, COLOURS)
    series = [
        Series(
            name,
            [
                (record.step, math.log10(one.ratio))
                for record in records
                for one in record.variables
                if one.name == name and one.ratio > 0
            ],
        )
        for name in shown
    ]
    told = element(
        "p",
        "About -3, a thousandth of the value a step, is usual. Far above it, the weights jump about; far below it, hardly "
        "anything is learnt.",
        class_="told",
    )
    drawn = chart("update ratio", ("step", "log10 of update / value"), series, guides=[Guide(USUAL, "usual")], alone=True)
    return joined(told, _left_out(names, shown, "variables"), element("div", drawn, class_="charts"))


def _left_out(names: Sequence[str], shown: Sequence[str], what: str) -> Markup | None:
    if len(shown) == len(names):
        return None
    return element("p", f"{len(shown)} of {len(names)} {what}, evenly chosen: {', '.join(shown)}.", class_="left-out")
