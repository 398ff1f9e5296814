"""Mistakes around the model's variables: not there, not found, not restored."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.building.naming import Names
from eagerloop.inspection.looking.experiments import variables_used
from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, identities, named
from eagerloop.storage.variables import inner_variable, path_of


@mistake(
    "EL04",
    "error",
    "the model has no variables to learn",
    "make layers once, in __init__, as attributes of a keras.Model; a tf.Module lists no weights of Keras layers",
    cheap=True,
)
def no_variables(evidence: Evidence) -> str:
    """After its first call the model lists no trainable variables, or others at each call."""
    before = list(evidence.model.trainable_variables)
    if not before:
        weights = [f"{name}/{variable.name}" for name, variable in _of_layers(evidence)]
        held = f"; those of its layers ({named(weights)}) are not among them" if weights else ""
        return f"the model ({type(evidence.model).__name__}) has been called and lists no trainable variables{held}"
    if not evidence.traces:
        return ""
    evidence.model(evidence.x, training=False)
    exchanged = identities(before).isdisjoint(identities(evidence.model.trainable_variables))
    return "the model has other variables after each call: what a step changes, the next one throws away" if exchanged else ""


def _of_layers(evidence: Evidence) -> list[tuple[str, Any]]:
    """The weights of the layers inside the model, each with its layer's name."""
    layers = evidence.layers.items()
    return [(name, variable) for name, layer in layers for variable in getattr(layer, "trainable_variables", ())]


@mistake(
    "EL14",
    "error",
    "a variable that the model does not list",
    "in a Keras layer make it with self.add_weight(...): Keras does not list a tf.Variable",
    cheap=True,
)
def hidden(evidence: Evidence) -> str:
    """A trainable variable is used and is neither in `variables` nor asked for a gradient."""
    if not evidence.model.trainable_variables:
        return ""
    asked = [source for call in evidence.first.gradients for source in call.sources if hasattr(source, "assign")]
    known = identities(evidence.model.variables) | identities(asked)
    if evidence.traces and known.isdisjoint(identities(evidence.first.watched)):
        return ""  # its variables are others at each call
    known |= identities(evidence.watched) - _used(evidence)
    names = {evidence.name_of(variable) for variable in evidence.watched if id(inner_variable(variable)) not in known}
    if not names:
        return ""
    return (
        f"the model uses {named(sorted(names))}, which is not in its `variables`: it never learns, and no checkpoint holds it"
    )


def _used(evidence: Evidence) -> set[int]:
    """The `id`s of the variables that the model itself uses: a step may ask other models, such as a teacher."""
    if not evidence.traces:
        return identities(evidence.watched)
    return identities(variables_used(evidence.model, evidence.x))


@mistake(
    "EL19",
    "error",
    "restored before it was built",
    "call the model once on a batch, then restore, then ask the status: .assert_existing_objects_matched()",
)
def restored_too_early(evidence: Evidence) -> str:
    """The factory restores a checkpoint into a model without variables; once it has some, they are not the saved ones."""
    if "EL19" not in evidence.known:
        evidence.known["EL19"] = _restored_before_it_was_built(evidence)
    return evidence.known["EL19"]


def _restored_before_it_was_built(evidence: Evidence) -> str:
    """What the making of another model of this kind shows."""
    with _restoring() as restores:
        model = evidence.again("model")
        if model is None or not restores:
            return ""
        model(evidence.x, training=False)
    for path, counts in restores:
        names = _other_than_saved(model, path) if 0 in counts else []
        if names:
            return f"{path} was restored when the model had no variables yet: {named(names)} is fresh, not the saved one"
    return ""


def _other_than_saved(model: Any, path: str) -> list[str]:
    """The variables that have a shape from the checkpoint and none of its values."""
    reader = tf.train.load_checkpoint(path)
    saved = [reader.get_tensor(name) for name, shape in reader.get_variable_to_shape_map().items() if shape]
    # Keras lists a variable twice, under one path, if it was restored too early.
    own = {path_of(variable): name for name, variable in reversed(Names(model).variables.items())}
    weights = {own[path_of(variable)]: np.asarray(inner_variable(variable)) for variable in model.trainable_variables}
    alike = {name: [value for value in saved if value.shape == weight.shape] for name, weight in weights.items()}
    return [name for name, values in alike.items() if values and not any(np.array_equal(weights[name], v) for v in values)]


@contextlib.contextmanager
def _restoring() -> Iterator[list[tuple[str, list[int]]]]:
    """Notes each restore while the context lasts: its path, and how many variables the objects had by then."""
    restores: list[tuple[str, list[int]]] = []
    originals = {name: getattr(tf.train.Checkpoint, name) for name in ("restore", "read")}

    def noting(call: Any) -> Any:
        def restore(checkpoint: Any, path: Any, *arguments: Any, **keywords: Any) -> Any:
            held = [thing for thing in vars(checkpoint).values() if hasattr(thing, "trainable_variables")]
            restores.append((str(path), [len(thing.variables) for thing in held]))
            return call(checkpoint, path, *arguments, **keywords)

        return restore

    try:
        for name, call in originals.items():
            setattr(tf.train.Checkpoint, name, noting(call))
        yield restores
    finally:
        for name, call in originals.items():
            setattr(tf.train.Checkpoint, name, call)
