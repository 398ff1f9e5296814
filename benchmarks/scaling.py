"""The time of a step against the size of the model and the number of workers, which share this machine and talk over loopback.

    python benchmarks/scaling.py [--workers 1 2 4] [--hidden 64 512 2048] [--json FILE]

`eagerloop launch` of a compiled mlp with two hidden layers, batches of 256 rows of 32 numbers, whatever the number of workers:
the work of a step is the same, divided among them. Each figure is the fastest of the epochs after the first. Beside it stands
what the all-reduce of a step moves for each worker, 2(N-1)/N times the bytes of the parameters.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

COLUMNS, BATCH, STEPS, EPOCHS = 32, 256, 20, 4
PROGRAM = [sys.executable, "-c", "import sys; from eagerloop.cli import main; sys.argv[0] = 'eagerloop'; main()"]


def write_table(path: Path) -> None:
    """A regression: as many rows as an epoch has, and a fifth more for the test."""
    draw = random.Random(1)  # noqa: S311
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{column}" for column in range(COLUMNS)), "y"])
        for _ in range(STEPS * BATCH * 5 // 4):
            row = [round(draw.gauss(0, 1), 4) for _ in range(COLUMNS)]
            writer.writerow([*row, round(sum(row), 4)])


def parameters_of(hidden: int) -> int:
    """The number of parameters of the mlp: two hidden layers of that size, one output."""
    return (COLUMNS + 1) * hidden + (hidden + 1) * hidden + hidden + 1


def moved(parameters: int, workers: int) -> float:
    """Bytes that each worker sends, and as many that it receives, when float32 gradients go round a ring."""
    return 2 * (workers - 1) / workers * 4 * parameters


def step_time(table: Path, hidden: int, workers: int) -> float:
    """Seconds of a step."""
    run = table.parent / f"run-{hidden}-{workers}"
    words = ["--dataset", "csv", "--dataset.path", str(table), "--dataset.batch-size", str(BATCH), "--model", "mlp"]
    words += ["--model.hidden", f"{hidden},{hidden}", "--checkpointer", "none", "--compile", "--epochs", str(EPOCHS)]
    launch = [*PROGRAM, "launch", "--workers", str(workers), "--", "train", *words, "--run", str(run), "--quiet"]
    done = subprocess.run(launch, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return min(float(row["seconds"]) / row["steps"] for row in rows[1:])


def show(*cells: str) -> None:
    """Prints a row of the table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--hidden", type=int, nargs="*", default=[64, 512, 2048], help="units of each hidden layer")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    chosen = parser.parse_args()
    found = []
    several = [workers for workers in chosen.workers if workers > 1]
    heads = [f"{workers} worker{'s' if workers > 1 else ''}" for workers in chosen.workers]
    heads += [f"MB moved, {workers} workers" for workers in several]
    show("parameters", *heads)
    show("---", *("---" for _ in heads))
    with tempfile.TemporaryDirectory(prefix="eagerloop-scaling-") as name:
        table = Path(name) / "table.csv"
        write_table(table)
        for hidden in chosen.hidden:
            size = parameters_of(hidden)
            times = {workers: step_time(table, hidden, workers) for workers in chosen.workers}
            figures = [f"{1000 * seconds:.1f} ms" for seconds in times.values()]
            show(f"{size:,}", *figures, *(f"{moved(size, workers) / 1e6:.2f}" for workers in several))
            found.append({"hidden": hidden, "parameters": size, "seconds": times})
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
