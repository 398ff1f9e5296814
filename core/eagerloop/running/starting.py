"""How a new run begins with the variables of one that exists: a warm start."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from eagerloop.building.run_parts import RunParts
from eagerloop.choices.options import resolve
from eagerloop.choices.settings import Settings, read_toml, settings_from
from eagerloop.choices.sources import is_file_part
from eagerloop.errors import ConfigError
from eagerloop.running.snapshots import check_content
from eagerloop.running.which_checkpoint import BEST, NEWEST, chosen, restores_best
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.variables import Table, without_place

SHOWN = 5
"""Variables that a message names."""


def checkpoint_of(where: RunDirectory, which: str) -> Checkpoint:
    """The checkpoint of another run that a training starts from.

    Args:
        where: The other run.
        which: `newest`, `best` or a step; empty: the newest, or the best of a run whose early stopping restores it.

    Returns:
        A verified checkpoint whose content was checked.

    Raises:
        EagerloopError: It is not there, with what is.
    """
    newest = where.store.newest()
    if newest is None:
        msg = f"{where.path} has no checkpoint to start from; train it, or leave --start-from out"
        raise ConfigError(msg)
    check_content(newest)
    return chosen(where, newest, which or (BEST if restores_best(newest.manifest["observers"]) else NEWEST))


def settle_start(settings: Settings) -> None:
    """Settles where a new run starts from: the place, and the step, whatever is added there later.

    Args:
        settings: What the user chose; changed.

    Raises:
        EagerloopError: There is no such run or checkpoint; or a checkpoint is named, and no run.
    """
    if settings.start_from:
        where = RunDirectory.existing(Path(settings.start_from))
        settings.start_from = str(where.path.resolve())
        settings.checkpoint = str(checkpoint_of(where, settings.checkpoint).step)
    elif settings.checkpoint:
        msg = (
            f"checkpoint {settings.checkpoint} is to be one of the run that a training starts from, and none is named; "
            "name it with --start-from, or start_from= in Python"
        )
        raise ConfigError(msg)


def start_from(parts: RunParts, source: Path, which: str = "") -> str:
    """Gives the model the variables of a checkpoint of another run, by name and shape.

    Numbers that count or seed, and the optimizer's, stay as they are: a new training begins.

    Args:
        parts: The parts of a run that has not begun.
        source: The directory of the other run.
        which: The checkpoint, as for `checkpoint_of`.

    Returns:
        What was taken and what was not, in one sentence.

    Raises:
        ConfigError: Nothing of the other run fits, or it cannot be read; nothing was changed.
    """
    where = RunDirectory.existing(source)
    checkpoint = checkpoint_of(where, which)
    table: Table = checkpoint.manifest["variables"]
    own = {name: variable for name, variable in parts.variables.items() if _is_of_the_model(name, variable.dtype.name)}
    saved = [row for row in table if _is_of_the_model(row[0], row[2])]
    pairs = _pairs(saved, own)
    missing = [f"{_whole(name)} {tuple(own[name].shape)}" for name in own if name not in pairs]
    if not pairs:
        shown = ", ".join(f"{_whole(name)} {tuple(shape)}" for name, shape, _dtype in saved[:SHOWN])
        msg = f"nothing of {source} fits this model: it has {shown}; this model has {', '.join(missing[:SHOWN])}"
        raise ConfigError(msg)
    values = _values_of(parts, where, checkpoint, table)
    for name, there in pairs.items():
        own[name].assign(values[there])
    left = f"; not taken: {', '.join(missing[:SHOWN])}{' ...' if len(missing) > SHOWN else ''}" if missing else ""
    return f"started from {source}, step {checkpoint.step}: {len(pairs)} of {len(own)} variables of the model{left}"


def _is_of_the_model(name: str, dtype: str) -> bool:
    return name.startswith("model/") and "float" in dtype


def _pairs(saved: Table, own: Mapping[str, tf.Variable]) -> dict[str, str]:
    """The saved name for each variable that has one of its name and shape; several of one name are taken in order.

    First by the whole name, then by layer and variable alone: a model around them may have another name.
    """
    found: dict[str, str] = {}
    for words in (_whole, _short):
        known: defaultdict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
        for name, shape, _dtype in saved:
            if name not in found.values():
                known[words(name), tuple(shape)].append(name)
        for name, variable in own.items():
            names = known[words(name), tuple(variable.shape)] if name not in found else []
            if names:
                found[name] = names.pop(0)
    return found


def _whole(name: str) -> str:
    """`iris/dense1/kernel` of `model/0000/iris/dense1/kernel`."""
    return without_place(name).removeprefix("model/")


def _short(name: str) -> str:
    """`dense1/kernel` of the same."""
    return "/".join(_whole(name).split("/")[-2:])


def _values_of(parts: RunParts, where: RunDirectory, checkpoint: Checkpoint, table: Sequence[Any]) -> dict[str, tf.Variable]:
    """Every variable of a checkpoint, read by the checkpointer that wrote it."""
    choice = settings_from(read_toml(where.run_toml), str(where.run_toml)).checkpointer
    if not isinstance(choice.part, str) or is_file_part(choice.part):
        msg = f"{where.path} was written by the checkpointer {choice.part}; start from a run whose checkpointer is installed"
        raise ConfigError(msg)
    entry = parts.catalog.find("checkpointer", choice.part)
    values = {name: tf.Variable(tf.zeros(shape, dtype), trainable=False) for name, shape, dtype in table}
    entry.factory(**resolve(entry.options, choice.options, entry.where)).read(checkpoint.directory, values)
    return values
