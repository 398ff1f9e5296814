"""Says where an error in the middle of a run comes from: epoch, step, and whose code it was."""

import inspect
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.hooks import LIFECYCLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eagerloop.loop import Step
    from eagerloop.run import Run

MARK = "eagerloop: "
"""How a note begins that eagerloop has added to somebody else's error."""


def not_finite(run: "Run", step: "Step") -> str:
    """The message for a loss that is nan or infinite: where, and which rows of the batch may be at fault.

    Args:
        run: The run, its position moved past the step.
        step: The step, whose update was left out.

    Returns:
        One sentence, and what to do next.
    """
    where = run.position
    rows = sorted({*_bad_rows(step.x), *_bad_rows(step.y)}) or sorted(_bad_rows(step.predictions))
    first = (where.batch - 1) * int(run.assembly.first_batch[0].shape[0])
    what = "data" if {*_bad_rows(step.x), *_bad_rows(step.y)} else "predictions"
    blame = f"; {what} not finite in row {', '.join(map(str, rows[:5]))} of the batch (row {first + rows[0]} of the epoch)" if rows else ""
    return (
        f"the loss is {float(step.loss)} in epoch {where.epoch}, step {where.step} (batch {where.batch}){blame}; the update was left "
        "out and nothing was saved: lower the learning rate or mend the data, then resume, or use on_nonfinite 'skip'"
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
