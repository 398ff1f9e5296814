"""Whether a run is what it claims to be: its checkpoints whole, and its record enough to get the same bits again."""

import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eagerloop.choices.settings import read_toml
from eagerloop.errors import CheckpointError
from eagerloop.process.numerics import gpus
from eagerloop.running.comparing import changes, compare_with_file
from eagerloop.running.opening import ON_ONE_DEVICE
from eagerloop.running.recreating import recreate
from eagerloop.running.run import Run
from eagerloop.running.snapshots import check_content
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.files import read_plain
from eagerloop.storage.history_file import HISTORY
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.variables import compare_tables, table_of


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
    run = recreate(where, {} if replay else ON_ONE_DEVICE, trust)
    verdict = Verdict()
    steps = run.store.steps()
    if not steps:
        verdict.say(f"{where.path} has no checkpoint", fault=True)
    checkpoints = [checkpoint for step in steps if (checkpoint := _read(run, step, verdict))]
    whole = [checkpoint.step for checkpoint in checkpoints if _fits(run, checkpoint, verdict)]
    if checkpoints:
        _compare_files(where, checkpoints[-1], verdict)
    if replay and whole:
        _replay(where, run, whole, verdict, trust)
    return verdict


def _read(run: Run, step: int, verdict: Verdict) -> Checkpoint | None:
    """A checkpoint that is whole, or None and a fault."""
    try:
        checkpoint = run.store.read(step)
        check_content(checkpoint)
    except CheckpointError as error:
        if run.store.path_of(step).exists():  # else another process trains here, and has removed it since
            verdict.say(f"step {step}: {error}", fault=True)
        return None
    return checkpoint


def _fits(run: Run, checkpoint: Checkpoint, verdict: Verdict) -> bool:
    """Whether its variables are those of the parts that the record names, and can be read."""
    files, variables = checkpoint.manifest["files"], checkpoint.manifest["variables"]
    try:
        compare_tables(variables, table_of(run.variables()), str(checkpoint.directory))
        run.parts.checkpointer.read(checkpoint.directory, run.variables())
    except CheckpointError as error:
        verdict.say(f"step {checkpoint.step}: {error}", fault=True)
        return False
    verdict.say(f"step {checkpoint.step}: ok, {len(files)} files, {len(variables)} variables")
    return True


def _compare_files(where: RunDirectory, newest: Checkpoint, verdict: Verdict) -> None:
    """Whether run.toml and history.jsonl say what the newest whole checkpoint says."""
    try:
        notes = compare_with_file(
            newest.manifest["record"], read_toml(where.run_toml), str(where.run_toml), str(newest.directory)
        )
    except CheckpointError as error:
        verdict.say(str(error), fault=True)
    else:
        for note in notes or [f"{where.run_toml}: ok, as when {newest.directory.name} was written"]:
            verdict.say(note)
    rows = newest.manifest["history"]
    path = where.path / HISTORY
    try:
        written = [json.loads(line) for line in read_plain(path).splitlines()]
    except FileNotFoundError:
        written = []
    except (OSError, ValueError, RecursionError) as error:
        verdict.say(f"{path} is damaged: {error}; the next resume writes it anew from {newest.directory.name}", fault=True)
        return
    if _same_rows(written, rows):
        verdict.say(f"{path}: ok, {len(rows)} epochs")
        return
    # A process that is killed between a checkpoint and the history leaves the file a row behind.
    behind = _same_rows(written, rows[:-1])
    pairs = enumerate(zip(written, rows, strict=False), 1)
    place = next((number for number, (row, other) in pairs if not _same_rows([row], [other])), len(rows))
    what = "is an epoch behind" if behind else f"is damaged: line {place} is not the history"
    verdict.say(f"{path} {what} of {newest.directory.name}; the next resume writes it anew from there", fault=not behind)


