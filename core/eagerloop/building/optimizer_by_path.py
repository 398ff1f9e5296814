"""Several optimizers, each for what an attribute of the model holds: to the loop they are one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from eagerloop.building.naming import Names
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.storage.variables import inner_variable, path_of

REST = "rest"
"""The path of the optimizer for the variables that no other one has."""

SHOWN = 3
"""Variables that a message names."""


class OptimizerByPath:
    """Several optimizers as one: each updates the variables that an attribute of the model holds, `rest` all others.

    Args:
        by_path: An optimizer by an attribute of the model, a layer's name, or `rest`.
        model: The model.

    Attributes:
        by_path: The optimizers.

    Raises:
        ConfigError: Two paths have the same optimizer, or one scales the loss, which all of them share.

    Example:
        >>> import keras
        >>> model = tf.Module()
        >>> model.first, model.second = tf.Variable(1.0, name="first"), tf.Variable(1.0, name="second")
        >>> several = OptimizerByPath({"first": keras.optimizers.SGD(0.1), "rest": keras.optimizers.SGD(0.2)}, model)
        >>> several.build(model.trainable_variables)
        >>> several.apply_gradients([(tf.constant(1.0), model.first), (tf.constant(1.0), model.second)])
        >>> print(round(float(model.first), 3), round(float(model.second), 3))
        0.9 0.8
    """

    def __init__(self, by_path: Mapping[str, Any], model: Any) -> None:
        _refuse(by_path)
        self.by_path, self._model = dict(by_path), model
        self._owners: dict[int, str] = {}
        self._known: list[Any] = []  # what is held keeps its id

    def __getitem__(self, path: str) -> Any:
        """The optimizer of a path."""
        return self.by_path[path]

    @property
    def variables(self) -> list[Any]:
        """Those of all of them."""
        return [variable for optimizer in self.by_path.values() for variable in optimizer.variables]

    def build(self, variables: Sequence[Any]) -> None:
        """Deals the variables of the model out, and has each optimizer make its own for those it has.

        Raises:
            ConfigError: A path is nothing that the model holds, or shares a variable with another one; or a variable has none.
        """
        owners = dealt_out(self._model, variables, self.by_path)
        for path, optimizer in self.by_path.items():
            if hasattr(optimizer, "build"):
                optimizer.build([variable for variable, owner in zip(variables, owners, strict=True) if owner == path])
        self._known = list(variables)
        self._owners = {id(variable): owner for variable, owner in zip(variables, owners, strict=True)}

    def owner_of(self, variable: Any) -> str:
        """The path whose optimizer updates a variable.

        Raises:
            ConfigError: None does: the variable was not there when they were built.
        """
        if id(variable) in self._owners:
            return self._owners[id(variable)]
        way = "let the model make it in its first call"
        msg = f"no optimizer was built with {path_of(variable)}, which is to be trained now; {way}"
        raise ConfigError(msg)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """One update: each optimizer gets the pairs of its variables, in their order."""
        dealt: dict[str, list[tuple[Any, Any]]] = {path: [] for path in self.by_path}
        for gradient, variable in grads_and_vars:
            dealt[self.owner_of(variable)].append((gradient, variable))
        for path, pairs in dealt.items():
            if pairs:
                self.by_path[path].apply_gradients(pairs)


def _refuse(by_path: Mapping[str, Any]) -> None:
    if len({id(one) for one in by_path.values()}) < len(by_path):
        msg = f"optimizers {', '.join(by_path)}: two of them are one object; make one for each"
        raise ConfigError(msg)
    for path, one in by_path.items():
        if getattr(one, "loss_scale_factor", None) or hasattr(one, "dynamic_scale"):
            msg = f"optimizer '{path}' scales the loss, which all of them share; take one that does not"
            raise ConfigError(msg)


def dealt_out(model: Any, variables: Sequence[Any], paths: Iterable[str]) -> list[str]:
    """The path that each variable belongs to.

    Args:
        model: A model whose variables are there.
        variables: Those that may be trained.
        paths: Attributes of the model, names of its layers, or `rest`.

    Raises:
        ConfigError: As `OptimizerByPath.build`.
    """
    held = holders_of(model, variables)
    owners: dict[int, str] = {}
    for path in paths:
        if path != REST and path not in held:
            known = did_you_mean(path, [*held, REST])
            msg = f"optimizer '{path}': the model has no attribute or layer of that name to be trained; {known}"
            raise ConfigError(msg)
        for key in held[path] if path != REST else ():
            if key in owners:
                shared = next(variable for variable in variables if id(inner_variable(variable)) == key)
                msg = f"optimizers '{owners[key]}' and '{path}' would both update {path_of(shared)}; let them share none"
                raise ConfigError(msg)
            owners[key] = path
    others = [path_of(variable) for variable in variables if id(inner_variable(variable)) not in owners]
    if others and REST not in paths:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        known = ", ".join(name for name in held if "/" not in name)
        msg = f"no optimizer has {', '.join(others[:SHOWN])}{more}; add one for 'rest', or for what holds them: {known}"
        raise ConfigError(msg)
    found = [owners.get(id(inner_variable(variable)), REST) for variable in variables]
    for path in paths:
        if path not in found:
            msg = f"optimizer '{path}': no variable that can be trained is left for it; leave it out"
            raise ConfigError(msg)
    return found


def holders_of(model: Any, variables: Sequence[Any]) -> dict[str, list[int]]:
    """What of a model holds some of the variables, by attribute and by the name of a layer: the `id`s of those inside."""
    attributes = {name: value for name, value in getattr(model, "__dict__", {}).items() if not name.startswith("_")}
    named = {**Names(model).layers, **attributes}
    trained = {id(inner_variable(variable)) for variable in variables}
    found = {}
    for name, value in named.items():
        own = [key for one in tf.nest.flatten(value) for key in _variables_in(one) if key in trained]
        if own:
            found[name] = list(dict.fromkeys(own))
    return found


def _variables_in(thing: Any) -> list[int]:
    several = [thing] if hasattr(thing, "assign") else getattr(thing, "variables", ())
    return [id(inner_variable(variable)) for variable in several if hasattr(variable, "assign")]
