"""What the first look at a run costs: the first epoch of the guide's run with it and without it, in turns.

Every run looks for the mistakes that can be seen cheaply, before its first step and not again. The bar is 5 per cent of the
first epoch. The pairs are compared one by one, so that a slow moment of the machine falls on both. A warm-up comes first: the
first call of the loss in a process takes several milliseconds longer than all others, which step 1 would take otherwise.

    python benchmarks/first_look.py [--pairs 60] [--json]
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

from eagerloop.choices.settings import settings_of
from eagerloop.inspection.mistakes.findings import first_look
from eagerloop.running import run as running
from eagerloop.running.opening import create

BAR = 5.0
"""Per cent of the first epoch."""

WARM_UP = 3


def seconds(scratch: Path, *, looking: bool) -> tuple[float, float]:
    """A run's first epoch with its checkpoint, from `run.train()` to its end, and the first look in it."""
    run = create(settings_of({"epochs": 1}), Path(tempfile.mkdtemp(dir=scratch)) / "run")
    spent = 0.0

    def look(of_run):
        nonlocal spent
        begin = time.perf_counter()
        found = first_look(of_run)
        spent = time.perf_counter() - begin
        return found

    running.first_look = look if looking else lambda _run: []
    try:
        begin = time.perf_counter()
        run.train()
        return time.perf_counter() - begin, spent
    finally:
        running.first_look = first_look


def measure(pairs: int) -> dict[str, float]:
    """Medians over the pairs: milliseconds of an epoch and of the look, the look's share, and the ratio of the pairs."""
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(WARM_UP):
            seconds(Path(scratch), looking=True)
        rows = []
        for number in range(pairs):
            order = (True, False) if number % 2 else (False, True)
            taken = {looking: seconds(Path(scratch), looking=looking) for looking in order}
            (with_look, look), (without, _) = taken[True], taken[False]
            rows.append((without, look, look / without, with_look / without))
    without, look, share, ratio = (statistics.median(column) for column in zip(*rows, strict=True))
    return {"epoch": 1000 * without, "look": 1000 * look, "percent": 100 * share, "ratio": ratio}


def main() -> None:
    """Prints the row; ends with 1 if the look misses the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.pairs)
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"first epoch {found['epoch']:.1f} ms, first look {found['look']:.2f} ms: {found['percent']:.1f} % (bar {BAR:g})")
        print(f"with it over without it, paired: {found['ratio']:.3f}")
    sys.exit(found["percent"] > BAR)


if __name__ == "__main__":
    main()
