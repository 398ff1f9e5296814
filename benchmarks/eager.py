"""Eager steps of the guide's model: the engine against loops written by hand, paired in one process.

    python benchmarks/eager.py [--rounds 150] [--json]

Bars: at most 1.03 of the same parts in a hand-written loop; at most 0.55 of the guide's loop with Keras's own Adam.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import eagerloop
from eagerloop.choices.catalog import Catalog

PARTS = Catalog.load()
ROWS, BATCH = 120, 10


def guide_model():
    """The guide's model, written as the guide writes it."""

    class Guide(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense1 = keras.layers.Dense(32)
            self.dropout = keras.layers.Dropout(0.5)
            self.dense2 = keras.layers.Dense(1)

        def call(self, x, training=False):
            return self.dense2(self.dropout(self.dense1(x), training=training))

    return Guide()


def hand_loop(model, loss, optimizer, dataset):
    """The guide's loop: no check, no metric, no hook."""

    def epoch() -> float:
        total_loss = 0.0
        for x, y in dataset:
            with tf.GradientTape() as tape:
                predictions = model(x, training=True)
                value = loss(y, predictions)
            variables = model.trainable_variables
            gradients = tape.gradient(value, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            total_loss += value
        return float(total_loss)

    return epoch


def engine(x, y, directory):
    """The engine's own loop on the same data, one epoch a call."""
    dataset = eagerloop.ArrayDataset((x, y), (x[:BATCH], y[:BATCH]), batch_size=BATCH)
    run = eagerloop.train(dataset=dataset, model="iris", loss="mse", epochs=1, checkpointer="none", directory=directory)

    def epoch() -> float:
        run.position.batch = 0
        batches = run.begin_epoch(1)
        run.train_epoch(batches)
        total_loss = run.tally.total_loss
        run.tally.reset()
        return total_loss

    return epoch


def measure(contestants, rounds):
    """Seconds of one epoch each, in turns."""
    for epoch in contestants.values():
        epoch()
    times = {name: [] for name in contestants}
    for round_number in range(rounds):
        order = list(contestants) if round_number % 2 else list(reversed(contestants))
        for name in order:
            begin = time.perf_counter()
            contestants[name]()
            times[name].append(time.perf_counter() - begin)
    return times


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    x, y = keras.random.normal((ROWS, 3)).numpy(), keras.random.normal((ROWS, 1)).numpy()
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH)
    mse, adam = PARTS.find("loss", "mse").factory(), PARTS.find("optimizer", "adam").factory
    made = {}
    for name, optimizer in (("same parts by hand", adam()), ("the guide by hand, Keras Adam", keras.optimizers.Adam())):
        model = PARTS.find("model", "iris").factory() if "same" in name else guide_model()
        model(x[:BATCH], training=False)
        optimizer.build(model.trainable_variables)
        made[name] = hand_loop(model, mse, optimizer, data)
    with tempfile.TemporaryDirectory() as scratch:
        made["eagerloop"] = engine(x, y, Path(scratch) / "run")
        times = measure(made, arguments.rounds)
    ours = times["eagerloop"]
    rows = []
    for name, seconds in times.items():
        ratio = statistics.median(mine / other for mine, other in zip(ours, seconds, strict=True))
        rows.append(
            {
                "loop": name,
                "microseconds a step": round(statistics.median(seconds) / (ROWS / BATCH) * 1e6),
                "eagerloop is": round(ratio, 3),
            }
        )
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['loop']:32} {row['microseconds a step']:7} us a step   eagerloop takes {row['eagerloop is']:.3f} of it")


if __name__ == "__main__":
    main()
