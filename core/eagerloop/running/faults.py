"""Says where an error in the middle of a run comes from: epoch, step, and whose code it was."""

import contextlib
import inspect
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from types import CodeType, TracebackType
from typing import Any

import numpy as np
import pluggy
import tensorflow as tf

from eagerloop.building.run_parts import RunParts
from eagerloop.errors import ConfigError, DataError
from eagerloop.inspection.mistakes.findings import SEEN_AT_FIRST, findings_of
from eagerloop.loop import loss_of, penalties, train_step
from eagerloop.process.numerics import without_deterministic_form
from eagerloop.standing import Position
from eagerloop.storage.variables import path_of
from eagerloop.structures import leaves_by_path, require_same_rows

MARK = "eagerloop: "
"""How a note begins that eagerloop has added to somebody else's error."""

LOOKED_THROUGH = 1000
"""Batches in which an uneven one is looked for: a graph that does a whole stretch does not say at which it ended."""


def not_finite(where: Position, parts: RunParts, loss: float, batch: Sequence[Any]) -> str:
    """The message for a loss or a gradient that is nan or infinite: where, and which rows or variables are at fault.

    Args:
        where: The position, moved past the step.
        parts: The parts of the run, the update left out.
        loss: What the loss was.
        batch: x and y, and the rows' weights if there are some.

    Returns:
        One sentence, and what to do next.
    """
    if math.isfinite(loss):
        what = f"the gradient of {_bad_gradients(parts, *batch)} is not finite, though the loss is {loss:.6g},"
        return _stopped(what, where, "")
    rows = sorted(set().union(*map(_bad_rows, batch)))
    what = "the data are not finite in"
    if not rows:
        rows = sorted(_bad_rows(parts.model(batch[0], training=False)))
        what = "the model's predictions are not finite for"
    shown = ", ".join(str(row + 1) for row in rows[:5]) + (" ..." if len(rows) > 5 else "")  # noqa: PLR2004
    return _stopped(f"the loss is {loss}", where, f" ({what} row {shown} of the batch)" if rows else "")


def _stopped(what: str, where: Position, at_fault: str) -> str:
    return (
        f"{what} in epoch {where.epoch}, batch {where.batch}, step {where.step}{at_fault}; the update was left out "
        "and the last checkpoint kept: lower the learning rate or mend the data and resume, or use on_nonfinite 'skip'"
    )


def _bad_gradients(parts: RunParts, x: Any, y: Any, sample_weight: Any = None) -> str:
    """The variables whose gradients are not finite: the step is differentiated once more, if it is the loop's own."""
    if parts.step is not train_step:
        return "a variable"
    with tf.GradientTape() as tape:
        measured, _figures = loss_of(parts.loss, y, parts.model(x, training=True), x, sample_weight)
        value = tf.add_n([measured, *penalties(parts.model)])
    variables = parts.model.trainable_variables
    pairs = zip(variables, tape.gradient(value, variables), strict=True)
    bad = [variable for variable, gradient in pairs if _bad_rows(tf.convert_to_tensor(gradient)[None])]
    names = [path_of(variable) for variable in bad]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "a variable"  # noqa: PLR2004


def _bad_rows(structure: Any) -> set[int]:
    """The rows in which a tensor, or one of a structure, is not finite."""
    found: set[int] = set()
    for leaf in leaves_by_path(structure).values():
        values = np.asarray(leaf.to_tensor() if isinstance(leaf, tf.RaggedTensor) else leaf)
        if values.dtype.kind in "fc":
            bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
            found |= {int(row) for row in np.nonzero(bad)[0]}
    return found


def refuse_other_shapes(error: BaseException) -> None:
    """Words what TensorFlow says when a batch has another shape than the first one.

    Raises:
        DataError: The error was that.
    """
    match = re.search(r"(\[[\d,]*\]) is not compatible with expected shape (\[[\d,?]*\])", str(error))
    if match and isinstance(error, tf.errors.InvalidArgumentError):
        told = "; ".join(note.removeprefix(MARK) for note in getattr(error, "__notes__", ()))
        msg = f"the dataset must give batches of one shape, got {match[1]} after {match[2]} ({told}); pad or drop the odd ones"
        raise DataError(msg) from error


def refuse_uneven_rows(error: BaseException, parts: RunParts, position: Position) -> None:
    """Words what TensorFlow says of a batch whose tensors differ in rows, which a graph tells without their names.

    Raises:
        DataError: The batch of the error, or a later one of the epoch, is such.
    """
    if not isinstance(error, tf.errors.InvalidArgumentError):
        return
    batches = parts.dataset.train(position.epoch, position.batch)
    for place, batch in enumerate(itertools.islice(batches, LOOKED_THROUGH), start=position.batch + 1):
        try:
            require_same_rows(("x", "y", "sample_weight")[: len(batch)], batch)
        except DataError as fault:
            msg = f"in epoch {position.epoch}, batch {place}, {fault}"
            raise DataError(msg) from error


