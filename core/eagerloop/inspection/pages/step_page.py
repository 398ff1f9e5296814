"""The page of one training step: the loop's source down the side, and beside it what each line did.

One file, which needs no network: it can be mailed, put on a stick, opened in ten years.
"""

from collections.abc import Sequence

from eagerloop.inspection.pages.batch_table import baseline_name
from eagerloop.inspection.pages.elements import Markup, bar, document, element, joined, table
from eagerloop.inspection.pages.step_picture import step_picture
from eagerloop.inspection.pages.step_sections import ACTS, Act
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding, LineRecord, OperationRecord
from eagerloop.inspection.transcript.source_lines import deeds
from eagerloop.inspection.writing.numbers_as_text import duration, three

DEEPEST = 4
"""The deepest indentation that is drawn."""

MOST_OPERATIONS = 500
"""Operations that the page lists."""


def step_page(record: StepFacts) -> str:
    """Draws one step as a page.

    Args:
        record: What the step did.

    Returns:
        HTML. It loads nothing, can be read without its script, and escapes every text of the record.
    """
    lines = act_of_each(record.lines)
    title = f"Step {record.step}: {record.parts.get('model', 'model')} on {record.parts.get('dataset', 'data')}"
    sections = [_section(act, record, [line for line, name in lines if name == act.name]) for act in ACTS]
    main = element("main", _head(record), findings(record.findings), sections, _appendix(record), id="main", tabindex=-1)
    skip = element("a", "To what the step did", href="#main", class_="skip")
    return document(title, joined(skip, element("div", _source(record, lines), main, class_="step")), "step.js")


def act_of_each(lines: Sequence[LineRecord]) -> list[tuple[LineRecord, str]]:
    """The lines of the loop, each with the section that tells of it: its own, or else that of the line before."""
    done, current, told = deeds(lines), ACTS[0].name, []
    for line in lines:
        code = line.text.partition("  # ")[0]
        claims = (act.name for act in ACTS if act.deed in done.get(line.number, ()) or any(mark in code for mark in act.marks))
        current = next(claims, current)
        if code.strip():
            told.append((line, current))
    return told


def _code(line: LineRecord) -> Markup:
    """A line with its number, indented by its class; its comment can be told from the code."""
    code, mark, comment = line.text.strip().partition("  # ")
    said = element("span", f" # {comment}", class_="comment") if mark else None
    depth = min(DEEPEST, (len(line.text) - len(line.text.lstrip())) // 4)
    return joined(element("span", line.number, class_="number"), element("code", code, said, class_=f"indent-{depth}"))


def _source(record: StepFacts, lines: Sequence[tuple[LineRecord, str]]) -> Markup:
    """The loop, each line a link to what it did."""
    slowest = max((line.seconds for line in record.lines), default=0.0) or 1.0
    items = [
        element("li", element("a", _code(line), _time(line, slowest), href=f"#line-{line.number}"), data_act=name)
        for line, name in lines
    ]
    head = element("p", "The loop", element("small", record.file), class_="file")
    hint = element("p", "Each line leads to what it did in this step.", class_="hint")
    return element("nav", head, hint, element("ol", items, class_="source"), aria_label="the source of the loop")


def _time(line: LineRecord, slowest: float) -> Markup | None:
    """What a line took, with a bar."""
    if not line.seconds:
        return None
    return element("span", duration(line.seconds), bar(line.seconds / slowest), class_="time")


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
        element("p", parts, class_="parts"),
        element("dl", [element("div", element("dt", name), element("dd", value)) for name, value in figures], class_="figures"),
        step_picture(record),
    )


def findings(found: Sequence[Finding], anchor: str | None = "findings") -> Markup:
    """The mistakes that were recognised, what they mean and what to do.

    Args:
        found: The mistakes.
        anchor: What links lead to; None in a notebook, where other cells may have one, too.
    """
    if not found:
        said = element("p", "None of the mistakes that eagerloop knows was recognised in this step.")
        return element("section", element("h2", "Findings"), said, id=anchor, class_="findings none")
    items = [
        element(
            "li",
            element("h3", element("span", one.severity, class_="severity"), f" {one.id}: {one.title}"),
            element("p", one.happened),
            element("p", element("b", "To do: "), one.fix),
            class_=one.severity if one.severity in ("error", "warning") else "hint",
        )
        for one in found
    ]
    return element("section", element("h2", "Findings"), element("ul", items), id=anchor, class_="findings")


def _section(act: Act, record: StepFacts, lines: Sequence[LineRecord]) -> Markup:
    code = [element("a", _code(line), id=f"line-{line.number}", href=f"#line-{line.number}") for line in lines]
    return element(
        "section",
        element("h2", act.title),
        element("div", code, class_="lines") if code else None,
        element("p", act.told, class_="told"),
        act.shown(record),
        id=act.name,
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
