"""The page of one training step: the loop's source down the side, and beside it what each line did.

One file, which needs no network: it can be mailed, put on a stick, opened in ten years. Its sections are folded; a link to what
is in one unfolds it.
"""

from collections.abc import Sequence

from eagerloop.inspection.pages.acts import ACTS, Act
from eagerloop.inspection.pages.batch_table import baseline_name
from eagerloop.inspection.pages.elements import Markup, document, element, joined, table
from eagerloop.inspection.pages.finding_list import findings
from eagerloop.inspection.pages.guilty_lines import guilty_lines
from eagerloop.inspection.pages.source_listing import act_of_each, lines_of_section, side_listing
from eagerloop.inspection.pages.step_picture import step_picture
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding, OperationRecord
from eagerloop.inspection.writing.numbers_as_text import three

MOST_OPERATIONS = 500
"""Operations that the page lists."""


def step_page(record: StepFacts) -> str:
    """Draws one step as a page.

    Args:
        record: What the step did.

    Returns:
        HTML. It loads nothing, can be read without its script, and escapes every text of the record.
    """
    lines, guilty = act_of_each(record.lines), guilty_lines(record)
    flagged = {line.number: [one for one in record.findings if guilty.get(one.id) == line] for line in guilty.values()}
    own = {act.name: [line for line, name in lines if name == act.name] for act in ACTS}
    found = {name: [one for line in those for one in flagged.get(line.number, ())] for name, those in own.items()}
    title = f"Step {record.step}: {record.parts.get('model', 'model')} on {record.parts.get('dataset', 'data')}"
    sections = [_section(act, record, lines_of_section(own[act.name], flagged), found[act.name]) for act in ACTS]
    told = findings(record.findings, lines=guilty)
    unfold = element("p", element("button", "Unfold all", type="button"), class_="unfold", hidden=True)
    main = element("main", _head(record), told, unfold, sections, _appendix(record), id="main", tabindex=-1)
    skip = element("a", "To what the step did", href="#main", class_="skip")
    return document(title, joined(skip, element("div", side_listing(record, lines, flagged), main, class_="step")), "step.js")


def _section(act: Act, record: StepFacts, lines: Markup | None, found: Sequence[Finding]) -> Markup:
    """One section, folded unless something was found in it. What links lead to is inside, so that a link unfolds it."""
    head = element("summary", element("h2", act.title), element("span", act.brief(record), class_="brief"))
    inside = element("div", lines, element("p", act.told, class_="told"), act.shown(record), id=act.name, class_="inside")
    return element("section", element("details", head, inside, open=bool(found)), data_act=act.name)


def _head(record: StepFacts) -> Markup:
    """Which step of what, and how it went."""
    parts = [element("span", element("b", kind), f" {name}") for kind, name in record.parts.items()]
    rate = record.optimizer.get("learning_rate")
    figures = [
        ("loss", three(record.loss)),
        ("after the update", three(record.loss_after)),
        *([(baseline_name(record.task), three(record.baseline))] if record.baseline is not None else []),
        *([("learning rate", three(rate))] if isinstance(rate, float) else []),
    ]
    return element(
        "header",
        element("p", f"epoch {record.epoch}, batch {record.batch}, seed {record.seed}", class_="eyebrow"),
        element("h1", f"Step {record.step} in slow motion"),
        step_picture(record),
        element("p", parts, class_="parts"),
        element("dl", [element("div", element("dt", name), element("dd", value)) for name, value in figures], class_="figures"),
    )


def _appendix(record: StepFacts) -> Markup:
    """What is needed to make the step again, and every operation if those were asked for."""
    rows = [[name, version] for name, version in record.versions.items()]
    for name, (before, after) in record.seeds.items():
        states = (" ".join(map(three, values.array.ravel())) if values.array is not None else "?" for values in (before, after))
        rows.append([f"{name}, before and after", " → ".join(states)])
    inside = [table(("what", "value"), rows, caption="Versions, and the states of the random generators")] if rows else []
    return element(
        "footer", element("details", element("summary", "To make this step again"), inside), _operations(record.operations)
    )


def _operations(operations: Sequence[OperationRecord]) -> Markup | None:
    if not operations:
        return None
    rows = [
        [one.line, one.name, one.layer, ", ".join(one.inputs), ", ".join(one.outputs)] for one in operations[:MOST_OPERATIONS]
    ]
    cut = f", the first {len(rows)}" if len(rows) < len(operations) else ""
    listed = table(
        ("line", "operation", "layer", "inputs", "outputs"), rows, caption="Operations in the order in which they ran"
    )
    return element("details", element("summary", f"{len(operations)} operations{cut}"), listed)
