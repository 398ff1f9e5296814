"""Whether a run is what it claims to be: its checkpoints whole, and its record enough to get the same bits again."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.errors import CheckpointError
from eagerloop.opening import from_record
from eagerloop.record import RunDirectory
from eagerloop.snapshots import restore
from eagerloop.state import compare_tables, table_of

if TYPE_CHECKING:
    from eagerloop.run import Run


@dataclass
class Verdict:
    """What `verify` found.

    Attributes:
        lines: One for each checkpoint, and one for the replay.
        faults: How many of them are bad news.
    """

    lines: list[str] = field(default_factory=list)
    faults: int = 0

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def say(self, line: str, *, fault: bool = False) -> None:
        """Adds a line."""
        self.lines.append(line)
        self.faults += fault


def verify(directory: str | Path | None = None, *, replay: bool = False, trust: Iterable[str] = ()) -> Verdict:
    """Checks every checkpoint of a run; with `replay`, trains it again from its record and compares.

    Args:
        directory: The run; by default the newest below `runs/`. Nothing in it is changed.
        replay: Train again in a temporary directory.
        trust: Files of code, named by the record, that may be run.

    Returns:
        What was found.

    Raises:
        EagerloopError: There is no run, or its record cannot be read.
    """
    where = RunDirectory.existing(None if directory is None else Path(directory))
    run = from_record(where, {}, trust)
    verdict = Verdict()
    whole = [step for step in run.store.steps() if _is_whole(run, step, verdict)]
    if not run.store.steps():
        verdict.say(f"{where.path} has no checkpoint", fault=True)
    if replay and whole:
        _replay(run, whole, verdict, trust)
    return verdict


def _is_whole(run: "Run", step: int, verdict: Verdict) -> bool:
    try:
        checkpoint = run.store.read(step)
        compare_tables(checkpoint.manifest["variables"], table_of(run.variables()), str(checkpoint.directory))
    except CheckpointError as error:
        verdict.say(f"step {step}: {error}", fault=True)
        return False
    verdict.say(
        f"step {step}: ok, {len(checkpoint.manifest['files'])} files, {len(checkpoint.manifest['variables'])} variables"
    )
    return True


def _replay(run: "Run", steps: list[int], verdict: Verdict, trust: Iterable[str]) -> None:
    last = run.store.read(steps[-1]).manifest
    with tempfile.TemporaryDirectory(prefix="eagerloop-replay-") as scratch:
        again = from_record(run.place, {}, trust, quiet=True, directory=RunDirectory(Path(scratch)))
        again.settings.keep = 0
        position = last["position"]
        again.train(position["epoch"] if position["batch"] else position["epoch"] - 1)
        common = [step for step in steps if step in again.store.steps()]
        for step in common:
            difference = _difference(run, again, step)
            if difference:
                verdict.say(f"replay: {difference}", fault=True)
                return
    verdict.say(f"replay: same bits in {len(common)} of {len(steps)} checkpoints, those that a run without a pause makes")


def _difference(run: "Run", again: "Run", step: int) -> str:
    """The first thing that differs between two runs' checkpoints of a step, or nothing."""
    old, new = _content(run, step), _content(again, step)
    place = f"epoch {old['position']['epoch']}, step {step}"
    for name, value in old["values"].items():
        other = new["values"][name]
        if value.tobytes() != other.tobytes():
            return f"{name} differs first in {place}: {_first_difference(value, other)}"
    for row, other in zip(old["history"], new["history"], strict=True):
        for key, value in row.items():
            if key != "seconds" and value != other.get(key):
                return f"{key} of epoch {row['epoch']} differs: {value!r} was recorded, {other.get(key)!r} came out"
    return ""


def _content(run: "Run", step: int) -> dict[str, Any]:
    checkpoint = run.store.read(step)
    restore(run, checkpoint)
    values = {name: variable.numpy() for name, variable in run.variables().items()}
    return {"values": values, "history": checkpoint.manifest["history"], "position": checkpoint.manifest["position"]}


def _first_difference(old: Any, new: Any) -> str:
    index = tuple(int(part) for part in np.argwhere(np.asarray(old != new))[0]) if old.shape else ()
    return f"{old[index]!r} was recorded, {new[index]!r} came out at {list(index)}"
