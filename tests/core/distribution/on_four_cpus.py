"""What the tests of this directory look at, computed in one process: logical CPUs are made before TensorFlow starts.

    python on_four_cpus.py DIRECTORY

writes DIRECTORY/found.json.
"""

import contextlib
import functools
import json
import sys
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import eagerloop
from eagerloop import loop, use
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import settings_of
from eagerloop.distribution.replicas import Replicas
from eagerloop.errors import EagerloopError
from eagerloop.running.opening import create

OPTIMIZERS = (
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "keras_adam", "lamb", "lion", "muon", "nadam",
    "rmsprop", "schedule_free_adamw", "sgd",
)  # fmt: skip

random = np.random.default_rng(1)
X, Y = random.normal(size=(23, 3)).astype("float32"), random.normal(size=(23, 1)).astype("float32")


def on(replicas):
    """The keywords for so many replicas."""
    return {"strategy": "mirrored", "devices": [f"cpu:{number}" for number in range(replicas)]} if replicas > 1 else {}


def rows(run):
    """The history without the clock."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in run.history]


def bits(run):
    """The bytes of every variable, as text."""
    return {name: variable.numpy().tobytes().hex() for name, variable in run.variables().items()}


def arrays(**options):
    """Rows of three numbers: 23 in batches of 9, 9 and 5."""
    return eagerloop.ArrayDataset((X, Y), (X[:9], Y[:9]), (X[9:16], Y[9:16]), **{"batch_size": 9} | options)


@functools.cache
def scratch():
    """A directory for all runs."""
    return Path(tempfile.mkdtemp(dir=sys.argv[1]))


def train(replicas=1, **keywords):
    """A run on so many replicas, which is not saved unless a checkpointer is named."""
    options = {"checkpointer": "none", **on(replicas), **keywords}
    return eagerloop.train(directory=tempfile.mkdtemp(dir=scratch()), **options)


def refusal(**keywords):
    """What eagerloop says to something that cannot be done."""
    try:
        train(**{"dataset": arrays(), "model": "linear", "epochs": 1} | keywords)
    except EagerloopError as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


class Masks(keras.Model):
    """Answers with what is left of its inputs, so that its predictions show which were dropped."""

    def __init__(self):
        super().__init__()
        self.dropout = keras.layers.Dropout(0.5)

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x, training=False):
        return self.dropout(x, training=training) * self.scale


def one_device(*given):
    """A step that says nothing of replicas."""
    return loop.train_step(*given)


class Distributed:
    """The loop's own step with a figure, which may be distributed."""

    distributed = True

    def __call__(self, model, loss, optimizer, x, y):
        step = loop.train_step(model, loss, optimizer, x, y)
        return step._replace(figures={"mean_x": tf.reduce_mean(x)})


class Watcher:
    """Keeps the predictions and the gradients of every step."""

    def __init__(self):
        self.predictions, self.gradients = [], []

    def on_step_end(self, step):
        self.predictions.append(step.predictions.numpy().tolist())
        self.gradients.append([tf.convert_to_tensor(gradient).numpy().tolist() for gradient in step.gradients])


def two_cpus():
    """A strategy that a user made."""
    return tf.distribute.MirroredStrategy(["cpu:1", "cpu:2"], cross_device_ops=tf.distribute.ReductionToOneDevice())


def histories():
    """The guide, and an mlp on a table with validation and metrics, on 1, 2 and 4 replicas, eager and compiled."""
    table = scratch() / "table.csv"
    lines = [",".join(f"{value:.4f}" for value in (*x, *y)) for x, y in zip(X, Y, strict=True)]
    table.write_text("a,b,c,d\n" + "\n".join(lines) + "\n")
    csv = use("csv", path=str(table), target="d", batch_size=9, validation_fraction=0.2)
    guide = {"model": use("iris", rate=0.0), "dataset": use("iris", batch_size=50), "epochs": 10}
    own = {"dataset": arrays(), "model": "linear", "step": Distributed(), "epochs": 2}
    two = {"dense1": use("adam", global_clipnorm=0.01), "rest": use("sgd", learning_rate=0.001)}
    paths = {"dataset": arrays(), "model": use("iris", rate=0.0), "optimizer": two, "epochs": 2}
    mlp = {"model": use("mlp", hidden=[8]), "dataset": csv, "metrics": ["rmse", "r2"], "epochs": 3}
    found = {}
    for name, keywords, cases in (
        ("guide", guide, [(1, False), (2, False), (4, False), (2, True), (4, True)]),
        ("own", own, [(1, False), (4, False), (2, True)]),
        ("paths", paths, [(1, False), (2, False), (2, True)]),
        ("outputs", outputs(), [(1, False), (2, False), (2, True)]),
        ("mlp", mlp, [(1, False), (2, True), (4, False)]),
    ):
        for replicas, compiled in cases:
            run = train(replicas, compile=compiled, **keywords)
            found[f"{name} {replicas} {run.stride.grain}"] = rows(run)
    return found


