"""Whether a run is what it claims to be: its checkpoints whole, and its record enough to get the same bits again."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eagerloop.afterwards.replay_comparing import Comparison, same
from eagerloop.choices.settings import read_toml
from eagerloop.errors import CheckpointError
from eagerloop.files.plain import read_plain
from eagerloop.process.numerics import gpus
from eagerloop.running.comparing import compare_with_file
from eagerloop.running.opening import ON_ONE_DEVICE
from eagerloop.running.recreating import recreate
from eagerloop.running.run import Run
from eagerloop.running.snapshots import check_content
from eagerloop.running.which_checkpoint import Which, step_of
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.histories import Histories
from eagerloop.storage.history_file import HISTORY, find_rows
from eagerloop.storage.learnt_file import read_learnt
from eagerloop.storage.manifests import read_manifest
from eagerloop.storage.naming import directory_named
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


def verify(
    directory: str | Path | None = None, *, replay: bool = False, trust: Iterable[str | Path] = (), checkpoint: Which = None
) -> Verdict:
    """Checks every checkpoint of a run; with `replay`, trains it again from its record and compares.

    Args:
        directory: The run; by default the newest below `runs/`. Nothing in it is changed.
        replay: Train again in a temporary directory.
        trust: Files of code, named by the record, that may be run.
        checkpoint: The one to check, as for `eagerloop.load`; by default all.

    Returns:
        What was found.

    Raises:
        EagerloopError: There is no run, or its record cannot be read.

    Example:
        >>> import eagerloop, pathlib, tempfile
        >>> run = eagerloop.train(epochs=1, directory=pathlib.Path(tempfile.mkdtemp()) / "run")
        >>> verdict = verify(run.directory, replay=True)
        >>> verdict.faults, verdict.lines[-1].partition(",")[0]
        (0, 'replay: same bits in 1 of 1 checkpoints')
    """
    where = RunDirectory.existing(directory_named(directory))
    run = recreate(where, {} if replay else ON_ONE_DEVICE, trust)
    verdict = Verdict()
    steps = run.store.steps()
    newest = run.store.newest() if checkpoint is not None else None
    if newest is not None:
        steps = [step_of(where, newest, checkpoint)]
    if not steps:
        verdict.say(f"{where.path} has no checkpoint", fault=True)
    fitting, last, histories = [], None, Histories()
    for step in steps:
        checkpoint_there = _read(run, step, histories, verdict)
        if checkpoint_there:
            last = checkpoint_there  # the others are let go: each that is held has a file open
            fitting += [step] if _fits(run, last, verdict) else []
    if last and (newest is None or newest.step in steps):
        _compare_files(where, last, verdict)
        _compare_learnt(where, verdict)
        _compare_packages(run, last, verdict)
    if replay and fitting:
        _replay(where, run, fitting, verdict, trust)
    return verdict


def _read(run: Run, step: int, histories: Histories, verdict: Verdict) -> Checkpoint | None:
    """A checkpoint that is whole, or None and a fault."""
    try:
        checkpoint = run.store.read(step, histories)
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


def _compare_log(newest: Checkpoint, verdict: Verdict) -> None:
    """Whether the history among the checkpoints has the rows of the newest one, which may come from the other file."""
    told, path = read_manifest(newest.directory)["history"], newest.directory.parent / HISTORY
    if isinstance(told, dict) and find_rows(path, told["rows"], told["sha256"]) is None:
        what = f"{path} is damaged: it lacks the {told['rows']} rows of {newest.directory.name}, which the run's own file has"
        verdict.say(f"{what}; the next resume mends it", fault=True)


def _compare_learnt(where: RunDirectory, verdict: Verdict) -> None:
    """Whether data.json is as it was written."""
    try:
        read_learnt(where.path)
    except CheckpointError as error:
        verdict.say(str(error), fault=True)


def _compare_files(where: RunDirectory, newest: Checkpoint, verdict: Verdict) -> None:
    """Whether run.toml and history.jsonl say what the newest whole checkpoint says."""
    _compare_log(newest, verdict)
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


def _compare_packages(run: Run, newest: Checkpoint, verdict: Verdict) -> None:
    """Says which packages of parts have other files than when the checkpoint was written."""
    present = run.parts.run_toml["packages"]
    for name, code in newest.manifest["record"].get("packages", {}).items():
        if present.get(name) != code:
            verdict.say(f"the code of {name} is another than when {newest.directory.name} was written: its bits may differ")


def _replay(where: RunDirectory, run: Run, steps: list[int], verdict: Verdict, trust: Iterable[str | Path]) -> None:
    position = run.store.read(steps[-1]).manifest["position"]
    with tempfile.TemporaryDirectory(prefix="eagerloop-replay-") as scratch:
        again = recreate(where, {"keep": 0}, trust, progress=False, directory=RunDirectory(Path(scratch)))
        again.train(position["epoch"] if position["batch"] else position["epoch"] - 1)
        made, compare = set(again.store.steps()), Comparison(run, again)
        common = [step for step in steps if step in made]
        for step in common:
            difference = compare(step)
            if difference:
                free = bool(gpus()) and not run.parts.settings.deterministic
                why = "; determinism was off, so on a GPU that is no fault" if free else compare.elsewhere(step)
                verdict.say(f"replay: {difference}{why}", fault=not free)
                return
    if not common:
        verdict.say(
            "replay: no checkpoint is at a step where a run without a pause makes one, so nothing was compared", fault=True
        )
        return
    verdict.say(f"replay: same bits in {len(common)} of {len(steps)} checkpoints, those that a run without a pause makes")


def _same_rows(some: Any, others: Any) -> bool:
    """Whether the rows of two histories are equal, figure by figure."""
    alike = len(some) == len(others) and all(isinstance(row, dict) for row in some)
    rows = zip(some, others, strict=True) if alike else ()
    return alike and all(row.keys() == other.keys() and all(same(row[key], other[key]) for key in row) for row, other in rows)
