"""A step in one picture: the batch goes forward through the layers to the loss, the gradient goes back, the weights move."""

import math

from eagerloop.inspection.pages.charts import thinned
from eagerloop.inspection.pages.elements import Markup, element, joined
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LayerRecord
from eagerloop.inspection.writing.numbers_as_text import three

MOST_LAYERS = 6
"""Layers of the picture; of more, so many are drawn, evenly chosen, the first and the last among them."""


def step_picture(record: StepFacts) -> Markup:
    """Draws what happened as a row of boxes; each is a link to the section that tells of it.

    Args:
        record: What the step did.

    Returns:
        A sentence and the boxes, in the order of the forward pass; what came back stands at the foot of each.
    """
    layers = thinned(record.layers, MOST_LAYERS)
    boxes = [
        _box("given", "batch", f"{record.rows} rows", ", ".join(f"{name} {one.shape}" for name, one in record.given.items())),
        *(_box("forward", layer.name, str(layer.output.shape), _back(layer)) for layer in layers),
        _box("loss", "loss", three(record.loss), "starts the way back"),
        _box("update", "update", f"loss {three(record.loss_after)}", "of the same batch, after it"),
    ]
    cut = f"{len(layers)} of {len(record.layers)} layers, evenly chosen." if len(layers) < len(record.layers) else None
    return joined(
        element("p", _sentence(record)),
        element("ol", [element("li", box) for box in boxes], class_="picture", aria_label="the step in one picture"),
        cut and element("p", cut, class_="left-out"),
    )


def _box(section: str, name: str, figure: str, foot: str) -> Markup:
    inside = (element("b", name), element("span", figure), element("small", foot))
    return element("a", inside, href=f"#{section}")


def _back(layer: LayerRecord) -> str:
    """What came back to the layer's output: how strongly the loss depends on it."""
    return "no gradient" if layer.gradient is None else f"gradient {three(layer.gradient.norm)}"


def _sentence(record: StepFacts) -> str:
    """The whole step, in words."""
    calls = f"{len(record.layers)} layer{'s' * (len(record.layers) != 1)}"
    gone = f"{record.rows} rows go forward through {calls}, and the loss is {three(record.loss)}."
    if not math.isfinite(record.loss):
        return f"{gone} That is no number to go back from: there is no update."
    moved = sum(math.prod(one.value.shape) for one in record.variables if one.gradient is not None)
    change = record.loss_after - record.loss
    went = "falls to" if change < 0 else "rises to" if change > 0 else "stays at"
    back = f"Its gradient goes back, {record.parts.get('optimizer', 'the optimizer')} moves {moved:,} weights"
    return f"{gone} {back}, and the loss of this batch {went} {three(record.loss_after)}."
