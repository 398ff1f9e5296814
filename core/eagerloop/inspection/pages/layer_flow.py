"""The layers of a step, one below the other: what went in, what came out, and the gradient that came back."""

import numpy as np

from eagerloop.inspection.by_hand.answers import meaning_of_answers
from eagerloop.inspection.pages.elements import Markup, element, table
from eagerloop.inspection.pages.heatmaps import heatmap
from eagerloop.inspection.pages.histograms import histogram
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LayerRecord
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.transcript.explained import layer_sentences
from eagerloop.inspection.writing.numbers_as_text import percent, shape_of, three

SUMMARY = ("", "minimum", "mean", "maximum", "standard deviation", "norm", "zeros")
"""The head of a table of summaries."""

LOGITS = "any number, one for each class. The loss makes probabilities of them, by softmax (of one alone by sigmoid)."
"""What a beginner has to know of them."""

NOT_FOLLOWED = "Nothing before this output is trained, so the tape does not follow it: it has no gradient."
NO_WAY_BACK = "The loss does not depend on this output: no gradient comes back."


def summary_row(name: str, values: Values) -> list[str]:
    """An array in six numbers, behind its name."""
    numbers = (values.minimum, values.mean, values.maximum, values.deviation, values.norm)
    return [name, *map(three, numbers), percent(values.zeros)]


def layer_flow(record: StepFacts) -> Markup:
    """Every call of a layer in order."""
    meaning = meaning_of_answers(record)
    drawn = [element("li", _layer(record, layer, place, meaning)) for place, layer in enumerate(record.layers)]
    return element("ol", drawn, class_="flow")


def _layer(record: StepFacts, layer: LayerRecord, place: int, meaning: str) -> Markup:
    shapes = ", ".join(str(given.shape) for given in layer.inputs)
    activation = f", then {layer.activation}" if layer.activation not in ("", "linear") else ""
    title = element(
        "h3",
        layer.name,
        " ",
        element("small", f"{layer.kind}{activation}: {shapes} → {shape_of(layer.output.shape, layer.output.dtype)}"),
    )
    arrays = [("output", layer.output), *([("gradient", layer.gradient)] if layer.gradient else [])]
    numbers = table(SUMMARY, [summary_row(name, values) for name, values in arrays], caption=f"{layer.name} in numbers")
    maps = [heatmap(name, values) for name, values in arrays]
    bars = [histogram(name, values) for name, values in arrays]
    told = [element("p", sentence) for sentence in layer_sentences(record, layer, record.row)]
    if meaning == "logit" and _is_the_answer(record, layer):
        told.append(element("p", element("b", "These are logits: "), LOGITS))
    if layer.gradient is None:
        told.append(element("p", NOT_FOLLOWED if leads_on(record, place) else NO_WAY_BACK))
    group = element("div", maps, class_="maps", data_name=layer.name)
    drawn = element("div", bars, class_="bars-row")
    return element("article", title, told, group, drawn, numbers, id=f"layer-{place}", class_="layer")


def _is_the_answer(record: StepFacts, layer: LayerRecord) -> bool:
    """Whether the layer's output is what the model answers."""
    answer = record.predictions.array if isinstance(record.predictions, Values) else None
    return answer is not None and layer.output.array is not None and np.array_equal(answer, layer.output.array)


def leads_on(record: StepFacts, place: int) -> bool:
    """Whether the loss depends on a layer's output, as far as the record tells: a later layer takes it, and leads on itself.

    Args:
        record: The step.
        place: Of the layer among those of the record.
    """
    output = record.layers[place].output
    takers = (
        number
        for number, later in enumerate(record.layers[place + 1 :], place + 1)
        if any(_alike(output, given) for given in later.inputs)
    )
    return any(record.layers[number].gradient is not None or leads_on(record, number) for number in takers)


def _alike(one: Values, other: Values) -> bool:
    return (one.shape, one.dtype, one.mean, one.norm) == (other.shape, other.dtype, other.mean, other.norm)
