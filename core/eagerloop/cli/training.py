"""`train` and `resume`."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import Settings, with_progress
from eagerloop.cli.choosing import command_of, config_parameters
from eagerloop.cli.flags import QUIET, dimmed, parameter
from eagerloop.cli.saying import data_on_stdout, going_on_unread, quiet_tensorflow, tell, write_out
from eagerloop.distribution.workers.cluster import read_cluster
from eagerloop.storage.run_directory import RunDirectory

if TYPE_CHECKING:
    from eagerloop.running.run import Run


def train(words: Sequence[str]) -> Callable[..., None]:
    """The function behind `eagerloop train` for this command line."""
    where = f"Where to keep the run. {dimmed('default: a new one below runs/')}"
    own = [
        parameter("run", Path, typer.Option("--run", help=where)),
        parameter("overwrite", bool, typer.Option("--overwrite", help="Replace the run that is in the place of --run.")),
        *config_parameters(),
        parameter("print_config", bool, typer.Option("--print-config", help="Print the config instead of training.")),
        parameter("quiet", bool, typer.Option("--quiet", "-q", help=QUIET)),
        parameter("verbose", bool, typer.Option("--verbose", "-v", help="Say how finely the loop is compiled, and why.")),
    ]
    return command_of(words, train_run, own)


def train_run(settings: Settings, catalog: Catalog, values: Mapping[str, Any]) -> None:
    """Trains a new run, or prints its config.

    Args:
        settings: What was chosen.
        catalog: Where the parts are found.
        values: `run`, `overwrite`, `print_config`, `quiet` and `verbose`.
    """
    for broken in catalog.broken:
        tell(f"note: {broken}")
    _look_first(settings.strategy, values["run"], overwrite=bool(values["overwrite"]))
    quiet_tensorflow()
    from eagerloop.building.assembly import assemble  # noqa: PLC0415
    from eagerloop.building.run_toml import config  # noqa: PLC0415

    if values["print_config"]:
        with data_on_stdout():
            print(config(assemble(settings, catalog).run_toml), end="")  # noqa: T201
        return
    with going_on_unread():
        _train_new(settings, catalog, values)


def _train_new(settings: Settings, catalog: Catalog, values: Mapping[str, Any]) -> None:
    from eagerloop.running.opening import create  # noqa: PLC0415 - it needs TensorFlow

    overwrite = bool(values["overwrite"])
    run = create(settings if values["quiet"] else with_progress(settings), values["run"], catalog, overwrite=overwrite)
    if not values["quiet"]:
        say(run, opening(run))
    if values["verbose"]:
        say(run, f"grain: {run.stride.grain}, because {run.stride.why}")
    finish(run, quiet=bool(values["quiet"]))


def _look_first(strategy: str, directory: Path | None, *, overwrite: bool) -> None:
    """What can be refused before TensorFlow is imported."""
    if strategy == "multi-worker":
        read_cluster()
    else:  # of several workers, the chief may just have made the directory
        RunDirectory.refuse_taken(directory, overwrite=overwrite, typed=True)


def typed(path: Path) -> str:
    """A path as it is typed on a command line: in quotes where it needs them."""
    return shlex.quote(str(path))


def say(run: "Run", text: str) -> None:
    """Prints a line; of several workers, the chief speaks for all."""
    if run.parts.is_chief:
        write_out(text)


def opening(run: "Run") -> str:
    """What is about to be trained, and what was chosen for the user."""
    from eagerloop.process.numerics import gpus  # noqa: PLC0415 - it needs TensorFlow

    parts = run.parts
    usual = ("observer", "step") if parts.names["step"] == "tape" else ("observer",)  # another step is worth a word
    words = [f"{kind} {part.told}" for kind, rows in parts.resolved.items() if kind not in usual for part in rows]
    in_short = getattr(run.dataset, "in_short", "")
    data = f"\ndata: {in_short}" if in_short else ""
    chosen = f"\nchosen for the data: {', '.join(parts.by_default)}" if parts.by_default else ""
    note = f"\nresume: {run.dataset.note}" if run.dataset.note and not run.dataset.exact else ""
    if gpus():
        exact = "on: the same bits again" if parts.settings.deterministic else "off: other bits each time"
        note += f"\ndeterminism on the GPU is {exact}"
    settings = parts.settings
    if settings.keep and (settings.save_every or run.epochs > settings.keep):
        note += f"\ncheckpoints: the newest {settings.keep} and the best are kept; --keep 0 keeps all"
    several = f", replicas {parts.replicas.count}" if parts.replicas else ""
    return f"{' | '.join(words)}\nrun {run.place}, seed {parts.settings.seed}, epochs {run.epochs}{several}{data}{chosen}{note}"


def finish(run: "Run", *, quiet: bool = False) -> None:
    """Trains, and says how it ended and what can be done next.

    Args:
        run: The run.
        quiet: Say only what went wrong, or may have.

    Raises:
        typer.Exit: A signal ended the run: 130 or 143.
    """
    sys.stdout.flush()
    try:
        run.train()
    except (KeyboardInterrupt, SystemExit) as stop:
        code = 130 if isinstance(stop, KeyboardInterrupt) else 143
        again = f"continue with: eagerloop resume {typed(run.place)}"
        tell(f"eagerloop: stopped by {run.stopping} after step {run.position.step}; {again}")
        raise typer.Exit(code) from None
    from eagerloop.running.usual import no_better  # noqa: PLC0415 - it needs TensorFlow

    worse = no_better(run)
    if quiet:
        if worse and run.parts.is_chief:
            tell(f"note: {worse}")
        return
    done = f"{_counted(len(run.history), 'epoch')}, {_counted(run.position.step, 'step')}"
    answers = f", answers with {run.answers_with}" if run.answers_with else ""
    following = worse or f"next: eagerloop predict {typed(run.place)}"
    say(run, f"done: {done}, kept in {run.place}{answers}; {following}")


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def resume_run(
    directory: Path | None,
    *,
    epochs: int | None,
    which: str | None,
    strict: bool,
    trust: Sequence[str | Path],
    quiet: bool,
    **given: Any,
) -> None:
    """Continues a run, `strategy` and `devices` in place of those that it was saved with if they are given."""
    RunDirectory.existing(directory)
    quiet_tensorflow()
    from eagerloop.distribution.workers.directories import to_resume  # noqa: PLC0415
    from eagerloop.running.opening import prepare_resume  # noqa: PLC0415

    where = to_resume(directory, given.get("strategy"))
    with where.held(), going_on_unread():
        run = prepare_resume(where, epochs=epochs, which=which, strict=strict, trusted=trust, progress=not quiet, **given)
        if run.position.epoch > run.epochs:
            longer = f"extend it with: eagerloop resume {typed(run.place)} --epochs N"
            done = f"{run.place} has {_counted(len(run.history), 'epoch')} already; {longer}"
            tell(f"note: {done}") if quiet else say(run, done)
            return
        where_from = f"epoch {run.position.epoch} after batch {run.position.batch}, step {run.position.step}"
        if not quiet:
            say(run, f"{opening(run)}\nresuming in {where_from}")
        finish(run, quiet=quiet)
