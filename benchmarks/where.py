"""Where the time of a step goes: the guide's model, batch of 10, eager and compiled, each part added to the one before.

python benchmarks/where.py [--rounds 300] [--json]
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
from eagerloop import loop
from eagerloop.running.compiling import Stretches

STEPS = 120


def parts():
    """A run of the guide's model on 1,200 rows, with nothing saved and nobody watching."""
    keras.utils.set_random_seed(0)
    x, y = keras.random.normal((1200, 3)).numpy(), keras.random.normal((1200, 1)).numpy()
    dataset = eagerloop.ArrayDataset((x, y), (x[:10], y[:10]), batch_size=10)
    with tempfile.TemporaryDirectory() as scratch:
        return eagerloop.train(dataset=dataset, model="iris", epochs=1, checkpointer="none", directory=Path(scratch) / "run")


def eager_stages(run):
    """Functions of a batch, each doing all of the one before and one thing more."""
    model, loss, optimizer = run.model, run.loss, run.optimizer

    def forward(x, y):
        model(x, training=True)

    def forward_and_loss(x, y):
        loss(y, model(x, training=True))

    def gradients(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        return tape.gradient(value, model.trainable_variables)

    def update(x, y):
        optimizer.apply_gradients(zip(gradients(x, y), model.trainable_variables, strict=True))

    def train_step(x, y):
        loop.train_step(model, loss, optimizer, x, y)

    def engine(x, y):
        step = loop.train_step(model, loss, optimizer, x, y)
        run.count(step)
        run.hook.on_step_end(run=run, step=step)
        run.must_pause()

    return {
        "the batch from tf.data": lambda x, y: None,
        "+ forward pass": forward,
        "+ loss": forward_and_loss,
        "+ tape and gradients": gradients,
        "+ fused Adam (a step by hand)": update,
        "+ checks and penalties (train_step)": train_step,
        "+ position, tally, hook (the engine)": engine,
    }


def compiled_stages(run):
    """The same as whole-epoch functions over an iterator."""
    stages = {}
    for name, function in list(eager_stages(run).items())[:-1]:

        def epoch(batches, function=function):
            for x, y in batches:
                function(x, y)

        stages[name] = tf.function(epoch)
    return stages


def time_eager(run, rounds):
    """Median microseconds of each stage, taken in turns."""
    stages = eager_stages(run)
    times = {name: [] for name in stages}
    batches = iter(run.dataset.train(1).repeat())
    for number in range(rounds + 20):
        for name, function in stages.items():
            begin = time.perf_counter()
            x, y = next(batches)
            function(x, y)
            if number >= 20:
                times[name].append((time.perf_counter() - begin) * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def time_compiled(run, rounds):
    """Median microseconds a step of each stage, taken in turns."""
    stages: dict = {
        name: (lambda function=function: function(iter(run.dataset.train(1))))
        for name, function in compiled_stages(run).items()
    }
    stride = Stretches(run.footing, loop.train_step, "stretch", "nobody looks at every step")
    run.advance_by(stride)

    def engine() -> None:
        run.position.batch = 0
        batches = run.begin_epoch(1)
        while run.train_epoch(batches):
            pass

    stages["+ position, tally, pauses (the engine)"] = engine
    times = {name: [] for name in stages}
    for number in range(rounds // 20 + 5):
        for name, function in stages.items():
            begin = time.perf_counter()
            function()
            if number >= 5:
                times[name].append((time.perf_counter() - begin) / STEPS * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    run = parts()
    tables = {"eager": time_eager(run, arguments.rounds), "compiled": time_compiled(run, arguments.rounds)}
    if arguments.json:
        print(json.dumps(tables, indent=1))
        return
    for mode, rows in tables.items():
        print(f"{mode}, microseconds a step")
        before = 0.0
        for name, value in rows.items():
            print(f"  {name:40} {value:8.0f}  {value - before:+8.0f}")
            before = value


if __name__ == "__main__":
    main()
