"""What a detector is."""

from collections.abc import Callable
from typing import NamedTuple

from eagerloop.inspection.mistakes.evidence import Evidence
from eagerloop.inspection.records.step_parts import Finding, Severity

Look = Callable[[Evidence], str]


class Detector(NamedTuple):
    """Recognises one mistake.

    Attributes:
        id: `EL01` to `EL20`.
        severity: How bad it is.
        title: The mistake in a few words.
        fix: What to do.
        look: What happened and where, with numbers; an empty text where all is well.
        cheap: Whether it is asked before the first step of every run: it needs no step, and a millisecond at most.
    """

    id: str
    severity: Severity
    title: str
    fix: str
    look: Look
    cheap: bool

    def __call__(self, evidence: Evidence) -> Finding | None:
        """The finding, or None. An experiment that fails says nothing: the part may be meant for other data."""
        try:
            happened = self.look(evidence)
        except (Exception, SystemExit):  # noqa: BLE001 - anybody's code
            return None
        return Finding(self.id, self.severity, self.title, happened, self.fix) if happened else None


def mistake(id: str, severity: Severity, title: str, fix: str, *, cheap: bool = False) -> Callable[[Look], Detector]:  # noqa: A002 - the finding's word
    """Turns a function of the evidence into a detector; see `Detector` for the arguments."""

    def made(look: Look) -> Detector:
        return Detector(id, severity, title, fix, look, cheap)

    return made
