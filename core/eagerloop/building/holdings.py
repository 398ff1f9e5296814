"""What parts hold: layers inside layers, variables that they do not list, what of them may be trained."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from eagerloop.storage.variables import inner_variable
from eagerloop.unpublished import layers_in


def pieces_of(words: str, part: Any) -> dict[str, Any]:
    """A part by what it is called; of several by path each of them, such as `loss/age`."""
    several = getattr(part, "by_path", None)
    return {f"{words}/{path}": one for path, one in several.items()} if isinstance(several, Mapping) else {words: part}


def attributes_of(holder: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of an object; a list's or a dict's entries one by one. TensorFlow's own books begin with `_self_`."""
    for name, value in list(getattr(holder, "__dict__", {}).items()):
        if name.startswith("_self_"):
            continue
        if isinstance(value, dict):
            yield from ((f"{name}_{key}", item) for key, item in list(value.items()))
        elif isinstance(value, list | tuple):
            yield from ((f"{name}_{number}", item) for number, item in enumerate(value))
        else:
            yield name, value


def children_of(holder: Any) -> list[tuple[Any, str]]:
    """The layers and modules that an object holds itself, with the attribute that holds them."""
    found = layers_in(holder) if isinstance(holder, keras.layers.Layer) else None
    if found is not None:
        return [(layer, "") for layer in found if not isinstance(layer, keras.layers.InputLayer)]
    return [(item, name) for name, item in attributes_of(holder) if isinstance(item, keras.layers.Layer | tf.Module)]


def holders_in(part: Any) -> list[Any]:
    """A part and every layer and module inside it, each once, after the one that holds it."""
    found = {id(part): part}
    for holder in (ahead := [part]):
        fresh = [child for child, _attribute in children_of(holder) if id(child) not in found]
        found |= {id(child): child for child in fresh}
        ahead += fresh
    return list(found.values())


def unlisted_variables(parts: Mapping[str, Any]) -> dict[str, tf.Variable]:
    """The variables that parts hold somewhere and do not list among their `variables`: nobody would save them.

    A stateful RNN keeps its states so, a Keras layer a `tf.Variable` of its own, a loss whatever it keeps.

    Args:
        parts: The parts by the first part of the names.

    Returns:
        The `tf.Variable`s by names that are the same in every process, such as `model/held/0003/states_0`.
    """
    known = {id(inner_variable(variable)) for part in parts.values() for variable in getattr(part, "variables", ())}
    found: dict[str, tf.Variable] = {}
    for owner, part in parts.items():
        for number, holder in enumerate(holders_in(part)):
            for name, item in attributes_of(holder):
                variable = item.state if isinstance(item, tf.random.Generator | keras.random.SeedGenerator) else item
                if isinstance(variable, tf.Variable | keras.Variable) and id(inner_variable(variable)) not in known:
                    known.add(id(inner_variable(variable)))
                    found[f"{owner}/held/{number:04d}/{name}"] = inner_variable(variable)
    return found


def may_be_trained(model: Any) -> list[Any]:
    """The variables that are trained, and those that would be if every layer were thawed, in the model's order."""
    if not isinstance(model, keras.layers.Layer):
        return list(model.trainable_variables)
    flags = trainable_flags(model)
    model.trainable = False  # Keras passes over what has the value already, and leaves the layers inside as they are
    model.trainable = True
    try:
        return list(model.trainable_variables)
    finally:
        set_trainable_flags(model, flags)


def trainable_flags(model: Any) -> list[str]:
    """What of a Keras model is frozen: a digit for each of its layers, and for each of its variables; 1 means trainable."""
    if not isinstance(model, keras.layers.Layer):
        return ["", ""]
    return ["".join(str(int(item.trainable)) for item in items) for items in (holders_in(model), model.variables)]


def set_trainable_flags(model: Any, flags: list[str]) -> None:
    """Freezes and thaws what `trainable_flags` told."""
    for items, digits in zip((holders_in(model), model.variables), flags, strict=True):
        for item, digit in zip(items, digits, strict=False):
            if item.trainable != (digit == "1"):  # a layer sets what is inside it as well: those come after it
                item.trainable = digit == "1"


def states_of(model: Any) -> list[tf.Variable]:
    """The variables of a model that no training changes by gradients: averages, generators, what an RNN remembers."""
    trained = {id(inner_variable(variable)) for variable in may_be_trained(model)}
    listed = [inner_variable(variable) for variable in model.variables]
    return [variable for variable in listed if id(variable) not in trained] + [*unlisted_variables({"model": model}).values()]
