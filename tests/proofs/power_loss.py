"""Takes the power from a disk at any system call of a training: what was promised is there, and everything there is right.

    python tests/proofs/power_loss.py --count 1000

A training is recorded, call by call. Each state is what the disk may hold after one of them: without what was not synced,
without its names alone or its data alone, or with any part of it. The run is loaded: a checkpoint is promised once it has its
name and the directory is synced, and that one or a later one opens, with the values of an undisturbed run. Some are trained to
the end.
"""

import argparse
import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import disk
import supervising
import warm
from supervising import Answer, Call, supervised

OPTIONS = ["--epochs", "2", "--seed", "3", "--model", "linear", "--save-every", "7", "--observe", "csv", "--quiet"]
RUN = Path("runs", "run")
SAID, HELD = Path("said.txt"), Path("held")
SOME = 50
"""States that a process looks at."""

RESUMED = 20
"""Every how many-th state is trained to its end."""

SURVIVORS: dict[str, Callable[[random.Random, str], bool]] = {
    "nothing": lambda _draw, _kind: False,
    "names": lambda _draw, kind: kind == "names",
    "data": lambda _draw, kind: kind == "data",
    "a part": lambda draw, _kind: draw.random() < 0.5,
    "most": lambda draw, _kind: draw.random() < 0.9,
}
"""What is there of that which was not synced."""


@dataclass
class Recording:
    """A training that was recorded.

    Attributes:
        disk: What was done.
        calls: How many calls there were.
        promised: The newest step that is promised after each.
    """

    disk: disk.Disk
    calls: int
    promised: list[int]


def command(words: list[str]) -> None:
    """`eagerloop` with these words. In a child."""
    from eagerloop.cli import main

    main(words)


def record(checkpointer: str) -> Recording:
    """Trains twice: undisturbed, every checkpoint being kept; and recorded, only the newest being kept."""
    words = ["--checkpointer", checkpointer, *OPTIONS]
    code = warm.child(lambda: command(["train", "--run", f"whole-{checkpointer}", "--keep", "0", *words]), output=SAID)
    assert code == 0, SAID.read_text()
    place = Path.cwd() / f"recorded-{checkpointer}"
    place.mkdir()
    recorded, promised = disk.Disk(place), []
    named = newest = 0

    def note(number: int, call: Call) -> Answer:
        nonlocal named, newest
        recorded.note(number, call)
        if call.name.startswith("rename") and "/checkpoints/step-" in call.other and "step-" in call.path:
            named = int(call.other[-8:])
        if call.name == "fsync" and call.path.endswith("checkpoints"):
            newest = named
        promised.append(newest)
        return None

    def work() -> None:
        os.chdir(place)
        command(["train", "--run", str(RUN), "--keep", "1", *words])

    code, calls = supervised(work, place, SAID, note)
    assert code == 0, SAID.read_text()
    there = {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    rebuilt = recorded.after(calls, lambda _kind: True)
    assert {name: data for name, data in rebuilt.items() if data is not None} == there, "the recording is not what was done"
    return Recording(recorded, calls, promised)


def states(recording: Recording, draw: random.Random, count: int) -> Iterator[tuple[int, str, dict[str, bytes | None]]]:
    """States that are all different: after which call, what survived, and the files."""
    seen, tries = set(), 0
    while len(seen) < count and tries < 20 * count:
        tries += 1
        last, kind = draw.randrange(recording.calls), draw.choice([*SURVIVORS])
        files = recording.disk.after(last, lambda what, kind=kind: SURVIVORS[kind](draw, what))
        described = [(name, data and hashlib.sha256(data).hexdigest()) for name, data in sorted(files.items())]
        key = repr((recording.promised[last], described))
        if key not in seen:
            seen.add(key)
            yield last, kind, files


def judge(place: Path, checkpointer: str, promised: int, *, resumed: bool) -> tuple[str, str]:
    """Opens a state: what came of it, and what is wrong. In a child."""
    import eagerloop

    whole = Path(f"whole-{checkpointer}", "checkpoints")
    begun = (place / RUN / "run.toml").exists()
    try:
        run = eagerloop.load(place / RUN)
    except eagerloop.errors.EagerloopError as error:
        wrong = f"step {promised} was promised: {error}" if promised or "\n" in str(error) else ""
        return "no record yet" if not begun else "refused", wrong
    step = run.position.step
    if step < promised:
        return "lost", f"step {promised} was promised, {step} is there"
    different = warm.differences(run.store.path_of(step), whole / f"step-{step:08d}")
    if different or not resumed:
        return "opened", ", ".join(different)
    last = eagerloop.resume(place / RUN)
    different = warm.differences(last.store.path_of(last.position.step), whole / f"step-{last.position.step:08d}")
    steps = (place / RUN / "steps.csv").read_bytes() == Path(f"whole-{checkpointer}", "steps.csv").read_bytes()
    return "opened and resumed", ", ".join(different + ([] if steps else ["steps.csv"]))


def judge_some(some: list[tuple[int, str, dict[str, bytes | None]]], checkpointer: str, recording: Recording) -> None:
    """Looks at some states, and notes what came of each. In a child."""
    import warnings

    warnings.simplefilter("ignore")
    for number, (last, kind, files) in enumerate(some):
        shutil.rmtree(HELD, ignore_errors=True)
        HELD.mkdir()
        disk.put(files, HELD)
        outcome, wrong = judge(HELD, checkpointer, recording.promised[last], resumed=number % RESUMED == 0)
        with Path("outcomes.txt").open("a") as file:
            told = f"{checkpointer}, after call {last}, with {kind}: {wrong}".replace("\n", " | ") if wrong else ""
            file.write(f"{outcome}\t{told}\n")


def main() -> None:
    """Looks at the states and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="how many states")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    chosen = parser.parse_args()
    if not supervising.can_supervise():
        sys.exit("this needs Linux 5.6 or later on x86-64")
    warm.warm_up()
    faults = looked_at = 0
    with tempfile.TemporaryDirectory(prefix="eagerloop-power-") as name:
        os.chdir(Path(name).resolve())
        Path("outcomes.txt").touch()
        for checkpointer in ("tf", "npz"):
            recording = record(checkpointer)
            drawn = list(states(recording, random.Random(chosen.seed), chosen.count // 2))  # noqa: S311
            looked_at += len(drawn)
            for begin in range(0, len(drawn), SOME):
                some = drawn[begin : begin + SOME]
                work = lambda some=some: judge_some(some, checkpointer, recording)  # noqa: B023, E731
                if warm.child(work, output=SAID, limit=600):
                    faults += 1
                    print(f"{checkpointer}, states from {begin}: {SAID.read_text()[-1500:]}", file=sys.stderr, flush=True)
        lines = [line.split("\t") for line in Path("outcomes.txt").read_text().splitlines()]
        os.chdir("/")
    for outcome, count in sorted(Counter(outcome for outcome, _ in lines).items()):
        print(f"{count:6} {outcome}")
    wrong = [told for _, told in lines if told]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    print(f"{looked_at} states, {faults + len(wrong)} faults")
    sys.exit(bool(faults or wrong))


if __name__ == "__main__":
    main()
