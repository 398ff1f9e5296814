"""What a checkpoint says besides the variables, and how a run takes it up."""

import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eagerloop.building.holdings import set_trainable_flags, trainable_flags
from eagerloop.building.run_parts import RunParts
from eagerloop.errors import CheckpointError, PluginError
from eagerloop.running.comparing import compare_records
from eagerloop.running.tally import Tally
from eagerloop.standing import Position
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.histories import Beginning
from eagerloop.storage.manifests import MANIFEST
from eagerloop.storage.random_state import is_random_state, random_state, restore_random_state
from eagerloop.storage.variables import as_saved, compare_tables, table_of

OF_A_METRIC = re.compile(r"metric/(.+?)/(?:\d{4,}|held)/")
"""Begins the name of a metric's variable; its own name may have a `/`, as in `mae/age`."""

NEW = ("metrics", "trainable")
"""Entries that checkpoints of earlier versions lack."""


def snapshot(
    parts: RunParts, position: Position, tally: Tally, history: Sequence[Mapping[str, Any]], epochs: int
) -> dict[str, Any]:
    """Everything of a run that is no variable, as JSON.

    Args:
        parts: The parts of the run.
        position: Where it stands.
        tally: The figures of the epoch under way.
        history: A row per finished epoch.
        epochs: How many epochs the run is to have.
    """
    return {
        "position": asdict(position),
        "tally": tally.sums(),
        "history": history,
        "observers": _states("observer", _named_observers(parts)),
        "metrics": _states("metric", parts.metrics.items()),
        "trainable": trainable_flags(parts.model),
        "random": random_state(),
        "variables": table_of(parts.variables),
        "record": {**parts.run_toml, "epochs": epochs},
    }


def _states(kind: str, named: Iterable[tuple[str, Any]]) -> list[list[Any]]:
    """What those tell of themselves that have a method `state`, with their names."""
    return [[name, _as_json(f"{kind} '{name}'", part)] for name, part in named if hasattr(part, "state")]


def _as_json(words: str, part: Any) -> Any:
    """A state as a reader will see it."""
    try:
        state = part.state()
        text = json.dumps(state)
    except (TypeError, ValueError) as error:
        msg = f"{words}: state() must be JSON (dicts, lists, texts, numbers, None), but {error}"
        raise PluginError(msg) from error
    for odd in _odd_keys(state):
        msg = f"{words}: state() has the key {odd!r}, which JSON would give back as a text; let all keys be texts"
        raise PluginError(msg)
    return json.loads(text)


def _odd_keys(state: Any) -> Iterator[Any]:
    """The keys of dictionaries, however deep, that are no texts."""
    if isinstance(state, Mapping):
        yield from (key for key in state if not isinstance(key, str))
    for inner in state.values() if isinstance(state, Mapping) else state if isinstance(state, (list, tuple)) else ():
        yield from _odd_keys(inner)


def restore(parts: RunParts, checkpoint: Checkpoint) -> list[str]:
    """Gives the parts the values of a checkpoint; until everything has been compared, no variable is touched.

    Args:
        parts: The parts of a run.
        checkpoint: A verified checkpoint whose content was checked.

    Returns:
        What may make the rest of the run differ in rounding, a sentence each.

    Raises:
        CheckpointError: It belongs to other parts, other data or another seed, or cannot be read.
    """
    content = checkpoint.manifest
    inexact = restore_variables(parts, checkpoint)
    where = str(checkpoint.directory / MANIFEST)
    _take_up_states(where, "observer", content["observers"], _named_observers(parts))
    _take_up_states(where, "metric", content.get("metrics", []), parts.metrics.items())
    restore_random_state(content["random"])
    return inexact + _forgotten(parts, content)


def restore_variables(parts: RunParts, checkpoint: Checkpoint) -> list[str]:
    """Gives the parts the variables of a checkpoint, and nothing else of it; arguments and errors are those of `restore`."""
    content = checkpoint.manifest
    inexact = compare_records(content["record"], parts.run_toml, str(checkpoint.directory))
    variables = parts.variables if "trainable" in content else as_saved(content["variables"], parts.variables)
    compare_tables(content["variables"], table_of(variables), str(checkpoint.directory))
    parts.checkpointer.read(checkpoint.directory, variables)
    set_trainable_flags(parts.model, content.get("trainable", ["", ""]))
    return inexact


