"""Says where an error in the middle of a run comes from: epoch, step, and whose code it was."""

import inspect
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.hooks import LIFECYCLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eagerloop.run import Run

MARK = "eagerloop: "
"""How a note begins that eagerloop has added to somebody else's error."""


def not_finite(run: "Run", loss: float, x: Any, y: Any) -> str:
    """The message for a loss that is nan or infinite: where, and which rows of the batch are at fault.

    Args:
        run: The run, its position moved past the step.
        loss: What the loss was.
        x: The batch's features.
        y: The batch's targets.

    Returns:
        One sentence, and what to do next.
    """
    where = run.position
    rows = sorted({*_bad_rows(x), *_bad_rows(y)})
    what = "the data are not finite in"
    if not rows:
        rows = sorted(_bad_rows(run.model(x, training=False)))
        what = "the model's predictions are not finite for"
    shown = ", ".join(str(row + 1) for row in rows[:5]) + (" ..." if len(rows) > 5 else "")  # noqa: PLR2004
    at_fault = f" ({what} row {shown} of the batch)" if rows else ""
    return (
        f"the loss is {loss} in epoch {where.epoch}, batch {where.batch}, step {where.step}{at_fault}; the update was left out and "
        "the last checkpoint kept: lower the learning rate or mend the data and resume, or use on_nonfinite 'skip'"
    )


def _bad_rows(tensor: Any) -> set[int]:
    values = np.asarray(tensor)
    if values.dtype.kind not in "fc":
        return set()
    return {int(row) for row in np.nonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))[0]}


def blame(error: BaseException, run: "Run") -> None:
    """Adds a note to an error that a part or an observer raised: its name, its owner, the hook, the epoch and the step."""
    where = f"epoch {run.position.epoch}, step {run.position.step + 1}"
    for frame_file, function in _frames(error.__traceback__):
        for words, (factory, made) in run.assembly.owners.items():
            if frame_file in _files(factory, made):
                hook = f" in {function}" if function in LIFECYCLE else ""
                error.add_note(f"{MARK}raised by {words}{hook}, {where}; the last checkpoint is kept")
                return
    error.add_note(f"{MARK}raised in {where}; the last checkpoint is kept")


def _frames(trace: TracebackType | None) -> "Iterator[tuple[str, str]]":
    """File and function of every frame, innermost first. A hook's name is told for the frames that it called as well."""
    found = []
    hook = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        hook = code.co_name if code.co_name in LIFECYCLE else hook
        found.append((code.co_filename, hook or code.co_name))
        trace = trace.tb_next
    return reversed(found)


def _files(factory: Any, made: Any) -> set[str]:
    found = set()
    for thing in (factory, made, type(made)):
        try:
            found.add(inspect.getfile(inspect.unwrap(thing)))
        except TypeError:
            continue  # an instance, or something built in
    return found
