"""Parts and plugins that live in a plain file: importing it, telling its version, making its functions factories."""

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from eagerloop.errors import PluginError
from eagerloop.files.plain import read_plain_bytes

BARE = {"loss": 2, "schedule": 1, "step": 5}
"""Kinds whose part is a plain function, and how many arguments it is called with."""

ASKED = {"loss": ("x", "sample_weight"), "schedule": (), "step": ("sample_weight",)}
"""Parameters behind those that are no options either: the loop gives what they ask for."""


def is_file_part(part: str) -> bool:
    """Whether a part is named as `path/to/file.py:NAME`."""
    file, _, name = part.rpartition(":")
    return file.endswith(".py") and name.isidentifier()


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Raises:
        PluginError: The file cannot be read.
    """
    return hashlib.sha256(_bytes_of(path)).hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return read_plain_bytes(path)
    except OSError as error:
        msg = f"plugin file {path} cannot be read: {error.strerror or error}; check the path"
        raise PluginError(msg) from error


def names_in(path: Path) -> list[str]:
    """The functions and classes of a file by name, in their order; nothing of it is run.

    Raises:
        PluginError: The file cannot be read, or is no Python.
    """
    try:
        body = ast.parse(_bytes_of(path)).body
    except (SyntaxError, ValueError) as error:
        msg = f"plugin file {path} is not valid Python: {error}"
        raise PluginError(msg) from error
    of_names = [item.name for item in body if isinstance(item, ast.FunctionDef | ast.ClassDef)]
    return [name for name in of_names if not name.startswith("_")]


def import_file(path: Path) -> ModuleType:
    """Imports a Python file under a name of its own, once for each version of its text.

    Args:
        path: A file that the user named; its code runs.

    Returns:
        The module.

    Raises:
        PluginError: The file cannot be read, or raises while it is imported.
    """
    source = _bytes_of(path)  # read once: what is hashed is what runs, whatever bytecode lies beside it
    name = f"eagerloop_file_{path.stem}_{hashlib.sha256(source).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"plugin file {path} is not a Python file (.py)"
        raise PluginError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as the import system does: dataclasses and typing look their module up
    try:
        exec(compile(source, str(spec.origin), "exec", dont_inherit=True), vars(module))  # noqa: S102 - the file that the user named
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        msg = f"plugin file {path} cannot be imported: {type(error).__name__}: {error}"
        raise PluginError(msg) from error
    return module


def as_factory(kind: str, target: Callable[..., Any]) -> Callable[..., Any]:
    """Turns a plain function into a factory of itself.

    `def pinball(y_true, y_pred, quantile: float = 0.5)` is a loss, not a factory of losses: its first two parameters have no
    default. The others become its options, but for `x` and `sample_weight`, which it is called with, too. Of a schedule,
    `def warm_up(step, peak: float = 0.01)`, it is the first one; of a step, `def mine(model, loss, optimizer, x, y)`, the first
    five.

    Args:
        kind: The kind of part that is wanted.
        target: A factory, a class or a plain function.

    Returns:
        A factory.
    """
    count = BARE.get(kind)
    if count is None or inspect.isclass(target):
        return target
    parameters = list(inspect.signature(target).parameters.values())
    first = parameters[:count]
    if len(first) < count or any(p.default is not p.empty or p.kind is not p.POSITIONAL_OR_KEYWORD for p in first):
        return target

    @functools.wraps(target)
    def factory(**options: Any) -> Callable[..., Any]:
        return functools.partial(target, **options) if options else target

    factory.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters[count:] if p.name not in ASKED[kind]]
    )
    return factory
