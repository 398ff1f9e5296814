"""One epoch of an MLP on a CSV file: the engine against Keras `fit` over `tf.data.experimental.make_csv_dataset`.

    python benchmarks/csv_epoch.py [--rows 1000000] [--rounds 5] [--missing 0.05] [--json]

The file has 20 columns of numbers and a target of two classes; batches of 128, MLP 64-64. Each contestant is a process of its
own, in turns; its time is from the file to the end of the epoch, reading included and `import tensorflow` not. Ours splits,
standardizes and shuffles all rows; `fit` shuffles in a buffer of 10,000. Both count the accuracy. Memory is the process's peak.
With `--missing`, that share of the cells is empty in a second file, which ours reads as well: medians and 20 more columns.
Bars: ours (compiled, `stream=no`) at most 0.5 of `fit`; with 5 % missing at most 1.15 of without.
"""

import argparse
import json
import math
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

COLUMNS, BATCH, UNITS = 20, 128, (64, 64)
GAPS = "eagerloop --compile, with gaps"
CONTESTANTS = ("eagerloop --compile", GAPS, "eagerloop --compile, streamed", "fit over make_csv_dataset")


def write(path, rows, missing=0.0):
    """The file: random numbers of six digits, some of them missing, and whether the first five add up to more than nothing."""
    import numpy as np

    random = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join([*(f"x{place}" for place in range(COLUMNS)), "above"]) + "\n")
        for _ in range(-(-rows // 50_000)):
            x = random.normal(size=(min(rows, 50_000), COLUMNS))
            above = (x[:, :5].sum(axis=1) > 0).astype(int).tolist()
            x[random.random(x.shape) < missing] = np.nan
            lines = (",".join("" if math.isnan(value) else f"{value:.6g}" for value in row) for row in x.tolist())
            file.writelines(f"{line},{one}\n" for line, one in zip(lines, above, strict=True))


def ours(path, stream):
    """An epoch of the engine, through its public door."""
    import eagerloop

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        begin = time.perf_counter()
        run = eagerloop.train(
            dataset=eagerloop.use("csv", path=path, batch_size=BATCH, test_fraction=0.001, stream=stream),
            model=eagerloop.use("mlp", hidden=list(UNITS)),
            epochs=1,
            compile=True,
            checkpointer="none",
            directory=Path(scratch) / "run",
        )
        return time.perf_counter() - begin, run.history[-1]["steps"]


def fit(path):
    """An epoch of Keras, as its guides read CSV."""
    import keras
    import tensorflow as tf

    begin = time.perf_counter()
    rows = tf.data.experimental.make_csv_dataset(str(path), BATCH, label_name="above", num_epochs=1, num_parallel_reads=2)
    rows = rows.map(lambda features, above: (tf.stack(list(features.values()), axis=1), above))
    model = keras.Sequential(
        [keras.Input((COLUMNS,)), *(keras.layers.Dense(units, "relu") for units in UNITS), keras.layers.Dense(2)]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(rows, verbose=0)
    assert history.history["loss"]
    return time.perf_counter() - begin, model.optimizer.iterations.numpy()


def contest(name, path):
    """Runs one contestant in this process and prints its figures."""
    import keras
    import tensorflow as tf

    assert keras
    tf.constant(0.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, steps = fit(path) if name.startswith("fit") else ours(path, "yes" if "streamed" in name else "no")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "steps": int(steps), "megabytes": round((peak - before) / 1e3)}))


def in_turns(script, paths, rounds):
    """What each contestant prints, round by round, each time in a process of its own; `paths` has the file of each."""
    figures = {name: [] for name in paths}
    for number in range(rounds):
        for name in paths if number % 2 else reversed(paths):
            command = [sys.executable, script, "--contestant", name, "--path", str(paths[name])]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures[name].append(json.loads(done.stdout.splitlines()[-1]))
    return figures


def measured(rows, rounds, missing):
    """The figures of each contestant; without gaps, none reads them."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = dict.fromkeys((name for name in CONTESTANTS if missing or name != GAPS), Path(scratch) / "rows.csv")
        write(paths[CONTESTANTS[0]], rows)
        if missing:
            paths[GAPS] = Path(scratch) / "gaps.csv"
            write(paths[GAPS], rows, missing)
        return in_turns(__file__, paths, rounds)


def row_of(name, figures):
    """A line of the table: medians, and of each round the share of the other contestants' time."""

    def of(other):
        pairs = zip(figures[name], figures[other], strict=True)
        return round(statistics.median(mine["seconds"] / its["seconds"] for mine, its in pairs), 3)

    return {
        "loop": name,
        "seconds": round(statistics.median(row["seconds"] for row in figures[name]), 1),
        "of fit": of(CONTESTANTS[-1]),
        "of ours without gaps": of(CONTESTANTS[0]),
        "megabytes above TensorFlow": statistics.median(row["megabytes"] for row in figures[name]),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--contestant", choices=CONTESTANTS)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--missing", type=float, default=0.0)
    arguments = parser.parse_args()
    if arguments.contestant:
        contest(arguments.contestant, arguments.path)
        return
    figures = measured(arguments.rows, arguments.rounds, arguments.missing)
    table = [row_of(name, figures) for name in figures]
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for row in table:
        print(
            f"{row['loop']:32} {row['seconds']:6.1f} s   {row['of fit']:.3f} of fit   "
            f"{row['of ours without gaps']:.3f} of ours without gaps   "
            f"{row['megabytes above TensorFlow']:5.0f} MB above TensorFlow's own"
        )


if __name__ == "__main__":
    main()
