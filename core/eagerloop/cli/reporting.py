"""The command that draws a run as a page."""

from pathlib import Path
from typing import Annotated

import typer

from eagerloop.cli.using import RunArgument, Trust, refuse_page


def report(
    run: RunArgument = None,
    *,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="The file to write.", show_default="report.html in the run's directory"),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="DIRECTORY", help="Also draw curves.png and predictions.png.", show_default="none"),
    ] = None,
    trust: Trust = None,
) -> None:
    """Draw a run as a page: curves, predictions, layers, updates, recorded steps."""
    from eagerloop.cli.saying import quiet_tensorflow, write_out  # noqa: PLC0415
    from eagerloop.storage.run_directory import RunDirectory  # noqa: PLC0415

    RunDirectory.existing(run)
    if html is not None:
        refuse_page(html, "report.html")
    quiet_tensorflow()
    from eagerloop.afterwards.reporting import report as write  # noqa: PLC0415
    from eagerloop.building.blaming import blaming  # noqa: PLC0415

    with blaming(f"{run or 'the run'} cannot be drawn"):
        written = write(run, html, trust or (), png)
    write_out(f"{written.page}: epochs {written.epochs}, recorded steps {written.records}; any browser shows it, offline")
    for picture in written.pictures:
        write_out(f"{picture}: 1920 by 1080, for a slide")
    for note in written.notes:
        write_out(f"note: {note}")
