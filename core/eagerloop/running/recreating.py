"""A run made anew from its record, nothing restored: which parts it names, and whether their code may run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eagerloop.building.assembly import assemble
from eagerloop.building.run_parts import RunParts
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.chosen import tables_in
from eagerloop.choices.lacking import with_packages
from eagerloop.choices.settings import FORMAT, KEYWORDS, keyword_of, read_toml, settings_from, settings_of, with_progress
from eagerloop.data.beside import BESIDE
from eagerloop.errors import CheckpointError, DataError, EagerloopError, LacksObjectError, PluginError, TrainingError
from eagerloop.parts import KINDS, SINGLE
from eagerloop.running.run import Run
from eagerloop.storage import trust as trust_files
from eagerloop.storage.run_directory import RunDirectory

DATA_GONE = (DataError, PluginError, LacksObjectError)
"""What is raised of a run whose record and checkpoints are whole, where its data or its parts are not here."""


def recreate(
    where: RunDirectory,
    given: Mapping[str, Any],
    trusted: Iterable[str | Path] = (),
    *,
    progress: bool | None = None,
    directory: RunDirectory | None = None,
    content: Mapping[str, Any] | None = None,
) -> Run:
    """The run that a record describes, its model built and nothing restored.

    Args:
        where: The run with the record.
        given: Parts in place of those that were objects, as keywords of `train`.
        trusted: Files of code, named by the record, that may be run.
        progress: Whether the observer `progress` is there; None: as recorded.
        directory: Where the run is to write; by default where its record is.
        content: The record, if it has been read already.

    Returns:
        A run.

    Raises:
        EagerloopError: The record cannot be read, or names what is not there.
    """
    content = read_toml(where.run_toml) if content is None else content
    if content.get("format") != FORMAT:
        found = content.get("format")
        msg = f"{where.run_toml} has the format {found!r}, this eagerloop reads {FORMAT}; install a newer eagerloop"
        raise CheckpointError(msg)
    settings = settings_from(content, str(where.run_toml))
    replaced = settings_of(given)
    for key in given.keys() - set(BESIDE):
        setattr(settings, KEYWORDS.get(key, key), getattr(replaced, KEYWORDS.get(key, key)))
    if "strategy" in given:
        settings.devices = replaced.devices
    if progress:
        settings = with_progress(settings)
    elif progress is not None:
        settings.observer = [choice for choice in settings.observer if choice.part != "progress"]
    refuse_objects(content, {KEYWORDS.get(key, key) for key in given}, where)
    listed = trust_files.files_of(content, str(where.run_toml))
    trust_files.check(content, [*listed, *trust_files.files_named(settings)], trusted, str(where.run_toml))
    try:
        parts = assemble(settings, Catalog.load(settings.plugins))
        return Run(parts if directory is None else _unheard(parts), directory or where)
    except EagerloopError as error:
        if str(where.run_toml) in str(error) or isinstance(error, TrainingError):
            raise
        msg = f"{with_packages(error, content)} (the part is named in {where.run_toml})"
        raise type(error)(msg) from error
    except Exception as error:  # a record may hold anything, such as a size that no machine has
        cause = next(iter(str(error).strip().splitlines()), "")
        msg = f"the parts that {where.run_toml} names could not be made: {type(error).__name__}: {cause}"
        raise CheckpointError(msg) from error


class _Silent:
    """In the place of an observer that tells a service of the run: of the same run made again, nobody outside is to hear."""

    def on_train_end(self) -> None:
        """Nothing."""


def _unheard(parts: RunParts) -> RunParts:
    """The parts of a run that is made again elsewhere, to be compared or looked at."""
    return replace(parts, observers=[_Silent() if getattr(one, "speaks_outside", False) else one for one in parts.observers])


def refuse_objects(
    content: Mapping[str, Any], replaced: Iterable[str], where: RunDirectory, kinds: Iterable[str] = KINDS
) -> None:
    """A part that was given as an object is known by its class alone: it must be given again.

    Raises:
        LacksObjectError: One of these kinds was, and is not.
    """
    for kind in kinds:
        tables = tables_in(content.get(kind, []))
        if any(row.get("owner") == "object" for row in tables) and kind not in replaced:
            by_path = kind in SINGLE and isinstance(content[kind], Mapping) and "name" not in content[kind]
            again = f"{keyword_of(kind)}={'{PATH: ...}' if by_path else '...'}"
            told = f"the {kind} of {where.path} was given as an object, which no record can hold"
            msg = f"{told}; give it again: {again}, in Python, to eagerloop.load({str(where.path)!r}, ...) or eagerloop.resume"
            raise LacksObjectError(msg)
