"""`inspect step`: one step of a run in slow motion."""

import contextlib
import inspect
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from eagerloop.cli.looking import AsJson
from eagerloop.cli.using import RunArgument, Trust, refuse_page
from eagerloop.errors import ConfigError, EagerloopError

ARGUMENTS = ("model", "loss", "optimizer", "x", "y")
"""What a step function is given, in this order; the weights of the rows come after them, where the dataset gives some."""

NARROWEST, WIDEST = 60, 120
"""The widths of a terminal that the text is set for; elsewhere than on a terminal it is 80."""


def step(  # noqa: PLR0913 - each argument is an option
    run: RunArgument = None,
    *,
    number: Annotated[
        int | None, typer.Option("--step", help="Which step of the run, counted from 1.", show_default="1")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint", metavar="newest|best|STEP", help="Look at the first step after it.", show_default="see --step"
        ),
    ] = None,
    row: Annotated[int, typer.Option("--row", help="Which row of the batch to follow, counted from 0.")] = 0,
    operations: Annotated[bool, typer.Option("--ops", help="List every TensorFlow operation that ran.")] = False,
    as_json: AsJson = False,
    page: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page that needs no network.")] = None,
    own: Annotated[
        str | None,
        typer.Option("--train-step", metavar="FILE:NAME", help="Look at your own step function in place of the run's."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 1 if an error is among the findings.")] = False,
    trust: Trust = None,
) -> None:
    """Show a step of a run in slow motion, beside the loop's own source.

    The run stays as it is.
    """
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    _refuse_before(number, row, page, checkpoint)
    quiet_tensorflow()
    from eagerloop.afterwards.replaying import record_of_step, step_after  # noqa: PLC0415
    from eagerloop.inspection.transcript.transcript import step_transcript  # noqa: PLC0415

    number = (number or 1) if checkpoint is None else step_after(run, checkpoint)
    function = None if own is None else _own_step(own)
    with _saying_where(own, function):
        record = record_of_step(run, number, row=row, operations=operations, train_step=function, trust=trust or ())
    if page is not None:
        record.save_html(page)
    if as_json:
        typer.echo(record.to_json())
    elif page is not None:
        write_out(f"step {number} in {page}")
    else:
        typer.echo(step_transcript(record, operations=operations, colour=_coloured(), width=_width()), color=True)
    if strict and any(finding.severity == "error" for finding in record.findings):
        raise typer.Exit(1)


def _refuse_before(number: int | None, row: int, page: Path | None, checkpoint: str | None) -> None:
    """What can be seen to be wrong before TensorFlow has been imported.

    Raises:
        ConfigError: A number is too small, two steps are named, or the page cannot be a file.
    """
    if number is not None and checkpoint is not None:
        msg = f"--step {number} and --checkpoint {checkpoint} both name a step; give one of the two"
        raise ConfigError(msg)
    if number is not None and number < 1:
        msg = f"--step {number}: steps are counted from 1"
        raise ConfigError(msg)
    if row < 0:
        msg = f"--row {row}: rows of a batch are counted from 0"
        raise ConfigError(msg)
    if page is not None:
        refuse_page(page, "step.html")


def _own_step(named: str) -> Callable[..., Any]:
    """The step function that the user names; its file runs.

    Raises:
        ConfigError: It is not named as `FILE:NAME`, or the file has no such function.
        PluginError: The file cannot be read or imported.
    """
    from eagerloop.choices.sources import import_file, is_file_part  # noqa: PLC0415
    from eagerloop.errors import did_you_mean  # noqa: PLC0415

    if not is_file_part(named):
        msg = f"--train-step {named}: expected path/to/file.py:NAME, the name of a function with the arguments of train_step"
        raise ConfigError(msg)
    file, _, name = named.rpartition(":")
    module = import_file(Path(file))
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        msg = f"--train-step: {file} has no function '{name}'; {did_you_mean(name, known)}"
        raise ConfigError(msg)
    try:
        signature = inspect.signature(function)
        signature.bind(*ARGUMENTS, *(("sample_weight",) if "sample_weight" in signature.parameters else ()))
    except TypeError as error:
        msg = f"--train-step {named} must take {len(ARGUMENTS)} arguments, {', '.join(ARGUMENTS)}: {error}"
        raise ConfigError(msg) from error
    return function  # type: ignore[no-any-return]


@contextlib.contextmanager
def _saying_where(own: str | None, function: Callable[..., Any] | None) -> Iterator[None]:
    """Adds the line of the user's step function to what it raises, so that it is told in one line."""
    try:
        yield
    except Exception as error:
        file = getattr(sys.modules.get(getattr(function, "__module__", "")), "__file__", None)
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if lines and not isinstance(error, EagerloopError):
            error.add_note(f"eagerloop: raised in --train-step {own}, line {lines[-1]}")
        raise


def _coloured() -> bool:
    """Whether whoever reads this sees colours: `NO_COLOR` and `FORCE_COLOR` say it, else the terminal does."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _width() -> int:
    """The width of the terminal, within bounds."""
    return min(WIDEST, max(NARROWEST, shutil.get_terminal_size((80, 24)).columns))
