"""Batches that are more than two tensors: weights of rows, dicts of inputs and outputs, no targets, ragged rows."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.evaluation import evaluate_table
from eagerloop.errors import ConfigError, DataError, PluginError

ROWS = 23
DRAWS = np.random.default_rng(3)
X = DRAWS.normal(size=(ROWS, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5] + 0.1 * DRAWS.normal(size=ROWS)).astype("float32")[:, None]
WEIGHTS = DRAWS.uniform(0, 2, size=ROWS).astype("float32")
CITIES = DRAWS.integers(0, 4, size=(ROWS, 1)).astype("float32")
KINDS = DRAWS.integers(0, 3, size=ROWS).astype("int32")

INPUTS = {"city": CITIES, "size": X}
TARGETS = {"age": Y, "kind": KINDS}


def dense(outputs=1):
    """A small model that begins where any other with this seed does."""
    keras.utils.set_random_seed(5)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(outputs)])


def two_heads():
    """Two inputs, two outputs, as a functional model has them."""
    keras.utils.set_random_seed(5)
    city, size = keras.Input((1,), name="city"), keras.Input((3,), name="size")
    joined = keras.layers.Dense(5, activation="tanh")(keras.layers.Concatenate()([city, size]))
    outputs = {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(3)(joined)}
    return keras.Model({"city": city, "size": size}, outputs)


def both_losses(y_true, y_pred):
    """A loss of structures, and its two terms as figures."""
    of_age = tf.reduce_mean(tf.square(y_true["age"] - y_pred["age"]))
    of_kind = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"]))
    return of_age + 0.5 * of_kind, {"age_loss": of_age, "kind_loss": of_kind}


def weighted_losses(y_true, y_pred, sample_weight):
    """The same with weights."""
    of_age = tf.reduce_mean(sample_weight[:, None] * tf.square(y_true["age"] - y_pred["age"]))
    of_kind = tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"])
    return of_age + 0.5 * tf.reduce_mean(sample_weight * of_kind)


@pytest.fixture
def trained(tmp_path):
    """A run of given parts: four epochs of stochastic gradient descent."""

    def run(data, model, name="run", **options):
        chosen = {"epochs": 4, "checkpointer": "none", "optimizer": keras.optimizers.SGD(0.05), "directory": tmp_path / name}
        return eagerloop.train(dataset=data, model=model, **(chosen | options))

    return run


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_rows_without_weights_count_once_for_a_loss_that_must_have_some(trained, compiled):
    """Only the training has weights; the evaluation is the plain mean, by the loss alone and by the same loss at two paths."""

    def weighed(y_true, y_pred, sample_weight):
        """Squares, which cannot do without weights."""
        return tf.reduce_mean(sample_weight[:, None] * tf.square(y_true - y_pred))

    run = trained(eagerloop.ArrayDataset((X, Y, WEIGHTS), (X, Y), batch_size=5), dense(), loss=weighed, compile=compiled)
    assert run.evaluate()["loss"] == pytest.approx(float(np.mean((run.predict(X) - Y) ** 2)), rel=1e-6)

    twice = {"one": Y, "other": Y}
    inputs = keras.Input((3,))
    model = keras.Model(inputs, {name: keras.layers.Dense(1, name=name)(inputs) for name in twice})
    data = eagerloop.ArrayDataset((X, twice, WEIGHTS), (X, twice), batch_size=5)
    run = trained(data, model, name="by-path", loss=dict.fromkeys(twice, weighed), compile=compiled)
    errors = [np.mean((answers - Y) ** 2) for answers in run.predict(X).values()]
    assert run.evaluate()["loss"] == pytest.approx(float(sum(errors)), rel=1e-6)


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_weights_of_rows_count_as_in_fit(trained, compiled):
    """Loss, weighted metrics and validation are those of Keras's `fit`, the short last batch included."""
    data = eagerloop.ArrayDataset((X, Y, WEIGHTS), (X, Y), (X[:7], Y[:7], WEIGHTS[:7]), batch_size=5)
    ours = trained(data, dense(), loss="mse", metrics=["mae", "r2"], compile=compiled).history
    model = dense()
    model.compile(keras.optimizers.SGD(0.05), "mse", weighted_metrics=["mae"])
    options = {"batch_size": 5, "epochs": 4, "shuffle": False, "verbose": 0}
    theirs = model.fit(X, Y, sample_weight=WEIGHTS, validation_data=(X[:7], Y[:7], WEIGHTS[:7]), **options).history
    for name in ("loss", "mae", "val_loss", "val_mae"):
        np.testing.assert_allclose([row[name] for row in ours], theirs[name], rtol=1e-6)
    weighted_r2 = [row["val_r2"] for row in ours]
    assert all(-10 < value < 1 for value in weighted_r2)


