"""What the option `--strategy` costs a run that does not use it: a run on one device against the plain functions of the loop.

    python benchmarks/strategy.py [--rounds 40] [--json]

The same run trains on one epoch, in turns as `eagerloop.train` has made it, and by a stride of `loop.train_step` and
`loop.train_epoch`, or of their `tf.function`, made by hand. Bar: at most 1.02, eager and compiled (medians of paired ratios).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import eagerloop
from eagerloop import loop
from eagerloop.running.compiling import Stretches
from eagerloop.running.strides import Stride

BATCH = 10
ROWS = {False: 400, True: 20_000}
BAR = 1.02


def by_hand(run, *, compiled):
    """A stride of the loop's own functions, whatever the run has."""
    kind, grain = (Stretches, "stretch") if compiled else (Stride, "eager")
    return kind(run.footing, loop.train_step, grain, "made by hand")


def epoch(run, stride):
    """Seconds of one epoch with this stride."""
    run.advance_by(stride)
    run.position.batch = 0
    batches = run.begin_epoch(1)
    begin = time.perf_counter()
    while run.train_epoch(batches):
        pass
    seconds = time.perf_counter() - begin
    run.tally.reset()
    return seconds


def measure(rounds, directory, *, compiled):
    """The paired ratios of one mode."""
    rows = ROWS[compiled]
    x, y = keras.random.normal((rows, 3)).numpy(), keras.random.normal((rows, 1)).numpy()
    data = eagerloop.ArrayDataset((x, y), (x[:BATCH], y[:BATCH]), batch_size=BATCH)
    run = eagerloop.train(dataset=data, model="iris", epochs=1, compile=compiled, checkpointer="none", directory=directory)
    contestants = [run.stride, by_hand(run, compiled=compiled)]
    for stride in contestants * 2:  # traces, and finds how long a stretch is
        epoch(run, stride)
    times = []
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        found = {place: epoch(run, contestants[place]) for place in order}
        times.append((found[0], found[1]))
    return [first / second for first, second in times], statistics.median(first for first, _ in times) / (rows / BATCH)


def main() -> int:
    """Prints a line for each mode; the exit code is 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, compiled in (("eager", False), ("compiled", True)):
            ratios, seconds = measure(arguments.rounds, Path(scratch) / name, compiled=compiled)
            found[name] = {"ratio": round(statistics.median(ratios), 4), "microseconds a step": round(seconds * 1e6, 1)}
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        for name, row in found.items():
            print(f"{name:9} {row['microseconds a step']:8} us a step   {row['ratio']:.4f} of the plain functions by hand")
    return int(any(row["ratio"] > BAR for row in found.values()))


if __name__ == "__main__":
    sys.exit(main())
