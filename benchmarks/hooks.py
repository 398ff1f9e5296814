"""What the hooks cost in an eager step: pluggy's call of `on_step_end`, beside a step of the guide's model.

The observers do nothing, so that what is measured is the way to them. What a plain loop over bound methods costs is taken off:
the rest is pluggy's own.

    python benchmarks/hooks.py [--rounds 300] [--json]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import eagerloop
from eagerloop.hooks import Observers
from eagerloop.loop import train_step

CALLS = 1000
"""Calls of a hook that are timed together: one alone is shorter than the clock is exact."""


class Watcher:
    """Looks at nothing."""

    def on_step_end(self, run: object, step: object) -> None:
        """Nothing."""


def micro(function: Callable[[], object], times: int) -> float:
    """Microseconds of a call, over so many in a row."""
    begin = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - begin) / times * 1e6


def measure(rounds: int) -> dict[Any, float]:
    """Median microseconds: a step, and for 0, 1, 5 and 20 observers the hook and the plain loop; taken in turns."""
    with tempfile.TemporaryDirectory() as scratch:
        run = eagerloop.train(epochs=1, checkpointer="none", directory=Path(scratch) / "run")
    x, y = next(iter(run.dataset.train(1)))
    step = train_step(run.model, run.loss, run.optimizer, x, y)
    observers = {count: [Watcher() for _ in range(count)] for count in (0, 1, 5, 20)}
    hooks = {count: Observers(some).hook for count, some in observers.items()}
    times: dict[Any, list[float]] = {"step": [], **{(how, count): [] for how in ("hook", "plain") for count in observers}}
    for number in range(rounds + 10):
        taken: dict[Any, float] = {"step": micro(lambda: train_step(run.model, run.loss, run.optimizer, x, y), 1)}
        if number % 10 == 0:
            for count, some in observers.items():
                hook, methods = hooks[count], [one.on_step_end for one in some]
                taken["hook", count] = micro(lambda hook=hook: hook.on_step_end(run=run, step=step), CALLS)
                taken["plain", count] = micro(lambda methods=methods: [method(run=run, step=step) for method in methods], CALLS)
        if number >= 10:
            for name, value in taken.items():
                times[name].append(value)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.rounds)
    step = found.pop("step")
    rows = [
        {
            "observers": count,
            "hook": found["hook", count],
            "plain": found["plain", count],
            "pluggy": found["hook", count] - found["plain", count],
            "percent": 100 * found["hook", count] / step,
        }
        for count in (0, 1, 5, 20)
    ]
    if arguments.json:
        print(json.dumps({"step": step, "rows": rows}, indent=1))
        return
    print(f"an eager step: {step:.0f} us")
    print("observers   hook us   plain loop us   pluggy's own us   hook, % of the step")
    for row in rows:
        print(f"{row['observers']:9} {row['hook']:9.2f} {row['plain']:15.2f} {row['pluggy']:17.2f} {row['percent']:21.3f}")


if __name__ == "__main__":
    main()
