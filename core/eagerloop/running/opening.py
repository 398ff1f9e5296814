"""Opening a run: a new one from what the user chose, or one that exists from its record and its newest checkpoint."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Unpack

from eagerloop.building.assembly import assemble
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.keywords import Keywords, with_keywords
from eagerloop.choices.settings import (
    FORMAT,
    Settings,
    plain_options,
    read_toml,
    settings_of,
    with_progress,
)
from eagerloop.distribution.workers.directories import directories_of, to_resume
from eagerloop.errors import CheckpointError
from eagerloop.process.screen import is_watched
from eagerloop.running.comparing import DISTRIBUTION, compare_with_file
from eagerloop.running.predicting import open_for_predicting
from eagerloop.running.recreating import recreate
from eagerloop.running.run import Run
from eagerloop.running.snapshots import check_content, say
from eagerloop.running.starting import settle_start
from eagerloop.running.usual import no_better
from eagerloop.running.which_checkpoint import BEST, Which, checked, chosen, refuse_older, restores_best
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.naming import directory_named
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Store

ON_ONE_DEVICE = {"strategy": "one"}
"""How a run is opened that is to be looked at: where it was trained, there may have been other devices."""


def create(
    settings: Settings, directory: Path | None = None, catalog: Catalog | None = None, *, overwrite: bool = False
) -> Run:
    """Makes a run without training it: `run.train()` does.

    Args:
        settings: What the user chose.
        directory: Where to keep it; by default `runs/<date>-<time>-<model>-<dataset>`.
        catalog: Where the parts are found; by default it is read anew.
        overwrite: A run that is in the directory is replaced when this one begins to train.

    Returns:
        A run whose model is built.

    Raises:
        EagerloopError: Something was chosen that does not exist or does not fit, or the directory is taken.
    """
    settle_start(settings)
    directories = directories_of(settings.strategy)
    directories.refuse_taken(directory, overwrite=overwrite)  # before anything that takes time
    parts = assemble(settings.checked(), catalog or Catalog.load(settings.plugins))
    return Run(parts, directories.new(directory, parts.names["model"], parts.names["dataset"], overwrite=overwrite))


@with_keywords
def train(
    *,
    directory: str | Path | None = None,
    overwrite: bool = False,
    progress: bool | None = None,
    **keywords: Unpack[Keywords],
) -> Run:
    """Trains a new run. With no argument, the guide's: iris, Dense-Dropout-Dense, MSE, Adam, ten epochs.

    Args:
        directory: Where to keep it; by default `runs/<date>-<time>-<model>-<dataset>`.
        overwrite: A run that is in the directory is replaced, once the parts of the new one are made: a cell, or a script, may
            be run again. Files that no run has written stay.
        progress: Whether to show each epoch as it ends, on a terminal with a bar; None: on a terminal and in a notebook.
        **keywords: The fields of `eagerloop.choices.settings.Settings`: `dataset`, `model`, `loss`, `schedule`, `optimizer`,
            `step`, `checkpointer`, `metrics`, `observers` (each a name, `use(...)`, `file.py:NAME` or an object), `epochs`,
            `seed`, `save_every`, `keep`, `compile`, `strategy` (a name, or a `tf.distribute.Strategy`), `devices`,
            `device_policy`, `deterministic`, `on_nonfinite`, `start_from`, `checkpoint`, `freeze`, `plugins`. A dataset may be
            arrays, `(x, y)`, a table in memory or a `tf.data.Dataset`, too; beside it `validation` and `test` are data of the
            same form, and `target` names the columns of a table that are to be predicted.

    Returns:
        The run, trained.

    Raises:
        EagerloopError: Something was chosen that does not exist or does not fit; or the directory holds a run.
        TrainingError: The loss became nan or infinite, or a checkpoint could not be written.
    """
    settings = settings_of(keywords)
    shown_to_somebody = _is_shown(progress)
    shown = with_progress(settings) if shown_to_somebody else settings
    run = create(shown, directory_named(directory), overwrite=overwrite).train()
    if shown_to_somebody and (worse := no_better(run)):
        print(worse)  # noqa: T201 - the last line of the progress
    return run


def _is_shown(progress: bool | None) -> bool:  # noqa: FBT001 - what the user gave
    return is_watched() if progress is None else progress


def load(
    directory: str | Path | None = None,
    *,
    checkpoint: Which = None,
    for_predicting: bool = False,
    for_evaluating: bool = False,
    strict: bool = False,
    trust: Iterable[str | Path] = (),
    **given: Any,
) -> Run:
    """Re-creates a run from its record and restores one of its checkpoints.

    Args:
        directory: The run; by default the newest below `runs/`.
        checkpoint: `"newest"` that is whole; `"best"`: that of the epoch with the lowest `val_loss`, or the one that
            `early-stopping` follows as the best; or a number of steps. By default the newest, whose variables are those of the
            best where `early-stopping` is to restore it. A run that stands at an older one cannot be trained on.
        for_predicting: Open it to predict new rows and to be exported, and for nothing else: neither the data are needed, nor
            loss, optimizer, metrics and observers, whatever they were. It keeps what its encoder has learnt.
        for_evaluating: The same with loss and metrics, to evaluate rows that are given: `run.evaluate(batches)`.
        strict: Refuse a damaged newest checkpoint instead of taking the one before.
        trust: Files of code, named by a record that was made elsewhere, that may be run.
        **given: The parts that the run was given as objects, by kind: a record cannot hold them.

    Returns:
        The run, as it was when the checkpoint was written.

    Raises:
        ConfigError: There is no run.
        CheckpointError: It has no checkpoint, or none that is whole, or not the one that is asked for, or one that belongs to
            other parts.
    """
    where = RunDirectory.existing(directory_named(directory))
    which = checked(checkpoint)
    store, newest, content = _newest(where, strict=strict)
    if newest is None or content is None:
        msg = f"{where.path} has no checkpoint; train it with 'eagerloop resume {where.path}'"
        raise CheckpointError(msg)
    best = which is None and restores_best(newest.manifest["observers"])
    without_data = for_predicting or for_evaluating
    taken = chosen(where, newest, BEST if best and without_data else which)
    if without_data:
        return open_for_predicting(where, taken, content, given, trust, evaluating=for_evaluating)
    run = recreate(where, ON_ONE_DEVICE | given, trust, content=content)
    past = taken.step < newest.step
    _take_up(run, store, taken, strict=strict, accepted=() if "strategy" in given else DISTRIBUTION, of_the_past=past)
    if best:
        run.answer_with(chosen(where, newest, BEST))
    return run


def resume(
    directory: str | Path | None = None,
    *,
    epochs: int | None = None,
    checkpoint: Which = None,
    progress: bool | None = None,
    strict: bool = False,
    trust: Iterable[str | Path] = (),
    **given: Any,
) -> Run:
    """Continues a run where its newest whole checkpoint stands: the result is that of a run that was never stopped.

    Args:
        directory: The run; by default the newest below `runs/`.
        epochs: How many epochs the run is to have in all; by default what it was made for.
        checkpoint: The newest, and no other: from an older one, two trainings would be mixed in one directory. To go on from
            there, begin a new run, `train(start_from=directory, checkpoint="best")`.
        progress: Whether to show each epoch; None: where its record says so, on a terminal and in a notebook.
        strict: Refuse a damaged newest checkpoint, and whatever could make the rest inexact.
        trust: Files of code, named by a record that was made elsewhere, that may be run.
        **given: The parts that the run was given as objects, by kind.

    Returns:
        The run, trained to the end.

    Raises:
        EagerloopError: As `load`; or another process is training the run.
    """
    where = to_resume(directory, given.get("strategy"))
    with where.held():
        shown = True if progress is None and is_watched() else progress
        how: dict[str, Any] = {"epochs": epochs, "which": checkpoint, "strict": strict, "trusted": trust, "progress": shown}
        return prepare_resume(where, **how, **given).train()


def prepare_resume(
    where: RunDirectory,
    *,
    epochs: int | None = None,
    which: Which = None,
    strict: bool = False,
    trusted: Iterable[str | Path] = (),
    progress: bool | None = None,
    **given: Any,
) -> Run:
    """A run that stands where its newest checkpoint does, to be trained on by the holder of the lock."""
    store, checkpoint, content = _newest(where, strict=strict)
    if checkpoint is None and where.has_history():
        msg = f"{where.path} has a history and no checkpoint: it cannot be continued, and is not begun anew; train a new run"
        raise CheckpointError(msg)
    refuse_older(where, checkpoint, which)
    if epochs is not None:
        given["epochs"] = plain_options()["epochs"].convert(epochs, "resume")
    run = recreate(where, given, trusted, progress=progress, content=content)
    if checkpoint is not None:
        _take_up(run, store, checkpoint, strict=strict)
    observers = checkpoint.manifest["observers"] if checkpoint is not None else ()
    run.saver.tidy(run.history, run.parts.run_toml, observers)
    return run


def _newest(where: RunDirectory, *, strict: bool) -> tuple[Store, Checkpoint | None, dict[str, Any] | None]:
    """The newest whole checkpoint, and run.toml if it is still the one that it was written under: before any part is made."""
    where.look()
    store = where.store
    checkpoint = store.newest(strict=strict)
    if checkpoint is None:
        return store, None, None
    check_content(checkpoint)
    content = read_toml(where.run_toml)
    if content.get("format") == FORMAT:
        say(compare_with_file(checkpoint.manifest["record"], content, str(where.run_toml), str(checkpoint.directory)))
    return store, checkpoint, content


def _take_up(
    run: Run, store: Store, checkpoint: Checkpoint, *, strict: bool, accepted: tuple[str, ...] = (), of_the_past: bool = False
) -> None:
    changes = run.take_up(checkpoint, of_the_past=of_the_past)
    inexact = [change for change in changes if not change.startswith(accepted)]
    if strict and inexact:
        msg = f"not exactly the run that was saved: {'; '.join(inexact)}; leave --strict out to go on"
        raise CheckpointError(msg)
    passed_over = [f"{fault}; {checkpoint.directory.name} is used instead" for fault in store.damaged]
    say([*passed_over, *(f"the rest may differ in rounding: {change}" for change in inexact)])
