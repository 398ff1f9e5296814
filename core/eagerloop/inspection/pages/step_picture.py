"""A step in one picture: the batch goes forward through the layers to the loss, the gradient goes back, the weights move."""

import math
import re
from collections.abc import Sequence

from eagerloop.inspection.pages.briefs import gradient_norm
from eagerloop.inspection.pages.charts import thinned
from eagerloop.inspection.pages.elements import Markup, element, joined
from eagerloop.inspection.pages.guilty_lines import by_box
from eagerloop.inspection.pages.layer_flow import leads_on
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding
from eagerloop.inspection.writing.numbers_as_text import three

MOST_LAYERS = 6
"""Layers of the picture; of more, so many are drawn, evenly chosen, the first and the last among them."""


def step_picture(record: StepFacts) -> Markup:
    """Draws what happened as a row of boxes; each is a link to what the page tells of it.

    Args:
        record: What the step did.

    Returns:
        A sentence and the boxes: forward, then the way back, whose numbers stand at the foot of each layer, then the update.
    """
    found = by_box(record.findings)
    layers = thinned(list(enumerate(record.layers)), MOST_LAYERS)
    tensors = ", ".join(f"{name} {one.shape}" for name, one in record.given.items())
    norm = gradient_norm(record)
    back = "no gradient" if norm is None else f"norm {three(norm)}"
    forward = _by_layer(found.get("forward", ()), [layer.name for _place, layer in layers])
    boxes = [
        _box("given", "batch", f"{record.rows} rows", tensors, found.get("given")),
        *(
            _box(f"layer-{place}", layer.name, str(layer.output.shape), _back(record, place), forward.get(layer.name))
            for place, layer in layers
        ),
        _box("loss", "loss", three(record.loss), "of the batch", found.get("loss")),
        _box("gradient", "back", back, "of all gradients", found.get("gradient")),
        _box("update", "update", f"loss {three(record.loss_after)}", "of the same batch, after it", found.get("update")),
    ]
    cut = f"{len(layers)} of {len(record.layers)} layers, evenly chosen." if len(layers) < len(record.layers) else None
    return joined(
        element("p", _sentence(record), class_="sentence"),
        element("ol", [element("li", box) for box in boxes], class_="picture", aria_label="the step in one picture"),
        cut and element("p", cut, class_="left-out"),
    )


def _by_layer(found: Sequence[Finding], names: Sequence[str]) -> dict[str, list[Finding]]:
    """The findings of the forward pass by the layer that they name; by the last one where they name none."""
    told: dict[str, list[Finding]] = {}
    for one in found:
        named = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", one.happened)]
        for name in named or names[-1:]:
            told.setdefault(name, []).append(one)
    return told


def _box(place: str, name: str, figure: str, foot: str, found: Sequence[Finding] | None) -> Markup:
    wrong = [element("em", ", ".join(one.id for one in found))] if found else []
    inside = (element("b", name), element("span", figure), element("small", foot), *wrong)
    return element("a", inside, href=f"#{place}", class_="guilty" if found else None)


def _back(record: StepFacts, place: int) -> str:
    """What came back to the layer's output: how strongly the loss depends on it."""
    gradient = record.layers[place].gradient
    if gradient is not None:
        return f"← gradient {three(gradient.norm)}"
    return "no weight so far" if leads_on(record, place) else "no gradient"


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
