"""Draws a run that is kept in a directory as a page."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from eagerloop.afterwards.runs import read_run
from eagerloop.choices.chosen import tables_in
from eagerloop.inspection.pages.run_page import RunStory
from eagerloop.parts import KINDS
from eagerloop.running.opening import ON_ONE_DEVICE, load
from eagerloop.running.recreating import DATA_GONE, recreate
from eagerloop.running.reporting import Report, begun_at, recorded_steps_of, story_of, write_report
from eagerloop.running.which_checkpoint import Which
from eagerloop.storage.history_file import HISTORY, read_history
from eagerloop.storage.naming import directory_named
from eagerloop.storage.run_directory import RunDirectory


def report(
    directory: str | Path | None = None,
    target: str | Path | None = None,
    trust: Iterable[str | Path] = (),
    pictures: str | Path | None = None,
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

    Where the data are gone, or a package of its parts is, the history, the options and the recorded steps are drawn, and a note
    says what is not.

    Example:
        >>> import eagerloop, pathlib, tempfile
        >>> run = eagerloop.train(epochs=1, directory=pathlib.Path(tempfile.mkdtemp()) / "run")
        >>> report(run.directory).page.name
        'report.html'
    """
    where = RunDirectory.existing(directory_named(directory))
    page, drawn = (None if path is None else Path(path) for path in (target, pictures))
    return write_report(tell(where, trust, checkpoint), page, where.path, drawn)


def tell(where: RunDirectory, trust: Iterable[str | Path] = (), checkpoint: Which = None) -> RunStory:
    """What there is to show of a run.

    Args:
        where: The run.
        trust: As in `report`.
        checkpoint: As in `report`.
    """
    saved = any(where.checkpoints.glob("step-*"))
    try:
        run = load(where.path, trust=trust, checkpoint=checkpoint) if saved else recreate(where, ON_ONE_DEVICE, trust)
    except DATA_GONE as error:
        if checkpoint is not None:  # then the predictions are what is asked for
            raise
        return _of_files(where, str(error))
    history = run.history if run.history and checkpoint is None else read_history(where.path / HISTORY)
    story = story_of(run, run.parts, history, name=where.path.resolve().name, records=where.records, saved=saved)
    notes = [f"The predictions are those of {run.answers_with}."] if run.answers_with else []
    return replace(story, notes=[*story.notes, *notes])


def _of_files(where: RunDirectory, why: str) -> RunStory:
    """What the directory alone tells of a run whose data or parts are not here: its history, options and recorded steps."""
    found = read_run(where.path)
    recorded, notes = recorded_steps_of(where.records)
    tables = [(kind, row) for kind in KINDS for row in tables_in(found.record.get(kind, []))]
    return RunStory(
        name=where.path.resolve().name,
        parts=found.parts,
        seed=int(found.record.get("seed", 0)),
        task="other",
        targets=(),
        classes=(),
        history=found.history,
        records=recorded,
        notes=[f"What it predicts, and what the mean would, are not drawn, for that needs the data ({why}).", *notes],
        options={f"{kind} {row.get('name')}": dict(row.get("options", {})) for kind, row in tables},
        begun=begun_at(where.run_toml),
    )
