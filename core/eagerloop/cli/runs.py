"""`runs`: which runs there are, what one is, and removing some."""

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from eagerloop.cli.looking import AsJson
from eagerloop.cli.saying import write_out
from eagerloop.cli.using import RunArgument
from eagerloop.errors import ConfigError

if TYPE_CHECKING:
    from eagerloop.afterwards.runs import FoundRun

Below = Annotated[Path, typer.Option("--in", metavar="DIRECTORY", help="Where the runs are.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KIND=NAME|TEXT", help="Runs with this part, or this text in their name, repeatable."),
]
Order = Annotated[
    Literal["newest", "name", "best", "epochs", "size"], typer.Option("--sort", help="newest, name, best, epochs or size.")
]

HEAD = ("run", "age", "epochs", "figure", "best", "last", "size", "parts")

UNLIMITED = 10_000
"""Columns of a pipe or a file."""

MOST_EPOCHS = 20
"""Rows of a history that `show` prints: the newest."""


def commands(settings: Any) -> typer.Typer:
    """`runs` and what may stand behind it.

    Args:
        settings: What typer is told of every command.
    """
    made = typer.Typer(help="List the runs, show one, or remove some.", rich_markup_mode=None, context_settings=settings)
    made.callback(invoke_without_command=True)(runs)
    for name, function in (("list", listed), ("show", show), ("remove", remove)):
        made.command(name, context_settings=settings)(function)
    return made


def runs(
    context: typer.Context,
    *,
    below: Below = Path("runs"),
    only: Only = None,
    order: Order = "newest",
    as_json: AsJson = False,
) -> None:
    """List the runs, show one, or remove some."""
    if context.invoked_subcommand is None:
        listed(below=below, only=only, order=order, as_json=as_json)


def listed(*, below: Below = Path("runs"), only: Only = None, order: Order = "newest", as_json: AsJson = False) -> None:
    """List the runs: name, age, epochs, best and last loss, size, parts."""
    from eagerloop.afterwards.runs import find_runs  # noqa: PLC0415 - the other commands need not wait for it

    found = find_runs(below, only=only or (), order=order)
    if as_json:
        typer.echo(json.dumps([run.as_json() for run in found], indent=1))
    elif found:
        write_out("\n".join(_table([HEAD, *map(_cells, found)])))
    else:
        which = f" with {', '.join(only)}" if only else ""
        write_out(f"there is no run{which} below {below}/; make one with 'eagerloop train'")


def _cells(run: "FoundRun") -> tuple[str, ...]:
    from eagerloop.afterwards.runs import age_in_words, size_in_words  # noqa: PLC0415

    figures = ["" if value is None else f"{value:.5g}" for value in (run.best, run.last)]
    epochs = f"{len(run.history)}/{run.epochs}"
    parts = run.fault or _parts(run)
    age = age_in_words(time.time() - run.begun)
    return (str(run.directory), age, epochs, run.figure, *figures, size_in_words(run.size), parts)


def _parts(run: "FoundRun") -> str:
    """What distinguishes runs most: model, dataset, loss, optimizer."""
    known = run.parts
    others = [known[kind] for kind in ("loss", "optimizer") if kind in known]
    return ", ".join([f"{known.get('model', '?')} on {known.get('dataset', '?')}", *others])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows in columns; where a row is wider than the screen, its last cell stands below the others."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    room = shutil.get_terminal_size((UNLIMITED, 24)).columns
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True))
        fits = len(line) + 2 + len(row[-1]) <= room
        yield f"{line}  {row[-1]}".rstrip() if fits else line.rstrip()
        if not fits:
            yield f"    {row[-1]}"


def show(run: RunArgument = None, *, as_json: AsJson = False) -> None:
    """Show a run: its parts with their options, its checkpoints, and the figures of its epochs."""
    from eagerloop.afterwards.runs import read_run  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    found = read_run(RunDirectory.existing(run).path)
    if as_json:
        typer.echo(
            json.dumps(found.as_json() | {"record": found.record, "history": list(found.history)}, indent=1, default=str)
        )
        return
    write_out("\n".join(_shown(found)))


def _shown(run: "FoundRun") -> Iterator[str]:
    from eagerloop.afterwards.runs import age_in_words, size_in_words  # noqa: PLC0415
    from eagerloop.parts import KINDS  # noqa: PLC0415

    yield f"{run.directory}, begun {age_in_words(time.time() - run.begun)} ago, {size_in_words(run.size)}"
    if run.fault:
        yield f"it cannot be read: {run.fault}"
    for kind in KINDS:
        rows = run.record.get(kind) or []
        yield from (f"  {kind} {_told(row)}" for row in (rows if isinstance(rows, list) else [rows]))
    yield f"  seed {run.record.get('seed', '?')}, epochs {len(run.history)} of {run.epochs}"
    steps = ", ".join(map(str, run.checkpoints)) or "none"
    yield f"  checkpoints at the steps {steps}"
    if run.history:
        names = list(dict.fromkeys(name for row in run.history for name in row))
        shown = run.history[-MOST_EPOCHS:]
        if len(shown) < len(run.history):
            yield f"the newest {len(shown)} of {len(run.history)} epochs"
        yield from _table([[*names, ""], *([*(_figure(row.get(name)) for name in names), ""] for row in shown)])


def _told(row: Any) -> str:
    """A part with its options, as run.toml has it."""
    table = row if isinstance(row, dict) else {"name": row}
    options = table.get("options")
    pairs = options.items() if isinstance(options, dict) else ()
    return " ".join([str(table.get("name", "?")), *(f"{key}={value}" for key, value in pairs)])


def _figure(value: Any) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.5g}"


def remove(
    run: Annotated[list[Path] | None, typer.Argument(metavar="[RUN]...", help="The directories of runs.")] = None,
    *,
    below: Below = Path("runs"),
    keep: Annotated[
        Literal["best"] | None,
        typer.Option("--keep", help="Of all runs, or of those named, keep the best on each dataset with each loss."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove runs, with all that is in their directories."""
    from eagerloop.afterwards.runs import best_of_each, find_runs, read_run, remove_runs  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    if not run and not keep:
        msg = "no run is named; name some, or say '--keep best' to keep the best of all and remove the others"
        raise ConfigError(msg)
    found = [read_run(RunDirectory.existing(path).path) for path in run] if run else find_runs(below)
    kept = best_of_each(found) if keep else []
    unread = [one for one in found if one.fault and not run]
    doomed = [one for one in found if one not in [*kept, *unread]]
    for one in kept:
        write_out(f"kept: {one.directory}, {one.figure} {one.best:.5g} by {_parts(one)}")
    for one in unread:
        write_out(f"left alone: {one.directory}, which cannot be read: {one.fault}")
    if not doomed:
        write_out("there is nothing to remove")
        return
    write_out("\n".join(_table([HEAD, *map(_cells, doomed)])))
    if not yes:
        _ask(len(doomed))
    remove_runs([one.directory for one in doomed])
    write_out(f"removed: {', '.join(str(one.directory) for one in doomed)}")


def _ask(count: int) -> None:
    """Asks whether it is meant so.

    Raises:
        ConfigError: Nobody is there to be asked.
        typer.Exit: It is not.
    """
    if not sys.stdin.isatty():
        msg = "standard input is no terminal, so nobody can be asked; add --yes to remove without asking"
        raise ConfigError(msg)
    if not typer.confirm(f"remove {'this run' if count == 1 else f'these {count} runs'} for good?"):
        write_out("nothing was removed")
        raise typer.Exit(1)
