"""Commands on a run that exists: resume, evaluate, predict."""

import contextlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.cli.flags import QUIET
from eagerloop.errors import ConfigError

if TYPE_CHECKING:
    from eagerloop.running.run import Run

RunArgument = Annotated[
    Path | None, typer.Argument(metavar="[RUN]", help="A run's directory.", show_default="the newest below runs/")
]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        metavar="newest|best|STEP",
        help="Which checkpoint: the best is that of the lowest val_loss, or of what early-stopping follows.",
        show_default="newest, or what early-stopping restores",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a damaged newest checkpoint, and whatever makes the rest inexact.")
]
Trust = Annotated[
    list[Path] | None,
    typer.Option("--trust", metavar="FILE", help="A file of code that a run from elsewhere names, and that may be run."),
]


def refuse_page(page: Path, example: str) -> None:
    """Refuses, before TensorFlow is imported, what cannot be the file of a page.

    Args:
        page: As it was given to `--html`.
        example: A name for it.

    Raises:
        ConfigError: It is a directory, or there is none for it.
    """
    if page.is_dir():
        msg = f"--html {page} is a directory; name a file in it, such as {page / example}"
        raise ConfigError(msg)
    if not page.absolute().parent.is_dir():
        msg = f"--html {page}: there is no directory {page.parent}; make it first, or name another file"
        raise ConfigError(msg)


def tell_what_answers(run: "Run") -> None:
    """Says what a run predicts with, where that is not simply its newest state."""
    from eagerloop.cli.saying import tell  # noqa: PLC0415

    if run.answers_with:
        tell(f"note: {run.place} answers with {run.answers_with}")


def open_to_predict(
    run: Path | None, *, checkpoint: str | None, strict: bool = False, trust: list[Path] | None = None, encoding: bool = False
) -> "Run":
    """A run that is to predict new rows or to be exported: without its data, if it kept what it learnt of them.

    Args:
        run: Its directory.
        checkpoint: As for `eagerloop.load`; so are the next two.
        strict: Refuse a damaged newest checkpoint.
        trust: Files of code that may be run.
        encoding: Whether it is to encode the rows of a table.
    """
    from eagerloop.errors import DataError, PluginError  # noqa: PLC0415
    from eagerloop.running.opening import load  # noqa: PLC0415
    from eagerloop.storage.learnt_file import LEARNT  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    how: dict[str, Any] = {"checkpoint": checkpoint, "strict": strict, "trust": trust or ()}
    if (RunDirectory.existing(run).path / LEARNT).is_file():
        with contextlib.suppress(DataError, PluginError):  # a model that asks its dataset for more than is kept
            opened = load(run, for_predicting=True, **how)
            if not encoding or getattr(opened.dataset, "encoder", None) is not None:
                return opened
    return load(run, **how)


def resume(
    run: RunArgument = None,
    *,
    epochs: Annotated[int | None, typer.Option(min=1, help="How many epochs in all.", show_default="as recorded")] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            metavar="newest",
            help="The newest alone; from another one, begin a new run: train --start-from RUN --checkpoint best.",
            show_default="newest",
        ),
    ] = None,
    strict: Strict = False,
    trust: Trust = None,
    strategy: Annotated[
        str | None, typer.Option(help="Train on other devices: one, mirrored or multi-worker.", show_default="as recorded")
    ] = None,
    devices: Annotated[
        list[str] | None, typer.Option(help="The devices of 'mirrored', such as cpu:0,cpu:1.", show_default="as recorded")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=QUIET)] = False,
) -> None:
    """Continue a run where its newest checkpoint stands."""
    from eagerloop.cli.training import resume_run  # noqa: PLC0415

    chosen = {"strategy": strategy, "devices": [name for text in devices or () for name in text.split(",")]}
    given = {name: value for name, value in chosen.items() if value}
    resume_run(run, epochs=epochs, which=checkpoint, strict=strict, trust=trust or (), quiet=quiet, **given)


TableOption = Annotated[
    str | None,
    typer.Option("--table", help="Of an SQLite file as --input, the table; needed if there are several.", show_default=False),
]


