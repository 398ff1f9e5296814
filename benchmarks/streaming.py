"""A CSV file of 2 GB: one epoch from disk, and how much memory it takes.

    python benchmarks/streaming.py [--gigabytes 2] [--epochs 1] [--json]

Bar: at most 500 MB above TensorFlow's own footprint (a process that has imported TensorFlow and Keras and run one operation).
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

COLUMNS, BATCH, PIECE = 20, 128, 50_000


def write(path, size):
    """Random numbers of six digits and a class by name: as often as needed, each time with other row numbers in front."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(PIECE, COLUMNS))
    names = np.where(x[:, :5].sum(axis=1) > 0, "above", "below").tolist()
    lines = [f"{','.join(f'{value:.6g}' for value in row)},{name}\n" for row, name in zip(x.tolist(), names, strict=True)]
    count = 0
    with path.open("w") as file:
        file.write(",".join(["row", *(f"x{place}" for place in range(COLUMNS)), "side"]) + "\n")
        while file.tell() < size:
            file.writelines(f"{count + number},{line}" for number, line in enumerate(lines))
            count += PIECE


def train(path, epochs):
    """Trains, and prints the figures of the process."""
    import keras
    import tensorflow as tf

    import eagerloop

    assert keras
    tf.constant(0.0)
    warnings.simplefilter("ignore")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        run = eagerloop.train(
            dataset=eagerloop.use("csv", path=path, batch_size=BATCH, stream="yes"),
            epochs=epochs,
            compile=True,
            checkpointer="none",
            directory=Path(scratch) / "run",
        )
        seconds = time.perf_counter() - begin
        evaluated = run.evaluate()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {
        "rows": run.dataset.rows["train"],
        "seconds to know the file": round(seconds - sum(row["seconds"] for row in run.history), 1),
        "seconds an epoch": round(statistics.median(row["seconds"] for row in run.history), 1),
        "megabytes above TensorFlow": round((peak - before) / 1e3),
        "accuracy": round(evaluated["accuracy"], 3),
    }
    print(json.dumps(figures))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--path", type=Path)
    arguments = parser.parse_args()
    if arguments.path:
        train(arguments.path, arguments.epochs)
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "rows.csv"
        write(path, arguments.gigabytes * 1e9)
        command = [sys.executable, __file__, "--path", str(path), "--epochs", str(arguments.epochs)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures = {"gigabytes": round(path.stat().st_size / 1e9, 2)} | json.loads(done.stdout.splitlines()[-1])
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:>12}")


if __name__ == "__main__":
    main()
