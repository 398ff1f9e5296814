"""Predictions from CSV to CSV: 10,000 to a million rows of 20 columns, how fast, and how much memory they take.

    python benchmarks/predictions.py [--rounds 5] [--json]

An MLP with two outputs, compiled; each size is a process of its own. Memory is how much its peak grows while it predicts.
Bar: memory flat.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

COLUMNS, SIZES = 20, (10_000, 100_000, 1_000_000)


def write(path, rows):
    """Random numbers and two classes."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(10_000, COLUMNS))
    lines = [f"{','.join(f'{value:.6g}' for value in row)},{int(row[0] > 0)}\n" for row in x.tolist()]
    with path.open("w") as file:
        file.write(",".join([*(f"x{place}" for place in range(COLUMNS)), "above"]) + "\n")
        for _ in range(rows // len(lines)):
            file.writelines(lines)


def predict(training, source):
    """Trains on the small file, predicts the other one, prints the figures of the process."""
    import eagerloop
    from eagerloop.afterwards.prediction import write_predictions

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        dataset = eagerloop.use("csv", path=training, batch_size=128)
        run = eagerloop.train(dataset=dataset, epochs=1, compile=True, checkpointer="none", directory=Path(scratch) / "run")
        write_predictions(run, None, Path(scratch) / "warm.csv")
        before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        rows = write_predictions(run, source, Path(scratch) / "out.csv")
        seconds = time.perf_counter() - begin
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    print(json.dumps({"rows": rows, "seconds": seconds, "megabytes": grown}))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--files", type=Path, nargs=2)
    arguments = parser.parse_args()
    if arguments.files:
        predict(*arguments.files)
        return
    figures = {rows: [] for rows in SIZES}
    with tempfile.TemporaryDirectory() as scratch:
        for rows in SIZES:
            write(Path(scratch) / f"{rows}.csv", rows)
        for number in range(arguments.rounds):
            for rows in SIZES if number % 2 else reversed(SIZES):
                files = [str(Path(scratch) / f"{size}.csv") for size in (SIZES[0], rows)]
                done = subprocess.run([sys.executable, __file__, "--files", *files], check=True, capture_output=True, text=True)
                figures[rows].append(json.loads(done.stdout.splitlines()[-1]))
    table = []
    for rows, found in figures.items():
        seconds, megabytes = (statistics.median(one[name] for one in found) for name in ("seconds", "megabytes"))
        speed = round(seconds / rows * 1e6, 1)
        table.append({"rows": rows, "seconds": round(seconds, 2), "microseconds a row": speed, "megabytes": round(megabytes)})
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for row in table:
        print(
            f"{row['rows']:9,} rows  {row['seconds']:6.2f} s  {row['microseconds a row']:6.1f} us a row   "
            f"{row['megabytes']:4} MB more than before"
        )


if __name__ == "__main__":
    main()
