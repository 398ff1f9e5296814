"""What each deed of a step did, in lines of text.

Shapes: n rows, d features, k outputs.
"""

from collections.abc import Iterator

import numpy as np

from eagerloop.inspection.by_hand.losses import loss_of_row
from eagerloop.inspection.by_hand.sums import Sum, same
from eagerloop.inspection.by_hand.units import first_unit, normalised, silenced
from eagerloop.inspection.by_hand.updates import WORKED, update_of_weight, weight_of
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LayerRecord, VariableRecord
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import percent, three
from eagerloop.inspection.writing.text_layout import bars, folded, listed, table, word, wrapped

Text = Iterator[str]

FEATURES = 12
"""So many columns of a row are named."""


def row_of(record: StepFacts, row: int, width: int) -> Text:
    """One row of the batch, by the names of its columns; of a structure, tensor by tensor."""
    columns = {"x": record.features, "y": record.targets}
    for name, values in record.given.items():
        large = ", too large to be kept whole" if values.array is None else ""
        yield f"{name}  {values.shape} {values.dtype}{large}{'' if values.lengths is None else ', ragged'}"
        if values.array is None:
            continue
        cells = values.row(row)
        texts = [word(cell) for cell in cells[: FEATURES + 1]]
        names = columns.get(name, [""] * len(cells))  # a tensor in a structure stands under its own name
        if name == "y" and len(cells) == 1 and cells[0] in range(len(record.classes)):
            texts = [record.classes[int(cells[0])]]
        labels = [names[place] if place < len(names) else f"{name}{place}" for place in range(len(texts))]
        written = [f"{label} {text}".lstrip() for label, text in zip(labels, texts, strict=True)]
        more = [f"... {len(cells) - FEATURES} more"] if len(cells) > FEATURES else []
        yield from folded(f"   row {row}: ", [*written[:FEATURES], *more], width)
    if record.y_is_empty:
        yield "y  empty: the loss asks for something else than targets"


def predicted(record: StepFacts, row: int, width: int) -> Text:
    """Values in and out of each layer, and the answer for one row."""
    seen: dict[str, Values] = {}
    for layer in record.layers:
        entering = ", ".join(str(values.shape) for values in layer.inputs)
        bend = f" with {layer.activation}" if layer.activation not in ("", "linear") else ""
        yield from wrapped(f"{layer.name}: {layer.kind}{bend}, {entering} -> {layer.output.shape}", width)
        for values in layer.inputs:
            origin = _origin(values, seen)
            yield from [f"  in  {origin}"] if origin else _values("in", values, row, width)
        yield from _values("out", layer.output, row, width)
        for sentence in layer_sentences(record, layer, row):
            yield from _indented(sentence, width)
        yield ""
        seen[f"the output of {layer.name}"] = layer.output
    for name, values in record.answered.items():
        origin = _origin(values, seen)
        yield f"{name}, {values.shape}{': ' if origin else ''}{origin}"
        if not origin:
            yield from _values("", values, row, width)


def _origin(values: Values, seen: dict[str, Values]) -> str:
    """What values are called that have just been shown."""
    if values.array is not None:
        for name, other in reversed(list(seen.items())):
            if other.array is not None and np.array_equal(values.array, other.array):
                return name
    return ""


def _values(name: str, values: Values, row: int, width: int) -> Text:
    """Some values of one row, then the figures of all rows."""
    head = f"  {name:<4}"
    if values.array is not None and values.array.ndim and row < len(values.array):
        label = f"row {row}  "
        yield f"{head}{label}{listed(values.row(row), width - len(head) - len(label))}"
        head = " " * len(head)
    if values.dtype == "string":
        return
    bad = f"  {values.nonfinite} nan or infinite" if values.nonfinite else ""
    extremes = f"min {three(values.minimum)}  mean {three(values.mean)}  max {three(values.maximum)}"
    figures = f"{head}{extremes}  zeros {percent(values.zeros)}{bad}"
    whole = f"{figures}  {_picture(values)}".rstrip()
    yield whole if len(whole) <= width else figures


def _picture(values: Values) -> str:
    """The histogram of what is not all the same."""
    return bars(values.counts).rstrip() if values.minimum < values.maximum else ""


def layer_sentences(record: StepFacts, layer: LayerRecord, row: int) -> Text:
    """What is to be known of a layer of this kind, if it holds of this one."""
    unit = first_unit(record, layer, row)
    if unit is not None:
        yield f"by hand: {unit.name} = {unit.numbers} = {unit.result}"
    dropout = silenced(layer)
    if dropout is not None and not dropout.dropped:
        yield "dropped none of the values"
    elif dropout is not None:
        rate = 1 - 1 / dropout.scale
        yield (
            f"dropped {percent(dropout.dropped)} of the values; the others are multiplied by {dropout.scale:.3g} = "
            f"1 / (1 - {rate:.3g}), so that on average their sum stays what it was"
        )
    if normalised(record, layer):
        yield "the mean of each column is beta now: its mean over this batch was taken off, its deviation divided out"
    if layer.dead:
        yield f"{percent(layer.dead)} of the units are 0 for every row of the batch"


def _indented(sentence: str, width: int) -> Text:
    return ("  " + line for line in wrapped(sentence, width - 2))