def test_the_weighted_r2_is_that_of_rows_given_as_often(tmp_path):
    """A row of weight 2 counts as two rows, one of weight 0 as none."""
    from eagerloop_plugins.metric.r2 import r2

    weights = np.array([2, 0, 1, 3], "float32")
    known, said = DRAWS.normal(size=(2, 4, 1))
    one, other = r2(), r2()
    one.update_state(known[:1], said[:1], weights[:1])
    one.update_state(known[1:2], said[1:2], weights[1:2])
    one.update_state(known[2:], said[2:], weights[2:])
    again = np.repeat(np.arange(4), weights.astype(int))
    other.update_state(known[again], said[again])
    assert float(one.result()) == pytest.approx(float(other.result()), rel=1e-12)


@pytest.mark.parametrize("name", ["sparse_categorical_accuracy", "accuracy", "auc"])
def test_metrics_that_are_handed_something_else_weigh_the_rows_too(trained, name):
    """A metric that is handed probabilities for logits, say, has its weights with them."""
    y = (Y[:, 0] > 0).astype("int32")
    data = eagerloop.ArrayDataset((X, y, WEIGHTS), (X, y), batch_size=ROWS)
    run = trained(data, dense(2), metrics=[name], epochs=1, optimizer=keras.optimizers.SGD(0.0))
    chances = keras.ops.softmax(run.predict(X))
    theirs = {
        "accuracy": keras.metrics.SparseCategoricalAccuracy,
        "sparse_categorical_accuracy": keras.metrics.SparseCategoricalAccuracy,
        "auc": keras.metrics.AUC,
    }[name]()
    theirs.update_state(y, chances[:, 1] if name == "auc" else chances, sample_weight=WEIGHTS)
    assert run.history[0][name] == pytest.approx(float(theirs.result()), rel=1e-6)


def takes_none(y_true, y_pred):
    """A loss without weights."""
    return tf.reduce_mean(tf.abs(y_true - y_pred))


class Farthest:
    """A metric without weights."""

    name = "farthest"

    def update_state(self, y_true, y_pred):
        self.far = float(np.abs(y_true - y_pred).max())

    def result(self):
        return self.far

    def reset_state(self):
        self.far = 0.0


