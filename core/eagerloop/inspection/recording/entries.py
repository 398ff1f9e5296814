"""The entries of a record, from what was seen in a step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop import loop
from eagerloop.inspection.looking.calls import Call
from eagerloop.inspection.looking.marking import Marked
from eagerloop.inspection.looking.stage import Stage, State, array_of
from eagerloop.inspection.records.step_parts import LayerRecord, LineRecord, VariableRecord
from eagerloop.inspection.records.values import Values
from eagerloop.storage.variables import inner_variable

Gradients = Mapping[str, np.ndarray[Any, Any] | None]
"""What the tape said, by the names of the variables."""


def line_entries(marked: Marked) -> Iterator[LineRecord]:
    """The lines of the step's source with the times of its newest call."""
    return (LineRecord(number, text, marked.seconds.get(number, 0.0)) for number, text in marked.lines)


def file_of(marked: Marked) -> str:
    """The file of the step's source: relative to the package, or a stranger's by its name alone."""
    file, packages = Path(marked.file), Path(loop.__file__).parent.parent
    return file.relative_to(packages).as_posix() if file.is_relative_to(packages) else file.name


def layer_entries(stage: Stage, calls: Iterable[Call], gradients: Sequence[Any]) -> Iterator[LayerRecord]:
    """An entry a call.

    Args:
        stage: What the step stood on.
        calls: In order.
        gradients: Of the scaled loss by each call's output, or None.
    """
    times: dict[str, int] = {}
    for call, gradient in zip(calls, gradients, strict=True):
        times[call.name] = times.get(call.name, 0) + 1
        activation = getattr(getattr(call.layer, "activation", None), "__name__", "")
        output = array_of(call.output)
        yield LayerRecord(
            name=call.name if times[call.name] == 1 else f"{call.name} ({times[call.name]})",
            kind=type(call.layer).__name__,
            activation="" if activation == "linear" else activation,
            inputs=tuple(Values.of(array_of(tensor)) for tensor in call.inputs),
            output=Values.of(output),
            gradient=None if gradient is None else Values.of(unscaled(gradient, stage.scale)),
            dead=dead_share(output),
            variables=stage.names.variables_of(call.layer),
        )


def dead_share(output: Any) -> float:
    """The share of units, along the last axis, that are 0 for every row (and at every place of a picture or a sequence).

    Example:
        >>> dead_share(np.array([[0.0, 1.0], [0.0, 0.0]]))
        0.5
    """
    if hasattr(output, "flat_values"):  # ragged
        output = np.asarray(output.flat_values)
    if not output.size or output.dtype.kind in "OSU":
        return 0.0
    units = output.reshape(-1, output.shape[-1] if output.ndim > 1 else 1)
    return float(np.mean((units == 0).all(axis=0)))


def unscaled(gradient: Any, scale: float) -> Any:
    """A gradient of the scaled loss as that of the loss: in float32, because float16 may not hold it."""
    array = array_of(gradient)
    if scale == 1.0:
        return array
    return array.astype(np.float32) / np.float32(scale)


def gradients_of(stage: Stage, step: loop.Step) -> Gradients:
    """The gradients that a step says it had; a step of one's own may say anything."""
    variables, told = list(stage.parts.model.trainable_variables), step.gradients
    if not isinstance(told, Sequence) or len(told) != len(variables):
        return {}
    names = {id(inner_variable(variable)): name for name, variable in stage.trained.items()}
    return {
        names[id(inner_variable(variable))]: None if gradient is None else unscaled(gradient, stage.scale)
        for variable, gradient in zip(variables, told, strict=True)
        if id(inner_variable(variable)) in names
    }


def variable_entries(stage: Stage, before: State, after: State, gradients: Gradients) -> Iterator[VariableRecord]:
    """An entry a variable."""
    for name in stage.names.variables:
        old, new = before["variable", name], after["variable", name]
        value, update = Values.of(old), Values.of(_difference(old, new))
        gradient = gradients.get(name)
        # An optimizer may make its slots in its first step. Before that, a slot is nothing: empty values stand for it.
        slots = {
            key[2]: (before.get(key, np.zeros_like(held)), held) for key, held in after.items() if key[:2] == ("slot", name)
        }
        yield VariableRecord(
            name=name,
            trainable=name in stage.trained,
            value=value,
            gradient=None if gradient is None else Values.of(gradient),
            update=update,
            ratio=update.norm / value.norm if value.norm > 0 else 0.0,
            slots={slot: (Values.of(earlier), Values.of(later)) for slot, (earlier, later) in slots.items()},
        )


def seed_entries(before: State, after: State) -> dict[str, tuple[Values, Values]]:
    """The state of every generator, before and after."""
    return {key[1]: (Values.of(before[key]), Values.of(after[key])) for key in before if key[0] == "seed"}


def _difference(old: Any, new: Any) -> Any:
    if old.dtype.kind in "iub":  # unsigned numbers have no room for a step back
        return new.astype(np.int64) - old.astype(np.int64)
    return new - old
