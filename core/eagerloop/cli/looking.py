"""Commands that only look: plugins, show, doctor."""

import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer

from eagerloop.choices.catalog import PLURALS, Catalog
from eagerloop.choices.sources import is_file_part
from eagerloop.cli import listing
from eagerloop.cli.flags import completion
from eagerloop.cli.saying import quiet_tensorflow, write_out
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.parts import KINDS
from eagerloop.process.screen import quiet

PluginFiles = Annotated[
    list[Path] | None, typer.Option("--plugin", metavar="FILE", help="A Python file with hook implementations.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def plugins(
    kind: Annotated[
        str | None, typer.Argument(help=f"Every part of one kind: {', '.join(KINDS)}.", autocompletion=completion(KINDS))
    ] = None,
    *,
    as_json: AsJson = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="List what each plugin imports when it is loaded, its hooks, files and version.")
    ] = False,
    plugin: PluginFiles = None,
) -> None:
    """List the parts that can be chosen, and the plugins that are slow or broken."""
    if audit:
        _audit(as_json=as_json)
        return
    kinds = [_kind(kind)] if kind else KINDS
    with quiet():  # a plugin may import TensorFlow
        catalog = Catalog.load(plugin or ())
    if as_json:
        typer.echo(json.dumps(listing.as_json(catalog, kinds), indent=1))
        return
    write_out("\n".join(listing.of_kind(catalog, kinds[0]) if kind else listing.overview(catalog)))


def _audit(*, as_json: bool) -> None:
    """Each installed plugin, loaded in a process of its own."""
    from eagerloop.choices.packages import audits  # noqa: PLC0415

    found = audits()
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], indent=1))
        return
    write_out("\n".join(line for one in found for line in one.as_lines()))


def _kind(word: str) -> str:
    """The kind in the singular, however it was typed.

    Raises:
        ConfigError: There is no such kind.
    """
    singular = {plural: kind for kind, plural in PLURALS.items()}.get(word, word)
    if singular not in KINDS:
        msg = f"there is no kind '{word}'; {did_you_mean(word, KINDS)}"
        raise ConfigError(msg)
    return singular


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
    kind = _kind(kind)
    with quiet() if plugin or is_file_part(name) else contextlib.nullcontext():
        entry = Catalog.load(plugin or ()).find(kind, name)
    if as_json:
        typer.echo(json.dumps(listing.row(entry) | {"options": listing.options_as_json(entry)}, indent=1))
        return
    write_out("\n".join(listing.shown(entry)))


def doctor() -> None:
    """Say whether everything that a run needs is there."""
    from eagerloop.inspection.views.environment import inspect_environment  # noqa: PLC0415

    with contextlib.suppress(Exception):  # the view tells it as a problem
        quiet_tensorflow()
    view = inspect_environment(Catalog.load())
    write_out(str(view))
    if view.problems:
        raise typer.Exit(1)
