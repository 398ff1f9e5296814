"""The moving average of the weights: what a run answers with, and what it is trained on with."""

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.parts import use

AVERAGING = use("adam", learning_rate=0.05, use_ema=True, ema_momentum=0.5)


def trained(epochs=2, optimizer=AVERAGING, **options):
    """A run that learns fast, so that the average is far behind."""
    chosen = {
        "dataset": use("iris", validation_fraction=0.2),
        "model": use("linear", standardize_target=False),
        "optimizer": optimizer,
    }
    return eagerloop.train(**chosen | {"epochs": epochs} | options)


def values(run):
    """The model's variables, as they are trained."""
    return [variable.numpy() for variable in run.model.variables]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two epochs, kept."""
    return trained(directory=tmp_path_factory.mktemp("average") / "run")


class KeepsWeights:
    """An observer that averages by hand: half of what was, half of what is, from the first update on."""

    def on_step_end(self, run):
        now = [variable.numpy() for variable in run.model.trainable_variables]
        before = getattr(self, "average", now)
        self.average = [np.float32(0.5) * old + np.float32(0.5) * new for old, new in zip(before, now, strict=True)]


def test_predictions_are_those_of_the_average():
    """Worked by hand, step by step; and the trained variables are there as before."""
    observer = KeepsWeights()
    run = trained(observers=[observer])
    before = values(run)
    x = np.concatenate([x for x, _y in run.dataset.test()])
    kernel, bias = observer.average
    np.testing.assert_allclose(run.predict(x), x @ kernel + bias, rtol=1e-5)
    assert not np.allclose(run.predict(x), x @ before[0] + before[1], rtol=1e-3)
    for found, expected in zip(values(run), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_it_is_what_fit_leaves(run):
    """Keras's own loop on the same batches ends with the same numbers."""
    x, y = run.dataset.train_arrays
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.build(x.shape)
    model.compile(keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.5), "mse")
    model.fit(x, y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    x, y = run.dataset.test_arrays
    np.testing.assert_allclose(run.predict(x), model(x), rtol=1e-3)
    assert run.evaluate()["loss"] == pytest.approx(float(np.mean((model(x) - y) ** 2)), rel=1e-3)


def test_the_history_is_that_of_the_trained_variables(run):
    """As in `fit`: the run evaluates its validation with them, and whoever asks later gets the average."""
    plain = trained(optimizer=use("adam", learning_rate=0.05))
    assert [row["val_loss"] for row in run.history] == pytest.approx([row["val_loss"] for row in plain.history], rel=1e-4)
    assert run.evaluate(run.dataset.validation())["loss"] != pytest.approx(run.history[-1]["val_loss"], rel=1e-3)


def test_a_resume_is_exact(run, tmp_path):
    """However often it was asked meanwhile, and in another process's place."""
    whole = trained(epochs=4, directory=tmp_path / "whole")
    again = eagerloop.resume(run.directory, epochs=4)
    for found, expected in zip(values(again), values(whole), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(again.predict(), whole.predict())


def test_it_is_said():
    """By the run's own line; not of a run without an average, nor before the first update."""
    assert "answers with the moving average of its weights (use-ema)" in repr(trained(epochs=1))
    assert "answers with" not in repr(trained(epochs=1, optimizer="adam"))


def test_in_half_precision_it_is_the_inner_optimizer_s():
    """Keras's loss scaling holds the optimizer that averages."""
    run = trained(epochs=1, precision="mixed_float16")
    before = values(run)
    answers = run.predict()
    assert "moving average" in run.answers_with
    run.optimizer.finalize_variable_values(run.model.trainable_variables)
    np.testing.assert_array_equal(np.concatenate([run.model(x, training=False) for x, _y in run.dataset.test()]), answers)
    assert any(not np.array_equal(one, other) for one, other in zip(values(run), before, strict=True))


@pytest.mark.long
def test_compiled_it_is_the_same(run):
    """To rounding: the graph reads the variables that are there."""
    np.testing.assert_allclose(trained(compile=True).predict(), trained().predict(), rtol=1e-5)
