"""Ends a training, or fails it, at every system call with which it changes a file; resumes it, and compares.

    python tests/proofs/system_calls.py --count 200
    python tests/proofs/system_calls.py --count 0 --only kill EIO

Each trial is the command line: `eagerloop train`, or `eagerloop resume` of a run that was stopped. One call is answered with
SIGKILL or with an error. The process ends well or in one line; then the run is resumed, or begun where there is none yet, and
has the bits of an undisturbed run. A count of 0 tries every call with everything.
"""

import argparse
import errno
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import supervising
import warm
from supervising import KILL, Answer, Call, supervised

ANSWERS = {"kill": KILL, **{name: getattr(errno, name) for name in ("EIO", "ENOSPC", "EROFS", "EINTR", "EMFILE")}}
RUN, WHOLE, SAID = Path("run"), Path("whole"), Path("said.txt")
TRAINING = [
    "--epochs",
    "2",
    "--seed",
    "3",
    "--model",
    "linear",
    "--keep",
    "1",
    "--save-every",
    "7",
    "--observe",
    "csv",
    "--quiet",
]
CHECKPOINTERS = ("tf", "npz")
WAYS = ("train", "resume")


def command(words: list[str]) -> None:
    """`eagerloop` with these words. In a child."""
    from eagerloop.cli import main

    main(words)


def words_of(checkpointer: str) -> list[str]:
    """What is tried; resumed, where there is something to resume."""
    if (RUN / "run.toml").exists():
        return ["resume", str(RUN), "--epochs", "2", "--quiet"]
    return ["train", "--run", str(RUN), "--checkpointer", checkpointer, *TRAINING]


def prepare() -> None:
    """The undisturbed runs, and those that are to be resumed."""
    for checkpointer in CHECKPOINTERS:
        for name, epochs in (("whole", "2"), ("begun", "1")):
            words = ["train", "--run", f"{name}-{checkpointer}", "--checkpointer", checkpointer, *TRAINING, "--epochs", epochs]
            assert warm.child(lambda words=words: command(words), output=SAID) == 0, SAID.read_text()


def set_up(checkpointer: str, way: str) -> None:
    """Nothing, or a run that has one epoch of two."""
    shutil.rmtree(RUN, ignore_errors=True)
    if way == "resume":
        shutil.copytree(f"begun-{checkpointer}", RUN)


def calls_of(checkpointer: str, way: str) -> list[Call]:
    """What an undisturbed one calls."""
    calls: list[Call] = []
    set_up(checkpointer, way)

    def note(_number: int, call: Call) -> Answer:
        calls.append(call)
        return None

    code, _ = supervised(lambda: command(words_of(checkpointer)), RUN.absolute(), SAID, note)
    assert code == 0, SAID.read_text()
    return calls


def finish(checkpointer: str) -> int:
    """Goes on to the end, and compares with the undisturbed run; 1 and what differs. In a child."""
    try:
        command(words_of(checkpointer))
    except SystemExit as ended:
        if ended.code:
            return 1
    whole = Path(f"whole-{checkpointer}")
    kept = [sorted(path.name for path in (each / "checkpoints").glob("*")) for each in (whole, RUN)]
    wrong = [f"checkpoints {kept[1]}"] if kept[0] != kept[1] else []
    for name in {*kept[0]} & {*kept[1]} - {"history.jsonl"}:
        wrong += warm.differences(RUN / "checkpoints" / name, whole / "checkpoints" / name)
    rows = [
        [json.loads(line) | {"seconds": 0} for line in (each / "history.jsonl").read_text().splitlines()]
        for each in (whole, RUN)
    ]
    wrong += ["history.jsonl"] if rows[0] != rows[1] else []
    wrong += ["steps.csv"] if (RUN / "steps.csv").read_bytes() != (whole / "steps.csv").read_bytes() else []
    wrong += [f"left: {path}" for path in RUN.rglob(".tmp*")]
    print(*wrong, sep="\n")
    return int(bool(wrong))


def trial(checkpointer: str, way: str, how: str, number: int) -> tuple[str, list[str]]:
    """One call is not done: how the process ended, and what is wrong."""
    set_up(checkpointer, way)
    hit: list[str] = []

    def answer(count: int, call: Call) -> Answer:
        if count != number:
            return None
        hit.append(str(call).replace(f"{Path.cwd()}/", ""))
        return ANSWERS[how]

    try:
        code, _ = supervised(lambda: command(words_of(checkpointer)), RUN.absolute(), SAID, answer)
        said = SAID.read_text(errors="replace")
    except TimeoutError:
        code, said = 70, "it hung"
    expected = (-9,) if how == "kill" and hit else (0, 1, 2)
    wrong = [f"ended with {code}: {said[-800:]}"] if code not in expected or "Traceback" in said else []
    wrong += ["refused without a word"] if code in (1, 2) and not said.strip() else []
    outcome = f"{how}: {'ended' if code < 0 else 'trained' if code == 0 else 'refused'}"
    if warm.child(lambda: finish(checkpointer), output=SAID):
        wrong.append(f"resumed after it ended with {code}: {SAID.read_text(errors='replace')[-800:]}")
    return outcome, [f"{checkpointer}, {way}, {how} at call {number}, {' '.join(hit)}: {line}" for line in wrong]


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="how many trials, drawn from all that there are; 0 for all")
    parser.add_argument("--only", nargs="*", default=[*ANSWERS], choices=[*ANSWERS], help="what calls are answered with")
    chosen = parser.parse_args()
    if not supervising.can_supervise():
        sys.exit("this needs Linux 5.6 or later on x86-64")
    warm.warm_up()
    outcomes: Counter[str] = Counter()
    faults = 0
    with tempfile.TemporaryDirectory(prefix="eagerloop-calls-") as name:
        os.chdir(Path(name).resolve())
        prepare()
        numbers = {(kind, way): len(calls_of(kind, way)) for kind in CHECKPOINTERS for way in WAYS}
        print(*(f"{kind}, {way}: {count} calls" for (kind, way), count in numbers.items()), sep="\n", flush=True)
        trials = [(*what, how, number) for what, count in numbers.items() for how in chosen.only for number in range(count)]
        if chosen.count:
            trials = random.Random(3).sample(trials, min(chosen.count, len(trials)))  # noqa: S311
        for one in trials:
            outcome, wrong = trial(*one)
            outcomes[outcome] += 1
            faults += bool(wrong)
            print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr, flush=True)
        os.chdir("/")
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:6} {outcome}")
    print(f"{len(trials)} trials, {faults} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
