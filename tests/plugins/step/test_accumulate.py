"""`accumulate`: several batches are one, also where they are of several sizes, and a run is stopped between them."""

import keras
import numpy as np
import pytest

import eagerloop

RANDOM = np.random.default_rng(3)
X, Y = RANDOM.normal(size=(23, 3)).astype("float32"), RANDOM.normal(size=(23, 1)).astype("float32")
MODES = pytest.mark.parametrize("compiled", [False, True])


def arrays(batch_size, rows=23):
    """So many rows of three numbers, in batches."""
    return eagerloop.ArrayDataset((X[:rows], Y[:rows]), (X[:5], Y[:5]), batch_size=batch_size)


def penalised():
    """Two layers, one with a penalty."""
    layers = [keras.layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L2(0.1)), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((3,)), *layers])


def weights(run):
    """What was trained, one after another."""
    return np.concatenate([variable.numpy().ravel() for variable in run.model.trainable_variables])


def bits(run):
    """All that a checkpoint holds."""
    return {name: variable.numpy().tobytes() for name, variable in run.variables().items()}


@pytest.mark.sweep(1)
@MODES
@pytest.mark.parametrize("optimizer", ["adam", eagerloop.use("sgd", learning_rate=0.05, momentum=0.9)])
def test_a_group_is_one_large_batch(tmp_path, optimizer, compiled):
    """9, 9 and 5 rows are a batch of 23: the updates are the same but for rounding, with a penalty as well."""
    keras.utils.set_random_seed(0)
    start = penalised().get_weights()

    def model():
        made = penalised()
        made.set_weights(start)
        return made

    options = {"optimizer": optimizer, "epochs": 4, "checkpointer": "none"}
    large = eagerloop.train(dataset=arrays(23), model=model(), directory=tmp_path / "large", **options)
    small = eagerloop.train(
        dataset=arrays(9),
        model=model(),
        step=eagerloop.use("accumulate", batches=3),
        compile=compiled,
        directory=tmp_path / "small",
        **options,
    )

    np.testing.assert_allclose(weights(small), weights(large), rtol=2e-5, atol=1e-6)
    assert int(small.optimizer.iterations) == int(large.optimizer.iterations) == 4


@MODES
def test_an_unfinished_group_goes_on_in_the_next_epoch(tmp_path, compiled):
    """Three batches an epoch in groups of two: after one epoch one waits, after two epochs there were three updates."""
    step = eagerloop.use("accumulate", batches=2)
    run = eagerloop.train(dataset=arrays(9), model="linear", step=step, epochs=1, compile=compiled, directory=tmp_path / "run")
    rows, seen = run.parts.step.variables[:2]

    assert (int(run.optimizer.iterations), int(seen)) == (1, 1)
    assert float(rows) == 5.0
    run.train(epochs=2)
    assert (int(run.optimizer.iterations), int(seen)) == (3, 0)


@pytest.mark.sweep(1)
@MODES
def test_a_run_is_resumed_in_the_middle_of_a_group(stops_at, tmp_path, compiled):
    """After 5 of 24 batches in groups of three: the sums are in the checkpoint."""
    options = {"step": eagerloop.use("accumulate", batches=3), "epochs": 2, "compile": compiled}
    whole = eagerloop.train(**options, directory=tmp_path / "whole")
    eagerloop.train(**options, directory=tmp_path / "stopped", observers=[stops_at(5)])
    again = eagerloop.resume(tmp_path / "stopped", observers=[])

    assert bits(again) == bits(whole)
    assert [row["loss"] for row in again.history] == [row["loss"] for row in whole.history]
    assert int(whole.optimizer.iterations) == 8


def test_a_group_of_one_is_the_loops_own_step(tmp_path):
    """The same bits: a mean over n rows, times n, by n."""
    one = eagerloop.train(step=eagerloop.use("accumulate", batches=1), epochs=1, directory=tmp_path / "one")
    own = eagerloop.train(epochs=1, directory=tmp_path / "own")

    np.testing.assert_allclose(weights(one), weights(own), rtol=1e-6, atol=1e-7)


def test_a_thawed_layer_has_its_sums(tmp_path):
    """They are made for all that may be trained; sparse gradients are added, too."""

    class Thaws:
        def on_epoch_begin(self, run, epoch):
            run.model.layers[0].trainable = epoch > 1

    layers = [keras.Input((1,)), keras.layers.Embedding(4, 2), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.layers[0].trainable = False
    before = model.get_weights()[0]
    numbers = np.arange(12, dtype="int32")[:, None] % 4
    data = (numbers, Y[:12]), (numbers[:4], Y[:4])
    dataset = eagerloop.ArrayDataset(*data, batch_size=4)
    step = eagerloop.use("accumulate", batches=3)
    eagerloop.train(dataset=dataset, model=model, step=step, epochs=2, observers=[Thaws()], directory=tmp_path / "run")

    assert not np.array_equal(model.get_weights()[0], before)


def test_a_batch_that_is_not_finite_is_left_out(tmp_path):
    """The group of two is not full after a batch of nan and a good one."""
    step = eagerloop.use("accumulate", batches=2)
    run = eagerloop.train(dataset=arrays(23), model="linear", step=step, epochs=1, directory=tmp_path / "run")
    x, y = run.parts.first_batch
    before = [variable.numpy().tobytes() for variable in run.parts.step.variables]

    assert not run.step(x * np.float32("nan"), y).finite
    assert [variable.numpy().tobytes() for variable in run.parts.step.variables] == before
    assert int(run.parts.step.variables[1]) == 1
    run.step(x, y)
    assert (int(run.optimizer.iterations), int(run.parts.step.variables[1])) == (1, 0)


def test_half_precision_accumulates_the_scaled_gradients(tmp_path):
    """In `mixed_float16` the losses are those of the large batch, to the two digits that float16 has."""
    options = {"model": "linear", "precision": "mixed_float16", "epochs": 3}
    small = eagerloop.train(
        dataset=arrays(9), step=eagerloop.use("accumulate", batches=3), directory=tmp_path / "small", **options
    )
    large = eagerloop.train(dataset=arrays(23), directory=tmp_path / "large", **options)

    np.testing.assert_allclose(weights(small), weights(large), rtol=0.02, atol=1e-3)
