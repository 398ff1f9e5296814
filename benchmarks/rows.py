"""The time of a compiled step as the data grow: the guide's model, batches of 10, 1,200 to 1,200,000 rows.

    python benchmarks/rows.py [--rounds 5] [--json]

One process, in turns; a turn is one epoch, or as many as have 1,200 steps. `drawn` draws the order of each epoch, as
`--dataset.shuffle` does; what an epoch costs before its first batch is part of its steps, and weighs most in the short ones.
Bar: at most 1.1 of the time per step with 1,200 rows.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import eagerloop

ROWS, BATCH = (1_200, 12_000, 120_000, 1_200_000), 10


def engine(rows, directory, *, shuffle):
    """Whole epochs of the compiled engine; returns seconds and steps of a call."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(rows, 3)).astype("float32"), random.normal(size=(rows, 1)).astype("float32")
    dataset = eagerloop.ArrayDataset((x, y), (x[:BATCH], y[:BATCH]), batch_size=BATCH, shuffle=shuffle)
    run = eagerloop.train(
        dataset=dataset, model="iris", loss="mse", metrics=[], epochs=1, compile=True, checkpointer="none", directory=directory
    )
    repeats = max(1, ROWS[1] // rows)

    def epochs():
        begin = time.perf_counter()
        for epoch in range(repeats):
            run.position.batch = 0
            batches = run.begin_epoch(epoch + 1)
            while run.train_epoch(batches):
                pass
            run.tally.reset()
        return (time.perf_counter() - begin) / (repeats * rows / BATCH)

    return epochs


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    table = []
    with tempfile.TemporaryDirectory() as scratch:
        for shuffle in (False, True):
            made = {rows: engine(rows, Path(scratch) / f"{rows}-{shuffle}", shuffle=shuffle) for rows in ROWS}
            times = {rows: [] for rows in ROWS}
            for number in range(arguments.rounds):
                for rows in ROWS if number % 2 else reversed(ROWS):
                    times[rows].append(made[rows]())
            for rows, seconds in times.items():
                ratio = statistics.median(mine / first for mine, first in zip(seconds, times[ROWS[0]], strict=True))
                step = round(statistics.median(seconds) * 1e6, 1)
                order = "drawn" if shuffle else "as it is"
                table.append({"order": order, "rows": rows, "microseconds a step": step, "of 1,200 rows": round(ratio, 3)})
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for row in table:
        print(
            f"{row['order']:8} {row['rows']:9,} rows  {row['microseconds a step']:7.1f} us a step   {row['of 1,200 rows']:.3f}"
        )


if __name__ == "__main__":
    main()
