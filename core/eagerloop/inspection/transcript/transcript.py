"""A step as a text: the loop's own source, line by line, and under each line what it did."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from eagerloop.errors import ConfigError, printable
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LineRecord
from eagerloop.inspection.transcript import explained
from eagerloop.inspection.transcript.source_lines import DEEDS, deeds, shown
from eagerloop.inspection.writing.numbers_as_text import duration
from eagerloop.inspection.writing.text_layout import wrapped

COLOURS = {
    "source": "\x1b[1m",
    "comment": "\x1b[2m",
    "head": "\x1b[1m",
    "good": "\x1b[32m",
    "error": "\x1b[31m",
    "warning": "\x1b[33m",
    "hint": "\x1b[36m",
}
"""The escape sequences of a terminal, by the style of a line."""

RESET = "\x1b[0m"
BAR = "│"
"""What stands before the lines that are no source."""

EXPLAIN = {
    "predict": explained.predicted,
    "measure": explained.measured,
    "collect": explained.collected,
    "differentiate": explained.differentiated,
    "update": explained.updated,
}


class Printed(NamedTuple):
    """A line of the transcript."""

    text: str
    style: str = ""


def step_transcript(
    record: StepFacts, *, row: int | None = None, operations: bool = False, colour: bool = False, width: int = 80
) -> str:
    """Tells a step beside the source that did it.

    Args:
        record: The step.
        row: Whose values are shown, from 0 to n - 1; by default the one that the record was made for.
        operations: List every TensorFlow operation that was recorded, under the line that it ran for.
        colour: With the escape sequences of a terminal.
        width: The longest line, at least 60 characters.

    Returns:
        Lines of text. The same record gives the same text.

    Raises:
        ConfigError: The batch has no such row.
    """
    row = record.row if row is None else row
    if not 0 <= row < record.rows:
        msg = f"the batch has no row {row}: it has {record.rows}, counted from 0"
        raise ConfigError(msg)
    lines = [*_head(record, row, width), *_body(record, row, width, operations=operations), *_findings(record, width)]
    return "\n".join(_painted(line) if colour else printable(line.text) for line in lines)


def _painted(line: Printed) -> str:
    text = printable(line.text)
    if line.style == "said":  # the bar alone
        bar, said = text.split(BAR, 1)
        return f"{COLOURS['comment']}{bar}{BAR}{RESET}{said}"
    return f"{COLOURS[line.style]}{text}{RESET}" if text and line.style else text


def _head(record: StepFacts, row: int, width: int) -> Iterator[Printed]:
    """Which step this is, of what, and one row of its batch."""
    named = ", ".join(
        f"{kind} {name}" for kind, name in record.parts.items() if kind in ("dataset", "model", "loss", "optimizer")
    )
    yield Printed(f"step {record.step}: batch {record.batch} of epoch {record.epoch}, seed {record.seed}", "head")
    yield from (Printed(line) for line in wrapped(f"{named}; {record.task}", width))
    yield Printed("")
    yield from (Printed(line) for line in explained.row_of(record, row, width))
    yield Printed("")


def _body(record: StepFacts, row: int, width: int, *, operations: bool) -> Iterator[Printed]:
    """The source, each line followed by what it did."""
    lines, found = shown(record.lines), deeds(record.lines)
    gutter = len(str(max((line.number for line in lines), default=0))) + 2
    indent = min((len(line.text) - len(line.text.lstrip()) for line in lines if line.text.strip()), default=0)
    bar = f"{BAR:>{gutter - 1}} "
    room = width - len(bar)
    yield Printed(record.file if lines else "the source of this step is not to be had; what it did:", "head")
    for line in lines:
        yield from _source(line, gutter, indent, width)
        said = [text for deed in found.get(line.number, ()) for text in EXPLAIN[deed](record, row, room)]
        if operations:
            said += _operations(record, line.number, room)
        yield from _barred(bar, said)
    for deed in DEEDS:
        if not any(deed in several for several in found.values()):
            yield from _barred(
                bar, [f"{deed}{', in none of these lines alone' if lines else ''}", *EXPLAIN[deed](record, row, room)]
            )


def _barred(bar: str, said: Sequence[str]) -> Iterator[Printed]:
    """What was said, behind a bar, and an empty line after it."""
    if said:
        yield from (Printed(f"{bar}{text}".rstrip(), "said") for text in said)
        yield Printed("")


def _source(line: LineRecord, gutter: int, indent: int, width: int) -> Iterator[Printed]:
    """A line of the source, its number before it, its time behind it. One that is too long goes on below, as in an editor."""
    text = line.text[indent:].rstrip()
    room = width - gutter
    code, mark, remark = text.partition("  # ") if len(text) > room else (text, "", "")
    margin = len(code) - len(code.lstrip())
    pieces = [Printed(piece, "source") for piece in _wrapped_code(code, room, margin + 4)]
    if mark:
        pieces += [Printed(piece, "comment") for piece in _wrapped_code(f"{' ' * (margin + 4)}# {remark}", room, margin + 4)]
    heads = [f"{line.number:>{gutter - 2}}  ", *[" " * gutter] * len(pieces)]
    printed = [Printed(f"{head}{piece.text}".rstrip(), piece.style) for head, piece in zip(heads, pieces, strict=False)]
    return iter(_with_time(printed, duration(line.seconds) if line.seconds else "", width))


def _wrapped_code(code: str, width: int, hang: int) -> list[str]:
    return textwrap.wrap(code, width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False) or [""]


def _with_time(lines: list[Printed], time: str, width: int) -> list[Printed]:
    """The time at the right margin of the first line that has room for it, of one of its own if none has."""
    if not time:
        return lines
    for place, (text, style) in enumerate(lines):
        if len(text) + 2 + len(time) <= width:
            return [*lines[:place], Printed(f"{text}{time:>{width - len(text)}}", style), *lines[place + 1 :]]
    return [*lines, Printed(f"{time:>{width}}", "comment")]


def _operations(record: StepFacts, number: int, width: int) -> list[str]:
    """The operations that ran for one line of the source."""
    own = [operation for operation in record.operations if operation.line == number]
    lines = []
    for operation in own:
        where = f"{operation.layer}: " if operation.layer else ""
        text = f"{where}{operation.name}  {', '.join(operation.inputs)} -> {', '.join(operation.outputs)}"
        lines += wrapped(text, width, 4)
    return ["", f"{len(own)} operations" if len(own) > 1 else "1 operation", *lines] if own else []


def _findings(record: StepFacts, width: int) -> Iterator[Printed]:
    """What was recognised, or that nothing was."""
    yield Printed("")
    for finding in record.findings:
        yield from (Printed(line, finding.severity) for line in wrapped(str(finding), width))
    if not record.findings:
        yield Printed("no known mistake was found in this step", "good")
