"""The loop's source: at the side of the page, and line by line over what each line did."""

from collections.abc import Mapping, Sequence

from eagerloop.inspection.pages.acts import ACTS
from eagerloop.inspection.pages.elements import Markup, bar, element, joined
from eagerloop.inspection.pages.finding_list import flags
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding, LineRecord
from eagerloop.inspection.transcript.source_lines import deeds
from eagerloop.inspection.writing.numbers_as_text import duration

DEEPEST = 4
"""The deepest indentation that is drawn."""

Flagged = Mapping[int, Sequence[Finding]]
"""The findings by the number of the line that they are about."""


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


def side_listing(record: StepFacts, lines: Sequence[tuple[LineRecord, str]], flagged: Flagged) -> Markup:
    """The loop, each line a link to what it did.

    Args:
        record: The step.
        lines: The lines, each with its section.
        flagged: The findings of each.
    """
    slowest = max((line.seconds for line in record.lines), default=0.0) or 1.0
    items = [
        element(
            "li",
            element("a", _code(line), _time(line, slowest), href=f"#line-{line.number}"),
            flags(flagged.get(line.number, ())),
            class_="guilty" if line.number in flagged else None,
            data_act=name,
        )
        for line, name in lines
    ]
    head = element("p", "The loop", element("small", record.file), class_="file")
    hint = element("p", "Each line leads to what it did in this step.", class_="hint")
    return element("nav", head, hint, element("ol", items, class_="source"), aria_label="the source of the loop")


def lines_of_section(lines: Sequence[LineRecord], flagged: Flagged) -> Markup | None:
    """The lines that a section tells of, each a place that links lead to; None if it has none."""
    shown = [
        element(
            "div",
            element("a", _code(line), id=f"line-{line.number}", href=f"#line-{line.number}"),
            flags(flagged.get(line.number, ())),
            class_="guilty" if line.number in flagged else None,
        )
        for line in lines
    ]
    return element("div", shown, class_="lines") if shown else None


def _code(line: LineRecord) -> Markup:
    """A line with its number, indented by its class; its comment can be told from the code."""
    code, mark, comment = line.text.strip().partition("  # ")
    said = element("span", f" # {comment}", class_="comment") if mark else None
    depth = min(DEEPEST, (len(line.text) - len(line.text.lstrip())) // 4)
    return joined(element("span", line.number, class_="number"), element("code", code, said, class_=f"indent-{depth}"))


def _time(line: LineRecord, slowest: float) -> Markup | None:
    """What a line took, with a bar."""
    if not line.seconds:
        return None
    return element("span", duration(line.seconds), bar(line.seconds / slowest), class_="time")
