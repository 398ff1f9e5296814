"""Names for the layers and variables of a model that are the same in every process.

Keras numbers the layers that got no name over the whole life of a process (`dense`, `dense_7`); here they are numbered anew,
in the order in which the model has them, each inside the layer that holds it: `encoder/dense_1/kernel`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

from eagerloop.building.holdings import attributes_of, children_of

_NUMBER = re.compile(r"_\d+$")


class Names:
    """The layers, variables and random generators of a model, by name.

    Args:
        model: A Keras model or a `tf.Module`, built.

    Attributes:
        layers: The layers and modules inside the model, each after the one that holds it.
        variables: The model's variables in its own order, but for the states of its generators.
        seeds: The states of its random generators.
    """

    def __init__(self, model: Any) -> None:
        self.layers: dict[str, Any] = {}
        self._names: dict[int, str] = {id(model): ""}
        self._walk(model, "")
        self.seeds: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        for name, state in self._states(model):
            self.seeds[_unused(name, self.seeds)] = state
        seeds = {id(state) for state in self.seeds.values()}
        owners = self._owners(model)
        for variable in model.variables:
            if id(variable) not in seeds:
                owner, holder = owners[id(variable)]
                name = _inside(owner, _own_name(variable, holder))
                self.variables[_unused(name, self.variables)] = variable

    def of(self, layer: Any) -> str | None:
        """The name of a layer inside the model; None for any other object, and for the model itself."""
        return self._names.get(id(layer)) or None

    def variables_of(self, layer: Any) -> tuple[str, ...]:
        """The names of the variables that a layer holds itself, not inside another layer."""
        inner = {id(variable) for child, _attribute in children_of(layer) for variable in child.variables}
        own = {id(variable) for variable in layer.variables} - inner
        return tuple(name for name, variable in self.variables.items() if id(variable) in own)

    def _walk(self, holder: Any, prefix: str) -> None:
        taken: set[str] = set()
        for child, attribute in children_of(holder):
            if id(child) not in self._names:
                own = _unused(_layer_name(child, attribute), taken)
                taken.add(own)
                name = _inside(prefix, own)
                self._names[id(child)] = name
                self.layers[name] = child
                self._walk(child, name)

    def _states(self, model: Any) -> Iterator[tuple[str, Any]]:
        for name, layer in [("", model), *self.layers.items()]:
            for attribute, generator in _generators(layer):
                own = generator.state.name if isinstance(generator, keras.random.SeedGenerator) else attribute
                yield _inside(name, str(own)), generator.state

    def _owners(self, model: Any) -> dict[int, tuple[str, Any]]:
        """The innermost layer that has each variable."""
        owners = {id(variable): ("", model) for variable in model.variables}
        for name, layer in self.layers.items():
            owners |= {id(variable): (name, layer) for variable in layer.variables if id(variable) in owners}
        return owners


def generators_of(holder: Any) -> list[Any]:
    """The random generators that an object holds itself, Keras's and TensorFlow's: each has a `state`."""
    return [generator for _attribute, generator in _generators(holder)]


def _generators(holder: Any) -> Iterator[tuple[str, Any]]:
    found = {id(item): (name, item) for name, item in attributes_of(holder)}
    return (pair for pair in found.values() if isinstance(pair[1], keras.random.SeedGenerator | tf.random.Generator))


def _layer_name(layer: Any, attribute: str) -> str:
    """The name that a layer was given; of one that got none, its class's without the number, or that of its attribute."""
    given = layer.name
    plain = _NUMBER.sub("", given)
    made_up = plain.replace("_", "").lower() == type(layer).__name__.replace("_", "").lower()
    if not made_up:
        return str(given)
    return plain if isinstance(layer, keras.layers.Layer) else attribute or plain


def _own_name(variable: Any, holder: Any) -> str:
    """What a variable is called inside its layer."""
    if isinstance(variable, tf.Variable):
        attribute = next((name for name, item in attributes_of(holder) if item is variable), None)
        return attribute or variable.name.split(":")[0].split("/")[-1]
    return str(variable.name)


def _inside(holder: str, name: str) -> str:
    return f"{holder}/{name}" if holder else name


def _unused(name: str, taken: Iterable[str]) -> str:
    """The name, numbered if it is taken."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
