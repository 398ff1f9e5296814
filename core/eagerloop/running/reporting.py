"""Gathers what the page of a run shows, from the run and from its directory, and writes the page."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from eagerloop.building.run_parts import RunParts
from eagerloop.errors import ConfigError, EagerloopError, TrainingError
from eagerloop.inspection.pages.charts import thinned
from eagerloop.inspection.pages.picture_strip import MOST, Mistake
from eagerloop.inspection.pages.run_page import RunStory, run_page
from eagerloop.inspection.plots import plot_curves, plot_predictions
from eagerloop.inspection.recording.loss_facts import baseline
from eagerloop.inspection.step_record import StepRecord, read_step
from eagerloop.inspection.writing.pictures import are_pictures
from eagerloop.loop import asked_by
from eagerloop.running.probabilities import probabilities_at
from eagerloop.standing import ObservedRun
from eagerloop.storage.files import write_atomically, write_where_named
from eagerloop.storage.replacing import REPORT, RUN_TOML
from eagerloop.structures import is_tensor, map_leaves, rows_of

Array = np.ndarray[Any, Any]

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


def write_report(story: RunStory, page: Path | None, inside: Path, pictures: Path | None = None) -> Report:
    """Writes the page of a run.

    Args:
        story: What there is to show.
        page: The file; by default `report.html` in the run's directory. A file that is there is replaced; a link is followed,
            and a device or a pipe written to.
        inside: The run's directory.
        pictures: A directory for `curves.png` and `predictions.png`; by default none are drawn.

    Returns:
        What was written.

    Raises:
        ConfigError: A file cannot be written.
    """
    drawn = [] if pictures is None else list(_pictures(story, pictures))
    written = inside / REPORT if page is None else page
    try:
        if page is None:
            write_atomically(written, run_page(story), durable=False)
        else:
            write_where_named(written, run_page(story))
    except TrainingError as error:
        msg = f"{error}; name another file with --html"
        raise ConfigError(msg) from error
    return Report(written, len(story.history), len(story.records), story.notes, drawn)


def _pictures(story: RunStory, directory: Path) -> Iterator[Path]:
    """What of a run can be drawn as a picture: its curves, and its predictions where there are any."""
    yield plot_curves(story.history, directory / "curves.png", baseline=story.baseline)
    if story.actual is not None and story.predictions is not None:
        path = directory / "predictions.png"
        classes = story.classes if story.task == "classification" else ()
        yield plot_predictions(story.actual, story.predictions, path, targets=story.targets, classes=classes)


def story_of(
    run: ObservedRun, parts: RunParts, history: Sequence[Mapping[str, Any]], *, name: str, records: Path, saved: bool = True
) -> RunStory:
    """What there is to show of a run.

    Args:
        run: The run.
        parts: Its parts.
        history: Its history.
        name: What its directory is called.
        records: Where the records of single steps are.
        saved: Whether its variables are those that were trained.
    """
    recorded, notes = recorded_steps_of(records)
    if not saved:
        notes.append("The run has no checkpoint, so nobody knows what it predicts.")
    examples: list[Mistake] = []
    actual, predictions = _answers(run, parts, examples) if saved else (None, None)
    if saved and predictions is None:
        notes.append("What it predicts is not drawn: targets or predictions are no single array of numbers or classes.")
    return RunStory(
        name=name,
        parts=parts.names,
        seed=parts.settings.seed,
        task=parts.dataset.task,
        targets=parts.dataset.targets,
        classes=parts.dataset.classes,
        history=history,
        baseline=_baseline(parts),
        actual=actual,
        predictions=predictions,
        examples=examples,
        records=recorded,
        notes=notes,
        options={f"{kind} {part.told}": part.options for kind, kinds in parts.resolved.items() for part in kinds},
        begun=begun_at(records.with_name(RUN_TOML)),
    )


def begun_at(record: Path) -> float | None:
    """When a run was begun or last resumed: its record is written then."""
    with contextlib.suppress(OSError):
        return record.stat().st_mtime
    return None


def recorded_steps_of(directory: Path) -> tuple[list[StepRecord], list[str]]:
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


def _baseline(parts: RunParts) -> float | None:
    """The loss of predicting the mean of the training targets, over the rows of the first epoch."""
    if parts.dataset.task == "other" or not is_tensor(parts.first_predictions):
        return None
    asked = "x" in asked_by(parts.loss)  # else it stays out: it may be longer in one batch than in another
    batches = [(x if asked else (), *others) for x, *others in _rows(parts.dataset.train(1), MOST_TRAINED)]
    if not batches:
        return None
    with contextlib.suppress(ValueError, tf.errors.OpError):  # batches of two lengths
        rows = map_leaves(lambda *leaves: tf.concat(leaves, 0), *batches)
        answer = tf.convert_to_tensor(parts.first_predictions)
        answers = tf.zeros([rows_of(rows), *answer.shape[1:]], answer.dtype)
        return baseline(parts.loss, rows, answers, parts.dataset.task)
    return None


def _answers(run: ObservedRun, parts: RunParts, examples: list[Mistake]) -> tuple[Array | None, Array | None]:
    """The targets of the test rows, and what the model says to them: of classes the likeliest, with examples of mistakes."""
    known, answered = [], []
    for x, y, *_weights in _rows(run.dataset.test(), MOST_TESTED):
        outputs = run.predict(x)
        if not is_tensor(outputs) or isinstance(outputs, tf.RaggedTensor) or run.dataset.task == "other":
            return None, None  # several answers: which is for which target is the model's own affair
        if run.dataset.task == "classification":
            places = math.prod(y.shape[1:])
            outputs = probabilities_at(parts.answer, outputs, places).argmax(axis=2).reshape(-1)
            examples += (
                _mistakes(run, np.asarray(x), np.asarray(y).reshape(-1), outputs)
                if len(examples) < MOST and is_tensor(x)
                else []
            )
        known.append(np.asarray(y).reshape(-1) if run.dataset.task == "classification" else np.asarray(y))
        answered.append(outputs)
    with contextlib.suppress(ValueError):  # answers of two lengths, to batches of two lengths
        return (np.concatenate(known), np.concatenate(answered)) if known else (None, None)
    return None, None


def _mistakes(run: ObservedRun, x: Array, actual: Array, predicted: Array) -> Iterator[Mistake]:
    """The pictures of a batch that were taken for others."""
    if not are_pictures(x) or len(x) != len(actual):
        return
    classes = run.dataset.classes
    for row in np.flatnonzero(actual != predicted).tolist()[:MOST]:
        names = [classes[number] if number < len(classes) else str(number) for number in (actual[row], predicted[row])]
        yield Mistake(x[row], *names)


def _rows(batches: Any, most: int) -> Iterator[tuple[Any, ...]]:
    """Whole batches, until there are so many rows."""
    count = 0
    for batch in batches:
        yield batch
        count += rows_of(batch)
        if count >= most:
            return
