"""Whether importing a module stays light: tried in an interpreter of its own, which stops at the first heavy import."""

import functools
import importlib.abc
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HEAVY = ("tensorflow", "keras", "numpy", "torch", "jax")
"""What no plugin may import when it is listed: they take from 0.1 s (numpy) to 9 s."""

LONGEST = 60
"""Seconds that an import may take."""


class Found(NamedTuple):
    """What importing a module brought in.

    Attributes:
        module: Its name, or its file.
        heavy: The first heavy module that it imports, or nothing.
        place: File and line of that import.
        skipped: Why nothing was tried, or nothing.
    """

    module: str
    heavy: str = ""
    place: str = ""
    skipped: str = ""


def heavy_import(factory: Callable[..., Any]) -> Found:
    """Imports the module of a factory in a fresh interpreter.

    Args:
        factory: The factory.

    Returns:
        What came with it.
    """
    target = inspect.unwrap(factory)
    name = getattr(getattr(target, "func", target), "__module__", None) or ""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if not file or name == "__main__":
        return Found(name, skipped="the factory is in no file of its own")
    if name.startswith("eagerloop_file_") and not _is_plugin(module):
        return Found(file, skipped="a file that is named on the command line is read only when the part is used")
    return _tried(name if _can_be_found(name) else "", file, tuple(sys.path))


def _is_plugin(module: Any) -> bool:
    return any(hasattr(value, "eagerloop_impl") for value in vars(module).values())


def _can_be_found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None and not name.startswith("eagerloop_file_")
    except (ImportError, ValueError):
        return False


@functools.lru_cache(maxsize=256)
def _tried(name: str, file: str, path: tuple[str, ...]) -> Found:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    command = [sys.executable, "-P", "-m", "eagerloop.testing.trying.importing", name, file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603
    lines = done.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        cause = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Found(name or file, "what cannot be imported alone", cause)
    return Found(name or Path(file).name, **json.loads(lines[-1]))


class _Stop(importlib.abc.MetaPathFinder):
    """Ends the process at the first heavy import, and says where it stands."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002 - the import system's
        if fullname.partition(".")[0] not in HEAVY:
            return
        engine = str(Path(__file__).parents[2])
        frame = inspect.currentframe()
        # The plugin's own line, not one of the import system or of the engine.
        passed_over = ("<frozen", engine, str(Path(importlib.__file__).parent))
        while frame and frame.f_code.co_filename.startswith(passed_over):
            frame = frame.f_back
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
        print(json.dumps({"heavy": fullname, "place": place}), flush=True)  # noqa: T201 - to the process that asks
        os._exit(0)


def _import(name: str, file: str) -> None:
    sys.meta_path.insert(0, _Stop())
    if name and _can_be_found(name):  # else the process that asks had it imported in its own way, as pytest does its tests
        importlib.import_module(name)
    else:
        from eagerloop.choices.sources import import_file  # noqa: PLC0415

        import_file(Path(file))
    print(json.dumps({"heavy": "", "place": ""}))  # noqa: T201


if __name__ == "__main__":
    _import(*sys.argv[1:3])