def evaluate(
    run: RunArgument = None,
    *,
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help="A table with features and target, or a folder of pictures; - is standard input.",
            show_default="the test data",
        ),
    ] = None,
    table: TableOption = None,
    checkpoint: CheckpointOption = None,
    strict: Strict = False,
    trust: Trust = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the loss and the metrics of a run on its test data, or on a table."""
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    quiet_tensorflow()
    from eagerloop.building.blaming import blaming  # noqa: PLC0415
    from eagerloop.running.opening import load  # noqa: PLC0415

    how: dict[str, Any] = {"checkpoint": checkpoint, "strict": strict, "trust": trust or ()}
    loaded = load(run, **how) if source is None else _open_to_evaluate(run, how)
    tell_what_answers(loaded)
    with blaming(f"{loaded.place} cannot be evaluated"):
        figures = loaded.evaluate() if source is None else _on_table(loaded, source, table)
    if as_json:
        typer.echo(json.dumps({name: value if math.isfinite(value) else None for name, value in figures.items()}))
        return
    for name, value in figures.items():
        write_out(f"{name} {value:.7g}")


def _open_to_evaluate(run: Path | None, how: dict[str, Any]) -> "Run":
    """A run that is to be evaluated on new rows: without its data, where these are gone and it kept what it learnt of them."""
    from eagerloop.errors import EagerloopError  # noqa: PLC0415
    from eagerloop.running.opening import load  # noqa: PLC0415

    try:
        return load(run, **how)
    except EagerloopError:
        with contextlib.suppress(EagerloopError):
            opened = load(run, for_evaluating=True, **how)
            if getattr(opened.dataset, "encoder", None) is not None:
                return opened
        raise


def _on_table(loaded: Any, source: Path, table: str | None) -> dict[str, float]:
    from eagerloop.afterwards.evaluation import evaluate_table  # noqa: PLC0415

    return evaluate_table(loaded, source, table)


def predict(
    run: RunArgument = None,
    *,
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help="A table with the features, or a folder of pictures; - is standard input.",
            show_default="the test data",
        ),
    ] = None,
    table: TableOption = None,
    target: Annotated[
        Path | None,
        typer.Option("--output", help="The file to write: CSV, or .npz for the arrays.", show_default="standard output"),
    ] = None,
    for_spreadsheet: Annotated[
        bool, typer.Option("--for-spreadsheet", help="Put ' before a text that a spreadsheet would run as a formula.")
    ] = False,
    checkpoint: CheckpointOption = None,
    strict: Strict = False,
    trust: Trust = None,
) -> None:
    """Write the predictions of a run as CSV: the features, the target where it is known, the prediction."""
    from eagerloop.cli.saying import data_on_stdout, quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    quiet_tensorflow()
    from eagerloop.afterwards.prediction import write_predictions  # noqa: PLC0415
    from eagerloop.running.opening import load  # noqa: PLC0415

    if source is None:
        loaded = load(run, checkpoint=checkpoint, strict=strict, trust=trust or ())
    else:
        loaded = open_to_predict(run, checkpoint=checkpoint, strict=strict, trust=trust, encoding=True)
    tell_what_answers(loaded)
    with data_on_stdout():
        count = write_predictions(loaded, source, target, table=table, for_spreadsheet=for_spreadsheet)
    if target is not None:
        write_out(f"{count} predictions in {target}")


def verify(
    run: RunArgument = None,
    *,
    replay: Annotated[bool, typer.Option("--replay", help="Train again from the record, and compare bit for bit.")] = False,
    checkpoint: Annotated[
        str | None,
        typer.Option("--checkpoint", metavar="newest|best|STEP", help="Check this checkpoint alone.", show_default="all"),
    ] = None,
    trust: Trust = None,
) -> None:
    """Check every checkpoint of a run; with --replay, train it again and compare."""
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    quiet_tensorflow()
    from eagerloop.afterwards.verifying import verify as check  # noqa: PLC0415

    verdict = check(run, replay=replay, trust=trust or (), checkpoint=checkpoint)
    write_out(str(verdict))
    if verdict.faults:
        raise typer.Exit(1)
