"""Moves, removes and replaces what a run is kept in while it trains: nothing is lost, nothing spoilt.

    python tests/proofs/moved.py --count 100

Each trial trains in a process of its own, in which a second thread does its mischief at a random moment. The process ends well
or in one line. Whatever is there afterwards opens, or is refused in one line; each checkpoint that opens has the values of an
undisturbed run; the directories of others are as they were.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import trials
import warm

RUN, ASIDE, OTHER = Path("run"), Path("aside"), Path("other")
EPOCHS = 6


def replace_by_other() -> None:
    """Another run's directory stands where this one's was."""
    RUN.rename(ASIDE)
    shutil.copytree(OTHER, RUN)


def replace_by_link() -> None:
    """A link to another run does."""
    RUN.rename(ASIDE)
    RUN.symlink_to(OTHER.absolute())


def move_there_and_back() -> None:
    """For a moment it is not there."""
    RUN.rename(ASIDE)
    ASIDE.rename(RUN)


def link_checkpoints() -> None:
    """The checkpoints are another run's."""
    shutil.rmtree(RUN / "checkpoints", ignore_errors=True)
    (RUN / "checkpoints").symlink_to((OTHER / "checkpoints").absolute())


def remove_a_checkpoint() -> None:
    """The oldest one that is there."""
    for path in sorted(RUN.glob("checkpoints/step-*"))[:1]:
        shutil.rmtree(path, ignore_errors=True)


def remove_histories() -> None:
    """Both files of rows."""
    for path in RUN.rglob("history.jsonl"):
        path.unlink(missing_ok=True)


ACTIONS: dict[str, Callable[[], Any]] = {
    "moved": lambda: RUN.rename(ASIDE),
    "moved there and back": move_there_and_back,
    "removed": lambda: shutil.rmtree(RUN, ignore_errors=True),
    "replaced by another run": replace_by_other,
    "replaced by a link": replace_by_link,
    "checkpoints removed": lambda: shutil.rmtree(RUN / "checkpoints", ignore_errors=True),
    "checkpoints replaced by a link": link_checkpoints,
    "a checkpoint removed": remove_a_checkpoint,
    "run.toml removed": lambda: (RUN / "run.toml").unlink(missing_ok=True),
    "histories removed": remove_histories,
    "working directory changed": lambda: os.chdir("/"),
}
"""What is done while a run trains."""

HARMLESS = (
    "moved there and back",
    "run.toml removed",
    "histories removed",
    "working directory changed",
    "a checkpoint removed",
)
"""What a run goes on after."""


def train(number: int, action: Callable[[], Any] | None, seconds: float) -> int:
    """Trains while something is done to the run; 3 for an error that is not one line. In a child."""
    import eagerloop

    draw = random.Random(number)  # noqa: S311

    wait = draw.uniform(0.0, 1.0) * seconds  # drawn here: a thread would draw at another moment each time

    def mischief() -> None:
        time.sleep(wait)
        while not RUN.joinpath("run.toml").exists():
            time.sleep(0.001)
        with contextlib.suppress(OSError):  # the run was faster: it has made anew what was removed
            action()

    thread = threading.Thread(target=mischief, daemon=True)
    if action is not None:
        thread.start()
    how = {"checkpointer": draw.choice(("tf", "npz")), "keep": draw.choice((0, 2)), "save_async": draw.random() < 0.3}
    try:
        eagerloop.train(directory=RUN, epochs=EPOCHS, seed=3, model="linear", save_every=draw.choice((0, 4)), **how)
    except eagerloop.errors.EagerloopError as error:
        print(error)
        return 1 if "\n" not in str(error) else 3
    finally:
        thread.join(20 * (action is not None))
    return 0


def look(place: Path, whole: Path) -> int:
    """Opens what is there and compares it with the undisturbed run; 1 and what is wrong. In a child."""
    import numpy as np

    import eagerloop

    try:
        run = eagerloop.load(place)
    except eagerloop.errors.EagerloopError as error:
        print(error)
        return 0 if "\n" not in str(error) else 1
    other = eagerloop.load(whole)
    found = {name: value.numpy() for name, value in run.variables().items()}
    if run.position.step not in other.store.steps():
        print(f"step {run.position.step} is none of the undisturbed run")
        return 1
    other.take_up(other.store.read(run.position.step))
    wrong = [name for name, value in other.variables().items() if not np.array_equal(value.numpy(), found[name])]
    print(*wrong)
    return 1 if wrong or len(run.history) != len(other.history) else 0


def prepare() -> int:
    """The undisturbed run, every checkpoint of it kept, and another one. In a child."""
    import eagerloop

    eagerloop.train(directory="whole", epochs=EPOCHS, seed=3, model="linear", save_every=4, keep=0)
    eagerloop.train(directory=OTHER, epochs=1, seed=4, model="linear")
    return 0


def content(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def trial(directory: Path, number: int, seconds: float) -> tuple[str, list[str]]:
    """One run: what was done to it and how it ended, and what is wrong."""
    os.chdir(directory)
    for path in (RUN, ASIDE):
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    before = content(OTHER)
    name = list(ACTIONS)[number % len(ACTIONS)]
    said = directory / "said.txt"
    code = warm.child(lambda: train(number, ACTIONS[name], seconds), output=said)
    text = said.read_text(errors="replace")
    wrong = [f"training ended with {code}: {text[-1500:]}"] if code not in (0, 1) or "Traceback" in text else []
    wrong += [f"it was refused: {text[-500:]}"] if code and name in HARMLESS else []
    wrong += ["another run was changed"] if content(OTHER) != before else []
    for place in (RUN, ASIDE):
        if place.is_dir() and not place.is_symlink() and not (place == RUN and name == "replaced by another run"):
            how = warm.child(lambda place=place: look(place, Path("whole")), output=said)
            wrong += [f"{place}: {said.read_text(errors='replace')[-1500:]}"] if how else []
    return f"{name}: {'refused' if code else 'trained'}", wrong


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-moved-") as name:
        directory = Path(name)
        os.chdir(directory)
        assert warm.child(prepare, output=directory / "said.txt") == 0, (directory / "said.txt").read_text()
        begin = time.monotonic()
        warm.child(lambda: train(0, None, 0.0), output=directory / "said.txt")
        seconds = time.monotonic() - begin
        numbers = range(chosen.first, chosen.first + chosen.count)
        trials.run(numbers, lambda number: trial(directory, number, seconds), "runs")


if __name__ == "__main__":
    main()
