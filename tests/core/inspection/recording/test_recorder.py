"""A recorded step: its numbers worked out again in NumPy, and the run as if nobody had looked."""

import random
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop import loop
from eagerloop.choices.settings import settings_of
from eagerloop.errors import ConfigError, PluginError
from eagerloop.inspection.recording.loss_facts import baseline
from eagerloop.inspection.step_record import StepRecord
from eagerloop.running.opening import create

X = np.random.default_rng(3).normal(size=(12, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
COUNTED = """
import keras

COUNT = []

def model():
    COUNT.append(1)
    return keras.Sequential([keras.layers.Dense(1)])
"""

CLASSES = (X[:, 0] > 0).astype("int32")


def rows(y=Y, batch_size=6):
    return eagerloop.ArrayDataset((X, y), (X, y), batch_size=batch_size)


def made(directory, **chosen):
    return create(settings_of({"seed": 42, "checkpointer": "none", **chosen}), directory / "run")


def first_batch(run):
    return next(iter(run.dataset.train(1, 0)))


def looked_at(directory, **chosen):
    run = made(directory, **chosen)
    return run.inspect(*first_batch(run), findings=False)


def everything(run):
    """All that a run is, as bits."""
    generators = (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    values = {name: np.array(variable.numpy()).tobytes() for name, variable in run.variables().items()}
    return values, generators, vars(run.position).copy(), run.tally.sums()


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The third step of the guide's run: Adam's averages are not 0 any more."""
    run = made(tmp_path_factory.mktemp("guide"))
    batches = list(run.dataset.train(1, 0))
    for x, y in batches[:2]:
        run.step(x, y)
    return run.inspect(*batches[2], operations=True)


@pytest.mark.long
def test_all_records_are_made_by_one_code(tmp_path):
    """TensorFlow keeps some ten kilobytes for each code that calls it: whoever watches for days must not make new ones."""
    callers = []

    def loss(y_true, y_pred):
        callers.append(sys._getframe(2).f_code)  # past loop.loss_of
        return tf.reduce_mean(tf.square(y_true - y_pred))

    run = made(tmp_path, loss=loss)
    batch = first_batch(run)
    for _time in range(3):
        run.inspect(*batch)
    marked = [code for code in callers if code.co_name == "train_step"]
    assert len(marked) >= 3
    assert len({id(code) for code in callers}) == len(set(callers))
    before = {id(code) for code in callers}
    run.inspect(*batch)
    assert {id(code) for code in callers} == before


def test_the_factories_are_asked_once(tmp_path):
    """A model that is made anew leaves names and layers in Keras: it is made once, and not for each record."""
    Path("counted.py").write_text(COUNTED)
    run = made(tmp_path, model="counted.py:model")
    for _time in range(3):
        run.inspect(*first_batch(run))
    made_by = next(origin.factory for words, origin in run.parts.origins.items() if words.startswith("model "))
    assert made_by.__globals__["COUNT"] == [1, 1]


def test_forward_pass_of_the_guide_by_hand(guide):
    """Every layer's output and the loss, in float64, with the mask that Dropout drew."""
    value = {variable.name: np.asarray(variable.value, np.float64) for variable in guide.variables}
    x, y = np.asarray(guide.x, np.float64), np.asarray(guide.y, np.float64)
    mask = np.asarray(guide["dropout"].output) != 0

    hidden = x @ value["dense1/kernel"] + value["dense1/bias"]
    dropped = hidden * mask * 2
    predictions = dropped @ value["dense2/kernel"] + value["dense2/bias"]

    assert 0.3 < mask.mean() < 0.7
    np.testing.assert_allclose(guide["dense1"].output, hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(guide["dropout"].output, dropped, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(guide.predictions, predictions, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(guide.row_losses, ((predictions - y) ** 2)[:, 0], rtol=1e-5)
    assert guide.loss == pytest.approx(np.mean((predictions - y) ** 2), rel=1e-5)
    assert guide.baseline == pytest.approx(np.var(y), rel=1e-5)


def test_gradients_of_the_guide_by_hand(guide):
    """The chain rule, layer by layer, for the outputs and for the variables."""
    x, y, predictions = (np.asarray(part, np.float64) for part in (guide.x, guide.y, guide.predictions))
    kernel = np.asarray(guide["dense2/kernel"].value, np.float64)
    dropped = np.asarray(guide["dropout"].output, np.float64)

    of_predictions = 2 * (predictions - y) / len(y)
    of_dropped = of_predictions @ kernel.T
    of_hidden = of_dropped * (dropped != 0) * 2
    expected = {
        "dense2/kernel": dropped.T @ of_predictions,
        "dense2/bias": of_predictions.sum(axis=0),
        "dense1/kernel": x.T @ of_hidden,
        "dense1/bias": of_hidden.sum(axis=0),
        "dense2": of_predictions,
        "dropout": of_dropped,
        "dense1": of_hidden,
    }

    for name, gradient in expected.items():
        np.testing.assert_allclose(guide[name].gradient, gradient, rtol=1e-5, atol=1e-6, err_msg=name)


def test_updates_of_the_guide_by_hand(guide):
    """Adam's averages, step and new weights, from the paper, in float64; 1 - beta_2 is the float32 that the kernel has."""
    assert guide.iterations == 2
    assert guide.optimizer["class"] == "Adam"
    rate, beta_1, beta_2, epsilon = (guide.optimizer[name] for name in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    for variable in guide.variables:
        gradient = np.asarray(variable.gradient, np.float64)
        (m, new_m), (v, new_v) = (
            [np.asarray(part, np.float64) for part in variable.slots[slot]] for slot in ("momentum", "velocity")
        )
        m, v = beta_1 * m + (1 - beta_1) * gradient, beta_2 * v + float(1 - np.float32(beta_2)) * gradient**2
        length = rate * np.sqrt(1 - beta_2**3) / (1 - beta_1**3)
        update = -length * m / (np.sqrt(v) + epsilon)

        np.testing.assert_allclose(new_m, m, rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(new_v, v, rtol=1e-5, atol=1e-8)
        value, recorded = np.asarray(variable.value, np.float64), np.asarray(variable.update, np.float64)
        np.testing.assert_allclose(value + recorded, value + update, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(recorded, update, rtol=1e-4, atol=1e-7)  # the difference of two float32 has fewer digits
        assert variable.ratio == pytest.approx(variable.update.norm / variable.value.norm)


def test_summaries_are_those_of_the_values(guide):
    """Each figure is what NumPy says of the array beside it."""
    values = guide["dropout"].output
    array = np.asarray(values, np.float64)
    figures = (values.minimum, values.mean, values.maximum, values.deviation, values.norm, values.zeros)
    assert figures == pytest.approx(
        (array.min(), array.mean(), array.max(), array.std(), np.sqrt((array**2).sum()), (array == 0).mean())
    )
    assert sum(values.counts) == array.size
    assert len(values.edges) == len(values.counts) + 1


def test_lines_are_the_loops_own(guide):
    """Number, text and time of each line of train_step; the docstring is left out."""
    source = Path(loop.__file__).read_text().splitlines()
    assert guide.file == "eagerloop/loop.py"
    assert all(source[line.number - 1] == line.text for line in guide.lines)
    assert guide.lines[0].text.startswith("def train_step(")
    assert guide.lines[-1].text.strip().startswith("return Step(")
    forward = next(line for line in guide.lines if "predictions = model(" in line.text)
    assert forward.seconds > 0
    assert guide.lines[0].seconds == 0
    assert 0 < sum(line.seconds for line in guide.lines) < 5


def test_operations_have_line_and_layer(guide):
    """The two matrix products of the forward pass ran in the line that calls the model, each in its layer."""
    forward = next(line.number for line in guide.lines if "predictions = model(" in line.text)
    products = [operation for operation in guide.operations if operation.name == "MatMul" and operation.line == forward]
    assert [operation.layer for operation in products] == ["dense1", "dense2"]
    assert products[0].inputs == ("(10, 3) float32", "(3, 32) float32")
    assert products[0].outputs == ("(10, 32) float32",)
    update = next(line.number for line in guide.lines if "apply_gradients" in line.text)
    assert sum(operation.name == "ResourceApplyAdam" and operation.line == update for operation in guide.operations) == 4


def test_differences_agree_with_the_gradients(guide):
    """One weight a variable, the one with the largest gradient: (loss(w + h) - loss(w - h)) / 2h is what the tape says."""
    assert [check.variable for check in guide.differences] == [variable.name for variable in guide.variables]
    for check in guide.differences:
        gradient = np.asarray(guide[check.variable].gradient)
        assert check.gradient == gradient[check.index] == gradient.flat[np.argmax(np.abs(gradient))]
        assert check.difference == pytest.approx(check.gradient, rel=1e-3)


def test_the_same_batch_again_has_a_smaller_loss(guide):
    """The loss after the update is that of the new weights under the same mask, by hand."""
    new = {variable.name: np.asarray(variable.value, np.float64) + variable.update.array for variable in guide.variables}
    hidden = np.asarray(guide.x, np.float64) @ new["dense1/kernel"] + new["dense1/bias"]
    dropped = hidden * (np.asarray(guide["dropout"].output) != 0) * 2
    predictions = dropped @ new["dense2/kernel"] + new["dense2/bias"]
    assert guide.loss_after == pytest.approx(np.mean((predictions - np.asarray(guide.y)) ** 2), rel=1e-5)
    assert guide.loss_after < guide.loss


class Drawing(tf.Module):
    """Draws from every generator that there is, and counts its calls in Python."""

    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(tf.ones([4, 1]), name="weights")
        self.generator = tf.random.Generator.from_seed(7)
        self.calls, self.seen = 0, []

    def __call__(self, x, training):
        self.calls += 1
        self.seen.append(self.calls)
        self.newest = x
        if training:
            shape = tf.shape(x)
            noise = self.generator.normal(shape) + tf.random.normal(shape) + keras.random.normal(x.shape)
            x = x + noise * random.random() * np.random.uniform()  # noqa: NPY002, S311
        return x @ self.weights


class Counting:
    """Gradient descent with momentum, its state made in its first step, its count a plain number."""

    def __init__(self):
        self.steps, self.rate, self.slots = 0, 0.05, {}

    @property
    def variables(self):
        return list(self.slots.values())

    def apply_gradients(self, grads_and_vars):
        self.steps += 1
        for gradient, variable in grads_and_vars:
            slot = self.slots.setdefault(variable.name, tf.Variable(tf.zeros(variable.shape)))
            slot.assign(0.9 * slot + gradient)
            variable.assign_sub(self.rate / self.steps * slot)


def normalised():
    return keras.Sequential(
        [
            keras.layers.Dense(5, kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(1),
        ]
    )


RUNS = {
    "guide": {},
    "compiled": {"compile": True},
    "half precision": {"precision": "mixed_float16"},
    "every generator": {"dataset": rows, "model": Drawing, "optimizer": Counting},
    "averages": {"dataset": rows, "model": normalised, "optimizer": lambda: eagerloop.use("sgd", momentum=0.9)},
}


@pytest.mark.sweep(1)
@pytest.mark.parametrize("chosen", RUNS.values(), ids=RUNS)
def test_a_run_goes_on_as_if_nobody_had_looked(chosen, tmp_path):
    """Losses, weights, averages, optimizer, seeds and generators are bit-identical with and without inspection."""
    ends = []
    for looking in (False, True):
        keras.utils.set_random_seed(1)  # for the parts that are made here
        parts = {kind: part() if callable(part) else part for kind, part in chosen.items()}
        run = made(tmp_path / str(looking), **parts)
        losses = []
        for x, y in list(run.dataset.train(1, 0))[:3]:
            if looking:
                before = everything(run)
                run.inspect(x, y, operations=True, findings=not chosen)
                assert everything(run) == before
            losses.append(run.train_step(run.model, run.loss, run.optimizer, x, y).loss.numpy().tobytes())
        draws = [draw.numpy().tobytes() for draw in (tf.random.normal([2]), keras.random.normal([2]))]
        ends.append((losses, draws, everything(run), getattr(run.optimizer, "steps", None), getattr(run.model, "seen", None)))
    assert ends[0] == ends[1]


def test_a_trained_run_has_the_same_history_if_it_is_looked_at_all_the_way(tmp_path):
    """An observer that inspects every fifth step changes no figure of the history."""

    class Looking:
        def __init__(self):
            self.records = []

        def on_step_end(self, run, step):
            if run.position.step % 5 == 0:
                self.records.append(run.inspect(step.x, step.y, findings=False, differences=False))

    looking = Looking()
    plain = made(tmp_path / "plain", epochs=1).train()
    watched = made(tmp_path / "watched", epochs=1, observers=[looking]).train()
    assert [record.step for record in looking.records] == [6, 11]
    assert [row | {"seconds": 0} for row in plain.history] == [row | {"seconds": 0} for row in watched.history]
    assert everything(plain)[0] == everything(watched)[0]


class Falling(tf.Module):
    """Raises at its third call while training: in the middle of a recorded step."""

    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.generator = tf.random.Generator.from_seed(7)
        self.falls = False

    def __call__(self, x, training):
        y = self.inner(x) + self.generator.normal([1])
        if self.falls:
            random.random()  # noqa: S311
            msg = "fell"
            raise RuntimeError(msg)
        return y


class Inner(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(tf.ones([4, 1]), name="weights")

    def __call__(self, x):
        return x @ self.weights


def test_everything_is_put_back_when_the_model_raises(tmp_path):
    """The error passes; classes, switches, callbacks, variables and generators are as they were."""
    from tensorflow.python.eager import context

    run = made(tmp_path, dataset=rows(), model=Falling())
    x, y = first_batch(run)
    run.model.falls = True
    before = everything(run), run.model.generator.state.numpy().tolist()
    classes = Inner.__call__, keras.layers.Layer.__call__, tf.GradientTape.gradient
    with pytest.raises(RuntimeError, match="fell"):
        run.inspect(x, y, operations=True)
    assert (everything(run), run.model.generator.state.numpy().tolist()) == before
    assert (Inner.__call__, keras.layers.Layer.__call__, tf.GradientTape.gradient) == classes
    assert not tf.config.functions_run_eagerly()
    assert not context.context().op_callbacks


def test_nothing_stays_installed(tmp_path):
    """After a record, Keras's layers are called by Keras's own function."""
    call = vars(keras.layers.Layer)["__call__"]
    looked_at(tmp_path)
    assert vars(keras.layers.Layer)["__call__"] is call


def test_layers_inside_layers_and_layers_called_twice(tmp_path):
    """Each call is an entry, in the order of their beginnings, under a name that does not depend on the process."""

    class Nested(keras.Model):
        def __init__(self):
            super().__init__()
            self.block = keras.Sequential([keras.layers.Dense(3, activation="relu"), keras.layers.BatchNormalization()])
            self.shared = keras.layers.Dense(3)
            self.both = keras.layers.Add()
            self.last = keras.layers.Dense(1, name="answer")

        def call(self, x, training=False):
            hidden = self.block(x, training=training)
            return self.last(self.both([self.shared(hidden), self.shared(hidden)]))

    record = looked_at(tmp_path, dataset=rows(), model=Nested())
    assert [layer.name for layer in record.layers] == [
        "sequential",
        "sequential/dense",
        "sequential/batch_normalization",
        "dense",
        "dense (2)",
        "add",
        "answer",
    ]
    assert [len(layer.inputs) for layer in record.layers] == [1, 1, 1, 1, 1, 2, 1]
    assert record["sequential/dense"].activation == "relu"
    assert record["sequential"].variables == ()
    assert record["dense"].variables == record["dense (2)"].variables == ("dense/kernel", "dense/bias")
    np.testing.assert_allclose(record["dense"].gradient, record["add"].gradient)
    moving = record["sequential/batch_normalization/moving_mean"]
    inputs = np.asarray(record["sequential/dense"].output)
    assert not moving.trainable
    assert moving.gradient is None
    np.testing.assert_allclose(moving.update, 0.01 * inputs.mean(axis=0), rtol=1e-5)


def test_modules_and_foreign_optimizers(tmp_path):
    """The layers of a tf.Module have the names of their attributes; a lazy optimizer's slots begin at nothing."""
    run = made(tmp_path, dataset=rows(), model=Falling(), optimizer=Counting())
    record = run.inspect(*first_batch(run), findings=False)
    weights = record["inner/weights"]
    assert [layer.name for layer in record.layers] == ["inner"]
    assert record["inner"].kind == "Inner"
    assert list(record.seeds) == ["generator"]
    ((before, after),) = weights.slots.values()
    np.testing.assert_array_equal(before, np.zeros([4, 1]))
    np.testing.assert_array_equal(after, weights.gradient)
    np.testing.assert_allclose(weights.update, -0.05 * np.asarray(weights.gradient), rtol=1e-5)
    assert record.optimizer == {"class": "Counting", "steps": 0, "rate": 0.05}
    assert run.optimizer.slots == {}


def test_half_precision_gradients_are_those_of_the_loss(tmp_path):
    """What the optimizer scales up is scaled down again: float32 and float16 agree as far as float16 goes."""
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32") / 10
    data = eagerloop.ArrayDataset((x, x[:, :1]), (x, x[:, :1]), batch_size=6, shuffle=False)
    whole, half = (
        looked_at(tmp_path / precision, dataset=data, model="linear", precision=precision)
        for precision in ("float32", "mixed_float16")
    )
    assert half["dense"].output.dtype == "float16"
    assert half.optimizer["loss_scale"] == 32768.0
    assert half.optimizer["class"] == "Adam"
    assert half["dense/kernel"].value.dtype == "float32"
    np.testing.assert_allclose(half["dense/kernel"].gradient, whole["dense/kernel"].gradient, rtol=2e-2)
    np.testing.assert_allclose(half["dense"].gradient, whole["dense"].gradient, rtol=2e-2)
    assert set(half["dense/kernel"].slots) == {"momentum", "velocity"}


def test_penalties_are_those_of_before_the_update(tmp_path):
    """0.01 times the sum of the squared weights, before the step; they are a part of the loss and not of the rows'."""
    record = looked_at(tmp_path, dataset=rows(), model=normalised())
    weights = np.asarray(record["dense/kernel"].value, np.float64)
    assert record.penalties == pytest.approx([0.01 * (weights**2).sum()], rel=1e-5)
    assert record.loss == pytest.approx(np.asarray(record.row_losses).mean() + record.penalties[0], rel=1e-5)


@pytest.mark.parametrize(
    ("y", "loss", "outputs"),
    [
        (CLASSES, keras.losses.SparseCategoricalCrossentropy(from_logits=True), 2),
        (CLASSES, keras.losses.SparseCategoricalCrossentropy(from_logits=False), 2),
        (np.eye(2, dtype="float32")[CLASSES], keras.losses.CategoricalCrossentropy(from_logits=True), 2),
        (CLASSES.astype("float32")[:, None], keras.losses.BinaryCrossentropy(from_logits=True), 1),
        (CLASSES.astype("float32")[:, None], keras.losses.BinaryCrossentropy(from_logits=False), 1),
    ],
    ids=["class numbers", "probabilities", "one-hot", "yes or no", "probability of yes"],
)
def test_baseline_of_classes_is_the_entropy_of_their_shares(y, loss, outputs):
    """Whether the loss takes logits or probabilities."""
    share = CLASSES.mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    found = baseline(loss, ((), tf.constant(y)), tf.zeros([len(y), outputs]), "classification")
    assert found == pytest.approx(entropy, rel=1e-4)
    assert baseline(keras.losses.Hinge(), ((), tf.constant(y)), tf.zeros([len(y), 7]), "classification") is None


def test_a_loss_without_rows_or_baseline(tmp_path):
    """A loss that refuses a batch of one row has no losses of rows; one of another kind of class has no baseline."""

    def spread(y_true, y_pred):
        tf.debugging.assert_greater(len(y_pred), 1)
        return tf.math.reduce_variance(tf.cast(y_true, tf.float32) - y_pred[:, 0])

    record = looked_at(tmp_path, dataset=rows(CLASSES), model="mlp", loss=spread, metrics=[])
    assert record.row_losses is None
    assert record.baseline is None


def test_large_arrays_are_summaries(tmp_path):
    """Over 10,000 elements there is a histogram of every element and no array."""
    record = looked_at(tmp_path, dataset=rows(), model=eagerloop.use("mlp", hidden=[101, 100]))
    kernel = record["dense2/kernel"].value
    assert kernel.shape == (101, 100)
    assert kernel.array is None
    assert sum(kernel.counts) == 10_100
    with pytest.raises(ConfigError, match=r"of the array \(101, 100\) only the summary is kept"):
        np.asarray(kernel)
    assert record["dense1/kernel"].value.array is not None
    assert len(record.to_json()) < 600_000


def test_a_table_from_a_file_and_pipelines(tmp_path):
    """Datasets of the other kinds: a CSV file with names and classes, and a pair of tf.data pipelines."""
    table = tmp_path / "flowers.csv"
    table.write_text("length,width,kind\n" + "\n".join(f"{i},{i % 5},{'ab'[i % 2]}" for i in range(30)))
    record = looked_at(tmp_path / "csv", dataset=eagerloop.use("csv", path=str(table), target="kind", batch_size=8), epochs=1)
    assert record.features == ("length", "width")
    assert record.classes == ("a", "b")
    assert record.task == "classification"
    pipeline = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    assert looked_at(tmp_path / "pipelines", dataset=(pipeline, pipeline)).x.shape == (4, 4)


def own_step(model, loss, optimizer, x, y):
    """A student's: it forgets that it trains."""
    with tf.GradientTape() as tape:
        predictions = model(x)
        value = 2 * loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    print("stepped")  # noqa: T201
    return eagerloop.Step(x, y, predictions, value, gradients)


def test_a_step_of_ones_own(tmp_path, capsys):
    """Its own lines, and its own loss: also where that is evaluated again. It prints once."""
    run = made(tmp_path)
    x, y = first_batch(run)
    record = run.inspect(x, y, train_step=own_step, findings=False)
    assert capsys.readouterr().out == "stepped\n"
    assert record.file == "test_recorder.py"
    assert [line.text.strip() for line in record.lines][2:4] == ["predictions = model(x)", "value = 2 * loss(y, predictions)"]
    assert record.loss == pytest.approx(2 * np.asarray(record.row_losses).mean(), rel=1e-5)
    np.testing.assert_array_equal(record["dropout"].output, record["dense1"].output)
    for check in record.differences:
        assert check.difference == pytest.approx(check.gradient, rel=1e-3)


def test_what_cannot_be_looked_at(tmp_path):
    """A row that is not there, no batch at all, and a step of one's own that returns nothing."""
    run = made(tmp_path)
    x, y = first_batch(run)
    with pytest.raises(ConfigError, match="the batch has no row 10: it has 10, counted from 0"):
        run.inspect(x, y, row=10)
    for row in ("a", 1.5):
        with pytest.raises(ConfigError, match=f"^row must be an integer from 0 to 9; got {row!r}$"):
            run.inspect(x, y, row=row)
    for given in ("a", None, 3.0):
        with pytest.raises(ConfigError, match=rf"^x must be an array of float32, \(n, 3\), .*; got {given!r}$"):
            run.inspect(given, y)
    with pytest.raises(ConfigError, match=r"^y must be an array of float32, \(n, 1\), a row for each of n examples; got dict$"):
        run.inspect(x, {})
    with pytest.raises(ConfigError, match=r"^x and y must have as many rows: x has 10, y has 3$"):
        run.inspect(x, y[:3])
    with pytest.raises(PluginError, match=r"must return an eagerloop.Step .* got NoneType"):
        run.inspect(x, y, train_step=lambda *_parts: None)


def test_layers_that_see_other_rows_than_the_batch(tmp_path):
    """A step in two halves, each of five rows: the last row of the batch is drawn as far as it is known."""

    def in_halves(model, loss, optimizer, x, y):
        for half in (slice(5), slice(5, 10)):
            step = own_step(model, loss, optimizer, x[half], y[half])
        return eagerloop.Step(x, y, step.predictions, step.loss, step.gradients)

    run = made(tmp_path)
    record = run.inspect(*first_batch(run), row=9, train_step=in_halves)
    assert record.predictions.shape == (5, 1)
    assert record["dense1"].output.shape == (5, 32)
    assert "row 9" in str(record)
    assert "row" in record._repr_html_()
    assert StepRecord.from_json(record.to_json()) == record


def test_a_model_of_two_outputs(tmp_path):
    """The record has both, as predictions by name and as layers."""
    x = keras.Input((4,))
    heads = {name: keras.layers.Dense(1, name=name)(x) for name in ("one", "two")}

    def both(y, predictions):
        return tf.add_n([tf.reduce_mean(tf.square(y[:, :1] - predictions[name])) for name in heads])

    record = looked_at(tmp_path, dataset=rows(), model=keras.Model(x, heads), loss=both, metrics=[])
    for name in heads:
        np.testing.assert_array_equal(record.predictions[name], record[name].output)
    assert "two" in str(record)
    assert "two" in record._repr_html_()


def test_a_debugger_sees_the_lines_that_it_would_have_seen(tmp_path):
    """A trace function that was set is still set, and was called for every line of the loop's step."""
    run = made(tmp_path)
    x, y = first_batch(run)
    seen = set()

    def trace(frame, event, argument):
        if frame.f_code.co_filename == loop.__file__ and frame.f_code.co_name == "train_step":
            seen.add((event, frame.f_lineno))
        return trace if frame.f_code.co_filename == loop.__file__ else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        loop.train_step(run.model, run.loss, run.optimizer, x, y)
        plainly, _ = seen.copy(), seen.clear()
        run.inspect(x, y, findings=False)
        still = sys.gettrace()
    finally:
        sys.settrace(before)
    assert still is trace
    assert {number for event, number in plainly if event == "line"} == {number for event, number in seen if event == "line"}