def test_parts_that_take_no_weights_are_refused_by_name(trained):
    """All of them in one line, before the first step."""
    data = eagerloop.ArrayDataset((X, Y, WEIGHTS), (X, Y), batch_size=5)
    words = "the dataset gives each row a weight, and loss '.*takes_none', metric 'farthest' cannot take it"
    with pytest.raises(ConfigError, match=words):
        trained(data, dense(), loss=takes_none, metrics=[Farthest()])


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (WEIGHTS[:-1], r"x_train, y_train and sample_weight_train must have as many rows, .* \(23, 3\), \(23, 1\) and \(22,\)"),
        (-WEIGHTS, "sample_weight_train must be 0 or more, and not 0 for all rows, got down to -"),
        (0 * WEIGHTS, "not 0 for all rows, got 0 alone"),
        (np.where(WEIGHTS > 1, np.nan, 1), r"sample_weight_train\[\d+\] = nan is not finite"),
        (np.array(["a"] * ROWS), "sample_weight_train must hold numbers"),
    ],
)
def test_weights_that_are_none_are_refused(weights, words):
    """Of another shape, below zero, not finite, text."""
    with pytest.raises(DataError, match=words):
        eagerloop.ArrayDataset((X, Y, weights), (X, Y), batch_size=5)


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_dicts_of_inputs_and_outputs_train_as_in_fit(trained, compiled):
    """Two inputs, two outputs and weights of the losses: the numbers of `fit`, and each loss in the history.

    Keras counts a short last batch of one output's loss as a whole one. Ours is the mean over the rows, as the sum's.
    """
    data = eagerloop.ArrayDataset((INPUTS, TARGETS), (INPUTS, TARGETS), (INPUTS, TARGETS), batch_size=5)
    run = trained(data, two_heads(), loss=both_losses, compile=compiled)
    model = two_heads()
    of_kind = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05), {"age": "mse", "kind": of_kind}, loss_weights={"age": 1.0, "kind": 0.5})
    options = {"batch_size": 5, "epochs": 4, "shuffle": False, "verbose": 0}
    theirs = model.fit(INPUTS, TARGETS, validation_data=(INPUTS, TARGETS), **options).history
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose([row[name] for row in run.history], theirs[name], rtol=2e-6)
    last = run.history[-1]
    assert last["val_age_loss"] == pytest.approx(float(np.mean((run.predict()["age"] - Y) ** 2)), rel=1e-5)
    assert last["age_loss"] + 0.5 * last["kind_loss"] == pytest.approx(last["loss"], rel=1e-6)


def test_structures_are_predicted_and_stepped_on(trained):
    """`predict`, `evaluate` and `step` take what the dataset gives, as lists too; another structure is refused by its names."""
    data = eagerloop.ArrayDataset((INPUTS, TARGETS), (INPUTS, TARGETS), batch_size=5)
    run = trained(data, two_heads(), loss=both_losses, epochs=1)
    answers = run.predict()
    assert {name: value.shape for name, value in answers.items()} == {"age": (ROWS, 1), "kind": (ROWS, 3)}
    some = {"city": [[1.0], [2.0]], "size": [[1.0, 2.0, 3.0]] * 2}
    by_keras = run.model.predict({name: np.float32(value) for name, value in some.items()}, verbose=0)
    np.testing.assert_allclose(run.predict(some)["kind"], by_keras["kind"], rtol=1e-5, atol=1e-6)
    step = run.step(some, {"age": [[1.0], [1.0]], "kind": [0, 2]})
    assert "x/city  (2, 1) float32" in str(step)
    with pytest.raises(DataError, match="x must have city, size, as the dataset's batches have, got city"):
        run.predict({"city": [[1.0]]})
    with pytest.raises(
        DataError, match=r"x/city, x/size, y/age and y/kind must have as many rows, at least one, got the shapes \(1, 1\)"
    ):
        run.step({"city": [[1.0]], "size": X[:2]}, {"age": Y[:2], "kind": KINDS[:2]})


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_structures_and_weights_are_resumed_to_the_bit(trained, stops_at, compiled):
    """A run that stops in the middle of an epoch and goes on has the history and the predictions of one that did not."""
    weighted = (INPUTS, TARGETS, WEIGHTS)
    data = eagerloop.ArrayDataset(weighted, weighted, weighted, batch_size=5, shuffle=True)
    given = {"dataset": data, "loss": weighted_losses, "metrics": []}
    options = {"checkpointer": "tf", "compile": compiled, "loss": weighted_losses}
    whole = trained(data, two_heads(), "whole", **options)
    trained(data, two_heads(), "halves", observers=[stops_at(7)], **options)
    again = eagerloop.resume(
        whole.directory.with_name("halves"), model=two_heads(), optimizer=keras.optimizers.SGD(0.05), observers=[], **given
    )
    without_time = [[{k: v for k, v in row.items() if k != "seconds"} for row in run.history] for run in (whole, again)]
    assert without_time[0] == without_time[1]
    for one, other in zip(whole.predict().values(), again.predict().values(), strict=True):
        assert one.tobytes() == other.tobytes()


