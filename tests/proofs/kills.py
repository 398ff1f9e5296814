"""Kills runs with SIGKILL at named points and at random times, resumes them, and compares them with runs that were not killed.

    python tests/proofs/kills.py --count 200

Each trial is a process that resumes what the one before it has left, its random generators seeded differently on purpose, and
is killed in its turn. After every kill the newest whole checkpoint is compared with the state that the uninterrupted run had
at that step; after the last one the run is resumed to its end, and compared as a whole. The points are cut into the standard
library and into the checkpointer by the child itself: the engine knows nothing of them.
"""

import argparse
import functools
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

EPOCHS = 4
MOMENTS = ("before", "during", "after")
POINTS = {
    "write": MOMENTS,  # the checkpointer's
    "row": MOMENTS,  # added to either history.jsonl
    "manifest": MOMENTS,
    "fsync": ("before", "after"),
    "rename": ("before", "after"),  # of a checkpoint that is finished, and of one that is pruned
    "replace": ("before", "after"),  # of run.toml, and of either history.jsonl at the start
    "prune": MOMENTS,
}


@dataclass(frozen=True)
class Configuration:
    """What is trained: keywords of `eagerloop.train`, parts with options as dictionaries that have a `part`."""

    name: str
    keywords: dict[str, Any]


def configurations(directory: Path) -> list[Configuration]:
    """The runs to be killed; their data and model files are made in `directory`."""
    table, model = _csv(directory), str(directory / "model.keras")
    use = functools.partial(dict)
    csv = use(part="csv", path=str(table), batch_size=16, validation_fraction=0.2, target="y", task="regression")
    early = use(part="early-stopping", patience=50)
    steps = use(part="csv")
    keras_file = use(part="keras-file", path=model)
    return [
        Configuration("iris-tf", use(dataset="iris", checkpointer="tf", keep=2)),
        Configuration("iris-npz", use(dataset="iris", checkpointer="npz", keep=2)),
        Configuration("csv-shuffle-tf", use(dataset=csv, checkpointer="tf", keep=2, observers=[early, steps], metrics=["mae"])),
        Configuration(
            "batchnorm-dropout-adam-npz", use(dataset=csv, model=keras_file, checkpointer="npz", keep=1, save_every=3)
        ),
        Configuration(
            "batchnorm-dropout-adam-tf", use(dataset=csv, model=keras_file, checkpointer="tf", keep=2, metrics=["mae"])
        ),
        Configuration("save-async-tf", use(dataset=csv, checkpointer="tf", keep=2, save_async=True, save_every=4)),
        Configuration("save-every-npz", use(dataset="iris", checkpointer="npz", keep=3, save_every=5, metrics=["rmse"])),
        Configuration("compiled-tf", use(dataset=csv, model=keras_file, compile=True, keep=2, save_every=5)),
    ]


def _csv(directory: Path) -> Path:
    """A table for a regression: 100 rows."""
    draw = random.Random(7)  # noqa: S311
    rows = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(100)]
    lines = [f"{a:.6f},{b:.6f},{c:.6f},{2 * a - b + draw.gauss(0, 0.1):.6f}" for a, b, c in rows]
    path = directory / "table.csv"
    path.write_text("a,b,c,y\n" + "\n".join(lines) + "\n")
    return path


def make_model(path: Path) -> None:
    """A model with BatchNorm and Dropout, saved by Keras."""
    import keras

    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((3,)), layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3),
        layers.Dense(1),
    ])  # fmt: skip
    model.save(path)


def train_or_resume(configuration: Configuration, directory: Path, **changes: Any) -> Any:
    """What a user does after a crash: resume, or train where there is nothing to resume."""
    import eagerloop

    if (directory / "run.toml").exists():
        return eagerloop.resume(directory)
    return eagerloop.train(directory=directory, epochs=EPOCHS, seed=11, **_parts(configuration.keywords | changes))


def _parts(value: Any) -> Any:
    """Dictionaries with a `part` as `eagerloop.use`, which cannot be made before TensorFlow may be used."""
    import eagerloop

    if isinstance(value, dict) and "part" in value:
        options = {name: option for name, option in value.items() if name != "part"}
        return eagerloop.use(value["part"], **options)
    if isinstance(value, dict):
        return {name: _parts(item) for name, item in value.items()}
    return [_parts(item) for item in value] if isinstance(value, list) else value


