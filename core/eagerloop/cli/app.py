"""The commands."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from eagerloop.cli import looking, using
from eagerloop.cli.choosing import train_command

RunArgument = Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A run's directory; by default the newest below runs/.")]

HELP = """Trains TensorFlow models with one GradientTape loop that you can read, made of parts that you can swap by name.

With no option, 'eagerloop train' is the guide 'Keras with Eager Execution': iris, Dense-Dropout-Dense, MSE, Adam."""


def command(arguments: Sequence[str]) -> Any:
    """Runs one command.

    Args:
        arguments: What stands behind `eagerloop`.

    Returns:
        The exit code, or None for 0.
    """
    app = typer.Typer(name="eagerloop", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_about)
    app.command("train")(train_command(_typed(arguments)))
    app.command("resume")(using.resume)
    app.command("evaluate")(using.evaluate)
    app.command("predict")(using.predict)
    app.command("plugins")(looking.plugins)
    app.command("show")(looking.show)
    app.command("doctor")(looking.doctor)
    app.add_typer(looking.inspect, name="inspect")
    return typer.main.get_command(app).main(list(arguments), prog_name="eagerloop", standalone_mode=False)


def _typed(arguments: Sequence[str]) -> list[str]:
    """The words of the command line, of the half-typed one where a shell asks for completions."""
    words = list(arguments) or os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
    return words[1:] if words[:1] == ["train"] else []


def _about(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what TensorFlow says.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from eagerloop import __version__  # noqa: PLC0415

        typer.echo(f"eagerloop {__version__}")
        raise typer.Exit
