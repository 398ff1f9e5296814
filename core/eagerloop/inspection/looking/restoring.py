"""Everything that a training step can change, kept and put back: variables, generators, and what objects hold in Python."""

import contextlib
import random
from collections.abc import Collection, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from eagerloop.building.holdings import pieces_of, unlisted_variables
from eagerloop.building.naming import Names
from eagerloop.building.precision import own_loss
from eagerloop.building.run_parts import RunParts
from eagerloop.storage.variables import inner_variable
from eagerloop.unpublished import ProcessSeeds

PLAIN = (bool, int, float, complex, str, bytes, type(None))
"""Values that cannot change in place."""


class Kept:
    """What a run is before a step.

    Args:
        names: Of the model.
        model: The model.
        others: Optimizer, loss and step.
    """

    def __init__(self, names: Names, model: Any, *others: Any) -> None:
        others = tuple(piece for other in others for piece in pieces_of("", other).values())
        held = [variable for holder in (model, *others) for variable in getattr(holder, "variables", ())]
        held += unlisted_variables({"model": model, **{str(number): other for number, other in enumerate(others)}}).values()
        held += [*names.seeds.values(), *getattr(model, "metrics_variables", ())]
        self._variables = {id(inner): (inner, np.array(inner.numpy())) for inner in map(inner_variable, held)}
        self._random = ProcessRandom()
        holders = {id(holder): holder for holder in (model, *others, *names.layers.values())}
        self._attributes = [_Attributes(holder) for holder in holders.values()]

    def put_back(self, *, but: Collection[int] = ()) -> None:
        """Makes everything as it was.

        Args:
            but: The `id`s of `tf.Variable`s that are left as they are.
        """
        for key, (variable, value) in self._variables.items():
            if key not in but:
                variable.assign(value)
        for attributes in self._attributes:
            attributes.put_back()
        self._random.put_back()

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Puts everything back when the context ends, however it ends."""
        try:
            yield
        finally:
            self.put_back()


@contextlib.contextmanager
def leaving_no_trace(parts: RunParts) -> Iterator[None]:
    """Model and loss may be called meanwhile, without training: generators, what an RNN or a loss remembers, are put back."""
    losses = pieces_of("loss", parts.loss).values()
    generators, numbers = ProcessRandom(), [_Attributes(own_loss(loss), whole=False) for loss in losses]
    states = [(variable, tf.identity(variable)) for variable in parts.states]
    try:
        yield
    finally:
        for variable, value in states:
            variable.assign(value)
        for held in numbers:
            held.put_back()
        generators.put_back()


class ProcessRandom:
    """The random generators that belong to the whole process: Python's, NumPy's, TensorFlow's and Keras's."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._numpy: Any = np.random.get_state(legacy=True)  # noqa: NPY002 - the one that belongs to the process
        self._seeds = ProcessSeeds()
        self._states = [(inner, np.array(inner.numpy())) for inner in map(inner_variable, self._seeds.states)]

    def put_back(self) -> None:
        """Makes every generator as it was."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)  # noqa: NPY002
        self._seeds.put_back()
        for state, value in self._states:
            state.assign(value)


class _Attributes:
    """What an object holds in Python. A Keras object keeps books of its own: of it, plain values alone."""

    def __init__(self, holder: Any, *, whole: bool = True) -> None:
        self._held = getattr(holder, "__dict__", {})
        self._whole = whole and not isinstance(holder, keras.layers.Layer | keras.optimizers.Optimizer | keras.losses.Loss)
        self._values = {name: value for name, value in self._held.items() if self._whole or isinstance(value, PLAIN)}
        containers = [value for value in self._values.values() if isinstance(value, list | dict | set)]
        self._contents = [(value, _entries(value)) for value in containers]

    def put_back(self) -> None:
        for name in set(self._held) - set(self._values) if self._whole else ():
            del self._held[name]
        for name, value in self._values.items():
            if self._held.get(name, self) is not value:
                self._held[name] = value
        for container, content in self._contents:
            if not _same(_entries(container), content):
                container.clear()
                (container.extend if isinstance(container, list) else container.update)(content)


def _entries(container: Any) -> list[Any]:
    """What is in a list, a set or a dict; of a dict the pairs."""
    return list(container.items() if isinstance(container, dict) else container)


def _same(some: list[Any], others: list[Any]) -> bool:
    """Whether the entries are the very same objects, in pairs too: equality may mean anything."""
    if len(some) != len(others):
        return False
    pairs = zip(some, others, strict=True)
    return all(
        one is other or (isinstance(one, tuple) and isinstance(other, tuple) and _same([*one], [*other]))
        for one, other in pairs
    )
