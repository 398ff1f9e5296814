"""What goes into every layer of a model and comes out, seen from outside: the classes' `__call__` is wrapped for a while."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.inspection.naming import Names


@dataclass
class Call:
    """One call of one layer.

    Attributes:
        name: The layer's.
        layer: The layer.
        inputs: Every tensor that went in.
        output: The first tensor that came out; None where none did.
    """

    name: str
    layer: Any
    inputs: list[Any]
    output: Any = None


class Calls:
    """The calls of a model's layers, in the order in which they began.

    Args:
        names: The layers to look at.

    Attributes:
        found: The calls so far.
    """

    def __init__(self, names: Names) -> None:
        self.found: list[Call] = []
        self._names = names
        self._running: list[Call] = []
        self._thread = threading.get_ident()

    @property
    def inside(self) -> str:
        """The name of the layer that is running, or an empty text."""
        return self._running[-1].name if self._running else ""

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Looks at every call while the context lasts; afterwards the classes are as they were."""
        classes = {_class_that_calls(layer) for layer in self._names.layers.values()} - {None}
        before = [(owner, vars(owner)["__call__"]) for owner in classes]
        try:
            for owner, call in before:
                owner.__call__ = self._looking(call)
            yield
        finally:
            for owner, call in before:
                owner.__call__ = call

    def _looking(self, call: Any) -> Any:
        @functools.wraps(call)
        def looked_at(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            bound = call.__get__(layer, type(layer))  # it may be a tf.function
            name = self._names.of(layer)
            again = self._running and self._running[-1].layer is layer  # a class that calls its parent's __call__
            if name is None or again or threading.get_ident() != self._thread:
                return bound(*arguments, **keywords)
            found = Call(name, layer, _tensors((arguments, keywords)))
            self.found.append(found)
            self._running.append(found)
            try:
                outputs = bound(*arguments, **keywords)
            finally:
                self._running.pop()
            found.output = next(iter(_tensors(outputs)), None)
            return outputs

        return looked_at


def _class_that_calls(layer: Any) -> Any:
    """The class that a layer has its `__call__` from."""
    return next((owner for owner in type(layer).__mro__ if "__call__" in vars(owner)), None)


def _tensors(values: Any) -> list[Any]:
    """The tensors with values among what is nested; those of a graph that is being traced have none."""
    return [
        value
        for value in tf.nest.flatten(values)
        if isinstance(value, np.ndarray) or (isinstance(value, tf.Tensor) and not tf.is_symbolic_tensor(value))
    ]