def no_targets(y_true, y_pred, x):
    """What an autoencoder is to do: y is empty, x is what is to come out."""
    assert y_true == ()
    return tf.reduce_mean(tf.square(y_pred - x))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loss_may_ask_for_x_and_y_be_empty(trained, compiled):
    """An autoencoder by arrays without targets has the numbers of `fit(x, x)`."""
    run = trained(eagerloop.ArrayDataset((X, ()), (X, ()), batch_size=5), dense(3), loss=no_targets, compile=compiled)
    model = dense(3)
    model.compile(keras.optimizers.SGD(0.05), "mse")
    theirs = model.fit(X, X, batch_size=5, epochs=4, shuffle=False, verbose=0).history
    np.testing.assert_allclose([row["loss"] for row in run.history], theirs["loss"], rtol=1e-6)
    assert run.predict().shape == (ROWS, 3)
    with pytest.raises(ConfigError, match=r"has no targets that a table could have as columns; call run\.evaluate\(data\)"):
        evaluate_table(run, Path("table.csv"))


def test_a_plain_function_in_a_file_asks_in_the_same_way(trained, tmp_path):
    """Its parameters `x` and `sample_weight` are given by the loop, the others are options; a factory may ask for the model."""
    (tmp_path / "losses.py").write_text(
        "import tensorflow as tf\n\n\n"
        "def rebuilt(y_true, y_pred, x, sample_weight, power: float = 2.0):\n"
        "    return tf.reduce_mean(sample_weight * tf.reduce_mean(tf.abs(y_pred - x) ** power, axis=1))\n\n\n"
        "def small(*, model, seed, strength: float = 0.1):\n"
        "    def loss(y_true, y_pred):\n"
        "        weights = tf.add_n([tf.reduce_sum(tf.square(one)) for one in model.trainable_variables])\n"
        "        return tf.reduce_mean(tf.square(y_true - y_pred)) + strength * weights\n\n"
        "    return loss\n"
    )
    weighted = eagerloop.ArrayDataset((X, (), WEIGHTS), (X, ()), batch_size=ROWS)
    frozen = {"optimizer": eagerloop.use("sgd", learning_rate=0.0), "epochs": 1}
    rebuilt = eagerloop.use(f"{tmp_path}/losses.py:rebuilt", power=4)
    run = trained(weighted, dense(3), "one", loss=rebuilt, **frozen)
    by_hand = np.mean(WEIGHTS * np.mean((run.predict(X) - X) ** 4, axis=1))
    assert run.history[0]["loss"] == pytest.approx(by_hand, rel=1e-5)
    plain = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=ROWS)
    run = trained(plain, dense(), "two", loss=eagerloop.use(f"{tmp_path}/losses.py:small", strength=0.5), **frozen)
    weights = sum(float(np.sum(np.square(variable))) for variable in run.model.trainable_variables)
    assert run.history[0]["loss"] == pytest.approx(np.mean((run.predict(X) - Y) ** 2) + 0.5 * weights, rel=1e-5)


class Measured:
    """A step of one's own that measures in its own way, too."""

    def __call__(self, model, loss, optimizer, x, y):
        return eagerloop.train_step(model, loss, optimizer, x, y)

    def measure(self, model, loss, x, y):
        predictions = model(x, training=False)
        return eagerloop.Step(x, y, predictions, tf.constant(7.0), (), True, {"halved": tf.constant(3.5)})


