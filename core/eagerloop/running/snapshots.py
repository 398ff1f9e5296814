"""What a checkpoint says besides the variables, and how a run takes it up."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import tensorflow as tf

from eagerloop.building.run_parts import RunParts
from eagerloop.errors import CheckpointError, PluginError
from eagerloop.running.comparing import compare_records
from eagerloop.running.tally import Tally
from eagerloop.standing import Position
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.manifests import MANIFEST
from eagerloop.storage.random_state import is_random_state, random_state, restore_random_state
from eagerloop.storage.variables import compare_tables, flat_variables, table_of


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
        "history": [dict(row) for row in history],  # a copy: a thread may write it while the run goes on
        "observers": [
            [name, _as_json(name, observer)] for name, observer in _named_observers(parts) if hasattr(observer, "state")
        ],
        "random": random_state(),
        "variables": table_of(variables_of(parts)),
        "record": {**parts.run_toml, "epochs": epochs},
    }


def variables_of(parts: RunParts) -> dict[str, tf.Variable]:
    """Everything that a checkpoint holds, by name."""
    metrics = {f"metric/{name}": metric for name, metric in parts.metrics.items()}
    return flat_variables({"model": parts.model, "optimizer": parts.optimizer, **metrics})


def _as_json(name: str, observer: Any) -> Any:
    """An observer's state as a reader will see it."""
    try:
        state = observer.state()
        text = json.dumps(state)
    except (TypeError, ValueError) as error:
        msg = f"observer '{name}': state() must be JSON (dicts, lists, texts, numbers, None), but {error}"
        raise PluginError(msg) from error
    for odd in _odd_keys(state):
        msg = f"observer '{name}': state() has the key {odd!r}, which JSON would give back as a text; let all keys be texts"
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
    inexact = compare_records(content["record"], parts.run_toml, str(checkpoint.directory))
    variables = variables_of(parts)
    compare_tables(content["variables"], table_of(variables), str(checkpoint.directory))
    parts.checkpointer.read(checkpoint.directory, variables)
    saved = [tuple(pair) for pair in content["observers"]]
    for name, observer in _named_observers(parts):
        states = [kept for saved_name, kept in saved if saved_name == name]
        if states and hasattr(observer, "restore"):
            try:
                observer.restore(states[0])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = f"{type(error).__name__}: {error}"
                msg = f"{checkpoint.directory / MANIFEST}: observer '{name}' cannot take up its state ({what})"
                raise CheckpointError(msg) from error
            saved.remove((name, states[0]))  # two observers of one name take theirs in order
    restore_random_state(content["random"])
    return inexact


def check_content(checkpoint: Checkpoint) -> None:
    """Refuses a manifest that is whole and yet not what a run writes: somebody made it by hand.

    Raises:
        CheckpointError: What is missing or has another form; nothing was changed.
    """
    forms: dict[str, Callable[[Any], bool]] = {
        "position": lambda value: value.keys() == {"epoch", "batch", "step"} and all(map(_is_count, value.values())),
        "tally": lambda value: all(isinstance(figure, (int, float)) for figure in value.values()),
        "history": lambda value: isinstance(value, list) and all(map(_is_row, value)),
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
            good = holds(checkpoint.manifest[key])
        except (AttributeError, KeyError, TypeError, ValueError):
            good = False
        if not good:
            where = checkpoint.directory / MANIFEST
            msg = f"{where} is damaged: its '{key}' is missing, or is not what a run writes there; take an older checkpoint"
            raise CheckpointError(msg)


def _is_shallow(value: Any, levels: int = 8) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


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
