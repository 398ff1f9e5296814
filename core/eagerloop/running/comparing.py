"""Whether a record is that of the run as it is now: what may differ, what is said aloud, what is refused."""

from collections.abc import Mapping
from typing import Any

from eagerloop.errors import CheckpointError
from eagerloop.parts import KINDS

HARMLESS = ("epochs", "keep", "save_every", "save_async", "plugins", "format", "observer", "device_policy", "files", "seal")
"""Keys of a record that do not change what the next step computes."""

DISTRIBUTION = ("strategy", "devices", "replicas")
"""Keys that say on which devices a run was trained."""

INEXACT = ("versions", "packages", "parallelism", "threads", "version", "jit", "compile", "deterministic", *DISTRIBUTION)
"""Keys that may change the rounding: the run goes on, and says so."""


NEW = ("deterministic", "start_from", "checkpoint", "freeze", "packages")
"""Settings that records of earlier versions lack."""

LONGEST = 80
"""Letters of a value that a message quotes."""


def compare_records(saved: Mapping[str, Any], present: Mapping[str, Any], where: str) -> list[str]:
    """Tells what changed since a checkpoint was written.

    Returns:
        The changes that make the run inexact, `key: old -> new`.

    Raises:
        CheckpointError: Changes that make it wrong, each with the old and the new value.
    """
    unsaid = {name: present.get(name) for name in NEW} | {"step": _as_tape(present.get("step"))}
    changed = changes({**unsaid, **saved}, _as_known(present, saved))
    told = [_tell(*change) for change in changed if _is(change[0], INEXACT)]
    wrong = [_tell(*change) for change in changed if not _is(change[0], (*INEXACT, *HARMLESS))]
    if wrong:
        msg = (
            f"{where} belongs to another run: {'; '.join(wrong[:3])}; no variable was changed: put it back, or train a new run"
        )
        raise CheckpointError(msg)
    return told


def _as_tape(step: Any) -> Any:
    """The step that records of earlier versions do not name: there was one alone."""
    return {**step, "name": "tape"} if isinstance(step, Mapping) else step


def _as_known(present: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the configs of objects where the saved one has none: earlier versions wrote the class alone."""

    def known(part: Any, before: Any) -> Any:
        if isinstance(part, list) and isinstance(before, list) and len(part) == len(before):
            return [known(one, other) for one, other in zip(part, before, strict=True)]
        if not isinstance(part, Mapping) or not isinstance(before, Mapping):
            return part
        if not isinstance(part.get("name"), str):  # several by path
            return {path: known(one, before.get(path)) for path, one in part.items()}
        forgotten = part.get("owner") == "object" and not before.get("options")
        return {**part, "options": before.get("options", {})} if forgotten else part

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


def _watching(record: Mapping[str, Any]) -> Any:
    """The observers but for the progress bar, which `--quiet` takes off; what is no list, as it is."""
    rows = record.get("observer", [])
    if not isinstance(rows, list):
        return rows
    return [row for row in rows if not (isinstance(row, Mapping) and row.get("name") == "progress")]


def _tell(key: str, old: Any, new: Any) -> str:
    words = "the data have changed, data.fingerprint" if key == "data.fingerprint" else key
    if key.startswith("packages."):
        return f"the code of {key.removeprefix('packages.')} has changed: {str(old)[:8]} was saved, {str(new)[:8]} now"
    return f"{words}: {_short(old)} was saved, {_short(new)} now"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _is(key: str, names: tuple[str, ...]) -> bool:
    """Whether a key is one of the names, or the version of a part, which may stand below a path, and is none of its options."""
    first, *inner = [part.partition("[")[0] for part in key.split(".")]
    of_a_part = first in KINDS and inner[-1:] == ["version"] and "options" not in inner
    return first in names or (of_a_part and "version" in names)


def changes(saved: Any, present: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Every value that differs between two records, as (key, saved, present)."""
    if isinstance(saved, Mapping) and isinstance(present, Mapping):
        keys = dict.fromkeys([*saved, *present])
        return [change for key in keys for change in changes(saved.get(key), present.get(key), f"{prefix}.{key}".lstrip("."))]
    if isinstance(saved, list) and isinstance(present, list) and len(saved) == len(present):
        pairs = enumerate(zip(saved, present, strict=True))
        return [change for number, (old, new) in pairs for change in changes(old, new, f"{prefix}[{number}]")]
    return [] if saved == present else [(prefix, saved, present)]
