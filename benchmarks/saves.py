"""Compares the cost of a save with that of `tf.train.CheckpointManager.save` of the same variables.

    python benchmarks/saves.py

Ours is a checkpoint as a run writes it: the checkpointer `tf`, sizes and SHA-256 in a manifest, fsync, rename. TensorFlow's has
neither checksums of its files nor fsync. Both are called in turn, in one process, and keep three checkpoints; the medians and
the median of the ratios of neighbours are told. The bar is 1.2.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

SIZES = {0.02: 60, 12.0: 20, 100.0: 10}
"""Megabytes of variables, and how many pairs of saves."""


def variables(megabytes: float) -> dict[str, Any]:
    """Ten variables of random float32 numbers, as a model with Adam has them: they do not compress."""
    import tensorflow as tf  # noqa: PLC0415

    generator = tf.random.Generator.from_seed(1)
    count = int(megabytes * 1e6 / 4 / 10)
    return {f"model/{number:04d}/kernel": tf.Variable(generator.normal((count,))) for number in range(10)}


def ours(state: dict[str, Any], directory: Path) -> Callable[[int], None]:
    """A function that saves as a run does, the finite check of every variable included."""
    from eagerloop import state as states  # noqa: PLC0415
    from eagerloop.store import Store  # noqa: PLC0415
    from eagerloop_plugins.checkpointer.tf import tf as make  # noqa: PLC0415

    store, checkpointer = Store(directory), make()

    def save(step: int) -> None:
        assert states.not_finite(state) is None
        content = {"variables": states.table_of(state), "random": states.random_state()}
        store.write(step, lambda place: checkpointer.write(place, state), content)
        store.prune(3)

    return save


def theirs(state: dict[str, Any], directory: Path) -> Callable[[int], None]:
    """`CheckpointManager.save` of the same variables."""
    import tensorflow as tf  # noqa: PLC0415

    checkpoint = tf.train.Checkpoint(state=list(state.values()))
    manager = tf.train.CheckpointManager(checkpoint, str(directory), max_to_keep=3)
    return lambda step: manager.save(checkpoint_number=step) and None


def seconds(save: Callable[[int], None], step: int) -> float:
    """How long one save takes."""
    begin = time.perf_counter()
    save(step)
    return time.perf_counter() - begin


def measure(megabytes: float, pairs: int, directory: Path) -> tuple[float, float, float]:
    """Median seconds of ours and of theirs, and the median ratio of neighbours."""
    state = variables(megabytes)
    savers = [ours(state, directory / "ours"), theirs(state, directory / "theirs")]
    times: tuple[list[float], list[float]] = ([], [])
    for step in range(pairs + 2):
        for which in (0, 1) if step % 2 else (1, 0):
            times[which].append(seconds(savers[which], step))
    mine, other = (found[2:] for found in times)  # the first two warm up
    shutil.rmtree(directory)
    return statistics.median(mine), statistics.median(other), statistics.median(a / b for a, b in zip(mine, other, strict=True))


def main() -> None:
    """Prints the table; exits with 1 if a ratio is above the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, help="how many pairs of saves of each size, in place of 60, 20 and 10")
    parser.add_argument("--directory", type=Path, help="where to write, in place of the directory for temporary files")
    parser.add_argument("--bar", type=float, default=1.2, help="the largest ratio that is good")
    chosen = parser.parse_args()
    warm.warm_up()
    worst = 0.0
    print("       MB   ours ms   CheckpointManager ms   ratio")
    for megabytes, pairs in SIZES.items():
        with tempfile.TemporaryDirectory(prefix="eagerloop-saves-", dir=chosen.directory) as name:
            mine, other, ratio = measure(megabytes, chosen.count or pairs, Path(name) / "checkpoints")
        worst = max(worst, ratio)
        print(f"{megabytes:9.2f} {mine * 1e3:9.1f} {other * 1e3:22.1f} {ratio:7.2f}", flush=True)
        os.sync()
    sys.exit(worst > chosen.bar)


if __name__ == "__main__":
    main()