def cut_in(point: str, moment: str, nth: int, checkpointer: str) -> None:
    """Makes this process kill itself at the n-th passing of a point. Only a child that is to die calls this."""
    owner, name, only, during = _place(point, checkpointer)
    original, left = getattr(owner, name), [nth]

    @functools.wraps(original)
    def wrapped(*given: Any, **named: Any) -> Any:
        if not only(*given):
            return original(*given, **named)
        left[0] -= 1
        if left[0]:
            return original(*given, **named)
        if moment != "after":
            (_die if moment == "before" else during)(*given)
        result = original(*given, **named)
        _die()
        return result

    setattr(owner, name, wrapped)


def _place(point: str, checkpointer: str) -> tuple[Any, str, Callable[..., bool], Callable[..., None]]:
    """Where a point is: an object, its attribute, which calls count, and what `during` means there."""
    if point == "write":
        module = importlib.import_module(f"eagerloop_plugins.checkpointer.{checkpointer}")
        kind = module.TensorFlowCheckpointer if checkpointer == "tf" else module.NpzCheckpointer
        return kind, "write", _any, lambda _self, directory, _state: _die_when_there_is_a_file(directory)
    return {
        "manifest": (Path, "write_text", lambda path, *_: path.name == "manifest.json", _write_half),
        "fsync": (os, "fsync", _any, _die),
        "rename": (Path, "rename", _any, _die),
        "replace": (Path, "replace", _any, _die),
        "row": (os, "write", lambda file, _data: _is_history(file), _write_half_a_row),
        "prune": (shutil, "rmtree", lambda path, *_: Path(path).exists(), _remove_one),
    }[point]


def _any(*_given: Any) -> bool:
    return True


