"""Trains in one directory twice at once, one process being suspended at a bad moment, and starts many runs in one second.

    python tests/proofs/raced.py --count 100

Each trial is a few processes. Of two that want to begin a run in the same directory, one does, and the other is refused in one
line; of two that resume a run, none writes over what it does not know. Starts without a name get a directory each. What is
there afterwards verifies, and its newest checkpoint has the values of an undisturbed run of its seed.
"""

import argparse
import contextlib
import functools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import trials
import warm

RUN, EPOCHS, LIMIT = Path("run"), 4, 120.0
SEEDS = (1, 2)

POINTS: dict[str, tuple[str, str, bool]] = {
    "once the place is chosen": ("run_directory.RunDirectory", "new", True),
    "before the lock": ("lock.RunLock", "acquire", False),
    "with the lock": ("lock.RunLock", "acquire", True),
    "before the record": ("run_directory.RunDirectory", "write_run_toml", False),
    "before a history": ("run_directory.RunDirectory", "write_history", False),
    "before a rename": ("store.Store", "finish", False),
}
"""Where a process suspends itself: class, method, and whether after it."""


def suspend_at(point: str) -> None:
    """Has this process stop itself when it comes there for the first time, until somebody lets it go on. In a child."""
    import importlib

    owner, name, after = POINTS[point]
    module, _, owner = owner.partition(".")
    kind = getattr(importlib.import_module(f"eagerloop.storage.{module}"), owner)
    method = vars(kind)[name]
    function = getattr(method, "__func__", method)
    left = [1]

    @functools.wraps(function)
    def suspending(*words: Any, **options: Any) -> Any:
        if not after and left:
            left.pop()
            os.kill(os.getpid(), signal.SIGSTOP)
        result = function(*words, **options)
        if after and left:
            left.pop()
            os.kill(os.getpid(), signal.SIGSTOP)
        return result

    setattr(kind, name, classmethod(suspending) if isinstance(method, classmethod) else suspending)


def work(how: str, seed: int, point: str | None = None) -> int:
    """What one of the processes does: 1 and a line if it is refused, 3 if that is not a line. In a child."""
    import eagerloop

    if point:
        suspend_at(point)
    try:
        if how == "resume":
            eagerloop.resume(RUN, epochs=EPOCHS + seed)
        else:
            place = {} if how == "unnamed" else {"directory": RUN, "overwrite": how == "overwrite"}
            eagerloop.train(epochs=EPOCHS, seed=seed, model="linear", keep=2, **place)
    except eagerloop.errors.EagerloopError as error:
        print(error)
        return 1 if "\n" not in str(error) else 3
    return 0


def prepare() -> int:
    """The undisturbed runs, every checkpoint of which is kept, and one to be resumed. In a child."""
    import eagerloop

    for seed in SEEDS:
        eagerloop.train(directory=f"whole-{seed}", epochs=EPOCHS + max(SEEDS), seed=seed, model="linear", keep=0)
    eagerloop.train(directory="begun", epochs=2, seed=SEEDS[0], model="linear", keep=2)
    return 0


def look(place: Path) -> int:
    """Opens what is there and compares it with the undisturbed run; 1 and what is wrong. In a child."""
    import numpy as np

    import eagerloop
    from eagerloop.afterwards.verifying import verify

    verdict = verify(place)
    run = eagerloop.load(place)
    other = eagerloop.load(f"whole-{run.parts.settings.seed}")
    found = {name: value.numpy() for name, value in run.variables().items()}
    other.take_up(other.store.read(run.position.step))
    wrong = [name for name, value in other.variables().items() if not np.array_equal(value.numpy(), found[name])]
    losses = [[row["loss"] for row in each.history] for each in (run, other)]
    wrong += ["history"] if losses[0] != losses[1] else []
    wrong += [str(path) for path in place.rglob(".tmp*")]
    print(verdict, *wrong, sep="\n")
    return int(bool(wrong or verdict.faults))


def begin(what: Callable[[], int], said: Path) -> int:
    """Forks a child that works while this process goes on; its number."""
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if not process:
        warm._work(what, said)
    return process


def waited(process: int, *, stops: bool = False) -> int | None:
    """The exit code of a child; None if it has suspended itself, which ends the waiting too if `stops`."""
    latest = time.monotonic() + LIMIT
    while time.monotonic() < latest:
        ended, status = os.waitpid(process, os.WNOHANG | (os.WUNTRACED if stops else 0))
        if ended:
            return None if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -signal.SIGKILL


def in_one_directory(number: int, draw: random.Random) -> tuple[str, list[str]]:
    """Two processes and one directory: what was done and how both ended, and what is wrong."""
    how = ("train", "resume", "overwrite")[number % 3]
    point = draw.choice([*POINTS, None, None])
    if how != "train":
        shutil.copytree("begun", RUN)
    said = [Path("said-0.txt"), Path("said-1.txt")]
    first = begin(lambda: work(how, SEEDS[1], point), said[0])
    if point is None:
        time.sleep(draw.uniform(0, 0.8))
        with contextlib.suppress(ProcessLookupError):
            os.kill(first, signal.SIGSTOP)
    first_code = waited(first, stops=True)
    codes = [first_code, waited(begin(lambda: work(how, SEEDS[0]), said[1]))]
    if first_code is None:
        os.kill(first, signal.SIGCONT)
        codes[0] = waited(first)
    told = [path.read_text(errors="replace")[-600:] for path in said]
    wrong = [f"ended with {code}: {text}" for code, text in zip(codes, told, strict=True) if code not in (0, 1)]
    wrong += [f"both were refused: {told}"] if 0 not in codes else []
    wrong += [f"both began a run: {told}"] if how == "train" and codes == [0, 0] else []
    ends = ["trained" if code == 0 else "refused" for code in codes]
    moment = point or "at a random moment"
    return f"{how}, suspended {moment}: {ends[0]}, the other one {ends[1]}", wrong


def without_a_name(draw: random.Random) -> tuple[str, list[str]]:
    """Several starts at once: each has its own directory."""
    several = draw.choice((2, 3, 4))
    said = [Path(f"said-{place}.txt") for place in range(several)]
    begun = [begin(lambda place=place: work("unnamed", SEEDS[place % 2]), said[place]) for place in range(several)]
    codes = [waited(process) for process in begun]
    wrong = [f"ended with {code}: {path.read_text()[-600:]}" for code, path in zip(codes, said, strict=True) if code]
    made = len(list(Path("runs").iterdir()))
    return f"{several} starts without a name", wrong + ([f"{made} directories"] if made != several else [])


def trial(number: int) -> tuple[str, list[str]]:
    """One: what was done, and what is wrong. In the directory of the trials."""
    draw = random.Random(number)  # noqa: S311
    for path in (RUN, Path("runs")):
        shutil.rmtree(path, ignore_errors=True)
    outcome, wrong = without_a_name(draw) if number % 4 == 3 else in_one_directory(number, draw)
    for place in [RUN] if RUN.exists() else sorted(Path("runs").iterdir()):
        if warm.child(lambda place=place: look(place), output=Path("said.txt")):
            wrong.append(f"{place}: {Path('said.txt').read_text(errors='replace')[-1500:]}")
    return outcome, wrong


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="how many trials")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-raced-") as name:
        os.chdir(name)
        assert warm.child(prepare, output=Path("said.txt")) == 0, Path("said.txt").read_text()
        trials.run(range(chosen.first, chosen.first + chosen.count), trial, "trials")


if __name__ == "__main__":
    main()
