"""Which layers a run does not train, by the names that the user gives."""

import fnmatch
from collections.abc import Sequence
from typing import Any

import keras

from eagerloop.building.naming import Names
from eagerloop.errors import ConfigError, did_you_mean


def freeze(model: Any, patterns: Sequence[str]) -> None:
    """Freezes the layers whose names match: no gradient changes their variables, and their averages stand still.

    Args:
        model: A built model.
        patterns: Names of layers as `eagerloop inspect model` tells them, with `*` and `?`; a layer inside another is
            `encoder/dense`, and whatever is inside a frozen layer is frozen with it.

    Raises:
        ConfigError: A pattern matches no layer, all that could be trained is frozen, or the model has no layer of Keras's.
    """
    if not patterns:
        return
    layers = {name: layer for name, layer in Names(model).layers.items() if isinstance(layer, keras.layers.Layer)}
    if not layers:
        msg = f"freeze {', '.join(patterns)}: only layers of Keras can be frozen, and the model has none"
        raise ConfigError(msg)
    for pattern in patterns:
        names = fnmatch.filter(layers, pattern)
        if not names:
            msg = f"freeze: no layer is called '{pattern}'; {did_you_mean(pattern, layers)}"
            raise ConfigError(msg)
        for name in names:
            layers[name].trainable = False
    if not model.trainable_variables:
        told = f"freeze {', '.join(patterns)}: nothing is left to train"
        msg = f"{told}; leave out one of the layers: {', '.join(layers)}"
        raise ConfigError(msg)