def refuse_undeterministic(error: BaseException, parts: RunParts) -> None:
    """Words what TensorFlow says when it has no deterministic form of an operation, which XLA has of few.

    Raises:
        ConfigError: The error was that.
    """
    msg = without_deterministic_form(error, jit=parts.settings.jit)
    if msg:
        raise ConfigError(msg) from error


def refuse_unknown_variables(error: BaseException) -> None:
    """Words what a Keras optimizer says of a variable that it was not built with.

    Raises:
        ConfigError: The error was that.
    """
    match = re.match(r"Unknown variable: <Variable path=([^,]+),", str(error))
    if match and isinstance(error, ValueError):
        msg = (
            f"the optimizer was built without {match[1]}, which is to be trained now; give one that is not built, or build it "
        )
        msg += "with every variable that may be thawed"
        raise ConfigError(msg) from error


@contextlib.contextmanager
def exits_told() -> Iterator[None]:
    """Tells a `sys.exit` of a part for what it is: no signal came, and nobody asked the run to stop.

    Raises:
        RuntimeError: In its place.
    """
    try:
        yield
    except SystemExit as error:
        msg = f"sys.exit({'' if error.code is None else repr(error.code)}) was called; to end a run, call run.stop(reason)"
        raise RuntimeError(msg).with_traceback(error.__traceback__) from error


def blame(error: BaseException, parts: RunParts, position: Position, *, saved: bool) -> None:
    """Adds a note to an error that a part or an observer raised: its name, its owner, the hook, the epoch and the step.

    Args:
        error: What ended the run.
        parts: The parts of the run.
        position: Where the run stands.
        saved: Whether there is a checkpoint.
    """
    _add_findings(error, parts, position)
    frames = [({code, code.co_filename}, code.co_name, hook) for code, hook in _frames(error.__traceback__)]
    # Of a function that was turned into a graph, TensorFlow remembers the file and the name alone.
    converted = getattr(getattr(error, "ag_error_metadata", None), "translated_stack", ())
    frames = [
        ({frame.filename, (frame.filename, frame.function_name)}, frame.function_name, "") for frame in converted
    ] + frames
    where = _where(position, {name for _keys, function, hook in frames for name in (function, hook)})
    kept = "the last checkpoint is kept" if saved else "there was no checkpoint yet"
    origins = {words: origin for words, origin in parts.origins.items() if origin.part is not train_step}  # it is the loop's
    # By the function first, then by the file: a user's script may hold several parts.
    for sources in (_codes, _files):
        for keys, _function, hook in frames:
            for words, origin in origins.items():
                if keys & sources(*origin):
                    first = error.__context__ if hook == "on_exception" else None  # the error that matters more
                    told = f" while it was told of {type(first).__name__}: {first}" if first else ""
                    error.add_note(f"{MARK}raised by {words}{hook and f' in {hook}'}{told}, {where}; {kept}")
                    return
    error.add_note(f"{MARK}raised in {where}; {kept}")


def _add_findings(error: BaseException, parts: RunParts, position: Position) -> None:
    """Of a run that failed in its first step, notes on what the inspection makes of it."""
    if position.step or parts.replicas or not isinstance(error, Exception):
        return
    with contextlib.suppress(Exception, SystemExit):  # this error is the one that matters
        for finding in findings_of(parts, *parts.first_batch):
            if finding.id not in SEEN_AT_FIRST:  # those have been told already
                error.add_note(f"{MARK}{finding}")


def _where(position: Position, functions: set[str]) -> str:
    """Epoch and step that an error belongs to: the step under way, or the one before if that was counted already."""
    if not all(isinstance(place, int) for place in asdict(position).values()):  # an observer has written there
        return f"epoch {position.epoch}, step {position.step}"
    counted = bool(functions & {"count", "on_step_end", "end_epoch", "on_epoch_end", "save", "on_train_end"})
    epoch = position.epoch - (counted and position.batch == 0)  # the position is in the next epoch by then
    return f"epoch {max(1, epoch)}, step {max(1, position.step + (not counted))}"


def _frames(trace: TracebackType | None) -> Iterator[tuple[CodeType, str]]:
    """Code and hook of every frame, innermost first. A hook's name is told for the frames that it called as well."""
    frames = []
    hook = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        caller = trace.tb_frame.f_locals.get("self")
        if isinstance(caller, pluggy.HookCaller):  # the function's own name may be another one: an alias, a decorator's
            hook = caller.name
        frames.append((code, hook))
        trace = trace.tb_next
    return reversed(frames)


def _codes(_factory: Any, made: Any) -> set[Any]:
    """The code of a part that is a function, or of the methods of its class; and its file with its name."""
    methods = (value for kind in type(made).__mro__ for value in vars(kind).values())
    codes = {thing.__code__ for thing in (made, getattr(made, "func", None), *methods) if hasattr(thing, "__code__")}
    return codes | {(code.co_filename, code.co_name) for code in codes}


def _files(factory: Any, made: Any) -> set[Any]:
    """The files of a part's factory and class."""
    files = set()
    for thing in (factory, made, type(made)):
        try:
            files.add(inspect.getfile(inspect.unwrap(thing)))
        except (TypeError, OSError):
            continue  # an instance, something built in, or typed at a prompt
    return files
