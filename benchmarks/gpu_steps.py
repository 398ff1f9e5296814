"""One process of `gpu.py`: microseconds a step of one loop over the guide's model, as one line of JSON.

python benchmarks/gpu_steps.py --loop=eager [--deterministic on] [--rows 1200] [--rounds 9]
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
import numpy as np
import tensorflow as tf
from compiled import PARTS, by_hand, engine, fit, guide

from eagerloop.choices.settings import Settings
from eagerloop.process.numerics import configure_tensorflow, gpus, versions

BATCH = 10
WARM_UP = 4
"""Epochs that are not timed: the first ones trace and compile."""

OURS = {"eager": {"compile": False}, "--compile": {}, "--compile --jit": {"jit": True}}
LOOPS = (*OURS, "fit", "epoch by hand", "epoch by hand, XLA, prefetched")
MACHINE = "machine"
"""In place of a loop: what the machine is."""


def by_hand_with_xla(make, x, y):
    """One call of a whole-epoch function whose step is compiled by XLA; the batches wait on the device."""
    keras.utils.set_random_seed(0)
    model, optimizer, measure_loss = make(), PARTS.find("optimizer", "adam").factory(), PARTS.find("loss", "mse").factory()
    model(x[:BATCH], training=False)
    optimizer.build(model.trainable_variables)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH, drop_remainder=True)
    data = data.apply(tf.data.experimental.prefetch_to_device("/GPU:0", 8)) if gpus() else data.prefetch(8)

    @tf.function(jit_compile=True)
    def step(features, targets):
        with tf.GradientTape() as tape:
            value = measure_loss(targets, model(features, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    @tf.function
    def epoch(batches):
        total_loss = 0.0
        for features, targets in batches:
            total_loss += step(features, targets)
        return total_loss

    return lambda: float(epoch(iter(data)))


def contestant(name, rows, scratch, *, deterministic):
    """A function that trains the guide's model for an epoch."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(rows, 3)).astype("float32"), random.normal(size=(rows, 1)).astype("float32")
    if name in OURS:
        return engine(guide, x, y, BATCH, "mse", scratch / "run", deterministic=deterministic, **OURS[name])
    configure_tensorflow(Settings(deterministic=deterministic))
    if name == "fit":
        return fit(guide, x, y, BATCH, "mse", 1)
    return by_hand(guide, x, y, BATCH, "mse") if name == "epoch by hand" else by_hand_with_xla(guide, x, y)


def microseconds(name, arguments):
    """The median of the rounds; each ends when the device has done its work."""
    with tempfile.TemporaryDirectory() as scratch:
        epoch = contestant(name, arguments.rows, Path(scratch), deterministic=arguments.deterministic == "on")
        times = []
        for _ in range(WARM_UP + arguments.rounds):
            begin = time.perf_counter()
            epoch()
            tf.test.experimental.sync_devices()
            times.append(time.perf_counter() - begin)
    return round(statistics.median(times[WARM_UP:]) / (arguments.rows // BATCH) * 1e6)


def machine():
    """The cards and the versions."""
    cards = gpus() or ["no GPU is here: this is the CPU, whose operations are deterministic in any case"]
    return {"device": ", ".join(cards), **versions()}


def main() -> None:
    """Prints one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", choices=[*LOOPS, MACHINE], required=True)
    parser.add_argument("--deterministic", choices=["on", "off"], default="on")
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    measured = arguments.loop != MACHINE
    print(json.dumps({"microseconds a step": microseconds(arguments.loop, arguments)} if measured else machine()))


if __name__ == "__main__":
    main()
