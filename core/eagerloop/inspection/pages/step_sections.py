"""What the lines of the loop did: what each section of the page of a step shows, and its few words while it is folded.

Shapes: n rows in a batch, d features, k outputs.
"""

from typing import Any

import numpy as np

from eagerloop.inspection.by_hand.losses import loss_of_row
from eagerloop.inspection.by_hand.sums import Sum
from eagerloop.inspection.by_hand.updates import update_of_weight, weight_of
from eagerloop.inspection.pages.batch_table import MOST_ROWS, baseline_name
from eagerloop.inspection.pages.elements import Markup, bar, element, joined, table
from eagerloop.inspection.pages.variable_maps import differences, gradients, updates
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.values import Values
from eagerloop.inspection.writing.numbers_as_text import percent, three


def tape(record: StepFacts) -> Markup:
    """What the tape will be asked for."""
    count = sum(int(np.prod(variable.value.shape)) for variable in record.variables if variable.trainable)
    names = ", ".join(variable.name for variable in record.variables if variable.trainable)
    return element("p", f"{count:,} numbers in {names or 'no variable'} are watched.")


def loss(record: StepFacts) -> Markup:
    """How the one number comes about."""
    own = record.loss - sum(record.penalties)
    rows: list[list[Any]] = []
    if record.row_losses is not None:
        rows.append(["mean of the rows' losses", three(record.row_losses.mean)])
    else:
        rows.append(["the loss", three(own)])
    rows += [[f"penalty {number}", three(penalty)] for number, penalty in enumerate(record.penalties, 1)]
    rows.append(["together: what is minimised", three(record.loss)])
    if record.baseline is not None:
        rows.append([f"for comparison: {baseline_name(record.task)}", three(record.baseline)])
    return joined(
        _row_bars(record.row_losses),
        worked(f"The loss of row {record.row}, by hand", loss_of_row(record, record.row)),
        element("p", record.told_of_structures) if record.told_of_structures else None,
        table(("part", "value"), rows, caption="From rows to one number"),
    )


def worked(title: str, sum_: Sum | None) -> Markup | None:
    """A sum by hand, line by line; nothing where there is none that comes out."""
    if sum_ is None:
        return None
    lines = [
        element(
            "tr",
            element("th", f"{line.term} {line.name}" if line.term else line.name, scope="row") if line.name else element("td"),
            element("td", element("code", line.numbers)),
            element("td", "= ", element("b", line.result)),
        )
        for line in sum_.lines
    ]
    said = element("p", element("b", title), element("br"), sum_.rule)
    return element("div", said, element("div", element("table", lines), class_="scroll"), class_="worked")


def _row_bars(losses: Values | None) -> Markup | None:
    """The loss of each row as a bar; all begin at the same 0, and a loss below it goes to the left."""
    if losses is None or losses.array is None or losses.nonfinite:
        return None
    values = np.asarray(losses.array, "float64").reshape(len(losses.array), -1).mean(axis=1)[:MOST_ROWS]
    low, high = min(0.0, float(values.min(initial=0.0))), max(0.0, float(values.max(initial=0.0)))
    room = high - low or 1.0
    bars = [
        element(
            "li",
            element("span", f"row {number}"),
            bar(abs(value) / room, (min(0.0, value) - low) / room),
            element("span", three(value)),
        )
        for number, value in enumerate(values)
    ]
    return element("ol", bars, class_="bars-list", aria_label="the loss of each row")


def gradient(record: StepFacts) -> Markup:
    """The gradients, and whether they are right."""
    return joined(gradients(record.variables), differences(record))


def check(record: StepFacts) -> Markup:
    """What was found to be in order."""
    missing = [variable.name for variable in record.variables if variable.trainable and variable.gradient is None]
    said = f"no gradient for {', '.join(missing)}" if missing else "every variable has a gradient"
    finite = "finite" if np.isfinite(record.loss) else "not finite: there is no update"
    return element("p", f"The loss is {three(record.loss)}: a scalar, and {finite}; {said}.")


def update(record: StepFacts) -> Markup:
    """The optimizer's numbers, and each variable."""
    numbers = [[name, _option(value)] for name, value in record.optimizer.items() if value is not None]
    numbers.append(["updates before this one", str(record.iterations)])
    weight = weight_of(record)
    by_hand = weight and worked(f"One weight by hand: {weight.label}", update_of_weight(record, weight))
    options = element("details", element("summary", "The optimizer's numbers"), table(("option", "value"), numbers))
    return joined(by_hand, options, updates(record.variables))


def _option(value: Any) -> str:
    """A number, or whatever else an optimizer may have."""
    return (
        "on" if value is True else "off" if value is False else three(value) if isinstance(value, int | float) else str(value)
    )


def again(record: StepFacts) -> Markup:
    """The proof of the step."""
    change = record.loss_after - record.loss
    word = "down" if change < 0 else "up" if change > 0 else "unchanged"
    share = f" ({percent(abs(change / record.loss))})" if record.loss else ""
    figures = [
        element("div", element("dt", "before"), element("dd", three(record.loss))),
        element("div", element("dt", "after"), element("dd", three(record.loss_after))),
        element("div", element("dt", word), element("dd", three(abs(change)), element("small", share))),
    ]
    return element("dl", figures, class_="figures")
