"""Gathers what the page of a run shows, from its directory and its parts, and writes the page."""

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from eagerloop.afterwards.columns import probabilities_at
from eagerloop.errors import ConfigError, EagerloopError, TrainingError
from eagerloop.inspection.pages.charts import thinned
from eagerloop.inspection.pages.run_page import RunStory, run_page
from eagerloop.inspection.plots import plot_curves, plot_predictions
from eagerloop.inspection.recording.loss_facts import baseline
from eagerloop.inspection.step_record import StepRecord, read_step
from eagerloop.running.opening import ON_ONE_DEVICE, load
from eagerloop.running.recreating import recreate
from eagerloop.running.run import Run
from eagerloop.storage.files import read_plain, write_atomically, write_where_named
from eagerloop.storage.history_file import HISTORY
from eagerloop.storage.run_directory import RunDirectory

Array = np.ndarray[Any, Any]

PAGE = "report.html"

MOST_RECORDS = 100
"""Recorded steps that are read; of more, so many, evenly chosen."""

MOST_TRAINED, MOST_TESTED = 8192, 20_000
"""Rows for the baseline, and rows that are predicted."""


class Report(NamedTuple):
    """A page that was written.

    Attributes:
        page: The file.
        epochs: Rows of the history.
        records: Recorded steps that were drawn.
        notes: What is not there, and how to get it.
        pictures: The PNG files that were asked for.
    """

    page: Path
    epochs: int
    records: int
    notes: Sequence[str]
    pictures: Sequence[Path] = ()


def report(
    directory: Path | None = None, target: Path | None = None, trust: Iterable[str] = (), pictures: Path | None = None
) -> Report:
    """Writes the page of a run.

    Args:
        directory: The run; by default the newest below `runs/`.
        target: The file; by default `report.html` in the run's directory. A file that is there is replaced; a link
            is followed, and a device or a pipe written to.
        trust: Files of code, named by a record that was made elsewhere, that may be run.
        pictures: A directory for `curves.png` and `predictions.png`; by default none are drawn.

    Returns:
        What was written.

    Raises:
        EagerloopError: There is no run, its parts cannot be made, or a file cannot be written.
    """
    where = RunDirectory.existing(directory)
    story = tell(where, trust)
    drawn = [] if pictures is None else list(_pictures(story, pictures))
    page = where.path / PAGE if target is None else target
    try:
        if target is None:
            write_atomically(page, run_page(story), durable=False)
        else:
            write_where_named(page, run_page(story))
    except TrainingError as error:
        msg = f"{error}; name another file with --html"
        raise ConfigError(msg) from error
    return Report(page, len(story.history), len(story.records), story.notes, drawn)


def _pictures(story: RunStory, directory: Path) -> Iterator[Path]:
    """What of a run can be drawn as a picture: its curves, and its predictions where there are any."""
    yield plot_curves(story.history, directory / "curves.png", baseline=story.baseline)
    if story.actual is not None and story.predictions is not None:
        path = directory / "predictions.png"
        classes = story.classes if story.task == "classification" else ()
        yield plot_predictions(story.actual, story.predictions, path, targets=story.targets, classes=classes)


def tell(where: RunDirectory, trust: Iterable[str] = ()) -> RunStory:
    """What there is to show of a run.

    Args:
        where: The run.
        trust: As in `report`.
    """
    saved = any(where.checkpoints.glob("step-*"))
    run = load(where.path, trust=trust) if saved else recreate(where, ON_ONE_DEVICE, trust)
    records, notes = _recorded(where.records)
    if not saved:
        notes.append("The run has no checkpoint, so nobody knows what it predicts.")
    actual, predictions = _answers(run) if saved else (None, None)
    return RunStory(
        name=where.path.resolve().name,
        parts=run.parts.names,
        seed=run.parts.settings.seed,
        task=run.dataset.task,
        targets=run.dataset.targets,
        classes=run.dataset.classes,
        history=run.history or _history(where.path / HISTORY),
        baseline=_baseline(run),
        actual=actual,
        predictions=predictions,
        records=records,
        notes=notes,
    )


def _history(path: Path) -> list[dict[str, Any]]:
    """The rows of a history that no checkpoint holds; a damaged one ends it."""
    rows: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, ValueError):
        for line in read_plain(path).splitlines():
            row = json.loads(line)
            whole = isinstance(row, dict) and "epoch" in row and all(isinstance(value, int | float) for value in row.values())
            rows += [row] if whole else []
    return rows


def _recorded(directory: Path) -> tuple[list[StepRecord], list[str]]:
    """The recorded steps in their order, and what to say of them."""
    paths = sorted(directory.glob("step-*.json"), key=lambda path: (len(path.name), path.name))
    if not paths:
        hint = "Train with --observe watch, and layers, updates and single steps are shown here as well."
        return [], [f"No step of this run was recorded. {hint}"]
    chosen = thinned(paths, MOST_RECORDS)
    notes = [f"{len(chosen)} of {len(paths):,} recorded steps are shown, evenly chosen."] if len(chosen) < len(paths) else []
    records = []
    for path in chosen:
        try:
            records.append(read_step(path))
        except EagerloopError as error:
            notes.append(f"Left out: {error}")
    return records, notes


def _baseline(run: Run) -> float | None:
    """The loss of predicting the mean of the training targets, over the rows of the first epoch."""
    targets = [y for _x, y in _rows(run.dataset.train(1), MOST_TRAINED)]
    if not targets or not hasattr(run.parts.first_predictions, "shape"):
        return None
    y = tf.concat(targets, 0)
    answer = tf.convert_to_tensor(run.parts.first_predictions)
    return baseline(run.loss, y, tf.zeros([len(y), *answer.shape[1:]], answer.dtype), run.dataset.task)


def _answers(run: Run) -> tuple[Array | None, Array | None]:
    """The targets of the test rows, and what the model says to them: of classes the likeliest."""
    known, answered = [], []
    for x, y in _rows(run.dataset.test(), MOST_TESTED):
        outputs = run.predict(x)
        if not hasattr(outputs, "shape"):
            return None, None  # several answers: which is for which target is the model's own affair
        if run.dataset.task == "classification":
            places = math.prod(y.shape[1:])
            outputs = probabilities_at(run, outputs, places).argmax(axis=2).reshape(-1)
        known.append(np.asarray(y).reshape(-1) if run.dataset.task == "classification" else np.asarray(y))
        answered.append(outputs)
    return (np.concatenate(known), np.concatenate(answered)) if known else (None, None)


def _rows(batches: Any, most: int) -> Iterator[tuple[Any, Any]]:
    """Whole batches, until there are so many rows."""
    count = 0
    for x, y in batches:
        yield x, y
        count += len(y)
        if count >= most:
            return
