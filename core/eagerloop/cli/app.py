"""The commands."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from eagerloop.cli import checking, exporting, inspecting_step, launching, looking, making, panels, reporting, runs, using
from eagerloop.cli.words import without_pydantic
from eagerloop.errors import EagerloopError

HELP = """Trains TensorFlow models with one GradientTape loop that you can read, made of parts that you can swap by name.

With no option, 'eagerloop train' is the guide 'Keras with Eager Execution': iris, Dense-Dropout-Dense, MSE, Adam."""

DYNAMIC = {
    "train": "Train a new run. The options of the parts that you choose appear in this help.",
    "inspect data": "Show a table column by column: what would be read, decided and left out, before anything is trained.",
    "inspect batch": "Show a batch of the first epoch: shapes, dtypes, columns, values.",
    "inspect model": "Show a model: layers, shapes, parameters, weights, and an answer.",
}
"""The commands whose options are those of the chosen parts, with their help."""


def command(arguments: Sequence[str]) -> Any:
    """Runs one command.

    Args:
        arguments: What stands behind `eagerloop`.

    Returns:
        The exit code, or None for 0.
    """
    words = _typed(arguments)
    dynamic = next((name for name in DYNAMIC if words[: len(name.split())] == name.split()), "")
    # rich draws a panel for each chosen part in the help; elsewhere plain text does, and starts twice as fast.
    markup: Any = "rich" if dynamic else None
    # `-` and `_` are the same, in the names of options as in those of parts.
    settings: dict[str, Any] = {
        "token_normalize_func": lambda token: token.replace("_", "-"),
        "help_option_names": ["--help", "-h"],
    }
    look: dict[str, Any] = {"context_settings": settings, "rich_markup_mode": markup}
    app = typer.Typer(name="eagerloop", help=HELP, pretty_exceptions_enable=False, **look)
    inspect = typer.Typer(help="Look at what goes into a step, and inside of one.", **look)
    app.callback()(_about)
    for name, text in DYNAMIC.items():
        group = inspect if name.startswith("inspect ") else app
        function = _made(name, words[len(name.split()) :]) if name == dynamic else _about
        group.command(name.split()[-1], cls=panels.PanelledCommand, help=text, context_settings=settings)(function)
    for function in (using.resume, using.evaluate, using.predict, exporting.export, reporting.report, using.verify):
        app.command(context_settings=settings)(function)
    for function in (looking.plugins, looking.show, looking.doctor):
        app.command(context_settings=settings)(function)
    app.command(context_settings=settings)(making.new)
    app.command(context_settings=settings)(checking.check)
    # What stands behind its own options is the workers' command, with options of theirs.
    app.command(context_settings={**settings, "allow_interspersed_args": False})(launching.launch)
    inspect.command(context_settings=settings)(inspecting_step.step)
    app.add_typer(inspect, name="inspect")
    app.add_typer(runs.commands(settings), name="runs")
    said = [*arguments, "--help"] if list(arguments) in ([], ["inspect"]) else list(arguments)
    return without_pydantic(typer.main.get_command(app)).main(said, prog_name="eagerloop", standalone_mode=False)


def _made(name: str, words: Sequence[str]) -> Callable[..., None]:
    """The function of a dynamic command. Where a shell asks for completions, the last word may be half a name."""
    from eagerloop.cli import inspecting, training  # noqa: PLC0415 - the other commands need not wait for the catalog

    looks = {f"inspect {one.__name__}": one for one in (inspecting.data, inspecting.batch, inspecting.model)}
    make = {"train": training.train, **looks}[name]
    try:
        return make(words)
    except EagerloopError:
        if "_EAGERLOOP_COMPLETE" not in os.environ:
            raise
    try:
        return make(words[:-1])
    except EagerloopError:
        return make([])


def _typed(arguments: Sequence[str]) -> list[str]:
    """The words of the command line; of the half-typed one where a shell asks for completions."""
    if not arguments and os.environ.get("COMP_CWORD", "").isdigit():
        _join_at_equals_signs(os.environ["COMP_WORDS"].split(), int(os.environ["COMP_CWORD"]))
    return list(arguments) or os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]


def _join_at_equals_signs(words: list[str], place: int) -> None:
    """Bash ends a word at `=`: `rest = sgd` was typed as one. Of the last one, it completes what is behind the sign."""
    before = " ".join(words[:place]).replace(" = ", "=")
    last = "" if words[place:] == ["="] else " ".join(words[place:])
    if before.endswith(" =") or words[place:] == ["="]:
        before = before.removesuffix(" =").rpartition(" ")[0]
    elif before == " ".join(words[:place]):
        return
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = f"{before} {last}", str(len(before.split()))


def _version(*, wanted: bool) -> None:
    if wanted:
        from eagerloop import __version__  # noqa: PLC0415

        typer.echo(f"eagerloop {__version__}")
        raise typer.Exit


def _about(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what TensorFlow says.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=lambda value: _version(wanted=value)
        ),
    ] = False,
) -> None:
    """Read by `main` and by the callback; the name of a command follows."""
    del debug, version
