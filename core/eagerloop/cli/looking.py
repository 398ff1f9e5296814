"""Commands that only look: plugins, show, doctor."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from eagerloop.catalog import PLURALS, Catalog, Entry
from eagerloop.cli.flags import completion, in_words
from eagerloop.cli.report import quiet, quiet_tensorflow
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.options import REQUIRED, options_of, summary_of
from eagerloop.parts import KINDS
from eagerloop.sources import is_file_part

PluginFiles = Annotated[
    list[Path] | None, typer.Option("--plugin", metavar="FILE", help="A Python file with hook implementations.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def plugins(*, as_json: AsJson = False, plugin: PluginFiles = None) -> None:
    """List every part that can be chosen, and the plugins that are broken."""
    with quiet() if plugin else contextlib.nullcontext():
        catalog = Catalog.load(plugin or ())
    if as_json:
        broken = [
            {"distribution": b.owner.distribution, "version": b.owner.version, "plugin": b.owner.plugin, "cause": b.cause}
            for b in catalog.broken
        ]
        typer.echo(json.dumps({"parts": [_row(entry) for entry in catalog.entries], "broken": broken}, indent=1))
        return
    typer.echo("\n".join(_listing(catalog)))


def _listing(catalog: Catalog) -> Iterator[str]:
    width = max((len(entry.name) for entry in catalog.entries), default=0)
    for kind in KINDS:
        entries = list(catalog.of_kind(kind))
        if entries:
            yield f"{PLURALS[kind]}"
        for entry in entries:
            owner = "" if entry.owner.distribution == "eagerloop" else f"  [{entry.owner}]"
            yield f"  {entry.name:{width}}  {summary_of(entry.factory)}{owner}"
    for broken in catalog.broken:
        yield f"broken: {broken}"


def _row(entry: Entry) -> dict[str, Any]:
    owner = entry.owner
    return {
        "kind": entry.kind, "name": entry.name, "summary": summary_of(entry.factory), "distribution": owner.distribution,
        "version": owner.version, "plugin": owner.plugin, "location": entry.location,
    }  # fmt: skip


def _names(context: typer.Context, incomplete: str) -> list[str]:
    """The parts of the kind that was typed before."""
    names = [entry.name for entry in Catalog.load().of_kind(str(context.params.get("kind")))]
    return completion(names)(incomplete)


def show(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.", autocompletion=completion(KINDS))],
    name: Annotated[str, typer.Argument(help="The part's name.", autocompletion=_names)],
    *,
    as_json: AsJson = False,
    plugin: PluginFiles = None,
) -> None:
    """Show what a part is, where it comes from, and its options."""
    if kind not in KINDS:
        msg = f"there is no kind '{kind}'; {did_you_mean(kind, KINDS)}"
        raise ConfigError(msg)
    with quiet() if plugin or is_file_part(name) else contextlib.nullcontext():
        entry = Catalog.load(plugin or ()).find(kind, name)
    options = options_of(entry.factory, entry.where)
    if as_json:
        rows = [
            {
                "name": o.name,
                "type": o.type_name,
                "required": o.default is REQUIRED,
                "default": None if o.default is REQUIRED else _plain(o.default),
                "help": o.help,
            }
            for o in options.values()
        ]
        typer.echo(json.dumps(_row(entry) | {"options": rows}, indent=1))
        return
    flag = "observe" if kind == "observer" else kind
    lines = [f"{kind} {entry.name}: {summary_of(entry.factory)}", f"from {entry.owner}, {entry.location}"]
    lines += [
        f"  --{flag}.{o.flag}  {o.type_name}  "
        + ("required" if o.default is REQUIRED else f"default {in_words(o.default)}")
        + (f"  {o.help}" if o.help else "")
        for o in options.values()
    ]
    typer.echo("\n".join(lines + ([] if options else ["  no options"])))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def doctor() -> None:
    """Say whether everything that a run needs is there."""
    from eagerloop.inspection.environment import inspect_environment  # noqa: PLC0415

    with contextlib.suppress(Exception):  # the view tells it as a problem
        quiet_tensorflow()
    view = inspect_environment(Catalog.load())
    typer.echo(str(view))
    if view.problems:
        raise typer.Exit(1)
