"""The command that draws a run as a page, or several together."""

from pathlib import Path
from typing import Annotated

import typer

from eagerloop.cli.using import CheckpointOption, Trust, refuse_page
from eagerloop.errors import ConfigError


def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN ...]", help="A run, or several to draw together.", show_default="the newest below runs/"),
    ] = None,
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="The file to write.",
            show_default="report.html in the run's directory; of several, runs.html here",
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="DIRECTORY", help="Also draw curves.png and predictions.png.", show_default="none"),
    ] = None,
    checkpoint: CheckpointOption = None,
    trust: Trust = None,
) -> None:
    """Draw a run as a page: curves, predictions, layers, updates, recorded steps. Of several runs, the curves together."""
    if runs and len(runs) > 1:
        _draw_together(runs, html, png, checkpoint)
        return
    run = runs[0] if runs else None
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    if html is not None:
        refuse_page(html, "report.html")
    quiet_tensorflow()
    from eagerloop.afterwards.reporting import report as write  # noqa: PLC0415
    from eagerloop.building.blaming import blaming  # noqa: PLC0415

    with blaming(f"{run or 'the run'} cannot be drawn"):
        written = write(run, html, trust or (), png, checkpoint)
    write_out(f"{written.page}: epochs {written.epochs}, recorded steps {written.records}; any browser shows it, offline")
    for picture in written.pictures:
        write_out(f"{picture}: 1920 by 1080, for a slide")
    for note in written.notes:
        write_out(f"note: {note}")


def _draw_together(runs: list[Path], page: Path | None, pictures: Path | None, checkpoint: str | None) -> None:
    """From their directories alone: no part is made, and TensorFlow is not imported.

    Raises:
        ConfigError: One is no run, or a checkpoint was named.
    """
    from eagerloop.afterwards.runs import read_run  # noqa: PLC0415
    from eagerloop.cli.saying import write_out  # noqa: PLC0415
    from eagerloop.inspection.pages.several_runs import Curves, Outline  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    if checkpoint is not None:
        msg = "--checkpoint is for one run: of several, the histories are drawn, which no checkpoint changes; leave it out"
        raise ConfigError(msg)
    if page is not None:
        refuse_page(page, "runs.html")
    found = [read_run(RunDirectory.existing(run).path) for run in runs]
    curves = Curves([Outline(run.directory.resolve().name, run.parts, run.history) for run in found])
    write_out(f"{curves.save(page or Path('runs.html'))}: {len(found)} runs; any browser shows it, offline")
    if pictures is not None:
        write_out(f"{curves.save(pictures / 'curves.png')}: 1920 by 1080, for a slide")