def outputs():
    """Two outputs, a loss and a metric for each."""
    code = scratch() / "two.py"
    code.write_text(
        "import keras\n\n\ndef two():\n    x = keras.Input((3,))\n"
        "    return keras.Model(x, {'a': keras.layers.Dense(1)(x), 'b': keras.layers.Dense(2)(x)})\n"
    )
    y = {"a": Y, "b": X[:, :2]}
    first, last = ((X[part], {name: one[part] for name, one in y.items()}) for part in (slice(0, 23), slice(0, 9)))
    loss, metrics = {"a": "mse", "b": use("mae", weight=0.5)}, {"a": "mae", "b": "rmse"}
    data = eagerloop.ArrayDataset(first, last, last, batch_size=9)
    return {"dataset": data, "model": f"{code}:two", "loss": loss, "metrics": metrics, "epochs": 2}


WEIGHTS = random.uniform(0.2, 2, size=23).astype("float32")
KINDS = random.integers(0, 3, size=23).astype("int32")


def two_heads():
    """Two inputs, two outputs."""
    one, other = keras.Input((1,), name="one"), keras.Input((2,), name="other")
    joined = keras.layers.Dense(4, activation="tanh")(keras.layers.Concatenate()([one, other]))
    outputs = {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(3)(joined)}
    return keras.Model({"one": one, "other": other}, outputs)


def weighted_losses(y_true, y_pred, sample_weight):
    """A loss of structures and weights, and a figure."""
    of_age = tf.reduce_mean(sample_weight * tf.square(y_true["age"] - y_pred["age"])[:, 0])
    of_kind = tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"])
    return of_age + tf.reduce_mean(sample_weight * of_kind), {"age_loss": of_age}


def wider():
    """Weights of rows, and dicts of inputs and outputs with weights, on one device and on two replicas."""
    whole = (X, Y, WEIGHTS)
    inputs, targets = {"one": X[:, :1], "other": X[:, 1:]}, {"age": Y, "kind": KINDS}
    weights = {"model": use("mlp", hidden=[4]), "loss": "mse", "metrics": ["mae"]}
    weights["dataset"] = eagerloop.ArrayDataset(whole, whole, whole, batch_size=9)
    several = (inputs, targets, WEIGHTS)
    dicts = {"model": use(f"{__file__}:two_heads"), "loss": weighted_losses}
    dicts["dataset"] = eagerloop.ArrayDataset(several, several, several, batch_size=9)
    found = {}
    for name, keywords in (("weights", weights), ("dicts", dicts)):
        for replicas, compiled in ((1, False), (2, False), (2, True)):
            run = train(replicas, compile=compiled, epochs=2, **keywords)
            found[f"{name} {replicas} {run.stride.grain}"] = rows(run)
    return found


