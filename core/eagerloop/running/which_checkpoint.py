"""Which checkpoint of a run is meant: the newest, the best, or that of a step."""

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eagerloop.errors import CheckpointError, ConfigError, told
from eagerloop.running.snapshots import check_content
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.rows import Row
from eagerloop.storage.run_directory import RunDirectory

NEWEST, BEST = "newest", "best"

Which = str | int | None
"""`newest`, `best` or a step; None: the newest, or the best of a run whose early stopping restores it."""

SHOWN = 8
"""How many steps a message lists."""


def checked(which: Which) -> Which:
    """What was asked for, a step as a number.

    Raises:
        ConfigError: It is neither `newest` nor `best`, nor a step.

    Example:
        >>> checked("best"), checked("24"), checked(24), checked(None)
        ('best', 24, 24, None)
    """
    if which in (None, NEWEST, BEST):
        return which
    if isinstance(which, str) and which.isascii() and which.isdecimal() and len(which) < SHOWN * 2:
        return int(which)
    if isinstance(which, int) and not isinstance(which, bool) and which >= 0:
        return which
    msg = f"checkpoint must be '{NEWEST}', '{BEST}' or a step, such as 120, got {told(which):.80}"
    raise ConfigError(msg)


def best_step(history: Sequence[Mapping[str, Any]], observers: Iterable[Sequence[Any]] = ()) -> int | None:
    """How many steps had been done after the best epoch.

    That is the epoch that an observer such as `early-stopping` follows as the best: the first one whose state has a
    `best_epoch`. Without one, it is the epoch with the lowest val_loss; one whose val_loss is nan is never the best.

    Args:
        history: A row per finished epoch.
        observers: Pairs of name and state, as a manifest has them.

    Returns:
        The step; None where nothing tells what is best.

    Example:
        >>> best_step([{"steps": 12, "val_loss": 2.0}, {"steps": 12, "val_loss": 1.0}, {"steps": 12, "val_loss": 3.0}])
        24
        >>> best_step([{"steps": 12, "val_loss": float("nan")}, {"steps": 12, "val_loss": 3.0}])
        24
        >>> best_step([{"steps": 12}, {"steps": 12}], [["early-stopping", {"best_epoch": 1}]])
        12
    """
    epoch = _followed(observers)
    if not epoch:
        losses = [(row["val_loss"], place) for place, row in enumerate(history, 1) if "val_loss" in row]
        _loss, epoch = min((pair for pair in losses if not math.isnan(pair[0])), default=(0, 0))
    return sum(int(row["steps"]) for row in history[:epoch]) if 1 <= epoch <= len(history) else None


def best_saved(rows: Sequence[Row], observers: Iterable[Sequence[Any]] = ()) -> int | None:
    """As `best_step`, of rows as they are written, which carry it along: a save takes no longer for those that are there."""
    epoch = _followed(observers) or (rows[-1].best if rows else 0)
    return rows[epoch - 1].steps if 1 <= epoch <= len(rows) else None


def _followed(observers: Iterable[Sequence[Any]]) -> int:
    """The best epoch of the first observer that knows one; else 0."""
    return next((state["best_epoch"] for state in _following(observers)), 0)


def restores_best(observers: Iterable[Sequence[Any]]) -> bool:
    """Whether an observer wants the run to answer with the best checkpoint instead of the newest.

    Args:
        observers: Pairs of name and state, as a manifest has them.
    """
    return any(state.get("restore_best") is True for state in _following(observers))


def _following(observers: Iterable[Sequence[Any]]) -> list[Mapping[str, Any]]:
    """The states of the observers that know a best epoch."""
    states = [state for _name, state in observers if isinstance(state, Mapping)]
    return [state for state in states if type(state.get("best_epoch")) is int and state["best_epoch"] > 0]


def chosen(where: RunDirectory, newest: Checkpoint, which: Which) -> Checkpoint:
    """The checkpoint that is asked for.

    Args:
        where: The run.
        newest: Its newest checkpoint, which knows what is best.
        which: What is asked for.

    Returns:
        A verified checkpoint whose content was checked.

    Raises:
        CheckpointError: It is not there, with what is; or it is damaged.
        ConfigError: Nobody can tell what is asked for.
    """
    step = step_of(where, newest, which)
    if step == newest.step:
        return newest
    checkpoint = where.store.read(step)
    check_content(checkpoint)
    return checkpoint


def step_of(where: RunDirectory, newest: Checkpoint, which: Which) -> int:
    """The step of the checkpoint that is asked for, which is there; as for `chosen`."""
    which, content = checked(which), newest.manifest
    if which in (None, NEWEST):
        return newest.step
    best = best_step(content["history"], content["observers"])
    step = best if which == BEST else which
    steps = where.store.steps()
    if isinstance(step, int) and step in steps:
        return step
    if step is None:
        lacks = "no best checkpoint: its history has no val_loss, and no observer such as early-stopping follows a figure"
    else:
        lacks = f"no checkpoint of step {step}" + (", where it was best" if which == BEST else "")
    is_there = f"; best ({best})" if best in steps and which != BEST else ""
    listed = ", ".join(map(str, steps if len(steps) <= SHOWN else [*steps[:2], "...", *steps[2 - SHOWN :]]))
    msg = f"{where.path} has {lacks}; there is newest ({newest.step}){is_there}, and the steps {listed}"
    raise CheckpointError(msg)


def refuse_older(where: RunDirectory, newest: Checkpoint | None, which: Which) -> None:
    """Refuses to resume a run from a checkpoint that newer ones follow.

    Args:
        where: The run.
        newest: Its newest checkpoint; None where it has none.
        which: What is asked for.

    Raises:
        CheckpointError: It is another one than the newest, with how to train from there; or it is not there.
        ConfigError: Nobody can tell what is asked for.
    """
    which = checked(which)
    if which in (None, NEWEST):
        return
    if newest is None:
        msg = f"{where.path} has no checkpoint yet, and is begun anew; leave --checkpoint {which} out"
        raise CheckpointError(msg)
    step = step_of(where, newest, which)
    if step != newest.step:
        path, record = (shlex.quote(str(path)) for path in (where.path, where.run_toml))
        msg = (
            f"a resume goes on from the newest checkpoint, here of step {newest.step}: from that of step {step}, two trainings "
            "would be mixed in one directory; begin a new run from it: "
            f"eagerloop train --config {record} --start-from {path} --checkpoint {which}"
        )
        raise CheckpointError(msg)
