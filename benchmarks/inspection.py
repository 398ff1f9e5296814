"""What inspection costs a run that is not being inspected, and what a record costs.

Two processes train the guide's model, an epoch each in turns: one has never imported the recorder, the other inspects a step
every few epochs. Each timed epoch follows one that is not timed. The second row is two processes that have never inspected,
one against the other: what the method makes of nothing.

    python benchmarks/inspection.py [--rounds 60] [--json]

Bar: at most 1.01 of the run that was never inspected.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from warm import warm_up

STEPS = 12
WARM_UP = 5
EVERY = 4
"""Timed epochs from one record to the next."""

OPTIONS = {
    "layers, gradients, updates": {"differences": False, "findings": False},
    "and finite differences": {"findings": False},
    "and findings": {},
    "and operations": {"operations": True},
}


def train(orders: Any, scratch: str, *, inspects: bool) -> None:
    """A process that trains an epoch when it is told to, and sends the seconds."""
    import eagerloop

    run = eagerloop.train(epochs=1, checkpointer="none", observers=[], directory=Path(scratch) / f"run-{os.getpid()}")
    x, y = next(iter(run.dataset.train(1)))
    rounds = 0
    while orders.recv():
        if inspects and rounds % EVERY == 0:
            run.inspect(x, y)
        rounds += 1
        for _ in range(2):
            run.position.batch = 0
            begin = time.perf_counter()
            run.train_epoch(run.begin_epoch(1))
            seconds = time.perf_counter() - begin
            run.tally.reset()
        orders.send(seconds)
    assert inspects or "eagerloop.inspection.recording.recorder" not in sys.modules


def paired(rounds: int, *, inspects: bool) -> list[tuple[float, float]]:
    """Seconds of an epoch each: the process that inspects, or another one that does not, and the one that never does."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as scratch:
        ends = []
        for looking in (inspects, False):
            mine, theirs = context.Pipe()
            child = context.Process(target=train, args=(theirs, scratch), kwargs={"inspects": looking}, daemon=True)
            child.start()
            ends.append((mine, child))
        pairs = []
        for number in range(rounds + WARM_UP):
            taken = {}
            for place in (0, 1) if number % 2 else (1, 0):
                ends[place][0].send(True)
                taken[place] = ends[place][0].recv()
            pairs.append((taken[0], taken[1]))
        for mine, child in ends:
            mine.send(False)
            child.join()
    return pairs[WARM_UP:]


def records(rounds: int) -> dict[str, float]:
    """Median milliseconds of a record, by what is in it."""
    import eagerloop

    with tempfile.TemporaryDirectory() as scratch:
        run = eagerloop.train(epochs=1, checkpointer="none", observers=[], directory=Path(scratch) / "run")
        x, y = next(iter(run.dataset.train(1)))
        times: dict[str, list[float]] = {name: [] for name in OPTIONS}
        for _ in range(rounds):
            for name, options in OPTIONS.items():
                begin = time.perf_counter()
                run.inspect(x, y, **options)
                times[name].append((time.perf_counter() - begin) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warm_up()  # before the forks, and TensorFlow is not used in this process until they are done
    rows = []
    for name, inspects in (("inspected every fourth epoch", True), ("never inspected, against itself", False)):
        pairs = paired(arguments.rounds, inspects=inspects)
        ratio = statistics.median(one / other for one, other in pairs)
        step = statistics.median(one for one, _other in pairs) / STEPS * 1e6
        rows.append({"run": name, "microseconds a step": round(step), "of a run never inspected": round(ratio, 3)})
    costs = {name: round(value, 1) for name, value in records(max(5, arguments.rounds // 10)).items()}
    if arguments.json:
        print(json.dumps({"runs": rows, "milliseconds a record": costs}, indent=1))
        return
    for row in rows:
        print(f"{row['run']:32} {row['microseconds a step']:7} us a step   {row['of a run never inspected']:.3f}")
    for name, value in costs.items():
        print(f"a record: {name:28} {value:7.1f} ms")


if __name__ == "__main__":
    main()
