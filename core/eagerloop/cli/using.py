"""Commands on a run that exists: resume, evaluate, predict."""

from pathlib import Path
from typing import Annotated

import typer

from eagerloop.errors import ConfigError

RunArgument = Annotated[
    Path | None, typer.Argument(metavar="[RUN]", help="A run's directory.", show_default="the newest below runs/")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a damaged newest checkpoint, and whatever makes the rest inexact.")
]
Trust = Annotated[
    list[str] | None,
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


def resume(
    run: RunArgument = None,
    *,
    epochs: Annotated[int | None, typer.Option(min=1, help="How many epochs in all.", show_default="as recorded")] = None,
    strict: Strict = False,
    trust: Trust = None,
    strategy: Annotated[
        str | None, typer.Option(help="Train on other devices: one, mirrored or multi-worker.", show_default="as recorded")
    ] = None,
    devices: Annotated[
        list[str] | None, typer.Option(help="The devices of 'mirrored', such as cpu:0,cpu:1.", show_default="as recorded")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")] = False,
) -> None:
    """Continue a run where its newest checkpoint stands."""
    from eagerloop.cli.training import resume_run  # noqa: PLC0415

    chosen = {"strategy": strategy, "devices": [name for text in devices or () for name in text.split(",")]}
    given = {name: value for name, value in chosen.items() if value}
    resume_run(run, epochs=epochs, strict=strict, trust=trust or (), quiet=quiet, **given)


def evaluate(run: RunArgument = None, *, strict: Strict = False, trust: Trust = None) -> None:
    """Print the loss and the metrics of a run on its test data."""
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    quiet_tensorflow()
    from eagerloop.building.blaming import blaming  # noqa: PLC0415
    from eagerloop.running.opening import load  # noqa: PLC0415

    loaded = load(run, strict=strict, trust=trust or ())
    with blaming(f"{loaded.place} cannot be evaluated"):
        figures = loaded.evaluate()
    for name, value in figures.items():
        write_out(f"{name} {value:.7g}")


def predict(
    run: RunArgument = None,
    *,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="A table with the features, in any column order.", show_default="the test data"),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--output", help="The CSV file to write.", show_default="standard output")
    ] = None,
    for_spreadsheet: Annotated[
        bool, typer.Option("--for-spreadsheet", help="Put ' before a text that a spreadsheet would run as a formula.")
    ] = False,
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

    loaded = load(run, strict=strict, trust=trust or ())
    with data_on_stdout():
        count = write_predictions(loaded, source, target, for_spreadsheet=for_spreadsheet)
    if target is not None:
        write_out(f"{count} predictions in {target}")


def verify(
    run: RunArgument = None,
    *,
    replay: Annotated[bool, typer.Option("--replay", help="Train again from the record, and compare bit for bit.")] = False,
    trust: Trust = None,
) -> None:
    """Check every checkpoint of a run; with --replay, train it again and compare."""
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    quiet_tensorflow()
    from eagerloop.afterwards.verifying import verify as check  # noqa: PLC0415

    verdict = check(run, replay=replay, trust=trust or ())
    write_out(str(verdict))
    if verdict.faults:
        raise typer.Exit(1)
