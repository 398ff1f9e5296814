"""The guide, followed by hand without the engine, gives the engine's numbers; and what a checkpoint of it holds."""

import csv
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.choices.catalog import Catalog

FIRST_X = [
    [1.4, 5.1, 0.2], [1.4, 4.9, 0.2], [1.3, 4.7, 0.2], [1.5, 4.6, 0.2], [1.4, 5.0, 0.2],
    [1.7, 5.4, 0.4], [1.4, 4.6, 0.3], [1.5, 5.0, 0.2], [1.4, 4.4, 0.2], [1.5, 4.9, 0.1],
]  # fmt: skip


class GuideModel(keras.Model):
    """The guide's model, as a reader of the guide would write it."""

    def __init__(self):
        super().__init__()
        self.dense1 = keras.layers.Dense(32)
        self.dropout = keras.layers.Dropout(0.5)
        self.dense2 = keras.layers.Dense(1)

    def call(self, x, training=False):
        return self.dense2(self.dropout(self.dense1(x), training=training))


def iris_by_hand():
    """The guide's arrays, read with Python's csv module alone."""
    module = Path(Catalog.load().find("dataset", "iris").location.rpartition(":")[0])
    with module.with_name("iris.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    x = np.array([[float(row[name]) for name in ("Petal.Length", "Sepal.Length", "Petal.Width")] for row in rows], "float32")
    return x, np.array([[float(row["Sepal.Width"])] for row in rows], "float32")


def guide_by_hand(make_optimizer, epochs=10):
    """The guide's script: the total loss of each epoch, the mean loss of each, and the predictions on the test set."""
    x, y = iris_by_hand()
    keras.utils.set_random_seed(0)
    batches = tf.data.Dataset.from_tensor_slices((x[:120], y[:120])).batch(10)
    model = GuideModel()
    optimizer = make_optimizer()
    model(next(iter(batches))[0], training=False)
    totals, means = [], []
    for _epoch in range(epochs):
        total_loss, weighted = 0.0, 0.0
        for batch_x, batch_y in batches:
            with tf.GradientTape() as tape:
                predictions = model(batch_x, training=True)
                loss = tf.reduce_mean(tf.square(batch_y - predictions))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            total_loss += float(loss)
            weighted += float(loss) * len(batch_x)
        totals.append(total_loss)
        means.append(weighted / 120)
    return totals, means, model(x[120:], training=False).numpy()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The guide's run, as `eagerloop.train()` makes it."""
    return eagerloop.train(directory=tmp_path_factory.mktemp("guide") / "run")


@pytest.fixture(scope="module")
def by_hand():
    """The guide by hand, with the built-in Adam."""
    return guide_by_hand(Catalog.load().find("optimizer", "adam").factory)


def test_ten_epochs_of_twelve_steps(run):
    """What the guide does, no more: ten rows of history, the loss falling."""
    assert [(row["epoch"], row["steps"]) for row in run.history] == [(epoch, 12) for epoch in range(1, 11)]
    assert run.history[-1]["total_loss"] < 0.5 * run.history[0]["total_loss"]


def test_total_losses_are_those_of_the_guide_by_hand(run, by_hand):
    """Bit for bit, with the same seed and the same parts."""
    assert [row["total_loss"] for row in run.history] == by_hand[0]


def test_losses_are_those_of_the_guide_by_hand(run, by_hand):
    """The mean over the 120 rows, bit for bit as well."""
    assert [row["loss"] for row in run.history] == by_hand[1]


def test_predictions_are_those_of_the_guide_by_hand(run, by_hand):
    """Bit for bit after ten epochs."""
    np.testing.assert_array_equal(run.predict(), by_hand[2])


def test_keras_adam_gives_the_same_losses_to_five_digits(run):
    """With Keras's own Adam the ten losses are within 1e-5 relative of the fused kernel's."""
    totals, means, _predictions = guide_by_hand(keras.optimizers.Adam)
    np.testing.assert_allclose([row["total_loss"] for row in run.history], totals, rtol=1e-5)
    np.testing.assert_allclose([row["loss"] for row in run.history], means, rtol=1e-5)


def test_the_first_batch_is_the_guides(run):
    """The values that the guide prints, in its order of columns."""
    x, y = next(iter(run.dataset.train(1)))
    assert (x.dtype, y.dtype, x.shape, y.shape) == (tf.float32, tf.float32, (10, 3), (10, 1))
    np.testing.assert_array_equal(x, np.array(FIRST_X, "float32"))
    np.testing.assert_array_equal(y[:2], np.array([[3.5], [3.0]], "float32"))


def test_the_test_rows_are_the_last_thirty(run):
    """Rows 121 to 150 of the file, in their order."""
    x, y = iris_by_hand()
    assert x.shape == (150, 3)
    batches = list(run.dataset.test())
    np.testing.assert_array_equal(np.concatenate([batch_x for batch_x, _y in batches]), x[120:])
    np.testing.assert_array_equal(np.concatenate([batch_y for _x, batch_y in batches]), y[120:])


def test_predictions_whole_or_batch_by_batch_are_equal(run):
    """Three ways to predict the test set, one answer but for rounding; Dropout does not act."""
    x = np.concatenate([batch_x for batch_x, _y in run.dataset.test()])
    whole = run.predict(x)
    assert whole.shape == (30, 1)
    np.testing.assert_array_equal(run.predict(), whole)
    np.testing.assert_allclose(run.predict(x, batch_size=7), whole, rtol=1e-6)
    by_hand = np.concatenate([run.model(batch_x, training=False) for batch_x, _y in run.dataset.test()])
    np.testing.assert_allclose(by_hand, whole, rtol=1e-6)


def test_a_loaded_run_predicts_the_same_bits(run):
    """Every part is made again from run.toml, built, then restored."""
    again = eagerloop.load(run.directory)
    assert again.model is not run.model
    np.testing.assert_array_equal(again.predict(), run.predict())
    assert again.history == run.history
    assert again.evaluate() == run.evaluate()
    assert (again.position.epoch, again.position.batch, again.position.step) == (11, 0, 120)


def test_every_variable_comes_back(run):
    """Weights, Adam's slots, its step counter and rate, and the seed state of Dropout: all bit for bit."""
    again = eagerloop.load(run.directory)
    ours, theirs = run.variables(), again.variables()
    assert list(ours) == list(theirs)
    for name, variable in ours.items():
        np.testing.assert_array_equal(theirs[name].numpy(), variable.numpy(), err_msg=name)
    assert any("seed_generator" in name for name in ours)
    assert any("iteration" in name for name in ours)


def test_the_seed_state_of_dropout_is_restored(run):
    """The next step after a restore drops the same units; `tf.train.Checkpoint` of a model would have forgotten them."""
    first, second = eagerloop.load(run.directory), eagerloop.load(run.directory)
    [seed] = [variable for name, variable in first.variables().items() if "seed_generator" in name]
    assert np.asarray(seed)[1] > 0  # it has counted the draws of 120 steps
    x, y = next(iter(run.dataset.train(1)))
    one, other = first.step(x, y), second.step(x, y)
    np.testing.assert_array_equal(one.predictions, other.predictions)
    assert float(one.loss) == float(other.loss)
    assert float(first.step(x, y).loss) != float(one.loss)


def test_any_checkpoint_is_read_by_tensorflow(run):
    """`tf.train.list_variables` sees the names and shapes in each of those that are kept, without eagerloop."""
    directories = sorted((run.directory / "checkpoints").glob("step-*"))
    assert [directory.name for directory in directories] == [f"step-{12 * epoch:08d}" for epoch in (8, 9, 10)]
    for directory in directories:
        shapes = [shape for name, shape in tf.train.list_variables(str(directory / "variables")) if name.startswith("model:")]
        assert sorted(shapes, key=str) == [[1], [2], [3, 32], [32, 1], [32]]


def test_a_resumed_run_is_the_uninterrupted_one(run, tmp_path):
    """Five epochs, then a resume to ten: the history and the weights of ten at once."""
    half = eagerloop.train(directory=tmp_path / "half", epochs=5)
    whole = eagerloop.resume(half.directory, epochs=10)
    assert [row["total_loss"] for row in whole.history] == [row["total_loss"] for row in run.history]
    np.testing.assert_array_equal(whole.predict(), run.predict())
