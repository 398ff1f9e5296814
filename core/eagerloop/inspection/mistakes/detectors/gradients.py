"""Mistakes around the tape: what it does not see, and what it is asked twice."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, identities, named
from eagerloop.storage.variables import inner_variable


def _reached(evidence: Evidence) -> tuple[list[Any], list[Any]]:
    """The variables that were asked for a gradient: those that got one, and those that did not."""
    got: list[Any] = []
    missed: list[Any] = []
    for call in evidence.differentiated:
        for source, result in zip(call.sources, call.results or (), strict=False):
            if hasattr(source, "assign"):
                (missed if result is None else got).append(source)
    return got, missed


def _is_outside(evidence: Evidence) -> bool:
    """Whether model or loss came where no tape was open; for a loss of the step's own, whether no NumPy explains it."""
    calls = evidence.first.losses
    if calls or not evidence.first.watched:
        return not evidence.first.watched or not any(call.taped for call in calls)
    return not any(word in evidence.source for word in (".numpy()", "np.", "numpy."))


@mistake(
    "EL05",
    "error",
    "NumPy inside the tape",
    "compute everything between the variables and the loss with TensorFlow operations: tf.square, not np.square; no .numpy()",
)
def numpy_inside(evidence: Evidence) -> str:
    """No variable gets a gradient, though the loss was computed inside the tape."""
    got, missed = _reached(evidence)
    if got or not missed or _is_outside(evidence):
        return ""
    where = "between the variables and the predictions" if _model_is_cut(evidence) else "between the predictions and the loss"
    return f"none of the {len(missed)} variables has a gradient: {where} something leaves TensorFlow, as NumPy and .numpy() do"


def _model_is_cut(evidence: Evidence) -> bool:
    """Whether the predictions themselves have no gradient."""
    with tf.GradientTape() as tape:
        predictions = evidence.model(evidence.x, training=True)
    return all(gradient is None for gradient in tape.gradient(predictions, list(evidence.model.trainable_variables)))


@mistake(
    "EL06",
    "error",
    "the loss is computed outside the tape",
    "indent the line with the loss, and the one that calls the model, to stand inside `with tf.GradientTape() as tape:`",
)
def loss_outside(evidence: Evidence) -> str:
    """No variable gets a gradient, and no tape was open when the model was called, or the loss computed."""
    got, missed = _reached(evidence)
    if got or not missed or not _is_outside(evidence):
        return ""
    when = "closed before the loss was computed" if evidence.first.watched else "not open when the model was called"
    return f"none of the {len(missed)} variables has a gradient: the tape was {when}"


@mistake(
    "EL07",
    "error",
    "some variables get no gradient",
    "use the layer's output, or take the layer away; set layer.trainable = False where it is meant to stay as it is",
)
def unreached(evidence: Evidence) -> str:
    """Some of the trainable variables get a gradient and others do not."""
    got, missed = _reached(evidence)
    learned, paths = identities(got), {variable.path for variable in got if hasattr(variable, "path")}
    # Keras lists some variables twice, under one path, if the model was restored before it was built.
    missed = [variable for variable in missed if getattr(variable, "path", None) not in paths]
    names = [evidence.name_of(variable) for variable in missed if id(inner_variable(variable)) not in learned]
    if not got or not names:
        return ""
    some = f"{len(names)} of {len(names) + len(got)} variables"
    return f"the loss does not depend on {some}, which never change: {named(names)}"


@mistake(
    "EL08",
    "error",
    "the tape is used twice",
    "ask once for all: tape.gradient(value, model.trainable_variables); or open it with GradientTape(persistent=True)",
)
def tape_used_twice(evidence: Evidence) -> str:
    """`gradient` was called on a tape that was used up."""
    failed = [number for number, call in enumerate(evidence.first.gradients, start=1) if call.results is None]
    if not failed or "persistent" not in str(evidence.first.error):
        return ""
    return f"call {failed[0]} of tape.gradient raised RuntimeError: a tape forgets what it saw when it has given its gradients"


@mistake(
    "EL18",
    "error",
    "a number is not finite",
    "keep log, sqrt and division away from 0 (tf.maximum, tf.math.divide_no_nan), on both sides of tf.where; or lower the rate",
)
def not_finite(evidence: Evidence) -> str:
    """The first thing in the order of the step that holds nan or infinity."""
    result = evidence.first.result
    # The gradients of a scaled loss overflow in float16 until the optimizer has found the scale. It leaves those steps out.
    calls = () if hasattr(evidence.optimizer, "dynamic_scale") else evidence.first.gradients
    gradients = [value for call in calls for value in call.results or () if value is not None]
    things: dict[str, Sequence[Any]] = {
        "x": _leaves(evidence.x),
        "y": _leaves(evidence.y),
        "the weights of the rows": [evidence.weights],
        "the predictions": _leaves(getattr(result, "predictions", None)),
        "the loss": [getattr(result, "loss", None)],
        "a gradient": gradients,
    }
    for words, values in things.items():
        if any(_is_bad(value) for value in values):
            before = "" if words in ("x", "y", "the weights of the rows") else ", and everything before it is finite"
            return f"{words} is nan or infinite{_layer(evidence) if words == 'the predictions' else ''}{before}"
    return evidence.later


def _layer(evidence: Evidence) -> str:
    """The first layer whose output is not finite."""
    layers = evidence.record.layers if evidence.record is not None else ()
    name = next((layer.name for layer in layers if layer.output.nonfinite), "")
    return f", first in the output of {name}" if name else ""


def _leaves(structure: Any) -> list[Any]:
    """The tensors of a structure; of a ragged one its elements."""
    return list(tf.nest.flatten(structure, expand_composites=True))


def _is_bad(value: Any) -> bool:
    if value is None or (tf.is_tensor(value) and not hasattr(value, "numpy")):
        return False
    array = np.asarray(tf.convert_to_tensor(value))
    return array.dtype.kind == "f" and not bool(np.isfinite(array).all())
