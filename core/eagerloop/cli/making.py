"""`eagerloop new`."""

from pathlib import Path
from typing import Annotated

import typer

from eagerloop.cli.flags import completion
from eagerloop.cli.saying import write_out
from eagerloop.parts import KINDS


def new(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.", autocompletion=completion(KINDS))],
    name: Annotated[str, typer.Argument(help="What it will be called, such as my-part.")],
    *,
    package: Annotated[bool, typer.Option("--package", help="Make a package eagerloop-NAME, to be published.")] = False,
    directory: Annotated[Path | None, typer.Option("--directory", help="Where to make it; by default here.")] = None,
) -> None:
    """Make a new part, with its tests, to be changed into your own."""
    from eagerloop.scaffold.new_part import make  # noqa: PLC0415 - the other commands need not wait for it

    paths = make(kind, name, package=package, directory=directory)
    write_out("made")
    write_out("\n".join(f"  {path}" for path in paths.files))
    write_out("next")
    write_out("\n".join(f"  {command}" for command in paths.commands))
