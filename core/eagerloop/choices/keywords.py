"""The keywords of `eagerloop.train`, written out: an editor completes them, and a type checker knows them.

What each means stands in `eagerloop.choices.settings.Settings`; a test keeps the two equal.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar

from eagerloop.choices.settings import Settings
from eagerloop.parts import KINDS

Made = TypeVar("Made", bound=Callable[..., Any])

Part = Any
"""A name, `eagerloop.use(...)`, `file.py:NAME`, an object; of several by path, a mapping."""


class Keywords(TypedDict, total=False):
    """What `eagerloop.train` may be told beside `directory`, `overwrite` and `progress`."""

    dataset: Part
    validation: Any
    test: Any
    target: str | Sequence[str]
    model: Part
    loss: Part
    schedule: Part
    optimizer: Part
    step: Part
    checkpointer: Part
    metrics: Sequence[Part] | Mapping[str, Any] | str
    observers: Sequence[Part] | str
    epochs: int
    seed: int
    save_every: int
    save_async: bool
    keep: int
    compile: bool
    strategy: Any
    devices: Sequence[str]
    jit: bool
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    threads: int
    deterministic: bool
    device_policy: Literal["silent", "explicit", "warn"]
    on_nonfinite: Literal["stop", "skip"]
    start_from: Any
    checkpoint: str | int
    freeze: Sequence[str]
    plugins: Sequence[str | Path]


def with_keywords(function: Made) -> Made:
    """Has a running Python, such as a notebook's, complete the keywords, too, with their defaults."""
    plain = {item.name: item.default for item in fields(Settings) if item.name not in KINDS and item.default is not MISSING}
    own = [one for one in inspect.signature(function).parameters.values() if one.kind is one.KEYWORD_ONLY]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=plain.get(name), annotation=kind)
        for name, kind in Keywords.__annotations__.items()
    ]
    function.__signature__ = inspect.Signature([*more, *own])  # type: ignore[attr-defined]
    return function