def _die(*_given: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_when_there_is_a_file(directory: Path) -> None:
    """Kills from a thread, as soon as the checkpointer has begun a file."""

    def watch() -> None:
        while not any(True for _ in os.scandir(directory)):
            pass
        _die()

    threading.Thread(target=watch, daemon=True).start()


def _write_half(path: Path, text: str) -> None:
    path.write_bytes(text.encode()[: len(text) // 2])
    _die()


def _is_history(descriptor: int) -> bool:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name == "history.jsonl"


def _write_half_a_row(descriptor: int, data: bytes) -> None:
    os.pwrite(descriptor, data[: len(data) // 2], os.fstat(descriptor).st_size)
    _die()


def _remove_one(directory: Path, *_given: Any) -> None:
    for path in sorted(path for path in Path(directory).rglob("*") if path.is_file())[:1]:
        path.unlink()
    _die()


def points(count: int, draw: random.Random) -> Iterator[tuple[str, str, int]]:
    """Named points in turn, every third trial a random time instead."""
    named = [(point, moment) for point, moments in POINTS.items() for moment in moments]
    draw.shuffle(named)
    for number in range(count):
        if number % 3 == 2:
            yield "time", "random", 0
        else:
            point, moment = named[(number - number // 3) % len(named)]
            yield point, moment, draw.randint(1, {"fsync": 12, "rename": 3, "replace": 3, "prune": 2}.get(point, 2))


@dataclass
class Result:
    """What became of one configuration.

    Attributes:
        kills: Where the processes were killed: point, moment, which passing.
        survived: Trials in which the child came to its end before the point: they count for nothing.
        faults: What was not as in the uninterrupted run.
        seconds: How long it took.
    """

    configuration: str
    kills: list[str]
    survived: int
    faults: list[str]
    seconds: float


def reference(configuration: Configuration, directory: Path) -> float:
    """Trains the uninterrupted run, every checkpoint of it kept; returns the seconds."""
    begin = time.monotonic()
    code = warm.child(lambda: train_or_resume(configuration, directory, keep=0) and 0, output=directory.with_suffix(".txt"))
    assert code == 0, directory.with_suffix(".txt").read_text()
    return time.monotonic() - begin


def trial(configuration: Configuration, run: Path, kill: tuple[str, str, int], number: int, seconds: float) -> int:
    """One process that is to be killed; returns its exit code, -9 if it was."""
    point, moment, nth = kill

    def work() -> int:
        warm.seed_differently(number)
        if point != "time":
            cut_in(point, moment, nth, configuration.keywords.get("checkpointer", "tf"))
        train_or_resume(configuration, run)
        return 0

    at = (random.Random(number).uniform(0.05, 0.9) * seconds, signal.SIGKILL) if point == "time" else None  # noqa: S311
    return warm.child(work, output=run.with_suffix(".txt"), kill=at)


def compare(run: Path, whole: Path, *, every: bool) -> list[str]:
    """Compares the newest whole checkpoint, or every one, with the uninterrupted run's of the same step. In a child."""
    from eagerloop.storage.store import Store

    store = Store(run / "checkpoints")
    newest = store.newest()
    if newest is None:
        return []
    faults = [f"damaged: {fault}" for fault in store.damaged]
    for step in store.steps() if every else [newest.step]:
        other = whole / "checkpoints" / store.path_of(step).name.removesuffix(".before")
        faults += [f"step {step}: {name}" for name in warm.differences(store.path_of(step), other)]
    if every:
        rows, others = (_rows(path) for path in (run, whole))
        faults += ["history.jsonl"] if rows != others else []
        leftovers = [path.name for path in (run / "checkpoints").iterdir() if not path.name.startswith(("step-", "history"))]
        faults += [f"left behind: {name}" for name in leftovers]
    return faults


def _rows(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def compare_in_child(run: Path, whole: Path, *, every: bool = False) -> list[str]:
    """`compare` in a process of its own: reading a checkpoint uses TensorFlow, and this process must not."""
    answer = run.with_suffix(".json")

    def work() -> None:
        answer.write_text(json.dumps(compare(run, whole, every=every)))

    code = warm.child(work, output=run.with_suffix(".compare.txt"))
    return list(json.loads(answer.read_text())) if code == 0 else [run.with_suffix(".compare.txt").read_text()]


def kill_again_and_again(configuration: Configuration, count: int, directory: Path, seed: int = 0) -> Result:
    """Kills one configuration `count` times, in as many runs as that takes."""
    begin = time.monotonic()
    whole = directory / f"{configuration.name}-whole"
    seconds = reference(configuration, whole)
    draw = random.Random(f"{configuration.name} {seed}")  # noqa: S311
    result = Result(configuration.name, [], 0, [], 0.0)
    run, runs = directory / f"{configuration.name}-0", 0
    plan = points(10 * count, draw)
    while len(result.kills) < count and result.survived < 5 * count:
        kill = next(plan)
        code = trial(configuration, run, kill, 1000 * seed + len(result.kills) + result.survived, seconds)
        if code == -signal.SIGKILL:
            result.kills.append(" ".join(map(str, kill)))
            result.faults += [f"{run.name} after {kill}: {fault}" for fault in compare_in_child(run, whole)]
            continue
        result.survived += 1
        if code:
            result.faults.append(f"{run.name} at {kill}: exit {code}: {run.with_suffix('.txt').read_text()[-2000:]}")
        _finish(configuration, run, whole, result)  # it came to its end: the next one begins anew
        runs += 1
        run = directory / f"{configuration.name}-{runs}"
    if run.exists():
        _finish(configuration, run, whole, result)
    result.seconds = time.monotonic() - begin
    return result


def _finish(configuration: Configuration, run: Path, whole: Path, result: Result) -> None:
    def work() -> int:
        warm.seed_differently(9_999)
        train_or_resume(configuration, run)
        return 0

    if warm.child(work, output=run.with_suffix(".txt")):
        result.faults.append(f"{run.name} could not be finished: {run.with_suffix('.txt').read_text()[-2000:]}")
    else:
        result.faults += [f"{run.name} at its end: {fault}" for fault in compare_in_child(run, whole, every=True)]


def main() -> None:
    """Runs the trials and prints a table; exits with 1 if anything was not the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="how many kills in all")
    parser.add_argument("--seed", type=int, default=0, help="where the points and times come from")
    parser.add_argument("--only", nargs="*", help="names of configurations")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-kills-") as name:
        directory = Path(name)
        os.chdir(directory)
        code = warm.child(lambda: make_model(directory / "model.keras"), output=directory / "model.txt")
        assert code == 0, (directory / "model.txt").read_text()
        these = [item for item in configurations(directory) if not chosen.only or item.name in chosen.only]
        results = []
        for number, configuration in enumerate(these):
            share = chosen.count * (number + 1) // len(these) - chosen.count * number // len(these)
            results.append(kill_again_and_again(configuration, share, directory, chosen.seed))
            last = results[-1]
            same = (
                f"{last.configuration:28} {len(last.kills):4} kills, {last.survived:3} survived, {len(last.faults)} differences"
            )
            print(f"{same}, {last.seconds:.0f} s", flush=True)
    for result in results:
        for fault in result.faults:
            print(fault, file=sys.stderr)
    kills = sum(len(result.kills) for result in results)
    print(f"{kills} kills, {sum(bool(result.faults) for result in results)} configurations with differences")
    if chosen.json:
        chosen.json.write_text(json.dumps([vars(result) for result in results], indent=1))
    sys.exit(any(result.faults for result in results) or kills < chosen.count)


if __name__ == "__main__":
    main()
