"""From the start of the process: the first loss on the screen, and a whole training with its ten checkpoints.

    python benchmarks/start.py [--rounds 5] [--json]

Each script is a process of its own, in turns. `eagerloop train` is the guide: iris, 120 rows in batches of 10, ten epochs.
Bars: first loss at most 1.1 of a bare script that imports TensorFlow and does one step of the guide's model; all of it at most
1.0 of the guide's script by hand, which saves with `tf.train.CheckpointManager` after each epoch.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = """
import csv, sys
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(0)

class Guide(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense1 = keras.layers.Dense(32)
        self.dropout = keras.layers.Dropout(0.5)
        self.dense2 = keras.layers.Dense(1)

    def call(self, x, training=False):
        return self.dense2(self.dropout(self.dense1(x), training=training))

with open(sys.argv[1], newline="") as file:
    rows = list(csv.DictReader(file))[:120]
x = tf.constant([[float(row[name]) for name in ("Petal.Length", "Sepal.Length", "Petal.Width")] for row in rows])
y = tf.constant([[float(row["Sepal.Width"])] for row in rows])
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(10)
model, optimizer, measure_loss = Guide(), keras.optimizers.Adam(), keras.losses.MeanSquaredError()

def step(x, y):
    with tf.GradientTape() as tape:
        loss = measure_loss(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""

ONE_STEP = MODEL + 'print("loss", float(step(*next(iter(data)))), flush=True)\n'

WHOLE = (
    MODEL
    + """
manager = None
for epoch in range(10):
    total_loss = 0.0
    for batch in data:
        total_loss += step(*batch)
    if manager is None:
        manager = tf.train.CheckpointManager(tf.train.Checkpoint(model=model, optimizer=optimizer), sys.argv[2], max_to_keep=3)
    manager.save()
    print("epoch", epoch + 1, "loss", float(total_loss), flush=True)
"""
)

ENGINE = "from eagerloop.cli import main; main()"


def commands(scratch):
    """What is run, by what is told, in pairs: the other one and ours."""
    from eagerloop_plugins.dataset.iris import FILE

    train = [sys.executable, "-c", ENGINE, "train", "--run", str(scratch / "run")]
    return {
        "first loss": ([sys.executable, "-c", ONE_STEP, str(FILE)], train),
        "whole training": ([sys.executable, "-c", WHOLE, str(FILE), str(scratch / "saves")], train),
        "whole training, --compile": ([sys.executable, "-c", WHOLE, str(FILE), str(scratch / "saves")], [*train, "--compile"]),
    }


def seconds_of(command, scratch, *, first):
    """Seconds until the process prints a loss, or ends."""
    for place in ("run", "saves"):
        shutil.rmtree(scratch / place, ignore_errors=True)
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as process:
        until_loss = next(time.perf_counter() - begin for line in process.stdout if "loss" in line)
        process.stdout.read()
        process.wait()
        assert process.returncode == 0
    return until_loss if first else time.perf_counter() - begin


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for what, pair in commands(scratch).items():
            times = {"by hand": [], "eagerloop": []}
            for number in range(arguments.rounds):
                for loop, command in list(zip(times, pair, strict=True))[:: 1 if number % 2 else -1]:
                    times[loop].append(seconds_of(command, scratch, first=what == "first loss"))
            ratios = [ours / theirs for theirs, ours in zip(*times.values(), strict=True)]
            medians = {loop: round(statistics.median(seconds), 2) for loop, seconds in times.items()}
            table.append({"what": what} | medians | {"eagerloop is": round(statistics.median(ratios), 3)})
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for row in table:
        times = f"by hand {row['by hand']:5.2f} s   eagerloop {row['eagerloop']:5.2f} s"
        print(f"{row['what']:28} {times}   {row['eagerloop is']:.3f} of it")


if __name__ == "__main__":
    main()
