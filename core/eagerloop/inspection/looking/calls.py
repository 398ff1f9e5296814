"""What goes into every layer of a model and comes out, seen from outside: the classes' `__call__` is wrapped for a while."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from eagerloop.building.naming import Names
from eagerloop.inspection.looking.stage import eagerly


@dataclass
class Call:
    """One call of one layer.

    Attributes:
        name: The layer's.
        layer: The layer.
        inputs: Every tensor that went in.
        caller: The call that it was made in; None where the model itself, or the step, called the layer.
        training: What stood behind `training=`; None where it was not written.
        output: The first tensor that came out; None where none did.
    """

    name: str
    layer: Any
    inputs: list[Any]
    caller: "Call | None"
    training: Any
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
            caller = self._running[-1] if self._running else None
            again = caller is not None and caller.layer is layer  # a class that calls its parent's __call__
            if name is None or again or threading.get_ident() != self._thread:
                return bound(*arguments, **keywords)
            found = Call(name, layer, _tensors((arguments, keywords)), caller, keywords.get("training"))
            self.found.append(found)
            self._running.append(found)
            try:
                outputs = bound(*arguments, **keywords)
            finally:
                self._running.pop()
            found.output = next(iter(_tensors(outputs)), None)
            return outputs

        return looked_at


def held_still(model: Any, names: Names, x: Any) -> dict[str, Any]:
    """The layers inside one that the model calls with training=False on purpose, as one does with a base in fine-tuning.

    Args:
        model: A built model; it is called with training=True.
        names: Its layers.
        x: Features, (n, d).

    Returns:
        Layers by name.
    """
    calls = Calls(names)
    with eagerly(), calls.recording():
        model(x, training=True)
    is_keras = isinstance(model, keras.layers.Layer)
    moving = {call.name for call in calls.found if _knows(call.caller, model_is_keras=is_keras) is not False}
    return {call.name: call.layer for call in calls.found if call.name not in moving}


def _knows(call: Call | None, *, model_is_keras: bool) -> bool | None:
    """What the inside of a call knows of `training`, where the model itself knows that it is True; None for a mere default.

    A `tf.Module` that is called without it has its default, and hands that on: a training=False from there is no wish.
    """
    if call is None:
        return True
    around = _knows(call.caller, model_is_keras=model_is_keras)
    if isinstance(call.training, bool):
        return None if around is None and not call.training else call.training
    # Keras hands `training` from a layer on to those that it calls.
    outer_is_keras = model_is_keras if call.caller is None else isinstance(call.caller.layer, keras.layers.Layer)
    return around if outer_is_keras and isinstance(call.layer, keras.layers.Layer) else None


def _class_that_calls(layer: Any) -> Any:
    """The class that a layer has its `__call__` from."""
    return next((owner for owner in type(layer).__mro__ if "__call__" in vars(owner)), None)


def _tensors(values: Any) -> list[Any]:
    """The tensors with values among what is nested; those of a graph that is being traced have none."""
    return [
        value
        for value in tf.nest.flatten(values)
        if isinstance(value, (np.ndarray, tf.RaggedTensor))
        or (isinstance(value, tf.Tensor) and not tf.is_symbolic_tensor(value))
    ]
