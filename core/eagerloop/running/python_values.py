"""Plain Python values that a step reads from its parts: a graph takes them as constants when it is traced.

`self.beta` of a loss, the `rate` of a Dropout, a layer's `trainable`, a module's `BETA`: an eager step sees each change, a
graph that was traced before does not.
"""

import functools
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import keras

from eagerloop.building.by_path import innermost
from eagerloop.building.holdings import holders_in, pieces_of
from eagerloop.building.precision import own_loss
from eagerloop.building.run_parts import RunParts

PLAIN = (bool, int, float, complex, str, type(None))

CALLED = ("call", "__call__", "update_state", "result", "apply_gradients")
"""Methods that a step runs through, if the user wrote them."""

BOOKS = {"trainable", *vars(keras.Model())} - {"_trainable"}
"""What Keras keeps on every layer for itself."""

Read = Callable[[], Any]


class PythonValues:
    """The plain values of a run's parts, read again and again.

    Args:
        parts: The parts of a run.
    """

    def __init__(self, parts: RunParts) -> None:
        found: dict[str, Read] = {}
        losses = {words: own_loss(loss) for words, loss in pieces_of("loss", parts.loss).items()}
        rows = {"model": parts.model, **losses, **pieces_of("optimizer", parts.optimizer), "step": parts.step}
        rows |= {f"metric {name}": innermost(metric) for name, metric in parts.metrics.items()}
        for owner, part in rows.items():
            for holder in holders_in(part):
                inside = "" if holder is part else f", {getattr(holder, 'name', type(holder).__name__)}"
                found |= {f"{name} of the {owner}{inside}": read for name, read in _values_of(holder)}
        for variable in getattr(parts.model, "variables", ()):
            if isinstance(variable, keras.Variable):
                found[f"trainable of {variable.path}"] = functools.partial(vars(variable).get, "_trainable")
        self._names, self._reads = [*found], [*found.values()]

    def now(self) -> tuple[Any, ...]:
        """All of them, as they are at this moment."""
        return tuple([read() for read in self._reads])

    def names_of(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> list[str]:
        """The names of those that differ."""
        rows = zip(self._names, one, other, strict=True)
        return [name for name, value, now in rows if value is not now and value != now]

    def leave_out(self, names: list[str]) -> None:
        """Reads these no longer."""
        kept = [(name, read) for name, read in zip(self._names, self._reads, strict=True) if name not in names]
        self._names, self._reads = [name for name, _read in kept], [read for _name, read in kept]


def _values_of(holder: Any) -> Iterator[tuple[str, Read]]:
    """The plain values that an object holds, or a function, and the globals that its own code reads."""
    if isinstance(holder, functools.partial):
        yield from _values_of(holder.func)
        return
    if isinstance(holder, FunctionType):
        yield from _values_of_code(holder)
        return
    of_keras = type(holder).__module__.startswith(("keras.", "tensorflow."))
    held = getattr(holder, "__dict__", {})
    for name, value in held.items():
        private = name.startswith("_") and of_keras and name != "_trainable"
        if isinstance(value, PLAIN) and not private and name not in BOOKS:
            yield name.lstrip("_"), functools.partial(held.get, name)
    for method in (getattr(type(holder), name, None) for name in CALLED):
        if isinstance(method, FunctionType) and not method.__module__.startswith(("keras.", "tensorflow.")):
            yield from _values_of_code(method)


def _values_of_code(function: FunctionType) -> Iterator[tuple[str, Read]]:
    """What a function takes from the function around it, and from its module."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        read = functools.partial(getattr, cell, "cell_contents", None)
        if isinstance(read(), PLAIN):
            yield name, read
    for name in function.__code__.co_names:
        if isinstance(function.__globals__.get(name), PLAIN) and name in function.__globals__:
            yield name, functools.partial(function.__globals__.get, name)
