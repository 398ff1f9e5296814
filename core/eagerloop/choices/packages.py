"""The packages that parts come from: which files they are, what they import when they are loaded, which hooks they have."""

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from eagerloop.hooks import GROUP

LOOK = """
import json, os, sys
module, _, attribute = sys.argv[1].partition(":")
out, sys.stdout = sys.stdout, sys.stderr
before = set(sys.modules)
import importlib
plugin = importlib.import_module(module)
for name in filter(None, attribute.split(".")):
    plugin = getattr(plugin, name)
brought = {name.partition(".")[0] for name in set(sys.modules) - before}
hooks = sorted(name for name in dir(plugin) if hasattr(getattr(plugin, name, None), "eagerloop_impl"))
print(json.dumps([sorted(brought), hooks]), file=out)
"""
"""What is run in a process of its own: nothing that was imported before hides what a plugin imports."""

REACHING = (
    "ctypes",
    "ftplib",
    "http",
    "marshal",
    "multiprocessing",
    "pickle",
    "smtplib",
    "socket",
    "ssl",
    "subprocess",
    "urllib",
)
"""Of the standard library, what reaches other programs, other machines, or code in data."""

PATIENCE = 120
"""Seconds for a plugin to be loaded in."""


class Audit(NamedTuple):
    """What is known of a plugin.

    Attributes:
        distribution: The installed package.
        version: Its version.
        plugin: The name of its entry point.
        target: What the entry point names.
        hooks: The hooks that it implements.
        imports: The packages that are imported when it is loaded, without itself and the standard library.
        reaching: Of the standard library, those of `REACHING` that are imported.
        places: Where its files are.
        files: How many.
        sha256: Over all of them.
        fault: Why it cannot be loaded, or an empty text.
    """

    distribution: str
    version: str
    plugin: str
    target: str
    hooks: list[str]
    imports: list[str]
    reaching: list[str]
    places: list[str]
    files: int
    sha256: str
    fault: str = ""

    def as_lines(self) -> Iterator[str]:
        """As `plugins --audit` prints it."""
        yield f"{self.distribution} {self.version}, entry point {self.plugin} = {self.target}"
        if self.fault:
            yield f"  broken    {self.fault}"
        yield f"  hooks     {', '.join(self.hooks) or 'none'}"
        yield f"  imports   {', '.join(self.imports) or 'nothing but the standard library'}"
        yield f"  reaching  {', '.join(self.reaching) or 'none of the modules that reach out of the process'}"
        yield f"  files     {self.files} in {', '.join(self.places)}, sha256 {self.sha256[:16]}"


def digest_of(distribution: str) -> str:
    """SHA-256 over the files of the packages that a distribution's entry points name; an empty text if there are none.

    Args:
        distribution: An installed package.
    """
    return _digest(tuple(sorted({path for entry in _entry_points(distribution) for path in _places(entry.value)})))


def audits() -> list[Audit]:
    """Every installed plugin, each loaded in a process of its own."""
    return [
        _audit(entry)
        for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: (_owner(entry), entry.name))
    ]


def _audit(entry: importlib.metadata.EntryPoint) -> Audit:
    places = sorted(_places(entry.value))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # it finds what this process finds
    done = subprocess.run(  # noqa: S603 - the interpreter itself
        [sys.executable, "-c", LOOK, entry.value],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment,
    )
    brought, hooks, fault = [], [], ""
    if done.returncode:
        fault = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    else:
        brought, hooks = json.loads(done.stdout.splitlines()[-1])
    own = {entry.value.partition(":")[0].partition(".")[0]}
    others = [name for name in brought if name not in sys.stdlib_module_names and name not in own and not name.startswith("_")]
    return Audit(
        distribution=_owner(entry),
        version=entry.dist.version if entry.dist else "",
        plugin=entry.name,
        target=entry.value,
        hooks=hooks,
        imports=others,
        reaching=[name for name in brought if name in REACHING],
        places=[str(place) for place in places],
        files=sum(1 for place in places for _file in _files(place)),
        sha256=_digest(tuple(places)),
        fault=fault,
    )


def _owner(entry: importlib.metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _entry_points(distribution: str) -> Iterator[importlib.metadata.EntryPoint]:
    return (entry for entry in importlib.metadata.entry_points(group=GROUP) if _owner(entry) == distribution)


def _places(target: str) -> set[Path]:
    """The directories of the package that an entry point names, or the file of the module; nothing of it is imported."""
    try:
        found: Any = importlib.util.find_spec(target.partition(":")[0].partition(".")[0])
    except (ImportError, ValueError):
        return set()
    if found is None:
        return set()
    return {Path(place) for place in found.submodule_search_locations or [found.origin]}


def _files(place: Path) -> Iterator[Path]:
    """The files of a place, without what Python has made of them."""
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    return (path for path in paths if path.is_file() and "__pycache__" not in path.parts)


@functools.cache  # a save asks, too
def _digest(places: tuple[Path, ...]) -> str:
    total = hashlib.sha256()
    for place in places:
        for path in _files(place):
            name = path.relative_to(place).as_posix() if path != place else path.name
            total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest() if places else ""
