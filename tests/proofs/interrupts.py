"""Interrupts the command line with SIGINT and SIGTERM at random moments: no state may be torn.

    python tests/proofs/interrupts.py --count 100
    python tests/proofs/interrupts.py --count 100 --compile

Each trial is `eagerloop train` or `eagerloop resume` in a process of its own, seeded differently on purpose, that gets a signal
at a random moment, and every fourth time a second one straight after. The state that it leaves is compared with the state that
an uninterrupted run had after the same step, bit for bit; when the run has come to its end, as a whole.
"""

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import kills
import warm

EPOCHS = {"eager": 15, "compiled": 60}
"""So that either trains for about as long as it takes to begin."""

SECOND = 4
"""Every how many-th trial gets a second signal."""


@dataclass
class Outcome:
    """What became of the trials.

    Attributes:
        codes: How often each exit code was seen.
        faults: What was not as it must be.
        interrupted: Trials that a signal ended; the others were done before it came.
        steps: The steps that they stood at.
    """

    codes: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    interrupted: int = 0
    steps: list[int] = field(default_factory=list)


def arguments(run: Path, mode: str, epochs: int) -> list[str]:
    """The command line of the trials, for a run that is new or exists."""
    if (run / "run.toml").exists():
        return ["resume", str(run), "--quiet"]
    how = ["--compile"] if mode == "compiled" else []
    return ["train", "--run", str(run), "--epochs", str(epochs), "--seed", "4", "--metric", "rmse", "--quiet", *how]


def command(words: list[str], number: int) -> None:
    """`eagerloop` with these words, as its entry point calls it."""
    from eagerloop.cli import main

    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # what comes before the command is not on trial
    warm.seed_differently(number)
    signal.signal(signal.SIGINT, before)
    main(words)


def trial(run: Path, number: int, seconds: float, words: list[str]) -> tuple[int, str, list[str]]:
    """One interrupted process: exit code, what it printed, what is wrong with it."""
    draw = random.Random(number)  # noqa: S311
    which = draw.choice((signal.SIGINT, signal.SIGTERM))
    said = run.with_suffix(".txt")
    twice = number % SECOND == SECOND - 1

    def work() -> None:
        if twice:
            _second_signal(which)
        command(words, number)

    code = warm.child(work, output=said, kill=(draw.uniform(0.05, 0.9) * seconds, which))
    return code, said.read_text(), [] if twice else _complaints(code, which, said.read_text(), run)


def _second_signal(which: int) -> None:
    """Has the handler of the first signal send a second one, while the step that it interrupted is not done."""
    from eagerloop.process.signals import Signals

    handle = Signals._handle

    def twice(self: Signals, number: int, frame: object) -> None:
        first = self.received is None
        handle(self, number, frame)  # type: ignore[arg-type]
        if first:
            os.kill(os.getpid(), which)

    Signals._handle = twice  # type: ignore[method-assign, assignment]


def _complaints(code: int, which: int, said: str, run: Path) -> list[str]:
    """What a person would miss: the exit code, the command to go on with, one line and no traceback."""
    found = ["a traceback"] if "Traceback" in said else []
    if code == 0:
        return found
    begun = (run / "run.toml").exists()
    # Before TensorFlow's parts are made nothing can be saved, and SIGTERM ends the process as it ends any other.
    expected = {128 + which} | ({-which} if not re.search(r"^(run |resuming)", said, re.MULTILINE) or not begun else set())
    found += [f"exit code {code}, expected {sorted(expected)}"] if code not in expected else []
    if code == 128 + which and re.search(r"stopped by", said) and f"eagerloop resume {run}" not in said:
        found.append("the command to go on with is missing")
    return found


def interrupt_again_and_again(directory: Path, count: int, mode: str, epochs: int, seed: int = 0) -> Outcome:
    """Interrupts runs `count` times, in as many runs as that takes."""
    import eagerloop

    outcome, whole = Outcome(), directory / "whole"
    options = {"epochs": epochs, "seed": 4, "metrics": ["rmse"], "compile": mode == "compiled"}
    code = warm.child(
        lambda: eagerloop.train(directory=whole, save_every=1, keep=0, **options) and 0, output=directory / "whole.txt"
    )
    assert code == 0, (directory / "whole.txt").read_text()
    begin = time.monotonic()
    code = warm.child(lambda: command(arguments(directory / "timed", mode, epochs), 0), output=directory / "timed.txt")
    assert code == 0, (directory / "timed.txt").read_text()
    seconds = time.monotonic() - begin
    run, number = directory / "run-0", 0
    while outcome.interrupted < count:
        number += 1
        code, said, faults = trial(run, 100_000 * seed + number, seconds, arguments(run, mode, epochs))
        outcome.codes[code] = outcome.codes.get(code, 0) + 1
        outcome.faults += [f"trial {number}: {fault}:\n{said[-1500:]}" for fault in faults]
        outcome.faults += [f"trial {number}, exit {code}: {fault}" for fault in kills.compare_in_child(run, whole)]
        if code == 0:
            outcome.faults += [f"the end of {run.name}: {fault}" for fault in kills.compare_in_child(run, whole, every=True)]
            shutil.rmtree(run)
            run = directory / f"run-{number}"
            continue
        outcome.interrupted += 1
        reached = re.search(r"after step (\d+)", said)
        outcome.steps += [int(reached[1])] if reached else []
    return outcome


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="how many interrupts")
    parser.add_argument("--seed", type=int, default=0, help="where the moments come from")
    parser.add_argument("--compile", action="store_true", help="of compiled runs")
    parser.add_argument("--epochs", type=int, default=0, help="how long the runs are; by default as long as they take to begin")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-interrupts-") as name:
        os.chdir(name)
        mode = "compiled" if chosen.compile else "eager"
        outcome = interrupt_again_and_again(Path(name), chosen.count, mode, chosen.epochs or EPOCHS[mode], chosen.seed)
    for code, number in sorted(outcome.codes.items()):
        print(f"{number:6} times exit code {code}")
    print(f"stopped after {len(set(outcome.steps))} different steps")
    for fault in outcome.faults:
        print(fault, file=sys.stderr)
    print(f"{outcome.interrupted} interrupts, {len(outcome.faults)} faults")
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    main()
