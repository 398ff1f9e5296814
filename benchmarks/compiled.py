"""Compiled training against Keras `fit` and a hand-written whole-epoch `tf.function`, paired in one process.

    python benchmarks/compiled.py [--rounds 7] [--work guide mlp cnn] [--json]

Bars (medians of the paired ratios): guide's model, at most 0.2 of `fit` with defaults, 0.6 of `fit` with its best
`steps_per_execution`, 1.2 of a hand-written function over `iter(dataset)`; MLP at most 0.75 of `fit`; CNN at most 1.02.
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

import keras
import numpy as np
import tensorflow as tf

import eagerloop
from eagerloop.choices.catalog import Catalog

PARTS = Catalog.load()


def guide():
    """The guide's model."""
    return PARTS.find("model", "iris").factory()


def mlp():
    """784-512-512-10."""
    layers = [keras.layers.Dense(512, "relu"), keras.layers.Dense(512, "relu"), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((784,)), *layers])


def cnn():
    """Two convolutions and a dense layer on 28 x 28."""
    convolutions = [keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.MaxPooling2D()] * 1
    more = [keras.layers.Conv2D(32, 3, activation="relu"), keras.layers.MaxPooling2D(), keras.layers.Flatten()]
    return keras.Sequential([keras.Input((28, 28, 1)), *convolutions, *more, keras.layers.Dense(10)])


WORKS = {
    "guide": (guide, (1200, 3), 10, "mse", (10, 120)),
    "mlp": (mlp, (6400, 784), 128, "sparse_categorical_crossentropy", (50,)),
    "cnn": (cnn, (3200, 28, 28, 1), 128, "sparse_categorical_crossentropy", (25,)),
}


def fit(make, x, y, batch, loss, execution):
    """One epoch of Keras `fit` a call."""
    keras.utils.set_random_seed(0)
    model = make()
    keras_loss = loss if loss == "mse" else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=PARTS.find("optimizer", "adam").factory(), loss=keras_loss, steps_per_execution=execution)
    return lambda: model.fit(x, y, batch_size=batch, shuffle=False, verbose=0)


def by_hand(make, x, y, batch, loss):
    """One call of a whole-epoch `tf.function`."""
    keras.utils.set_random_seed(0)
    model, optimizer = make(), PARTS.find("optimizer", "adam").factory()
    measure_loss = PARTS.find("loss", loss).factory()
    model(x[:batch], training=False)
    optimizer.build(model.trainable_variables)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch)

    @tf.function
    def epoch(batches):
        total_loss = 0.0
        for features, targets in batches:
            with tf.GradientTape() as tape:
                value = measure_loss(targets, model(features, training=True))
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            total_loss += value
        return total_loss

    return lambda: float(epoch(iter(data)))


def engine(make, x, y, batch, loss, directory, **wishes):
    """One epoch of the engine a call; compiled, unless `wishes` has other keywords of `eagerloop.train`."""
    dataset = eagerloop.ArrayDataset((x, y), (x[:batch], y[:batch]), batch_size=batch)
    wishes = {"compile": True, "checkpointer": "none", "directory": directory} | wishes
    run = eagerloop.train(dataset=dataset, model=make(), loss=loss, metrics=[], epochs=1, **wishes)

    def epoch() -> None:
        run.position.batch = 0
        batches = run.begin_epoch(1)
        while run.train_epoch(batches):
            pass
        run.tally.reset()

    return epoch


def contestants(work, directory):
    """Everything that is compared on one work."""
    make, shape, batch, loss, executions = WORKS[work]
    random = np.random.default_rng(0)
    x = random.normal(size=shape).astype("float32")
    y = (
        random.normal(size=(shape[0], 1)).astype("float32")
        if loss == "mse"
        else random.integers(0, 10, shape[0]).astype("int32")
    )
    made = {"eagerloop --compile": engine(make, x, y, batch, loss, directory)}
    made["fit"] = fit(make, x, y, batch, loss, 1)
    for execution in executions:
        made[f"fit, steps_per_execution={execution}"] = fit(make, x, y, batch, loss, execution)
    made["tf.function by hand"] = by_hand(make, x, y, batch, loss)
    return made, -(-shape[0] // batch)


def measure(made, rounds):
    """Seconds of one epoch each, in turns; each runs three times before it is timed."""
    times = {name: [] for name in made}
    for epoch in made.values():
        for _ in range(3):
            epoch()
    for number in range(rounds):
        for name in list(made) if number % 2 else list(reversed(made)):
            begin = time.perf_counter()
            made[name]()
            times[name].append(time.perf_counter() - begin)
    return times


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for work in arguments.work:
        with tempfile.TemporaryDirectory() as scratch:
            made, steps = contestants(work, Path(scratch) / "run")
            times = measure(made, arguments.rounds)
        ours = times["eagerloop --compile"]
        for name, seconds in times.items():
            ratio = statistics.median(mine / other for mine, other in zip(ours, seconds, strict=True))
            step = round(statistics.median(seconds) / steps * 1e6)
            rows.append({"work": work, "loop": name, "microseconds a step": step, "eagerloop is": round(ratio, 3)})
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        step = f"{row['microseconds a step']:7} us a step"
        print(f"{row['work']:6} {row['loop']:28} {step}   eagerloop is {row['eagerloop is']:.3f}")


if __name__ == "__main__":
    main()
