"""Kills a worker of a launched training with SIGKILL, the chief or another, at random times; resumes, and compares.

    python tests/proofs/worker_kills.py --count 20

Each trial is `eagerloop launch` of a training, or of the resume of what the trial before it has left. A worker is killed in it.
The launch has to end within a minute, say which worker it was, and leave no process behind. When the run is at its end, its
history is that of a launch in which nobody was killed.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

BOUND = 60.0
"""Seconds within which a launch has to end when a worker is killed."""

LIMIT = 300.0
"""Seconds after which a launch hangs."""

TRAINING = ["--epochs", "8", "--seed", "5", "--dataset.batch-size", "17", "--metric", "rmse", "--save-every", "3"]
PROGRAM = [sys.executable, "-c", "import sys; from eagerloop.cli import main; sys.argv[0] = 'eagerloop'; main()"]


@dataclass
class Outcome:
    """What became of the trials.

    Attributes:
        kills: Which worker was killed in each, and how long the launch took to end.
        steps: The newest checkpoint at each kill; 0 where there was none.
        survived: Trials whose training was done before the kill came.
        faults: What was not as it must be.
    """

    kills: list[tuple[int, float]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    survived: int = 0
    faults: list[str] = field(default_factory=list)


def words_of(run: Path) -> list[str]:
    """What a user types: train, or resume where there is something to resume."""
    if (run / "run.toml").exists():
        return ["resume", str(run)]
    return ["train", *TRAINING, "--run", str(run)]


def launched(run: Path, workers: int) -> subprocess.Popen[str]:
    """A launch, its output in pipes."""
    command = [*PROGRAM, "launch", "--workers", str(workers), "--", *words_of(run)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def workers_of(launch: int) -> dict[int, int]:
    """The processes of a launch's workers, by the index of each; as Linux tells them."""
    found = {}
    for child in map(int, Path(f"/proc/{launch}/task/{launch}/children").read_text().split()):
        try:
            variables = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        config = next((text for text in variables if text.startswith(b"TF_CONFIG=")), None)
        if config is not None:
            found[json.loads(config.partition(b"=")[2])["task"]["index"]] = child
    return found


def trial(run: Path, workers: int, draw: random.Random, seconds: float, outcome: Outcome) -> bool:
    """One launch with a kill in it; returns whether the run was done before."""
    process, pids = launched(run, workers), {}
    begin, moment, victim = time.monotonic(), draw.uniform(0.2, 0.95) * seconds, draw.randrange(workers)
    while process.poll() is None and time.monotonic() < begin + moment:
        time.sleep(0.01)
        pids = workers_of(process.pid) or pids if len(pids) < workers else pids
    killed = time.monotonic()
    if process.poll() is None and victim in pids:
        os.kill(pids[victim], signal.SIGKILL)
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        outcome.faults.append(f"{run.name}: the launch hung for {LIMIT:g} s after worker {victim} was killed")
        return True
    took, code = time.monotonic() - killed, process.returncode
    if code == 0:
        outcome.survived += 1
        return True
    outcome.kills.append((victim, took))
    outcome.steps.append(newest_step(run))
    outcome.faults += [f"{run.name}, worker {victim} at {moment:.1f} s: {fault}" for fault in complaints(code, err, victim)]
    outcome.faults += [f"{run.name}: it took {took:.0f} s to end:\n{out[-800:]}"] if took > BOUND else []
    outcome.faults += [f"{run.name}: process {pid} of worker {index} is left" for index, pid in pids.items() if is_there(pid)]
    return False


def complaints(code: int, err: str, victim: int) -> list[str]:
    """What a person would miss: the exit code, who was killed, the way to go on, and no traceback."""
    found = [] if code == 128 + signal.SIGKILL else [f"exit code {code}"]
    last = err.splitlines()[-1] if err else ""
    found += [] if last.startswith(f"eagerloop: worker {victim} was killed by SIGKILL; ") else [f"it said: {err[-800:]}"]
    return found + (["a traceback"] if "Traceback" in err else [])


def is_there(process: int) -> bool:
    """Whether a process is still there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def newest_step(run: Path) -> int:
    """The step of the newest checkpoint."""
    return max((int(path.name.removeprefix("step-")) for path in run.glob("checkpoints/step-*")), default=0)


def history(run: Path) -> list[dict[str, Any]]:
    """The rows of a run, without their times."""
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def finish(run: Path, whole: Path, workers: int, outcome: Outcome) -> None:
    """Brings a run to its end, and compares it."""
    process = launched(run, workers)
    _out, err = process.communicate(timeout=LIMIT)
    if process.returncode:
        outcome.faults.append(f"{run.name} could not be finished, exit {process.returncode}: {err[-800:]}")
    elif history(run) != history(whole):
        outcome.faults.append(f"{run.name} has another history:\n{history(run)}\n{history(whole)}")


def kill_again_and_again(directory: Path, count: int, workers: int, seed: int = 0) -> Outcome:
    """Kills workers `count` times, in as many runs as that takes."""
    outcome, draw = Outcome(), random.Random(f"workers {seed}")  # noqa: S311
    whole, begin = directory / "whole", time.monotonic()
    out, err = (process := launched(whole, workers)).communicate(timeout=LIMIT)
    assert process.returncode == 0, out + err
    seconds = time.monotonic() - begin
    run, number = directory / "run-0", 0
    while len(outcome.kills) < count and not outcome.faults:
        number += 1
        if trial(run, workers, draw, seconds, outcome) or len(outcome.kills) == count:
            finish(run, whole, workers, outcome)
            run = directory / f"run-{number}"
        elif outcome.kills:
            print(
                f"kill {len(outcome.kills)}: worker {outcome.kills[-1][0]}, ended in {outcome.kills[-1][1]:.1f} s", flush=True
            )
    return outcome


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20, help="how many kills")
    parser.add_argument("--workers", type=int, default=2, help="how many workers each launch has")
    parser.add_argument("--seed", type=int, default=0, help="where the workers and the times come from")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eagerloop-worker-kills-") as name:
        os.chdir(name)
        outcome = kill_again_and_again(Path(name), chosen.count, chosen.workers, chosen.seed)
    for fault in outcome.faults:
        print(fault, file=sys.stderr)
    chiefs, times = sum(victim == 0 for victim, _took in outcome.kills), [took for _victim, took in outcome.kills]
    print(f"the chief was killed {chiefs} times; newest checkpoints at the kills: {sorted(outcome.steps)}")
    print(f"the slowest launch ended after {max(times, default=0):.1f} s")
    print(f"{len(outcome.kills)} kills, {len(outcome.faults)} faults")
    sys.exit(bool(outcome.faults) or len(outcome.kills) < chosen.count)


if __name__ == "__main__":
    main()
