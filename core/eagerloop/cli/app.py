"""The commands."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from eagerloop.cli import looking, using

HELP = """Trains TensorFlow models with one GradientTape loop that you can read, made of parts that you can swap by name.

With no option, 'eagerloop train' is the guide 'Keras with Eager Execution': iris, Dense-Dropout-Dense, MSE, Adam."""


def command(arguments: Sequence[str]) -> Any:
    """Runs one command.

    Args:
        arguments: What stands behind `eagerloop`.

    Returns:
        The exit code, or None for 0.
    """
    words = _typed(arguments)
    training = words[:1] == ["train"]
    # rich draws a panel for each chosen part in the help of train; elsewhere plain text does, and starts twice as fast.
    app = typer.Typer(
        name="eagerloop",
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if training else None,
    )
    app.callback()(_about)
    app.command("train", help="Train a new run. The options of the parts that you choose appear in this help.")(
        _train(words[1:]) if training else _about
    )
    app.command("resume")(using.resume)
    app.command("evaluate")(using.evaluate)
    app.command("predict")(using.predict)
    app.command("verify")(using.verify)
    app.command("plugins")(looking.plugins)
    app.command("show")(looking.show)
    app.command("doctor")(looking.doctor)
    app.add_typer(looking.inspect, name="inspect")
    return typer.main.get_command(app).main(list(arguments), prog_name="eagerloop", standalone_mode=False)


def _train(words: Sequence[str]) -> Callable[..., None]:
    from eagerloop.cli.choosing import train_command  # noqa: PLC0415 - the other commands need not wait for the catalog

    return train_command(words)


def _typed(arguments: Sequence[str]) -> list[str]:
    """The words of the command line; of the half-typed one where a shell asks for completions."""
    return list(arguments) or os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]


def _about(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what TensorFlow says.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from eagerloop import __version__  # noqa: PLC0415

        typer.echo(f"eagerloop {__version__}")
        raise typer.Exit