class WithoutTargets(Measured):
    """A step that never asks the loss."""

    def __call__(self, model, loss, optimizer, x, y):
        return self.measure(model, loss, x, y)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_step_may_measure_for_an_evaluation(trained, compiled):
    """Its loss and its figures stand in the validation's columns."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), (X, Y), batch_size=5)
    run = trained(data, dense(), loss="mse", step=Measured(), compile=compiled, epochs=1)
    assert (run.history[0]["val_loss"], run.history[0]["val_halved"]) == (7.0, 3.5)


def test_a_step_that_measures_by_itself_may_do_without_targets(trained):
    """Its loss is not tried on targets that it is never given."""
    data = eagerloop.ArrayDataset((X, ()), (X, ()), batch_size=5)
    run = trained(data, dense(3), loss="mse", step=WithoutTargets(), epochs=1)
    assert run.history[0]["loss"] == 7.0


def test_a_loss_that_needs_targets_is_refused_where_there_are_none(trained):
    """One line that names the loss; and without a choice, no loss is guessed."""
    data = eagerloop.ArrayDataset((X, ()), (X, ()), batch_size=5)
    with pytest.raises(DataError, match="loss 'mse' needs targets and predictions of one shape, got nothing for targets and"):
        trained(data, dense(3), loss="mse")
    with pytest.raises(ConfigError, match="the dataset gives no targets, and no loss is the usual one for that"):
        trained(data, dense(3))
    several = eagerloop.ArrayDataset((INPUTS, TARGETS), (INPUTS, TARGETS), batch_size=5)
    with pytest.raises(ConfigError, match="the dataset gives targets age, kind, and no loss is the usual one"):
        trained(several, two_heads())


def of_pipelines():
    """Padded batches whose rows are longer in one batch than in another, made by tf.data."""
    lengths = np.arange(ROWS) % 5 + 2
    rows = [np.arange(length, dtype="int32") % 7 for length in lengths]
    sums = np.float32([[row.sum()] for row in rows])
    spec = (tf.TensorSpec((None,), tf.int32), tf.TensorSpec((1,), tf.float32))
    whole = tf.data.Dataset.from_generator(lambda: zip(rows, sums, strict=True), output_signature=spec)
    return whole.apply(tf.data.experimental.assert_cardinality(ROWS)).padded_batch(4)


def counter():
    """A model of sequences of any length."""
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Embedding(8, 3), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((None,), dtype="int32"), *layers])


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_batches_of_different_lengths_train_as_in_fit(trained, compiled):
    """Padded batches, in training, validation and test."""
    batches = of_pipelines()
    run = trained((batches, batches, batches), counter(), loss="mse", compile=compiled)
    model = counter()
    model.compile(keras.optimizers.SGD(0.05), "mse")
    theirs = model.fit(batches, epochs=4, shuffle=False, verbose=0, validation_data=batches).history
    np.testing.assert_allclose([row["loss"] for row in run.history], theirs["loss"], rtol=1e-6)
    np.testing.assert_allclose([row["val_loss"] for row in run.history], theirs["val_loss"], rtol=1e-6)
    assert run.predict().shape == (ROWS, 1)


class OfRagged(tf.Module):
    """A model of ragged rows."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.1)

    def __call__(self, x, training=False):
        return self.scale * tf.reduce_sum(tf.cast(x, tf.float32), axis=1, keepdims=True)


@pytest.mark.parametrize("compiled", [False, True])
def test_ragged_rows_train(trained, compiled):
    """A ragged tensor goes through training, prediction and a step of one's own."""
    ragged = tf.ragged.constant([[1, 2], [3], [4, 5, 6], [7]])
    sums = np.float32([[3], [3], [15], [7]])
    batches = tf.data.Dataset.from_tensor_slices((ragged, sums)).batch(2)
    run = trained((batches, batches), OfRagged(), loss="mse", compile=compiled, optimizer=keras.optimizers.SGD(0.005))
    assert run.history[-1]["loss"] < run.history[0]["loss"] / 4
    np.testing.assert_allclose(run.predict(), float(run.model.scale) * sums, rtol=1e-6)
    assert run.step([[1], [2, 3]], [[1.0], [5.0]]).predictions.shape == (2, 1)


def test_a_batch_whose_leaves_differ_in_rows_is_refused(trained):
    """By their paths, with the dataset's name."""
    leaves = {"a": np.zeros((4, 1), "float32"), "b": np.zeros((4, 1), "float32")}
    odd = tf.data.Dataset.from_tensors(({"a": leaves["a"], "b": leaves["b"][:3]}, np.zeros((4, 1), "float32")))
    words = r"in the first batch, x/a, x/b and y must have as many rows, at least one, got the shapes \(4, 1\), \(3, 1\) and"
    with pytest.raises(PluginError, match=words):
        trained((odd, odd), dense(), loss="mse")
