"""Opening a run: a new one from what the user chose, or one that exists from its record and its newest checkpoint."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from eagerloop.assembly import Assembly
from eagerloop.catalog import Catalog
from eagerloop.errors import CheckpointError, ConfigError, did_you_mean
from eagerloop.parts import KINDS, SINGLE, Choice
from eagerloop.record import RunDirectory, Settings, read_toml, settings_from
from eagerloop.run import Run
from eagerloop.snapshots import restore, say

PLURALS = {"metrics": "metric", "observers": "observer"}
"""Keywords of `train` that take several parts."""


def settings_of(keywords: Mapping[str, Any]) -> Settings:
    """The keywords of `train` as settings.

    Raises:
        ConfigError: There is no such keyword (with the nearest one), or its value has the wrong type.
    """
    names = [PLURALS_OF.get(item.name, item.name) for item in fields(Settings)]
    given: dict[str, Any] = {}
    for key, value in keywords.items():
        if key not in names:
            msg = f"there is no keyword '{key}'; {did_you_mean(key, [*names, 'directory'])}"
            raise ConfigError(msg)
        name = PLURALS.get(key, key)
        if name not in KINDS:
            given[name] = [str(item) for item in value] if name == "plugins" else value
        elif value is not None:
            given[name] = as_choice(value) if name in SINGLE else [as_choice(item) for item in value]
    return Settings(**given).checked()


PLURALS_OF = {kind: keyword for keyword, kind in PLURALS.items()}


def as_choice(part: Any) -> Choice:
    """A part however it was given: a name, `use(...)`, or an object."""
    return part if isinstance(part, Choice) else Choice(part)


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
    RunDirectory.refuse_taken(directory)  # before anything that takes time
    assembly = Assembly(settings.checked(), catalog or Catalog.load(settings.plugins))
    names = (assembly.made["model"].name, assembly.made["dataset"].name)
    return Run(assembly, RunDirectory.new(directory, *names))


def train(*, directory: str | Path | None = None, **keywords: Any) -> Run:
    """Trains a new run. With no argument, the guide's: iris, Dense-Dropout-Dense, MSE, Adam, ten epochs.

    Args:
        directory: Where to keep it; by default `runs/<date>-<time>-<model>-<dataset>`.
        **keywords: The fields of `eagerloop.record.Settings`: `dataset`, `model`, `loss`, `optimizer`, `checkpointer`,
            `metrics`, `observers` (each a name, `use(...)`, `file.py:NAME` or an object), `epochs`, `seed`, `save_every`,
            `keep`, `compile`, `device_policy`, `on_nonfinite`, `plugins`.

    Returns:
        The run, trained.

    Raises:
        EagerloopError: Something was chosen that does not exist or does not fit.
        TrainingError: The loss became nan or infinite, or a checkpoint could not be written.
    """
    return create(settings_of(keywords), None if directory is None else Path(directory)).train()


def load(directory: str | Path | None = None, *, strict: bool = False, **given: Any) -> Run:
    """Re-creates a run from its record and restores its newest checkpoint that is whole.

    Args:
        directory: The run; by default the newest below `runs/`.
        strict: Refuse a damaged newest checkpoint instead of taking the one before.
        **given: The parts that the run was given as objects, by kind: a record cannot hold them.

    Returns:
        The run, as it was when the checkpoint was written.

    Raises:
        ConfigError: There is no run.
        CheckpointError: It has no checkpoint, or none that is whole, or one that belongs to other parts.
    """
    run = _from_record(RunDirectory.existing(None if directory is None else Path(directory)), given)
    if not _take_up(run, strict=strict):
        msg = f"{run.directory} has no checkpoint; train it with 'eagerloop resume {run.directory}'"
        raise CheckpointError(msg)
    return run


def resume(directory: str | Path | None = None, *, epochs: int | None = None, strict: bool = False, **given: Any) -> Run:
    """Continues a run where its newest whole checkpoint stands: the result is that of a run that was never stopped.

    Args:
        directory: The run; by default the newest below `runs/`.
        epochs: How many epochs the run is to have in all; by default what it was made for.
        strict: Refuse a damaged newest checkpoint, and whatever could make the rest inexact.
        **given: The parts that the run was given as objects, by kind.

    Returns:
        The run, trained to the end.

    Raises:
        EagerloopError: As `load`; or another process is training the run.
    """
    where = RunDirectory.existing(None if directory is None else Path(directory))
    with where.held():
        return prepare_resume(where, epochs=epochs, strict=strict, **given).train()


def prepare_resume(where: RunDirectory, *, epochs: int | None = None, strict: bool = False, **given: Any) -> Run:
    """A run that stands where its newest checkpoint does, to be trained on by the holder of the lock."""
    run = _from_record(where, given)
    run.epochs = epochs or run.epochs
    if not _take_up(run, strict=strict) and where.has_history():
        msg = f"{where.path} has a history and no checkpoint: it cannot be continued, and is not begun anew; train a new run"
        raise CheckpointError(msg)
    run.store.set_aside_damaged()
    return run


def _from_record(where: RunDirectory, given: Mapping[str, Any]) -> Run:
    settings = settings_from(read_toml(where.record), str(where.record))
    replaced = settings_of(given)
    for key in given:
        setattr(settings, PLURALS.get(key, key), getattr(replaced, PLURALS.get(key, key)))
    return Run(Assembly(settings, Catalog.load(settings.plugins)), where)


def _take_up(run: Run, *, strict: bool) -> bool:
    checkpoint = run.store.newest(strict=strict)
    if checkpoint is None:
        return False
    inexact = restore(run, checkpoint)
    if strict and inexact:
        msg = f"not exactly the run that was saved: {'; '.join(inexact)}; leave --strict out to go on"
        raise CheckpointError(msg)
    passed_over = [f"{fault}; {checkpoint.directory.name} is used instead" for fault in run.store.damaged]
    say([*passed_over, *(f"the rest may differ in rounding: {change}" for change in inexact)])
    return True
