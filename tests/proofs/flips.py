"""Flips bits in the files of a run, and cuts them short: no wrong value may come out, no traceback, and the file must be named.

    python tests/proofs/flips.py --count 1000

After each damage the run is loaded and verified through the library. What may happen:

- `load` gives exactly the state of the newest checkpoint: the damage was in a file that a load does not need (history.jsonl),
  or it changed no value (white space), or only a setting that no step depends on (epochs), and that is said aloud.
- `load` gives exactly the state of the checkpoint before, and a warning names the damaged file.
- `load` refuses with an `EagerloopError` that names the file.

And `verify` names every file in which a value changed.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

Damage = tuple[str, str, int, int]
"""File relative to the run; `flip` or `cut`; the byte; the bit."""


@dataclass
class Tally:
    """What came of the damages."""

    outcomes: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> None:
        """One more of these."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def make_runs(directory: Path) -> list[Path]:
    """Two small runs with a few checkpoints each: checkpointers tf and npz."""
    import eagerloop

    watching = [eagerloop.use("early-stopping", patience=40)]
    made = []
    for checkpointer in ("tf", "npz"):
        run = eagerloop.train(
            directory=directory / checkpointer,
            epochs=3,
            seed=5,
            checkpointer=checkpointer,
            observers=watching,
            metrics=["rmse"],
        )
        made.append(run.directory)
    return made


def damages(run: Path, count: int, draw: random.Random) -> Iterator[Damage]:
    """Files in turn, so that small ones get as many as large ones; every fifth time a truncation."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(count):
        path = files[number % len(files)]
        size = path.stat().st_size
        kind = "cut" if draw.random() < 0.2 else "flip"
        yield str(path.relative_to(run)), kind, draw.randrange(size), draw.randrange(8)


def apply(run: Path, damage: Damage) -> bytes:
    """Damages the file and returns what was in it."""
    name, kind, place, bit = damage
    path = run / name
    before = path.read_bytes()
    after = bytearray(before[:place] if kind == "cut" else before)
    if kind == "flip":
        after[place] ^= 1 << bit
    path.write_bytes(after)
    return before


def state_of(run: Any) -> dict[str, Any]:
    """All that a run consists of, in plain comparable values."""
    values = {name: variable.numpy().tobytes() for name, variable in run.variables().items()}
    position = [run.position.epoch, run.position.batch, run.position.step]
    observers = [observer.state() for observer in run.observers if hasattr(observer, "state")]
    history = [{key: value for key, value in row.items() if key != "seconds"} for row in run.history]
    return {"values": values, "position": position, "history": history, "tally": run.tally.sums(), "observers": observers}


def states_of(run: Any) -> dict[int, dict[str, Any]]:
    """The state at every checkpoint of an undamaged run, read one by one, by step. The run itself ends at the last of them."""
    found = {}
    for step in run.store.steps():
        run.take_up(run.store.read(step))
        found[step] = state_of(run)
    return found


def harmless(before: bytes, after: bytes, name: str) -> bool:
    """Whether a damage changed no value: the file means the same."""
    try:
        if name == "run.toml":
            return tomllib.loads(before.decode()) == tomllib.loads(after.decode())
        if name.endswith(".json"):
            return bool(json.loads(before) == json.loads(after))
        return [json.loads(line) for line in before.splitlines()] == [json.loads(line) for line in after.splitlines()]
    except ValueError:
        return False


def judge(run: Path, damage: Damage, expected: dict[int, dict[str, Any]], tally: Tally) -> None:
    """Loads and verifies a run that has been damaged; notes what is not as it must be."""
    import eagerloop
    from eagerloop.afterwards.verifying import verify

    before = apply(run, damage)
    path, same = run / damage[0], harmless(before, (run / damage[0]).read_bytes(), damage[0])
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                outcome = _outcome(eagerloop.load(run), expected, [str(item.message) for item in caught], path)
            except eagerloop.errors.EagerloopError as error:
                outcome = "refused" if str(path) in str(error) else f"FAULT the error does not name {path}: {error}"
            try:
                named = any(str(path) in line for line in verify(run).lines if " ok, " not in line)
            except eagerloop.errors.EagerloopError as error:
                named = str(path) in str(error)
        if not named and not same and not damage[0].endswith(".lock"):
            outcome = f"FAULT verify does not name {path}"
    except Exception as error:  # noqa: BLE001 - exactly this must not happen
        outcome = f"FAULT {type(error).__name__}: {error}"
    finally:
        path.write_bytes(before)
    tally.count(outcome.split(" /")[0][:40])
    if outcome.startswith("FAULT"):
        tally.faults.append(f"{damage}: {outcome}")


def _outcome(loaded: Any, expected: dict[int, dict[str, Any]], said: list[str], path: Path) -> str:
    step = loaded.position.step
    if step not in expected or state_of(loaded) != expected[step]:
        return f"FAULT the state of step {step} is not what was saved there"
    if step == max(expected):
        return "loaded, said aloud" if any(str(path) in text for text in said) else "loaded, nothing lost"
    if step != sorted(expected)[-2]:
        return f"FAULT step {step} was taken up, though a newer one is whole"
    return "fell back, said aloud" if any(str(path) in text for text in said) else f"FAULT nobody was told of {path}"


def flip_again_and_again(directory: Path, count: int, seed: int = 0) -> Tally:
    """Damages two runs `count` times in all, one damage at a time."""
    import eagerloop

    tally, draw = Tally(), random.Random(seed)  # noqa: S311
    for number, run in enumerate(make_runs(directory)):
        expected = states_of(eagerloop.load(run))
        whole = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        for damage in damages(run, count * (number + 1) // 2 - count * number // 2, draw):
            judge(run, damage, expected, tally)
        assert whole == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}, "loading changed a file"
        shutil.rmtree(run)
    return tally


def main() -> None:
    """Runs the damages and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="how many flips and truncations")
    parser.add_argument("--seed", type=int, default=0, help="where the places come from")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-flips-") as name:
        os.chdir(name)
        tally = flip_again_and_again(Path(name), chosen.count, chosen.seed)
    for outcome, number in sorted(tally.outcomes.items()):
        print(f"{number:6} {outcome}")
    for fault in tally.faults:
        print(fault, file=sys.stderr)
    print(f"{chosen.count} damages, {len(tally.faults)} faults")
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