class OfRagged(tf.Module):
    """Answers to ragged rows with ragged rows."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.5)

    def __call__(self, x, training=False):
        return tf.ragged.map_flat_values(lambda values: self.scale * values, x)


def ragged_refusal():
    """What is said of answers that are ragged."""
    x = tf.ragged.constant([[1.0, 2.0], [3.0], [4.0], [5.0, 6.0]])
    data = tf.data.Dataset.from_tensor_slices((x, tf.reduce_sum(x, axis=1))).batch(4)
    loss = lambda y_true, y_pred: tf.reduce_mean(tf.square(tf.reduce_sum(y_pred, axis=1) - y_true))  # noqa: E731
    return refusal(replicas=2, dataset=(data, data), model=use(f"{__file__}:OfRagged"), loss=loss)


def steps():
    """Single steps: gradients of an uneven batch, of a batch with fewer rows than replicas, and the masks of Dropout."""
    found = {}
    for name, replicas in (("one", 1), ("four", 4)):
        watcher = Watcher()
        data = arrays(batch_size=22)  # 22 rows, then one: 5, 6, 5 and 6 for each replica, then 0, 0, 0 and 1
        train(replicas, dataset=data, model=use("mlp", hidden=[4]), epochs=1, observers=[watcher])
        found[name] = {"gradients": watcher.gradients, "predictions": watcher.predictions}
    ones = np.ones((8, 5), np.float32)
    data = eagerloop.ArrayDataset((ones, ones), (ones, ones), batch_size=8)
    for name in ("masks", "masks again"):
        watcher = Watcher()
        make = use(f"{__file__}:Masks")
        run = train(2, dataset=data, model=make, optimizer=use("sgd", learning_rate=0.0), epochs=2, observers=[watcher])
        found[name] = watcher.predictions
        found[f"{name} seeds"] = [v.numpy().tolist() for key, v in run.variables().items() if "seed" in key]
    return found


def resumed():
    """A run of the guide, Dropout and all, stopped in the middle of an epoch on 2 replicas and resumed on 2, 1 and 4."""
    found = {}

    class Stop:
        def on_step_end(self, run):
            if run.position.step == 4:
                run.stop("enough")

    for rate, others in ((0.5, [2]), (0.0, [1, 4])):
        keywords = {"model": use("iris", rate=rate), "dataset": use("iris", batch_size=50), "epochs": 2, "checkpointer": "npz"}
        whole = train(2, **keywords)
        found[f"whole {rate}"] = {"rows": rows(whole), "bits": bits(whole)}
        for replicas in others:
            stopped = train(2, observers=[Stop()], **keywords)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                run = eagerloop.resume(
                    stopped.directory, observers=[], **({"strategy": "one"} if replicas == 1 else on(replicas))
                )
            found[f"resumed on {replicas}"] = {
                "stopped": stopped.position.step, "rows": rows(run), "bits": bits(run), "told": [str(t.message) for t in told]
            }  # fmt: skip
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found[f"resumed on {replicas}"]["loaded"] = eagerloop.load(run.directory).evaluate()
            found[f"resumed on {replicas}"]["told when loaded"] = [str(t.message) for t in told]
    return found


def not_finite():
    """Nan in a row that the second of two replicas gets, in the second batch."""
    bad = X.copy()
    bad[16, 1] = np.nan
    found = {}
    for compiled in (False, True):
        data = tf.data.Dataset.from_tensor_slices((bad, Y)).batch(9)
        keywords = {"dataset": (data, data), "model": "linear", "compile": compiled, "epochs": 1, **on(2)}
        run = create(settings_of(keywords), Path(tempfile.mkdtemp(dir=scratch())))
        try:
            run.train()
        except EagerloopError as error:
            updates, finite = int(run.optimizer.iterations.numpy()), all(map(np.isfinite, np.ravel(run.model.get_weights()[0])))
            found[run.stride.grain] = [type(error).__name__, str(error), updates, bool(finite)]
    data = tf.data.Dataset.from_tensor_slices((bad, Y)).batch(9)
    run = train(2, dataset=(data, data), model="linear", on_nonfinite="skip", epochs=1)
    found["skipped"] = [run.history[0]["skipped"], int(run.optimizer.iterations.numpy())]
    return found


def normalised(*, synchronized: bool = False):
    """BatchNorm on the inputs, then a sum that cannot learn much."""
    normalization = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.0, synchronized=synchronized)
    return keras.Sequential([keras.Input((1,)), normalization])


def averages():
    """The moving averages of BatchNorm after a step on the rows 0, 2 and 4, 10."""
    x = np.array([[0.0], [2.0], [4.0], [10.0]], np.float32)
    data = eagerloop.ArrayDataset((x, x), (x, x), batch_size=4)
    found = {}
    for name, replicas, synchronized in (("one", 1, False), ("shares", 2, False), ("synchronized", 2, True)):
        watcher = Watcher()
        model = use(f"{__file__}:normalised", synchronized=synchronized)
        run = train(replicas, dataset=data, model=model, epochs=1, observers=[watcher])
        kept = {v.path.split("/")[-1]: float(v.numpy()[0]) for v in run.model.non_trainable_variables}
        found[name] = {"kept": kept, "predictions": np.ravel(watcher.predictions[0]).tolist()}
    return found


def updates():
    """The variables after two updates with every built-in optimizer, on one device and on two replicas."""
    catalog, replicas = Catalog.load(), Replicas(two_cpus())
    found = {}
    special = {"gradient_accumulation_steps": 2}, {"global_clipnorm": 0.01}, {"use_ema": True, "ema_overwrite_frequency": 2}
    cases = [(repr(choice), dense, choice) for choice in map(use, OPTIMIZERS)]
    cases += [(repr(options), dense, use("sgd", **options)) for options in special] + [("embedding", embedding, use("adam"))]
    for name, make, choice in cases:
        for train_step, scope in ((loop.train_step, contextlib.nullcontext()), (replicas.train_step, replicas.scope())):
            keras.utils.set_random_seed(0)
            with scope:
                model = make()
                optimizer = catalog.find("optimizer", choice.part).factory(**choice.options)
                optimizer.build(model.trainable_variables)
            for rows_in_batch in (16, 7):
                train_step(model, keras.losses.MeanSquaredError(), optimizer, X[:rows_in_batch], Y[:rows_in_batch])
            values = np.concatenate([variable.numpy().ravel() for variable in model.trainable_variables])
            found.setdefault(name, []).append(values.tolist())
    return found


def dense():
    """A linear model."""
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


def embedding():
    """A model whose gradients are sparse: they name the rows of a table that the batch has used."""
    layers = [keras.layers.Embedding(8, 2), keras.layers.Flatten(), keras.layers.Dense(1)]
    whole = keras.layers.Lambda(lambda x: tf.cast(tf.math.floormod(x * 10, 8), tf.int32))
    return keras.Sequential([keras.Input((3,)), whole, *layers])


def refusals():
    """What cannot be distributed, or not so."""
    summed = lambda y_true, y_pred: tf.reduce_sum(tf.square(y_true - y_pred))  # noqa: E731
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    parameter_server = tf.distribute.OneDeviceStrategy("cpu:0")
    return {
        "loss": refusal(replicas=2, loss=summed),
        "model": refusal(replicas=2, model=dense),
        "optimizer": refusal(replicas=2, optimizer=keras.optimizers.SGD(0.1)),
        "accumulation": refusal(replicas=2, optimizer=use("sgd", gradient_accumulation_steps=2), compile=True),
        "step": refusal(replicas=2, step=one_device),
        "jit": refusal(replicas=2, jit=True),
        "object": refusal(strategy=parameter_server),
        "devices": refusal(devices=["cpu:0"]),
        "gpu": refusal(strategy="mirrored", devices=["gpu:0"]),
        "twice": refusal(strategy="mirrored", devices=["cpu:0", "cpu:0"]),
        "name": refusal(strategy="mirrored", devices=["processor"]),
        "cluster": refusal(strategy="multi-worker"),
        "ragged": ragged_refusal(),
        "late": refusal(strategy="mirrored", devices=["cpu:0", "cpu:7"]),
    }


def given_object():
    """A strategy that the user made, with a model made in its scope."""
    strategy = two_cpus()
    with strategy.scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    run = train(dataset=arrays(), model=model, strategy=strategy, epochs=1)
    chosen = run.parts.settings
    return [chosen.strategy, chosen.devices, run.parts.run_toml["replicas"], str(run.step(X[:5], Y[:5]).x.shape)]


def main():
    """Computes everything."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 4)
    tf.get_logger().setLevel("ERROR")  # that it is slow without a graph, five times
    work = (histories, wider, steps, resumed, not_finite, averages, updates, refusals, given_object)
    found = {function.__name__: function() for function in work}
    (Path(sys.argv[1]) / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
