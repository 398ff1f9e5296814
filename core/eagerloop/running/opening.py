"""Opening a run: a new one from what the user chose, or one that exists from its record and its newest checkpoint."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eagerloop.building.assembly import Assembly
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import (
    FORMAT,
    KEYWORDS,
    Settings,
    keyword_of,
    plain_options,
    read_toml,
    settings_from,
    settings_of,
)
from eagerloop.choices.sources import is_file_part
from eagerloop.distribution.workers import directories_of, to_resume
from eagerloop.errors import CheckpointError, EagerloopError, TrainingError
from eagerloop.parts import KINDS, Choice
from eagerloop.running.run import Run
from eagerloop.running.snapshots import DISTRIBUTION, check_content, compare_with_file, restore, say
from eagerloop.storage import trust as trust_files
from eagerloop.storage.manifests import MANIFEST
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Checkpoint, Store

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
    directories = directories_of(settings.strategy)
    directories.refuse_taken(directory)  # before anything that takes time
    assembly = Assembly(settings.checked(), catalog or Catalog.load(settings.plugins))
    names = (assembly.made["model"].name, assembly.made["dataset"].name)
    return Run(assembly, directories.new(directory, *names))


def train(*, directory: str | Path | None = None, **keywords: Any) -> Run:
    """Trains a new run. With no argument, the guide's: iris, Dense-Dropout-Dense, MSE, Adam, ten epochs.

    Args:
        directory: Where to keep it; by default `runs/<date>-<time>-<model>-<dataset>`.
        **keywords: The fields of `eagerloop.choices.settings.Settings`: `dataset`, `model`, `loss`, `optimizer`,
            `checkpointer`, `metrics`, `observers` (each a name, `use(...)`, `file.py:NAME` or an object), `epochs`, `seed`,
            `save_every`, `keep`, `compile`, `strategy` (a name, or a `tf.distribute.Strategy`), `devices`, `device_policy`,
            `on_nonfinite`, `plugins`.

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
    store, checkpoint = _newest(where, strict=strict)
    if checkpoint is None:
        msg = f"{where.path} has no checkpoint; train it with 'eagerloop resume {where.path}'"
        raise CheckpointError(msg)
    run = from_record(where, ON_ONE_DEVICE | given, trust)
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
    store, checkpoint = _newest(where, strict=strict)
    if checkpoint is None and where.has_history():
        msg = f"{where.path} has a history and no checkpoint: it cannot be continued, and is not begun anew; train a new run"
        raise CheckpointError(msg)
    run = from_record(where, given, trusted, quiet=quiet)
    if epochs is not None:
        run.epochs = plain_options()["epochs"].convert(epochs, "resume")
    if checkpoint is not None:
        _take_up(run, store, checkpoint, strict=strict)
    run.store.set_aside_damaged()
    return run


def from_record(
    where: RunDirectory,
    given: Mapping[str, Any],
    trusted: Iterable[str] = (),
    *,
    quiet: bool = False,
    directory: RunDirectory | None = None,
) -> Run:
    """The run that a record describes, its model built and nothing restored.

    Args:
        where: The run with the record.
        given: Parts in place of those that were objects, as keywords of `train`.
        trusted: Files of code, named by the record, that may be run.
        quiet: Leave the observer `progress` out.
        directory: Where the run is to write; by default where its record is.

    Returns:
        A run.

    Raises:
        EagerloopError: The record cannot be read, or names what is not there.
    """
    content = read_toml(where.record)
    if content.get("format") != FORMAT:
        msg = (
            f"{where.record} has the format {content.get('format')!r}, this eagerloop reads {FORMAT}; install a newer eagerloop"
        )
        raise CheckpointError(msg)
    settings = settings_from(content, str(where.record))
    replaced = settings_of(given)
    for key in given:
        setattr(settings, KEYWORDS.get(key, key), getattr(replaced, KEYWORDS.get(key, key)))
    if "strategy" in given:
        settings.devices = replaced.devices
    if quiet:
        settings.observer = [choice for choice in settings.observer if choice.part != "progress"]
    _refuse_objects(content, {KEYWORDS.get(key, key) for key in given}, where)
    _check_files(content, settings, trusted, where)
    try:
        return Run(Assembly(settings, Catalog.load(settings.plugins)), directory or where)
    except EagerloopError as error:
        if str(where.record) in str(error) or isinstance(error, TrainingError):
            raise
        msg = f"{error} (the part is named in {where.record})"
        raise type(error)(msg) from error
    except Exception as error:  # a record may hold anything, such as a size that no machine has
        cause = next(iter(str(error).strip().splitlines()), "")
        msg = f"the parts that {where.record} names could not be made: {type(error).__name__}: {cause}"
        raise CheckpointError(msg) from error


def _refuse_objects(content: Mapping[str, Any], replaced: Iterable[str], where: RunDirectory) -> None:
    """A part that was given as an object is known by its class alone: it must be given again."""
    for kind in KINDS:
        rows = content.get(kind, [])
        objects = any(
            isinstance(row, dict) and row.get("owner") == "object" for row in (rows if isinstance(rows, list) else [rows])
        )
        if objects and kind not in replaced:
            again = f"{keyword_of(kind)}=..."
            msg = f"the {kind} of {where.path} was given as an object, which no record can hold; give it again: {again}"
            raise CheckpointError(msg)


def _check_files(content: Mapping[str, Any], settings: Settings, trusted: Iterable[str], where: RunDirectory) -> None:
    """No file runs that the record names outside its sealed list."""
    listed = content.get("files", {})
    if not isinstance(listed, dict):
        msg = f"{where.record}: 'files' must be a table of SHA-256 by path, got {listed!r:.80}"
        raise CheckpointError(msg)
    files = {str(path): str(recorded) for path, recorded in listed.items()}
    choices = [choice for kind in KINDS for choice in _as_list(getattr(settings, kind))]
    named = [choice.part.rpartition(":")[0] for choice in choices if isinstance(choice.part, str) and is_file_part(choice.part)]
    for path in [*settings.plugins, *named]:
        files.setdefault(path, "")
    trust_files.check(files, str(content.get("seal", "")), trusted, str(where.record))


def _as_list(chosen: Any) -> list[Choice]:
    return [] if chosen is None else [chosen] if isinstance(chosen, Choice) else list(chosen)


def _newest(where: RunDirectory, *, strict: bool) -> tuple[Store, Checkpoint | None]:
    """The newest whole checkpoint, and whether run.toml is still the one that it was written under: before any part is made."""
    store = where.store
    checkpoint = store.newest(strict=strict)
    if checkpoint is not None:
        check_content(checkpoint.manifest, str(checkpoint.directory / MANIFEST))
        content = read_toml(where.record)
        if content.get("format") == FORMAT:
            say(compare_with_file(checkpoint.manifest["record"], content, str(where.record), str(checkpoint.directory)))
    return store, checkpoint


def _take_up(run: Run, store: Store, checkpoint: Checkpoint, *, strict: bool, accepted: tuple[str, ...] = ()) -> None:
    run.store = store
    inexact = [change for change in restore(run, checkpoint) if not change.startswith(accepted)]
    if strict and inexact:
        msg = f"not exactly the run that was saved: {'; '.join(inexact)}; leave --strict out to go on"
        raise CheckpointError(msg)
    passed_over = [f"{fault}; {checkpoint.directory.name} is used instead" for fault in store.damaged]
    say([*passed_over, *(f"the rest may differ in rounding: {change}" for change in inexact)])
