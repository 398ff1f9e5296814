"""Whatever is saved opens in a new process: odd paths, odd rows, odd states, rows that are changed after they were saved.

    python tests/proofs/opens.py --count 300

Each trial trains in a process of its own, with an observer that does what no observer should: it may be refused, in one line.
Then another process opens every checkpoint that is there, and has the history and the observer's state of that moment.
"""

import argparse
import json
import math
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

LETTERS = "ab01 -_.,+=@#%&()[]{}*?!'\"$;:~^éß漢🙂\\\n\t\x1b\u0301\u202e"
FIGURES: tuple[Any, ...] = (
    1.5, -0.0, 0, True, float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, 2**60, 2**80, 10**400, None, "low", [1.0],
    {"a": 1.0},
)  # fmt: skip
STATES: tuple[Any, ...] = (
    {}, [], None, 0, "x", {"a": [1, {"b": None}]}, {"é\n": "\ud800"}, [float("nan")], {"deep": [[[[[[[[[1]]]]]]]]]}, 10**300,
    {1: 2}, {"s": {3}}, "y" * 100_000,
)  # fmt: skip


class Meddler:
    """Changes rows of the history and has odd states, all drawn from a number; notes what each checkpoint must say."""

    def __init__(self, number: int, notes: Path) -> None:
        self._draw = random.Random(number)  # noqa: S311
        self._notes, self._state = notes, {}

    def on_epoch_end(self, run: Any) -> None:
        """Meddles, or not."""
        self._state = self._draw.choice(STATES) if self._draw.random() < 0.5 else {}
        if self._draw.random() < 0.6:
            row = run.history[self._draw.randrange(len(run.history))]
            row[self._draw.choice(("loss", "odd", "é", "seconds", "epoch"))] = self._draw.choice(FIGURES)
        if self._draw.random() < 0.1:
            run.history.pop(self._draw.randrange(len(run.history)))
        with self._notes.open("a") as file:
            file.write(json.dumps([run.position.step, _plain(run.history), _plain(self._state)]) + "\n")

    def state(self) -> Any:
        """Whatever was drawn."""
        return self._state

    def restore(self, state: Any) -> None:
        """Takes it back."""
        self._state = state


def _plain(value: Any) -> Any:
    """A value as JSON, however odd it is: what cannot be saved is not compared."""
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return "cannot be saved"


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, a nan being equal to a nan."""
    return json.dumps(one) == json.dumps(other)


def keywords(draw: random.Random) -> dict[str, Any]:
    """What is trained, and how it is saved."""
    return {
        "model": draw.choice(("linear", "mlp")),
        "checkpointer": draw.choice(("tf", "npz")),
        "epochs": draw.choice((1, 2, 4)),
        "keep": draw.choice((0, 0, 1, 2)),
        "save_every": draw.choice((0, 0, 5)),
        "save_async": draw.random() < 0.3,
        "metrics": draw.choice(([], ["rmse"])),
    }


def odd_path(draw: random.Random) -> Path:
    """A name of one to three parts, none of which leads elsewhere."""
    parts = ["".join(draw.choice(LETTERS) for _ in range(draw.choice((1, 3, 12)))) for _ in range(draw.choice((1, 1, 2, 3)))]
    return Path(*(part if part.strip(".") and part.strip() else f"x{part}" for part in parts))


def train(number: int, place: Path, notes: Path) -> int:
    """Trains; 1 and a line where that was refused. In a child."""
    import eagerloop

    draw = random.Random(number)  # noqa: S311
    try:
        eagerloop.train(directory=place, observers=[Meddler(number, notes)], **keywords(draw))
    except eagerloop.errors.EagerloopError as error:
        print(error)
        return 0 if "\n" not in str(error).replace(str(place), "") else 3
    return 0


def open_all(number: int, place: Path, notes: Path) -> int:
    """Opens every checkpoint and compares; 1 and what is wrong. In a child."""
    import eagerloop

    if not list(place.glob("checkpoints/step-*")):
        return 0
    run = eagerloop.load(place, strict=True, observers=[Meddler(number, notes)])
    told = {step: (rows, state) for step, rows, state in map(json.loads, notes.read_text().splitlines())}
    wrong = []
    for step in run.store.steps():
        run.take_up(run.store.read(step))
        rows, state = told.get(step, (None, None))
        if rows is not None and run.position.batch == 0:
            wrong += [f"the history of step {step}: {run.history}, not {rows}"] if not same(run.history, rows) else []
            wrong += [f"the state of step {step}"] if not same(run.observers[0].state(), state) else []
        wrong += [f"a loss of step {step}"] if not all(math.isfinite(value.numpy().sum()) for value in _floats(run)) else []
    print(*wrong, sep="\n")
    return 1 if wrong else 0


def _floats(run: Any) -> list[Any]:
    return [variable for variable in run.variables().values() if variable.dtype.is_floating]


def trial(directory: Path, number: int) -> tuple[str, str]:
    """One run: what came of it, and what is wrong."""
    home, said, notes = directory / str(number), directory / f"{number}.said", directory / f"{number}.notes"
    home.mkdir()
    notes.touch()
    os.chdir(home)
    place = odd_path(random.Random(f"path {number}"))  # noqa: S311
    code = warm.child(lambda: train(number, place, notes), output=said)
    text = said.read_text(errors="replace")
    if code:
        return "FAULT", f"{place!r}: training ended with {code}: {text[-1500:]}"
    code = warm.child(lambda: open_all(number, place, notes), output=directory / "opened.said")
    if code:
        return (
            "FAULT",
            f"{place!r}: what is saved does not open: {(directory / 'opened.said').read_text(errors='replace')[-1500:]}",
        )
    return ("refused and opened" if text.strip() else "trained and opened"), ""


def main() -> None:
    """Runs the trials and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    chosen = parser.parse_args()
    warm.warm_up()
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="eagerloop-opens-") as name:
        for number in range(chosen.first, chosen.first + chosen.count):
            outcome, wrong = trial(Path(name), number)
            outcomes[outcome] += 1
            if wrong:
                print(f"{number}: {wrong}", file=sys.stderr, flush=True)
        os.chdir("/")
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:6} {outcome}")
    print(f"{chosen.count} runs, {outcomes['FAULT']} faults")
    sys.exit(bool(outcomes["FAULT"]))


if __name__ == "__main__":
    main()
