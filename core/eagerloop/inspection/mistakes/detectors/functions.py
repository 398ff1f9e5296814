"""Mistakes around `tf.function`."""

from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence


@mistake(
    "EL20",
    "warning",
    "print inside tf.function runs once",
    "use tf.print, which is part of the graph; or leave @tf.function away while you look",
)
def printed_once(evidence: Evidence) -> str:
    """Something was printed while a graph was made; or the run is compiled, and the step prints."""
    first = evidence.first
    line = next(iter((first.printed_while_tracing or first.printed).strip().splitlines()), "")
    shown = line if len(line) <= 60 else f"{line[:57]}..."  # noqa: PLR2004
    if first.printed_while_tracing:
        return f"'{shown}' was printed when TensorFlow made a graph of the function, and not in the steps after it"
    if first.printed and evidence.compiled:
        return f"the step prints '{shown}', and the run is compiled: it will be printed once, when the graph is made"
    return ""
