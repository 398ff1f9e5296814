"""An optimizer's numbers, and the values that it keeps for each variable of the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from eagerloop.storage.variables import inner_variable
from eagerloop.unpublished import built_with

Slots = dict[str, Any]


def inner_optimizer(optimizer: Any) -> Any:
    """The optimizer inside the one that scales losses; any other is itself."""
    return optimizer.inner_optimizer if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) else optimizer


def loss_scale(optimizer: Any) -> float:
    """What the loss is multiplied by before it is differentiated."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return float(inner_variable(optimizer.dynamic_scale).numpy())
    factor = getattr(optimizer, "loss_scale_factor", None)
    return float(factor) if factor else 1.0


def numbers_of(optimizer: Any) -> dict[str, Any]:
    """The class by the name that Keras has for it, the learning rate of this step, and every other number, yes or no, or word.

    Example:
        >>> numbers_of(keras.optimizers.SGD(learning_rate=0.5, momentum=0.9))["momentum"]
        0.9
    """
    several = getattr(optimizer, "by_path", {})
    if several:
        each = {path: numbers_of(one) for path, one in several.items()}
        kinds = ", ".join(f"{path}={numbers['class']}" for path, numbers in each.items())
        return {"class": kinds} | {f"{path}.{key}": value for path, numbers in each.items() for key, value in numbers.items()}
    inner = inner_optimizer(optimizer)
    of_keras = isinstance(inner, keras.optimizers.Optimizer)
    options = inner.get_config() if of_keras else {key: value for key, value in _attributes(inner) if not key.startswith("_")}
    known = (cls.__name__ for cls in type(inner).__mro__ if cls.__module__.startswith("keras."))
    numbers: dict[str, Any] = {"class": next(known, type(inner).__name__)}
    rate = _number(getattr(inner, "learning_rate", None))
    if rate is not None:
        numbers["learning_rate"] = rate
    for key, value in options.items():
        plain = value if isinstance(value, str | bool) else _number(value)
        if plain is not None and key not in ("name", *numbers):
            numbers[key] = plain
    return numbers | ({"loss_scale": loss_scale(optimizer)} if inner is not optimizer else {})


def _attributes(thing: Any) -> list[tuple[str, Any]]:
    return list(getattr(thing, "__dict__", {}).items())


def iterations_of(optimizer: Any, otherwise: int) -> int:
    """How many updates it has made, of several the most; an optimizer that does not say has made one a step."""
    several = getattr(optimizer, "by_path", {})
    if several:
        return max(iterations_of(one, otherwise) for one in several.values())
    counted = _number(getattr(inner_optimizer(optimizer), "iterations", None))
    return otherwise if counted is None else int(counted)


def slots_of(optimizer: Any, variables: Mapping[str, Any]) -> dict[str, Slots]:
    """The variables that an optimizer keeps for those of the model.

    Args:
        optimizer: Keras's, or any object with `variables`.
        variables: The model's trainable variables by name, in the order in which the optimizer gets them.

    Returns:
        For each variable's name, the optimizer's variables of its shape, by names such as `momentum`.
    """
    slots: dict[str, Slots] = {name: {} for name in variables}
    for path, one in getattr(optimizer, "by_path", {}).items():
        own = {name: variable for name, variable in variables.items() if optimizer.owner_of(variable) == path}
        slots |= slots_of(one, own)
    if any(slots.values()) or hasattr(optimizer, "by_path"):
        return slots
    inner = inner_optimizer(optimizer)
    if isinstance(inner, keras.optimizers.Optimizer):
        return _slots_of_keras(inner, variables)
    return _slots_by_shape(inner, variables)


def _slots_of_keras(optimizer: Any, variables: Mapping[str, Any]) -> dict[str, Slots]:
    """Keras keeps lists in the order of the variables that the optimizer was built with, and names what is in them."""
    known = built_with(optimizer)
    places = {id(inner_variable(variable)): place for place, variable in enumerate(known)}
    lists = {key: value for key, value in _attributes(optimizer) if isinstance(value, list) and len(value) == len(known)}
    lists = {key: value for key, value in lists.items() if value is not known}
    slots: dict[str, Slots] = {name: {} for name in variables}
    for name, variable in variables.items():
        place = places.get(id(inner_variable(variable)), -1)
        prefix = str(getattr(variable, "path", variable.name)).replace("/", "_").replace(":", "_") + "_"
        for key, entries in lists.items() if place >= 0 else ():
            slot = entries[place]
            if isinstance(slot, keras.Variable) and slot.shape == variable.shape:
                own = slot.name.removeprefix(prefix) if slot.name.startswith(prefix) else key.strip("_")
                slots[name][own] = slot
    return slots


def _slots_by_shape(optimizer: Any, variables: Mapping[str, Any]) -> dict[str, Slots]:
    """Of an optimizer that nobody knows: as many variables of each shape as the model has, block after block or in turns."""
    names = list(variables)
    shapes = [tuple(variable.shape) for variable in variables.values()]
    candidates = [slot for slot in getattr(optimizer, "variables", ()) if tuple(slot.shape) in shapes]
    slots: dict[str, Slots] = {name: {} for name in names}
    each, rest = divmod(len(candidates), len(names) or 1)
    if rest or not each:
        return slots
    blocks = [candidates[block * len(names) : (block + 1) * len(names)] for block in range(each)]
    if any(_shapes(block) != shapes for block in blocks):
        blocks = [candidates[turn::each] for turn in range(each)]
    if any(_shapes(block) != shapes for block in blocks):
        return slots
    for number, block in enumerate(blocks, 1):
        for name, slot in zip(names, block, strict=True):
            slots[name][f"slot {number}"] = slot
    return slots


def _shapes(slots: Sequence[Any]) -> list[tuple[int, ...]]:
    return [tuple(slot.shape) for slot in slots]


def _number(value: Any) -> float | int | bool | None:
    """A number, or the scalar in a variable or tensor; None for anything else."""
    if isinstance(value, bool | int | float):
        return value
    if getattr(value, "shape", None) is None or len(value.shape):
        return None
    array = np.asarray(inner_variable(value).numpy() if hasattr(value, "assign") else value)
    if array.dtype.kind == "f":
        return float(
            str(array[()])
        )  # the rate that was asked for: 0.001, not the 0.0010000000474974513 that float32 has for it
    return array.item() if array.dtype.kind in "biu" else None
