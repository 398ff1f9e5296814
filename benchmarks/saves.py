"""Compares the cost of a save with that of `tf.train.CheckpointManager.save` of the same variables.

    python benchmarks/saves.py

Ours is `run.save()` as the loop calls it: every variable checked to be finite, the checkpointer `tf`; sizes and SHA-256 in a
manifest, fsync of everything, rename and pruning follow in a thread while the training goes on. What counts against
TensorFlow's is how long the training is held up. Also told: the time until the checkpoint is durable (`run.save()` outside of a
training returns only then), and the hold-up with `save_async`. TensorFlow's computes no SHA-256 and has no fsync: its files are
in the computer's memory when it returns, and are lost if the power fails. All are called in turn, in one process, and keep
three checkpoints. Medians are told, and the medians of the ratios of neighbours.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "proofs"))
import warm

SIZES = {0.02: (38, 60), 12.0: (998, 20), 100.0: (2884, 10)}
"""Megabytes of variables: units of two hidden layers, which with Adam make as many, and how many saves of each kind."""

Save = Callable[[int], None]


def make_run(units: int, directory: Path, *, background: bool) -> Any:
    """A run that has not been trained."""
    import eagerloop
    from eagerloop.choices.settings import settings_of
    from eagerloop.running.opening import create

    model = eagerloop.use("mlp", hidden=[units, units])
    return create(settings_of({"model": model, "keep": 3, "save_async": background}), directory)


def ours(run: Any) -> Save:
    """A function that saves as a run does."""

    def save(step: int) -> None:
        run.position.step = step
        run.save()

    return save


def theirs(run: Any, directory: Path) -> Save:
    """`CheckpointManager.save` of the same variables."""
    import tensorflow as tf

    checkpoint = tf.train.Checkpoint(state=list(run.variables().values()))
    manager = tf.train.CheckpointManager(checkpoint, str(directory), max_to_keep=3)
    return lambda step: manager.save(checkpoint_number=step) and None


def seconds(save: Save, step: int) -> float:
    """How long one save takes."""
    begin = time.perf_counter()
    save(step)
    return time.perf_counter() - begin


def measure(units: int, count: int, directory: Path) -> dict[str, float]:
    """Median milliseconds of each, and the median ratios of neighbours to theirs."""
    whole, run, copying = (
        make_run(units, directory / name, background=name == "save_async") for name in ("durable", "ours", "save_async")
    )
    savers = {
        "durable": ours(whole),
        "ours": ours(run),
        "save_async": ours(copying),
        "theirs": theirs(run, directory / "theirs"),
    }
    times: dict[str, list[float]] = {name: [] for name in savers}
    with run.saver, copying.saver:  # as while a training goes on
        for step in range(count + 2):
            for name in sorted(savers, reverse=step % 2 == 1):
                times[name].append(seconds(savers[name], step))
                run.saver.wait()
                copying.saver.wait()
    kept = {name: found[2:] for name, found in times.items()}  # the first two warm up
    medians = {name: 1e3 * statistics.median(found) for name, found in kept.items()}
    ratios = {
        f"{name} ratio": [a / b for a, b in zip(kept[name], kept["theirs"], strict=True)]
        for name in ("ours", "durable", "save_async")
    }
    return medians | {name: statistics.median(found) for name, found in ratios.items()}


def main() -> None:
    """Prints the table; exits with 1 if a ratio is above the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, help="how many pairs of saves of each size, in place of 60, 20 and 10")
    parser.add_argument("--directory", type=Path, help="where to write, in place of the directory for temporary files")
    parser.add_argument("--bar", type=float, default=1.2, help="the largest ratio that is good")
    chosen = parser.parse_args()
    warm.warm_up()
    worst = 0.0
    print("      MB   CheckpointManager ms   ours ms  ratio   until durable ms  ratio   save_async ms  ratio")
    for megabytes, (units, count) in SIZES.items():
        with tempfile.TemporaryDirectory(prefix="eagerloop-saves-", dir=chosen.directory) as name:
            found = measure(units, chosen.count or count, Path(name))
        worst = max(worst, found["ours ratio"])
        row = f"{megabytes:8.2f} {found['theirs']:22.1f} {found['ours']:9.1f} {found['ours ratio']:6.2f}"
        row += f" {found['durable']:18.1f} {found['durable ratio']:6.2f}"
        print(f"{row} {found['save_async']:15.1f} {found['save_async ratio']:6.2f}", flush=True)
        os.sync()
    sys.exit(worst > chosen.bar)


if __name__ == "__main__":
    main()
