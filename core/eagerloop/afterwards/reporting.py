"""Draws a run that is kept in a directory as a page."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from eagerloop.inspection.pages.run_page import RunStory
from eagerloop.running.opening import ON_ONE_DEVICE, load
from eagerloop.running.recreating import recreate
from eagerloop.running.reporting import Report, story_of, write_report
from eagerloop.running.which_checkpoint import Which
from eagerloop.storage.history_file import HISTORY, read_history
from eagerloop.storage.run_directory import RunDirectory


def report(
    directory: Path | None = None,
    target: Path | None = None,
    trust: Iterable[str | Path] = (),
    pictures: Path | None = None,
    checkpoint: Which = None,
) -> Report:
    """Writes the page of a run.

    Args:
        directory: The run; by default the newest below `runs/`.
        target: The file; by default `report.html` in the run's directory. A file that is there is replaced; a link
            is followed, and a device or a pipe written to.
        trust: Files of code, named by a record that was made elsewhere, that may be run.
        pictures: A directory for `curves.png` and `predictions.png`; by default none are drawn.
        checkpoint: Which one the predictions are of, as for `eagerloop.load`.

    Returns:
        What was written.

    Raises:
        EagerloopError: There is no run, its parts cannot be made, or a file cannot be written.
    """
    where = RunDirectory.existing(directory)
    return write_report(tell(where, trust, checkpoint), target, where.path, pictures)


def tell(where: RunDirectory, trust: Iterable[str | Path] = (), checkpoint: Which = None) -> RunStory:
    """What there is to show of a run.

    Args:
        where: The run.
        trust: As in `report`.
        checkpoint: As in `report`.
    """
    saved = any(where.checkpoints.glob("step-*"))
    run = load(where.path, trust=trust, checkpoint=checkpoint) if saved else recreate(where, ON_ONE_DEVICE, trust)
    history = run.history if run.history and checkpoint is None else read_history(where.path / HISTORY)
    story = story_of(run, run.parts, history, name=where.path.resolve().name, records=where.records, saved=saved)
    notes = [f"The predictions are those of {run.answers_with}."] if run.answers_with else []
    return replace(story, notes=[*story.notes, *notes])
