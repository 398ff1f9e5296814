"""Opening a run: a new one from what the user chose, or one that exists from its record and its newest checkpoint."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eagerloop.building.assembly import assemble
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import (
    FORMAT,
    Settings,
    plain_options,
    read_toml,
    settings_of,
)
from eagerloop.distribution.workers.directories import directories_of, to_resume
from eagerloop.errors import CheckpointError
from eagerloop.running.comparing import DISTRIBUTION, compare_with_file
from eagerloop.running.recreating import recreate
from eagerloop.running.run import Run
from eagerloop.running.snapshots import check_content, say
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Store

ON_ONE_DEVICE = {"strategy": "one"}
"""How a run is opened that is to be looked at: where it was trained, there may have been other devices."""


def create(settings: Settings, directory: Path | None = None, catalog: Catalog | None = None) -> Run:
    """Makes a run without training it: `run.train()` does.

    Args:
        settings: What the user chose.
        directory: Where to keep it; by default `runs/<date>-<time>-<model>-<dataset>`.
        catalog: Where the parts are found; by default it is read anew.

    Returns:
        A run whose model is built.

    Raises:
        EagerloopError: Something was chosen that does not exist or does not fit, or the directory is taken.
    """
    if settings.start_from:
        settings.start_from = str(RunDirectory.existing(Path(settings.start_from)).path.resolve())
    directories = directories_of(settings.strategy)
    directories.refuse_taken(directory)  # before anything that takes time
    parts = assemble(settings.checked(), catalog or Catalog.load(settings.plugins))
    return Run(parts, directories.new(directory, parts.names["model"], parts.names["dataset"]))


def train(*, directory: str | Path | None = None, **keywords: Any) -> Run:
    """Trains a new run. With no argument, the guide's: iris, Dense-Dropout-Dense, MSE, Adam, ten epochs.

    Args:
        directory: Where to keep it; by default `runs/<date>-<time>-<model>-<dataset>`.
        **keywords: The fields of `eagerloop.choices.settings.Settings`: `dataset`, `model`, `loss`, `schedule`, `optimizer`,
            `checkpointer`, `metrics`, `observers` (each a name, `use(...)`, `file.py:NAME` or an object; a dataset may be
            arrays, `(x, y)`, too), `epochs`, `seed`, `save_every`, `keep`, `compile`, `strategy` (a name, or a
            `tf.distribute.Strategy`), `devices`, `device_policy`, `deterministic`, `on_nonfinite`, `start_from`, `freeze`,
            `plugins`.

    Returns:
        The run, trained.

    Raises:
        EagerloopError: Something was chosen that does not exist or does not fit.
        TrainingError: The loss became nan or infinite, or a checkpoint could not be written.
    """
    return create(settings_of(keywords), None if directory is None else Path(directory)).train()


def load(directory: str | Path | None = None, *, strict: bool = False, trust: Iterable[str] = (), **given: Any) -> Run:
    """Re-creates a run from its record and restores its newest checkpoint that is whole.

    Args:
        directory: The run; by default the newest below `runs/`.
        strict: Refuse a damaged newest checkpoint instead of taking the one before.
        trust: Files of code, named by a record that was made elsewhere, that may be run.
        **given: The parts that the run was given as objects, by kind: a record cannot hold them.

    Returns:
        The run, as it was when the checkpoint was written.

    Raises:
        ConfigError: There is no run.
        CheckpointError: It has no checkpoint, or none that is whole, or one that belongs to other parts.
    """
    where = RunDirectory.existing(None if directory is None else Path(directory))
    store, checkpoint, content = _newest(where, strict=strict)
    if checkpoint is None:
        msg = f"{where.path} has no checkpoint; train it with 'eagerloop resume {where.path}'"
        raise CheckpointError(msg)
    run = recreate(where, ON_ONE_DEVICE | given, trust, content=content)
    _take_up(run, store, checkpoint, strict=strict, accepted=() if "strategy" in given else DISTRIBUTION)
    return run


def resume(
    directory: str | Path | None = None,
    *,
    epochs: int | None = None,
    strict: bool = False,
    trust: Iterable[str] = (),
    **given: Any,
) -> Run:
    """Continues a run where its newest whole checkpoint stands: the result is that of a run that was never stopped.

    Args:
        directory: The run; by default the newest below `runs/`.
        epochs: How many epochs the run is to have in all; by default what it was made for.
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
        return prepare_resume(where, epochs=epochs, strict=strict, trusted=trust, **given).train()


def prepare_resume(
    where: RunDirectory,
    *,
    epochs: int | None = None,
    strict: bool = False,
    trusted: Iterable[str] = (),
    quiet: bool = False,
    **given: Any,
) -> Run:
    """A run that stands where its newest checkpoint does, to be trained on by the holder of the lock."""
    store, checkpoint, content = _newest(where, strict=strict)
    if checkpoint is None and where.has_history():
        msg = f"{where.path} has a history and no checkpoint: it cannot be continued, and is not begun anew; train a new run"
        raise CheckpointError(msg)
    if epochs is not None:
        given["epochs"] = plain_options()["epochs"].convert(epochs, "resume")
    run = recreate(where, given, trusted, quiet=quiet, content=content)
    if checkpoint is not None:
        _take_up(run, store, checkpoint, strict=strict)
    run.saver.tidy(run.history)
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


def _take_up(run: Run, store: Store, checkpoint: Checkpoint, *, strict: bool, accepted: tuple[str, ...] = ()) -> None:
    inexact = [change for change in run.take_up(checkpoint) if not change.startswith(accepted)]
    if strict and inexact:
        msg = f"not exactly the run that was saved: {'; '.join(inexact)}; leave --strict out to go on"
        raise CheckpointError(msg)
    passed_over = [f"{fault}; {checkpoint.directory.name} is used instead" for fault in store.damaged]
    say([*passed_over, *(f"the rest may differ in rounding: {change}" for change in inexact)])