def _take_up_states(where: str, kind: str, states: Iterable[Any], named: Iterable[tuple[str, Any]]) -> None:
    saved = [tuple(pair) for pair in states]
    for name, part in named:
        own = [kept for saved_name, kept in saved if saved_name == name]
        if own and hasattr(part, "restore"):
            try:
                part.restore(own[0])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                msg = f"{where}: {kind} '{name}' cannot take up its state ({type(error).__name__}: {error})"
                raise CheckpointError(msg) from error
            saved.remove((name, own[0]))  # two observers of one name take theirs in order


def _forgotten(parts: RunParts, content: Mapping[str, Any]) -> list[str]:
    """The metrics that know nothing of the batches of this epoch before the checkpoint."""
    saved = {match[1] for match in map(OF_A_METRIC.match, parts.variables) if match}
    saved |= {name for name, _state in content.get("metrics", [])}
    lost = [name for name in parts.metrics if name not in saved] if content["position"]["batch"] else []
    told = "its figure of this epoch will be that of the last batches alone; give it variables, or state() and restore(state)"
    return [f"metric '{name}' keeps its figures in Python: {told}" for name in lost]


def check_content(checkpoint: Checkpoint) -> None:
    """Refuses a manifest that is whole and yet not what a run writes: somebody made it by hand.

    Raises:
        CheckpointError: What is missing or has another form; nothing was changed.
    """
    forms: dict[str, Callable[[Any], bool]] = {
        "metrics": lambda value: all(isinstance(name, str) for name, _state in value),
        "trainable": lambda value: len(value) == 2 and all(isinstance(digits, str) for digits in value),  # noqa: PLR2004
        "position": lambda value: value.keys() == {"epoch", "batch", "step"} and all(map(_is_count, value.values())),
        "tally": lambda value: all(isinstance(figure, (int, float)) for figure in value.values()),
        "history": _are_rows,
        "observers": lambda value: all(isinstance(name, str) for name, _state in value),
        "random": is_random_state,
        "variables": lambda value: all(
            isinstance(name, str) and isinstance(dtype, str) and all(isinstance(size, int) for size in shape)
            for name, shape, dtype in value
        ),
        "record": lambda value: isinstance(value, dict) and _is_shallow(value),
    }
    for key, holds in forms.items():
        try:
            good = holds(checkpoint.manifest[key]) if key in checkpoint.manifest or key not in NEW else True
        except (AttributeError, KeyError, TypeError, ValueError):
            good = False
        if not good:
            where = checkpoint.directory / MANIFEST
            msg = f"{where} is damaged: its '{key}' is missing, or is not what a run writes there; take an older checkpoint"
            raise CheckpointError(msg)


def _is_shallow(value: Any, levels: int = 8) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


def refuse_row(row: Any) -> None:
    """Refuses a row of the history that is not what a run writes.

    Raises:
        ValueError: It is none. (Or TypeError, KeyError, AttributeError: whatever looking at it raises.)
    """
    if not _is_row(row):
        msg = "not a row of a history"
        raise ValueError(msg)


def _are_rows(value: Any) -> bool:
    return value.all(_is_row) if isinstance(value, Beginning) else isinstance(value, list) and all(map(_is_row, value))


def _is_row(row: Any) -> bool:
    counts = _is_count(row["epoch"]) and _is_count(row["steps"])
    return counts and "loss" in row and all(isinstance(figure, (int, float)) for figure in row.values())


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 2**63


def _named_observers(parts: RunParts) -> Iterator[tuple[str, Any]]:
    return zip((part.name for part in parts.resolved.get("observer", ())), parts.observers, strict=True)


def say(sentences: list[str]) -> None:
    """Tells what is not wrong but should be known, as warnings: the command line prints them as lines."""
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=3)
