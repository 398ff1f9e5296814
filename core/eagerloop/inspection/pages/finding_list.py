"""The mistakes that were recognised: what they mean, what to do, and the line that is at fault."""

from collections.abc import Mapping, Sequence

from eagerloop.inspection.pages.elements import Markup, element, joined
from eagerloop.inspection.records.step_parts import Finding, LineRecord, Place

KNOWN = ("error", "warning")
"""What is drawn in a colour of its own; anything else is a hint."""


def findings(
    found: Sequence[Finding], anchor: str | None = "findings", lines: Mapping[str, LineRecord] | None = None
) -> Markup:
    """The mistakes that were recognised.

    Args:
        found: The mistakes.
        anchor: What links lead to; None in a notebook, where other cells may have one, too.
        lines: The line of the loop that each is about, by its id, where the page has the loop.
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
            _where(one, (lines or {}).get(one.id)),
            id=anchor and target(one),
            class_=_kind(one),
        )
        for one in found
    ]
    return element("section", element("h2", "Findings"), element("ul", items), id=anchor, class_="findings")


def target(finding: Finding) -> str:
    """What links to a finding lead to."""
    return f"finding-{finding.id}"


def flags(found: Sequence[Finding]) -> list[Markup]:
    """A link to each finding, for the lines that they are about."""
    return [
        element("a", one.id, href=f"#{target(one)}", class_=f"flag {_kind(one)}", title=f"{one.id}: {one.title}")
        for one in found
    ]


def _kind(finding: Finding) -> str:
    return finding.severity if finding.severity in KNOWN else "hint"


def _where(finding: Finding, line: LineRecord | None) -> Markup | None:
    """The line of the loop, as a link, and the user's own line with those around it."""
    place = finding.place
    in_loop = None
    if line is not None:
        link = element("a", f"line {line.number}", href=f"#line-{line.number}")
        in_loop = element("p", element("b", "In the loop: "), link, " ", _code(line))
    if place is None or (line is not None and (place.kind, place.line) == ("step", line.number)):
        return in_loop
    return joined(in_loop, _excerpt(place))


def _code(line: LineRecord) -> Markup:
    return element("code", line.text.partition("  # ")[0].strip())


def _excerpt(place: Place) -> Markup:
    """Lines of the user's own, the one that is at fault marked."""
    head = element("figcaption", element("b", f"In the {place.kind}: "), f"{place.file}, line {place.line}")
    indent = min((len(one.text) - len(one.text.lstrip()) for one in place.lines if one.text.strip()), default=0)
    gutter = len(str(max(one.number for one in place.lines))) if place.lines else 0
    rows = [(one.number == place.line, f"{one.number:>{gutter}}  {one.text[indent:]}") for one in place.lines]
    drawn = joined(*(element("mark", text) if guilty else text for guilty, text in rows), between="\n")
    return element("figure", head, element("pre", drawn), class_="excerpt")
