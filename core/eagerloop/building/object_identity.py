"""What a part that was given as an object is known by, in a record: its class, and what Keras says that it was made with."""

import contextlib
import inspect
from collections.abc import Mapping
from typing import Any


def config_of(part: Any) -> dict[str, Any]:
    """What Keras says an object was made of, as plain values: its class alone would not tell one rate from another."""
    get_config = getattr(part, "get_config", None)
    if not callable(get_config) or inspect.isclass(part):
        return {}
    with contextlib.suppress(Exception):  # one that cannot tell is known by its class
        # Huber leaves its `delta` out of its config: what the wrapped function is called with tells of it.
        made_with = {**getattr(part, "_fn_kwargs", {}), **get_config()}
        return {key: value for key, value in _plain(made_with).items() if key not in ("name", "dtype")}
    return {}


def _plain(value: Any) -> Any:
    """A value of a config as TOML can hold it; what is None is left out."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value if inner is not None]
    if isinstance(value, (bool, int, float, str)):
        return value
    return float(value) if hasattr(value, "item") else class_path(value)


def class_path(thing: Any) -> str:
    """What a part that was given as an object is known by: where its class, or the function, is defined."""
    return f"{thing.__module__}.{thing.__qualname__}" if hasattr(thing, "__qualname__") else class_path(type(thing))
