"""What `plugins` and `show` print: parts by kind, with their owners, in lines that fit the terminal."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from eagerloop.choices.catalog import BUILT_IN, PLURALS, Catalog, Entry
from eagerloop.choices.options import REQUIRED, Option, summary_of
from eagerloop.cli.flags import in_words
from eagerloop.parts import KINDS

FOLDED = 6
"""From how many parts of one file on the overview gives their names alone: Keras has dozens of losses and metrics."""

SLOW = 0.5
"""Seconds that a plugin may take to load before it is named."""


def overview(catalog: Catalog) -> Iterator[str]:
    """Every kind with its parts, tables of many parts folded; then the plugins that are slow or broken.

    Yields:
        Lines.
    """
    folded = False
    for kind in KINDS:
        entries = list(catalog.of_kind(kind))
        if entries:
            yield PLURALS[kind]
        for file, group in groupby(entries, key=lambda entry: (entry.owner, entry.location.rpartition(":")[0])):
            same = list(group)
            if len(same) < FOLDED:
                yield from _table(same)
                continue
            folded = True
            names = ", ".join(entry.name for entry in same)
            yield from _wrapped(f"  {len(same)} made by {_short(file[1])}{_owner(same[0])}: {names}", "    ")
    if folded:
        yield "a line for each: eagerloop plugins KIND; options: eagerloop show KIND NAME"
    yield from _faults(catalog)


def of_kind(catalog: Catalog, kind: str) -> Iterator[str]:
    """The parts of one kind, each with its owner, file and line; then the plugins that are slow or broken.

    Yields:
        Lines.
    """
    entries = list(catalog.of_kind(kind))
    yield PLURALS[kind]
    for entry in entries:
        file, _, line = entry.location.rpartition(":")
        yield from _wrapped(f"  {entry.name}: {summary_of(entry.factory)}", "    ")
        yield from _wrapped(f"    {entry.owner}, {_short(file)}:{line}", "    ")
    yield from _faults(catalog)


def shown(entry: Entry) -> Iterator[str]:
    """One part: what it is, whose it is, where it stands, and each option with type, default and help.

    Yields:
        Lines.
    """
    yield from _wrapped(f"{entry.kind} {entry.name}: {summary_of(entry.factory)}", "  ")
    yield f"from {entry.owner}, {entry.location}"
    options = entry.options.values()
    for option in options:
        default = "required" if option.default is REQUIRED else f"default {in_words(option.default)}"
        line = f"  --{'observe' if entry.kind == 'observer' else entry.kind}.{option.flag}  {option.type_name}  {default}"
        both = f"{line}  {option.help}"
        if not option.help or len(both) <= _width():
            yield both.rstrip()
        else:
            yield line
            yield from _wrapped(f"      {option.help}", "      ")
    if not options:
        yield "  no options"


def as_json(catalog: Catalog, kinds: Sequence[str] = KINDS) -> dict[str, Any]:
    """What `plugins --json` prints: `parts`, `broken` and `slow`."""
    owner_of = ("distribution", "version", "plugin")
    return {
        "parts": [row(entry) for entry in catalog.entries if entry.kind in kinds],
        "broken": [{key: getattr(one.owner, key) for key in owner_of} | {"cause": one.cause} for one in catalog.broken],
        "slow": [
            {key: getattr(owner, key) for key in owner_of} | {"seconds": round(seconds, 3), "imports": imports}
            for owner, seconds, imports in _slow(catalog)
        ],
    }


def row(entry: Entry) -> dict[str, Any]:
    """A part without its options."""
    owner = entry.owner
    return {
        "kind": entry.kind, "name": entry.name, "summary": summary_of(entry.factory), "distribution": owner.distribution,
        "version": owner.version, "plugin": owner.plugin, "location": entry.location,
    }  # fmt: skip


def options_as_json(entry: Entry) -> list[dict[str, Any]]:
    """The options of a part."""
    return [_option_as_json(option) for option in entry.options.values()]


def _option_as_json(option: Option) -> dict[str, Any]:
    required = option.default is REQUIRED
    default = None if required else str(option.default) if isinstance(option.default, Path) else option.default
    return {
        "name": option.name, "type": option.type_name, "required": required, "default": default, "help": option.help,
        "minimum": option.minimum, "maximum": option.maximum,
    }  # fmt: skip


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    width = max(16, *(len(entry.name) for entry in entries))
    for entry in entries:
        yield from _wrapped(f"  {entry.name:{width}}  {summary_of(entry.factory)}{_owner(entry)}", " " * (width + 4))


def _owner(entry: Entry) -> str:
    return "" if entry.owner.distribution == BUILT_IN else f"  [{entry.owner}]"


def _slow(catalog: Catalog) -> Iterator[tuple[Any, float, str]]:
    for owner, seconds in catalog.seconds.items():
        if seconds > SLOW or owner in catalog.heavy:
            yield owner, seconds, catalog.heavy.get(owner, "")


def _faults(catalog: Catalog) -> Iterator[str]:
    for owner, seconds, imports in _slow(catalog):
        advice = f"it imports {imports}, which belongs inside the factories" if imports else "see what it imports"
        yield f"slow: plugin {owner} ({owner.plugin}) took {seconds:.1f} s to load: {advice}"
    yield from (f"broken: {broken}" for broken in catalog.broken)


def _short(file: str) -> str:
    """A file from its package on: the directories above it are the same for all."""
    path = Path(file)
    roots = [parent for parent in path.parents if (parent / "__init__.py").is_file()]
    return str(path.relative_to(roots[-1].parent)) if roots else path.name


def _wrapped(text: str, indent: str) -> Iterable[str]:
    return textwrap.wrap(text, _width(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _width() -> int:
    return min(100, shutil.get_terminal_size((80, 24)).columns)
