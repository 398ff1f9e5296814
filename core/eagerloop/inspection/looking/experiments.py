"""Small experiments on a model, which the findings and the contract suite share: each asks one question of one call or two."""

from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.building.naming import generators_of
from eagerloop.storage.variables import inner_variable


def variables_used(model: Any, x: Any) -> list[Any]:
    """The variables that a training call uses, as a tape sees them, whether the model lists them or not."""
    with tf.GradientTape() as tape:
        model(x, training=True)
    return list(tape.watched_variables())


def unlisted(model: Any, used: Any) -> list[Any]:
    """Those of the variables that are not among the model's `variables`."""
    listed = {id(inner_variable(variable)) for variable in model.variables}  # a frozen one is watched, too
    return [variable for variable in used if id(inner_variable(variable)) not in listed]


def answers(model: Any, x: Any, times: int = 2) -> list[np.ndarray[Any, Any]]:
    """What the model answers to the same x with `training=False`, again and again; of several tensors, all in one row."""
    return [in_one(model(x, training=False)) for _time in range(times)]


def in_one(answer: Any) -> np.ndarray[Any, Any]:
    """An answer as an array; of several tensors, all numbers in one row."""
    if isinstance(answer, tf.Tensor) or not tf.nest.flatten(answer):
        return np.asarray(answer)
    leaves = tf.nest.flatten(answer, expand_composites=True)
    return np.concatenate([np.asarray(leaf).astype(np.float64).ravel() for leaf in leaves if leaf is not None])


def draws(layer: Any) -> bool:
    """Whether a layer drops values or adds noise while training."""
    return max(_number(layer, "rate"), _number(layer, "stddev")) > 0 and bool(generators_of(layer))


def takes_averages(layer: Any) -> bool:
    """Whether a layer takes averages over the batches while training, as BatchNorm does."""
    return hasattr(layer, "moving_mean") and bool(layer.trainable)


def moving_variables(layer: Any) -> list[Any]:
    """What a training call changes in such a layer besides what is learnt: its averages, else its generators' states."""
    averages = [layer.moving_mean, layer.moving_variance] if hasattr(layer, "moving_mean") else []
    return averages or [generator.state for generator in generators_of(layer)]


def moving_values(layer: Any) -> list[Any]:
    """Their values, to be compared with those after a call."""
    return [inner_variable(variable).numpy().tolist() for variable in moving_variables(layer)]


def _number(layer: Any, name: str) -> float:
    value = getattr(layer, name, 0)
    return float(value) if isinstance(value, (int, float)) else 0.0
