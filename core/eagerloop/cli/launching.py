"""`eagerloop launch`."""

from pathlib import Path
from typing import Annotated

import typer

from eagerloop.cli.saying import tell, write_out


def launch(
    command: Annotated[
        list[str], typer.Argument(metavar="train ... | resume [RUN] ...", help="What each worker runs, the same for all.")
    ],
    *,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="How many processes to start.")] = 2,
    logs: Annotated[
        Path | None,
        typer.Option("--log-directory", help="Where worker-0.log and so on go.", show_default="logs/<time> in the run"),
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print what each of several machines runs, and stop.")] = False,
) -> None:
    """Train with several workers on this machine: each a process, as it will be on several machines."""
    from eagerloop.distribution.workers.launching import job_of, lines_for_machines, log_directory  # noqa: PLC0415 - the others need not wait for it
    from eagerloop.distribution.workers.launching import launch as start  # noqa: PLC0415

    job = job_of(command)
    machines = "\n".join(f"  {line}" for line in lines_for_machines(job, workers))
    if only_print:
        write_out(machines)
        return
    logs = logs or log_directory(job)
    write_out(f"each of several machines would run its own line:\n{machines}")
    write_out(f"workers here: {workers}, logs in {logs}")
    outcome = start(job, workers, logs, lambda text: write_out(text, end=""))
    if outcome.code:
        tell(f"eagerloop: {outcome.sentence}")
        raise typer.Exit(outcome.code)