def measured(record: StepFacts, row: int, width: int) -> Text:
    """The loss of one row by hand, the mean over the batch, and a yardstick."""
    losses = None if record.row_losses is None else record.row_losses.array
    work = loss_of_row(record, row)
    if work is not None:
        yield from wrapped(f"row {row} by hand: {work.rule}", width)
        yield from _sum(work, width)
    elif losses is not None:
        yield f"row {row} alone has the loss {three(losses[row])}"
    if work is None and record.told_of_structures:
        yield record.told_of_structures
    own = record.loss - sum(record.penalties)
    name = ""
    if losses is not None:
        name = next((name for name, total in (("mean", losses.mean()), ("sum", losses.sum())) if same(total, own)), "")
        yield f"all {len(losses)} rows: {listed(losses, width - len(f'all {len(losses)} rows: '))}"
    yield f"their {name} is the loss: {three(own)}" if name else f"the loss: {three(own)}"
    if record.penalties:
        yield f"with the model's own penalties: {' + '.join(map(three, [own, *record.penalties]))} = {three(record.loss)}"
    if record.baseline is not None:
        guess = "the shares of the classes" if record.classes else "the mean of the targets"
        yield from wrapped(f"a yardstick: predicting {guess} for every row has the loss {three(record.baseline)}", width)


def _sum(work: Sum, width: int) -> Text:
    """A sum with its results below each other; a line that is too long for that is not padded."""
    names = max(len(line.name) for line in work.lines)
    results = max(len(line.result) for line in work.lines)
    head = names + 4 if names else 2
    room = width - head - results - len(" = ")
    numbers = max((len(line.numbers) for line in work.lines if len(line.numbers) <= room), default=0)
    for line in work.lines:
        start = f"  {line.name:<{names}}".ljust(head)
        whole = f"{start}{line.numbers:<{numbers}} = {line.result}"
        yield from [whole] if len(whole) <= width else wrapped(whole, width, head)


def collected(record: StepFacts, _row: int, width: int) -> Text:
    """The variables that will be changed."""
    own = [variable for variable in record.variables if variable.trainable]
    count = sum(int(np.prod(variable.value.shape)) for variable in own)
    names = [f"{variable.name} {variable.value.shape}" for variable in own]
    yield from folded(f"{count:,} numbers: ", names, width)


def differentiated(record: StepFacts, _row: int, width: int) -> Text:
    """The gradients by variable and by layer output, and the check by finite differences."""
    rows: list[tuple[str, ...]] = [("gradient by", "shape", "norm", "min", "max", "")]
    rows += [_gradient(variable.name, variable.gradient) for variable in record.variables if variable.gradient is not None]
    rows += [_gradient(f"output of {layer.name}", layer.gradient) for layer in record.layers if layer.gradient is not None]
    if max(map(len, table(rows, 2, 5))) > width:  # the histograms are the first to go
        rows = [row[:-1] for row in rows]
    yield from table(rows, 2, 5, width)
    if record.differences:
        yield ""
        yield from wrapped("checked by finite differences, (loss(w + h) - loss(w - h)) / 2h with the same draws:", width)
        checks = [("weight", "value", "by the tape", "by differences")]
        checks += [
            (f"{check.variable}{list(check.index)}", three(check.value), three(check.gradient), three(check.difference))
            for check in record.differences
        ]
        yield from table(checks, width=width)
        yield from wrapped(record.told_of_gradients, width) if record.told_of_gradients else ()


def _gradient(name: str, values: Values) -> tuple[str, ...]:
    return name, str(values.shape), three(values.norm), three(values.minimum), three(values.maximum), _picture(values)


def updated(record: StepFacts, _row: int, width: int) -> Text:
    """Each variable's update, one weight through the optimizer's arithmetic, and the same batch again."""
    if any(variable.update.norm for variable in record.variables if variable.trainable):
        rows: list[tuple[str, ...]] = [("variable", "norm", "of the update", "ratio", "")]
        rows += [_update(variable) for variable in record.variables if variable.trainable or _moved(variable)]
        yield from table(rows, 1, 4, width)
        yield ""
        yield from _one_weight(record, width)
        yield ""
    else:
        yield "no variable was changed"
    again = f"the same batch again, with the same draws: loss {three(record.loss)} -> {three(record.loss_after)}"
    yield from wrapped(again, width)


def _moved(variable: VariableRecord) -> bool:
    """Whether something else than the optimizer changed it; the state of a generator is whole numbers, and no weight."""
    return variable.update.norm > 0 and variable.value.dtype.startswith(("float", "bfloat"))


def _update(variable: VariableRecord) -> tuple[str, ...]:
    norms = (three(variable.value.norm), three(variable.update.norm))
    return (
        variable.name,
        *norms,
        percent(variable.ratio) if variable.ratio else "-",
        "" if variable.trainable else "by its layer",
    )


def _one_weight(record: StepFacts, width: int) -> Text:
    weight = weight_of(record)
    if weight is None:
        return
    head = (
        f"one weight through {record.optimizer.get('class', 'the optimizer')}, update {record.iterations + 1}: {weight.label}"
    )
    yield from wrapped(f"{head}, g = {three(weight.gradient)}", width)
    work = update_of_weight(record, weight)
    if work is not None:
        yield from _indented(work.rule, width)
        yield from _sum(work, width)
        yield "  which is what the step left behind"
        return
    if str(record.optimizer.get("class")) in WORKED:
        yield from _indented("no sum: its options or gradients make it do more than usual", width)
    rows = [("", "before", "after"), ("weight", three(weight.value), three(weight.value + weight.update))]
    rows += [(slot, three(before), three(after)) for slot, (before, after) in weight.slots.items()]
    yield from ("  " + line for line in table(rows, width=width - 2))
