"""What a checkpoint says besides the variables, and whether a run may take it up."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import tensorflow as tf

from eagerloop.building.run_parts import RunParts
from eagerloop.errors import CheckpointError, PluginError
from eagerloop.parts import KINDS
from eagerloop.running.tally import Tally
from eagerloop.standing import Position
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.manifests import MANIFEST
from eagerloop.storage.random_state import is_random_state, random_state, restore_random_state
from eagerloop.storage.variables import compare_tables, flat_variables, table_of

HARMLESS = ("epochs", "keep", "save_every", "save_async", "plugins", "format", "observer", "device_policy", "files", "seal")
"""Keys of a record that do not change what the next step computes."""

DISTRIBUTION = ("strategy", "devices", "replicas")
"""Keys that say on which devices a run was trained."""

INEXACT = ("versions", "parallelism", "threads", "version", "jit", "compile", "deterministic", *DISTRIBUTION)
"""Keys that may change the rounding: the run goes on, and says so."""


NEW = ("deterministic",)
"""Settings that records of earlier versions lack."""

LONGEST = 80
"""Letters of a value that a message quotes."""


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


def compare_records(saved: Mapping[str, Any], present: Mapping[str, Any], where: str) -> list[str]:
    """Tells what changed since a checkpoint was written.

    Returns:
        The changes that make the run inexact, `key: old -> new`.

    Raises:
        CheckpointError: Changes that make it wrong, each with the old and the new value.
    """
    changed = changes({**{name: present.get(name) for name in NEW}, **saved}, _as_known(present, saved))
    told = [_tell(*change) for change in changed if _is(change[0], INEXACT)]
    wrong = [_tell(*change) for change in changed if not _is(change[0], (*INEXACT, *HARMLESS))]
    if wrong:
        msg = (
            f"{where} belongs to another run: {'; '.join(wrong[:3])}; no variable was changed: put it back, or train a new run"
        )
        raise CheckpointError(msg)
    return told


def _as_known(present: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the configs of objects where the saved one has none: earlier versions wrote the class alone."""

    def known(part: Any, before: Any) -> Any:
        if isinstance(part, list) and isinstance(before, list) and len(part) == len(before):
            return [known(one, other) for one, other in zip(part, before, strict=True)]
        if (
            isinstance(part, Mapping)
            and isinstance(before, Mapping)
            and part.get("owner") == "object"
            and not before.get("options")
        ):
            return {**part, "options": before.get("options", {})}
        return part

    return {key: known(value, saved.get(key)) if key in KINDS else value for key, value in present.items()}


def compare_with_file(saved: Mapping[str, Any], file: Mapping[str, Any], path: str, checkpoint: str) -> list[str]:
    """Compares the record in a checkpoint with run.toml, which anybody can edit, before anything is made of it.

    Args:
        saved: The checkpoint's record.
        file: The content of run.toml.
        path: Its path.
        checkpoint: The checkpoint's path.

    Returns:
        What was changed and may be, a sentence each.

    Raises:
        CheckpointError: What was changed and must not be.
    """
    old, new = ({**dict.fromkeys(NEW, True), **record, "observer": _watching(record)} for record in (saved, file))
    compare_records(old, new, f"{path} was changed: {checkpoint}")
    return [f"{path} differs from {checkpoint}: {_tell(*change)}" for change in changes(old, new)]


def _watching(record: Mapping[str, Any]) -> list[Any]:
    """The observers but for the progress bar, which `--quiet` takes off."""
    rows = record.get("observer", [])
    return [row for row in rows if not (isinstance(row, Mapping) and row.get("name") == "progress")]


def _tell(key: str, old: Any, new: Any) -> str:
    words = "the data have changed, data.fingerprint" if key == "data.fingerprint" else key
    return f"{words}: {_short(old)} was saved, {_short(new)} now"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _is(key: str, names: tuple[str, ...]) -> bool:
    """Whether a key is one of the names, or the version of a part. An option of a part may be called like any of them."""
    first, *inner = [part.partition("[")[0] for part in key.split(".")]
    return first in names or (inner == ["version"] and first in KINDS and "version" in names)


def changes(saved: Any, present: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Every value that differs between two records, as (key, saved, present)."""
    if isinstance(saved, Mapping) and isinstance(present, Mapping):
        keys = dict.fromkeys([*saved, *present])
        return [change for key in keys for change in changes(saved.get(key), present.get(key), f"{prefix}.{key}".lstrip("."))]
    if isinstance(saved, list) and isinstance(present, list) and len(saved) == len(present):
        pairs = enumerate(zip(saved, present, strict=True))
        return [change for number, (old, new) in pairs for change in changes(old, new, f"{prefix}[{number}]")]
    return [] if saved == present else [(prefix, saved, present)]


def say(sentences: list[str]) -> None:
    """Tells what is not wrong but should be known, as warnings: the command line prints them as lines."""
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=3)