def _replay(where: RunDirectory, run: Run, steps: list[int], verdict: Verdict, trust: Iterable[str]) -> None:
    last = run.store.read(steps[-1]).manifest
    with tempfile.TemporaryDirectory(prefix="eagerloop-replay-") as scratch:
        again = recreate(where, {"keep": 0}, trust, quiet=True, directory=RunDirectory(Path(scratch)))
        position = last["position"]
        again.train(position["epoch"] if position["batch"] else position["epoch"] - 1)
        common = [step for step in steps if step in again.store.steps()]
        for step in common:
            difference = _difference(run, again, step)
            if difference:
                free = bool(gpus()) and not run.parts.settings.deterministic
                why = "; determinism was off, so on a GPU that is no fault" if free else _elsewhere(run, step)
                verdict.say(f"replay: {difference}{why}", fault=not free)
                return
    if not common:
        verdict.say(
            "replay: no checkpoint is at a step where a run without a pause makes one, so nothing was compared", fault=True
        )
        return
    verdict.say(f"replay: same bits in {len(common)} of {len(steps)} checkpoints, those that a run without a pause makes")


def _elsewhere(run: Run, step: int) -> str:
    """What may have made the bits others: the checkpoint comes from other versions, threads or devices."""
    changed = run.take_up(run.store.read(step))
    return f"; it was made where rounding may differ: {'; '.join(changed)}" if changed else ""


def _difference(run: Run, again: Run, step: int) -> str:
    """The first thing that differs between two runs' checkpoints of a step, or nothing."""
    old, new = _content(run, step), _content(again, step)
    place = f"epoch {old['position']['epoch']}, step {step}"
    for name, value in old["values"].items():
        different = _first_difference(value, new["values"][name])
        if different:
            return f"{name} differs first in {place}: {different}"
    rows: Iterator[tuple[dict[str, Any], dict[str, Any]]]
    rows = itertools.zip_longest(old["history"], new["history"], fillvalue={})
    for row, other in rows:
        for key in dict.fromkeys([*row, *other]):
            if key != "seconds" and not _same(row.get(key), other.get(key)):
                epoch = (row or other)["epoch"]
                return f"{key} of epoch {epoch} differs: {row.get(key)!r} was recorded, {other.get(key)!r} came out"
    for key in ("position", "tally", "random"):
        for where, value, other in changes(old[key], new[key], key):
            if _same(value, other):
                continue
            return f"{where} differs first in {place}: {value!r:.80} was recorded, {other!r:.80} came out"
    return ""


def _same_rows(some: Any, others: Any) -> bool:
    """Whether the rows of two histories are equal, figure by figure."""
    alike = len(some) == len(others) and all(isinstance(row, dict) for row in some)
    rows = zip(some, others, strict=True) if alike else ()
    return alike and all(row.keys() == other.keys() and all(_same(row[key], other[key]) for key in row) for row, other in rows)


def _same(one: Any, other: Any) -> bool:
    """Whether two figures are equal; one that is not a number is equal to another such."""
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - nan alone is not itself


def _content(run: Run, step: int) -> dict[str, Any]:
    checkpoint = run.store.read(step)
    run.take_up(checkpoint)
    values = {name: np.asarray(variable.numpy()) for name, variable in run.variables().items()}
    return {**checkpoint.manifest, "values": values}


def _first_difference(old: Any, new: Any) -> str:
    """The first element whose bits differ: -0.0 is not 0.0 here, and a nan can be the same nan."""
    if old.dtype == object:
        unlike = np.asarray(old != new)
    else:
        bits = [np.frombuffer(array.tobytes(), np.uint8).reshape(-1, array.itemsize) for array in (old, new)]
        unlike = (bits[0] != bits[1]).any(axis=1)
    if not unlike.any():
        return ""
    index = np.unravel_index(int(np.argmax(unlike)), old.shape)
    return f"{old[index]!r} was recorded, {new[index]!r} came out at {[int(part) for part in index]}"
