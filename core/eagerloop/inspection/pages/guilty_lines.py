"""Which lines of the loop the findings are about."""

from collections.abc import Mapping, Sequence

from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import Finding, LineRecord
from eagerloop.inspection.transcript.source_lines import deeds

DEED: Mapping[str, str] = {
    "EL01": "measure",
    "EL02": "predict",
    "EL03": "predict",
    "EL04": "collect",
    "EL05": "measure",
    "EL06": "measure",
    "EL07": "differentiate",
    "EL08": "differentiate",
    "EL09": "measure",
    "EL10": "measure",
    "EL11": "measure",
    "EL12": "update",
    "EL13": "update",
    "EL14": "predict",
    "EL16": "begin",
    "EL17": "begin",
    "EL19": "predict",
}
"""What the line of the loop does that a finding is about; `begin` is the first line. A metric is in none of them."""

NOT_FINITE = {"x": "begin", "y": "begin", "the weights": "begin", "the predictions": "predict", "a gradient": "differentiate"}
"""The same for numbers that are not finite, by what the finding begins with; else it is the loss."""


def guilty_lines(record: StepFacts) -> dict[str, LineRecord]:
    """For each finding its line of the loop, by the finding's id: that of its place, else the one that does what went wrong."""
    known = {line.number: line for line in record.lines}
    done = {deed: number for number, several in deeds(record.lines).items() for deed in several}
    code = [line.number for line in record.lines if line.text.strip() and not line.text.lstrip().startswith("@")]
    done |= {"begin": code[0]} if code else {}
    lines = {}
    for finding in record.findings:
        own = finding.place is not None and finding.place.kind == "step" and finding.place.file == record.file
        number = finding.place.line if finding.place and own else done.get(_deed(finding))
        if number in known:
            lines[finding.id] = known[number]
    return lines


BOX = {
    "begin": "given",
    "predict": "forward",
    "measure": "loss",
    "collect": "gradient",
    "differentiate": "gradient",
    "update": "update",
}
"""The box of the picture, by what goes wrong there."""


def by_box(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings by the box of the picture that they are about: where something goes wrong, wherever its line stands."""
    boxes: dict[str, list[Finding]] = {}
    for one in findings:
        boxes.setdefault(BOX.get(_deed(one), ""), []).append(one)
    return boxes


def _deed(finding: Finding) -> str:
    if finding.id == "EL18":
        return next((deed for words, deed in NOT_FINITE.items() if finding.happened.startswith(f"{words} ")), "measure")
    return DEED.get(finding.id, "")
