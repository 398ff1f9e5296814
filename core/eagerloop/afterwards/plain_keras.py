"""A run's model as layers of Keras that need no class of anybody's, and what a file of it needs beside Keras all the same."""

import inspect
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from eagerloop.afterwards.serving import x_specs
from eagerloop.errors import ConfigError
from eagerloop.running.run import Run
from eagerloop.structures import map_with_path


def plain_model(run: Run) -> Any:
    """The run's model as layers of Keras that need no class of anybody's: what its `call` does with the layers, drawn once.

    Raises:
        ConfigError: It is no Keras model, or computes with more than Keras's layers and operations.
    """
    model, name = run.model, run.parts.names["model"]
    if not isinstance(model, keras.Model):
        msg = f"model '{name}' is no Keras model, so no .keras file can hold it; export a SavedModel: a name without an ending"
        raise ConfigError(msg)
    if type(model).__module__.startswith("keras.") and hasattr(model, "inputs"):
        return model
    specs = iter(x_specs(run).values())
    inputs = map_with_path(lambda _path, _leaf: _input(next(specs)), _sorted(run.parts.first_batch[0]))
    training = {"training": False} if "training" in inspect.signature(model.call).parameters else {}
    try:
        return keras.Model(inputs, model.call(inputs, **training), name=model.name)
    except Exception as error:  # TensorFlow's operations take no symbol of Keras's, and say so in many ways
        cause = " ".join(str(error).split())[:120]
        ways = "export a SavedModel (a name without an ending), or compute with keras.layers and keras.ops alone"
        msg = f"model '{name}' cannot be written as plain Keras layers ({type(error).__name__}: {cause}); {ways}"
        raise ConfigError(msg) from error


def _input(spec: Any) -> Any:
    return keras.Input(spec.shape[1:], dtype=spec.dtype.name, name=spec.name)


def _sorted(structure: Any) -> Any:
    """The same structure, with dictionaries in the order of their names, as `leaves_by_path` walks them."""
    if isinstance(structure, dict):
        return {name: _sorted(structure[name]) for name in sorted(structure)}
    return type(structure)(map(_sorted, structure)) if type(structure) in (tuple, list) else structure


def needed_beside_keras(path: Path) -> list[str]:
    """The classes and functions that a `.keras` file names and Keras does not have, sorted.

    Args:
        path: The file.
    """
    with zipfile.ZipFile(path) as archive:
        return sorted(set(_strangers(json.loads(archive.read("config.json")))))


def _strangers(config: Any) -> Iterator[str]:
    if isinstance(config, list):
        for inner in config:
            yield from _strangers(inner)
    elif isinstance(config, dict):
        name, module = config.get("class_name"), config.get("module")
        if name in ("__lambda__", "Lambda"):
            yield "a lambda (safe_mode=False)"
        elif name == "function":
            yield str(config.get("config"))
        elif isinstance(name, str) and not name.startswith("__") and not str(module).startswith("keras"):
            yield name
        for inner in config.values():
            yield from _strangers(inner)
