"""Which parts there are: plugins, found and loaded one by one, and the factories that they offer.

Every entry point of the group `eagerloop` is loaded by itself, in the order of the names, and judged as a whole: either all
of its parts enter the catalog or none. A plugin that fails is remembered with its cause and harms no other.
"""

import contextlib
import importlib.metadata
import inspect
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eagerloop.choices.options import Option, options_of
from eagerloop.choices.providers import offered
from eagerloop.choices.sources import as_factory, digest, import_file, is_file_part, names_in
from eagerloop.errors import EagerloopError, PluginError, did_you_mean, read_by
from eagerloop.hooks import GROUP
from eagerloop.parts import KINDS

BUILT_IN = "eagerloop"
"""The distribution whose names may be written without an owner, whatever else is installed."""

ALLOWED = "EAGERLOOP_PLUGINS"
"""Environment variable: distributions (comma-separated) whose plugins may be loaded besides the built-in ones."""

HEAVY = ("tensorflow", "keras", "numpy")
"""What no plugin may import when it is loaded: listing the parts would wait for it."""

PLURALS = dict(
    zip(
        KINDS,
        ("datasets", "models", "losses", "schedules", "optimizers", "steps", "checkpointers", "metrics", "observers"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Owner:
    """Who offers a part: an installed distribution, or a file (its version is then the digest of its text)."""

    distribution: str
    version: str
    plugin: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@dataclass(frozen=True)
class Entry:
    """A part that can be chosen."""

    kind: str
    name: str
    factory: Callable[..., Any]
    owner: Owner
    options: Mapping[str, Option]

    @property
    def where(self) -> str:
        """The part in words, for messages."""
        return f"{self.kind} '{self.name}'" + ("" if self.owner.distribution == BUILT_IN else f" of {self.owner}")

    @property
    def location(self) -> str:
        """File and line of the factory."""
        target = inspect.unwrap(self.factory)
        code = getattr(target, "__code__", None) or getattr(getattr(target, "__init__", None), "__code__", None)
        return f"{code.co_filename}:{code.co_firstlineno}" if code else getattr(target, "__module__", "")


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be used, and why."""

    owner: Owner
    cause: str

    def __str__(self) -> str:
        plugin = f" ({self.owner.plugin})" if self.owner.plugin else ""
        return f"plugin {self.owner}{plugin} is left out: {self.cause}"


@dataclass
class Catalog:
    """Every part that can be chosen by name.

    Attributes:
        entries: The parts, in the order in which their plugins were loaded.
        broken: The plugins that were left out.
        files: The plugin files that were named, with their digests.
        seconds: How long each plugin took to load.
        heavy: The first of `HEAVY` that a plugin imported. Only the first of those that import it pays, and is named.
    """

    entries: list[Entry] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    seconds: dict[Owner, float] = field(default_factory=dict)
    heavy: dict[Owner, str] = field(default_factory=dict)

    @classmethod
    def load(cls, files: Iterable[str | Path] = ()) -> "Catalog":
        """Reads the installed plugins, then the given files.

        Args:
            files: Python files with hook implementations.

        Returns:
            A catalog of its own: nothing is cached, nothing is global.

        Raises:
            PluginError: A given file does not exist or cannot be loaded. (An installed plugin only becomes `broken`.)
        """
        catalog = cls()
        for entry_point, owner in _installed():
            catalog._add(owner, entry_point.load)
        for file in files:
            path = Path(file)
            owner = Owner(path.name, digest(path)[:12], str(path))  # with its .py, so that no file can pass for a distribution
            catalog._add(owner, lambda path=path: import_file(path))  # type: ignore[misc]
            if catalog.broken and catalog.broken[-1].owner == owner:
                raise PluginError(str(catalog.broken[-1]))
            catalog.files[str(path)] = digest(path)
        return catalog

    def _add(self, owner: Owner, load: Callable[[], Any]) -> None:
        """All parts of one plugin, or its fault. A plugin is strangers' code: whatever it raises is caught."""
        begin, before = time.perf_counter(), set(HEAVY) & set(sys.modules)
        try:
            _require_version(owner)
            with contextlib.redirect_stdout(sys.stderr):  # what it prints must not stand between ours: `plugins --json`
                parts = list(offered(load()))
            self.entries += [Entry(kind, name, factory, owner, options) for kind, name, factory, options in parts]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - see the docstring
            cause = str(error) if isinstance(error, EagerloopError) else f"{type(error).__name__}: {error}"
            self.broken.append(Broken(owner, " ".join(cause.split())))
        self.seconds[owner] = time.perf_counter() - begin
        brought = [name for name in HEAVY if name in sys.modules and name not in before]
        if brought:
            self.heavy[owner] = brought[0]

    def of_kind(self, kind: str) -> Iterator[Entry]:
        """The parts of a kind."""
        return (entry for entry in self.entries if entry.kind == kind)

    def find(self, kind: str, part: str) -> Entry:
        """Looks a part up.

        Args:
            kind: One of `KINDS`.
            part: `NAME`, `DISTRIBUTION/NAME` or `path/to/file.py:NAME`; `-` and `_` are the same.

        Returns:
            The one part of that name; for a bare name that a built-in has, the built-in.

        Raises:
            PluginError: No part has that name, or more than one has.
        """
        if is_file_part(part):
            return self._from_file(kind, part)
        distribution, _, name = part.rpartition("/")
        entries = [
            entry for entry in self.of_kind(kind) if _same(entry.name, name) and distribution in ("", entry.owner.distribution)
        ]
        if not distribution:
            entries = [entry for entry in entries if entry.owner.distribution == BUILT_IN] or entries
        if len(entries) == 1:
            return entries[0]
        if entries:
            owners = " and ".join(str(entry.owner) for entry in entries)
            ways = " or ".join(f"{entry.owner.distribution}/{entry.name}" for entry in entries)
            msg = f"{kind} '{name}' is offered by {owners}; choose one: {ways}"
            raise PluginError(msg)
        if part.endswith(".py"):
            names = ", ".join(f"{part}:{name}" for name in names_in(Path(part)))
            msg = f"a {kind} in a file is named as FILE:NAME, got '{part}'; it has {names or 'no function or class'}"
            raise PluginError(msg)
        way = read_by(part) if kind == "dataset" else ""
        msg = f"there is no {kind} '{part}'; {way or did_you_mean(part, (entry.name for entry in self.of_kind(kind)))}"
        raise PluginError("; ".join([msg, *map(str, self.broken)]))

    def _from_file(self, kind: str, part: str) -> Entry:
        file, _, name = part.rpartition(":")
        module = import_file(Path(file))
        if not callable(getattr(module, name, None)):
            public = (key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
            msg = f"{file} has no function or class '{name}'; {did_you_mean(name, public)}"
            raise PluginError(msg)
        owner = Owner(file, digest(Path(file))[:12], file)
        factory = as_factory(kind, getattr(module, name))
        return Entry(kind, part, factory, owner, options_of(factory, f"{kind} '{part}' of {owner}"))


def _same(one: str, other: str) -> bool:
    return one.replace("_", "-") == other.replace("_", "-")


def _installed() -> Iterator[tuple[importlib.metadata.EntryPoint, Owner]]:
    """The allowed entry points, sorted. Their distributions are compared before anything of them is imported."""
    allowed = os.environ.get(ALLOWED)
    names = None if allowed is None else {name.strip().lower().replace("_", "-") for name in allowed.split(",")}
    allowed_ones = []
    for entry_point in importlib.metadata.entry_points(group=GROUP):
        distribution = entry_point.dist
        name = distribution.name if distribution else "unknown"
        if name == BUILT_IN or names is None or name.lower().replace("_", "-") in names:
            allowed_ones.append((entry_point, Owner(name, distribution.version if distribution else "", entry_point.name)))
    # The built-in parts come first, so that every listing begins with them.
    return iter(sorted(allowed_ones, key=lambda pair: (pair[1].distribution != BUILT_IN, pair[1].distribution, pair[1].plugin)))


def _require_version(owner: Owner) -> None:
    """A plugin may need a newer eagerloop than the one that runs: pip allows it to be installed all the same."""
    if owner.distribution == BUILT_IN:
        return
    try:
        requirements = importlib.metadata.requires(owner.distribution) or ()
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return  # a file
    wanted = [line for line in requirements if line.lower().startswith(BUILT_IN) and ";" not in line]
    if not wanted:
        return
    from packaging.requirements import Requirement  # noqa: PLC0415 - needed by few, and slow to import

    version = importlib.metadata.version(BUILT_IN)
    for requirement in map(Requirement, wanted):
        if requirement.name.lower() == BUILT_IN and not requirement.specifier.contains(version, prereleases=True):
            msg = f"it needs {requirement}, and this is eagerloop {version}"
            raise PluginError(msg)
