"""`compile=True`: the numbers of the eager loop, from a tf.function of its own source."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.errors import TrainingError
from eagerloop.running.opening import create


class Watcher:
    """An observer that looks at every step."""

    def __init__(self):
        self.losses = []

    def on_step_end(self, run, step):
        self.losses.append(float(step.loss))


class Interrupter:
    """Stops the run after an epoch."""

    def on_epoch_end(self, run, epoch, metrics):
        run.stop("enough")


def rows(run):
    """The history without the clock."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in run.history]


def bits(run):
    """The bytes of every variable."""
    return {name: variable.numpy().tobytes() for name, variable in run.variables().items()}


def short(**options):
    """A dataset of seven rows in batches of three: the last one is short."""
    random = np.random.default_rng(1)
    x, y = random.normal(size=(7, 3)).astype("float32"), random.normal(size=(7, 1)).astype("float32")
    return eagerloop.ArrayDataset((x, y), (x[:2], y[:2]), batch_size=3, **options)


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    ("model", "metrics", "options"),
    [
        ("iris", [], {}),
        ("iris", ["r2", "rmse"], {}),
        (eagerloop.use("mlp", hidden=[8], dropout=0.2), [], {"optimizer": "adam"}),
        ("linear", [], {"optimizer": eagerloop.use("sgd", momentum=0.9), "loss": "huber"}),
    ],
)
def test_eager_and_compiled_runs_have_the_same_bits(tmp_path, model, metrics, options):
    """These built-ins give bit-identical histories and variables in all three grains, short last batch included."""
    keywords = {"model": model, "metrics": metrics, "epochs": 3, **options}

    eager = eagerloop.train(dataset=short(shuffle=True), directory=tmp_path / "eager", **keywords)
    stretch = eagerloop.train(dataset=short(shuffle=True), directory=tmp_path / "stretch", compile=True, **keywords)
    step = eagerloop.train(
        dataset=short(shuffle=True), directory=tmp_path / "step", compile=True, observers=[Watcher()], **keywords
    )

    assert (eager.stride.grain, stretch.stride.grain, step.stride.grain) == ("eager", "stretch", "step")
    assert rows(eager) == rows(stretch) == rows(step)
    assert bits(eager) == bits(stretch) == bits(step)


SAME_BITS = ("adam", "adamax", "adamw", "keras_adam", "lion", "nadam", "sgd")
SAME_DIGITS = ("adadelta", "adafactor", "adagrad", "ftrl", "lamb", "muon", "rmsprop")
"""Graphs may compute x / sqrt(y) in another order."""


@pytest.mark.sweep(1)
@pytest.mark.parametrize("optimizer", [*SAME_BITS, *SAME_DIGITS])
def test_which_optimizers_have_the_same_bits_compiled(tmp_path, optimizer):
    """Half of them have; the losses of the others agree to 1e-5, and so do their weights to 1e-4."""
    keywords = {"model": "iris", "metrics": [], "epochs": 3, "optimizer": optimizer, "checkpointer": "none"}

    eager = eagerloop.train(dataset=short(), directory=tmp_path / "eager", **keywords)
    compiled = eagerloop.train(dataset=short(), directory=tmp_path / "compiled", compile=True, **keywords)

    if optimizer in SAME_BITS:
        assert bits(eager) == bits(compiled)
    np.testing.assert_allclose([row["loss"] for row in compiled.history], [row["loss"] for row in eager.history], rtol=1e-5)
    for one, other in zip(eager.model.get_weights(), compiled.model.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)


def test_a_run_is_traced_once_however_many_epochs_and_short_batches_it_has(tmp_path):
    """One trace of the stretch; at most two of the step, whose last batch is short."""
    stretch = eagerloop.train(dataset=short(), directory=tmp_path / "stretch", compile=True, epochs=4, save_every=2)
    step = eagerloop.train(dataset=short(), directory=tmp_path / "step", compile=True, epochs=4, observers=[Watcher()])

    assert stretch.stride.traces == 1
    assert step.train_step.traces <= 2


def test_an_observer_of_steps_sees_every_step_of_a_compiled_run(tmp_path):
    """Twelve losses an epoch, whose sum is the epoch's total loss."""
    watcher = Watcher()
    run = eagerloop.train(compile=True, epochs=2, observers=[watcher], directory=tmp_path / "run")

    assert len(watcher.losses) == 24
    assert sum(watcher.losses[:12]) == run.history[0]["total_loss"]
    assert run.stride.why == "Watcher looks at every step"


def test_saves_in_the_middle_of_a_compiled_epoch_fall_on_the_step_that_was_asked_for(tmp_path):
    """Every 5 steps of 12 an epoch, and after each epoch: 5, 10, 12, 15, 20, 24."""
    run = eagerloop.train(compile=True, epochs=2, save_every=5, keep=0, directory=tmp_path / "run")

    assert run.store.steps() == [5, 10, 12, 15, 20, 24]


def test_a_compiled_run_that_is_resumed_in_the_middle_of_an_epoch_has_the_same_bits(tmp_path):
    """The checkpoint of step 17, batch 5 of epoch 2, leads to what the uninterrupted run has."""
    where = tmp_path / "whole"
    whole = eagerloop.train(compile=True, epochs=3, save_every=17, keep=0, metrics=["rmse"], directory=where)
    for step in whole.store.steps():
        if step > 17:
            for path in sorted((whole.store.directory / f"step-{step:08d}").rglob("*"), reverse=True):
                path.unlink()
            (whole.store.directory / f"step-{step:08d}").rmdir()
    keras.utils.set_random_seed(99)

    resumed = eagerloop.resume(tmp_path / "whole")

    assert rows(resumed) == rows(whole)
    assert bits(resumed) == bits(whole)


def test_a_loss_that_is_not_finite_stops_a_compiled_run_before_the_update(tmp_path):
    """Row 5 of 7 holds nan: batch 2 of 3. The variables are those after batch 1, as in the eager run."""
    random = np.random.default_rng(2)
    x, y = random.normal(size=(7, 3)).astype("float32"), random.normal(size=(7, 1)).astype("float32")

    def train(directory, *, compiled):
        data = tf.data.Dataset.from_tensor_slices((np.where(np.arange(21).reshape(7, 3) == 13, np.nan, x), y)).batch(3)
        run = create(settings_of({"dataset": (data, data), "model": "linear", "compile": compiled, "epochs": 2}), directory)
        with pytest.raises(TrainingError, match=r"the loss is nan in epoch 1, batch 2, step 2 .*row 2 of the batch"):
            run.train()
        return run

    eager, compiled = train(tmp_path / "eager", compiled=False), train(tmp_path / "compiled", compiled=True)

    assert bits(eager) == bits(compiled)
    assert int(compiled.optimizer.iterations) == 1
    assert compiled.store.steps() == []


def test_skipping_leaves_the_batch_out_and_puts_batch_normalisation_back(tmp_path):
    """With on_nonfinite 'skip' the run goes on, and the averages that nan had reached are those of before."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=(6, 3)).astype("float32"), random.normal(size=(6, 1)).astype("float32")
    x[4, 1] = np.inf
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])

    run = eagerloop.train(dataset=(data, data), model=model, on_nonfinite="skip", epochs=2, directory=tmp_path / "run")

    assert [row["skipped"] for row in run.history] == [1, 1]
    assert all(np.isfinite(variable.numpy()).all() for variable in run.variables().values() if variable.dtype.is_floating)
    assert int(run.optimizer.iterations) == 4


def test_half_precision_follows_the_recipe_of_fit(tmp_path):
    """In mixed_float16 the loss is scaled and the gradients scaled back: the losses of `fit` within 1e-2."""
    dataset = short()
    x, y = dataset.train_arrays

    def make():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1, dtype="float32")])

    keras.config.set_dtype_policy("mixed_float16")
    keras.utils.set_random_seed(0)
    reference, ours = make(), make()
    keras.config.set_dtype_policy("float32")
    ours.set_weights(reference.get_weights())
    reference.compile(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)), loss="mse")
    expected = reference.fit(x, y, batch_size=3, shuffle=False, epochs=3, verbose=0).history["loss"]

    run = eagerloop.train(
        dataset=dataset, model=ours, optimizer=eagerloop.use("sgd", learning_rate=0.1), precision="mixed_float16", epochs=3,
        directory=tmp_path / "run",
    )  # fmt: skip

    assert type(run.optimizer).__name__ == "LossScaleOptimizer"
    np.testing.assert_allclose([row["loss"] for row in run.history], expected, rtol=1e-2)
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.long
def test_xla_gives_the_same_losses_but_for_rounding(tmp_path):
    """The step through XLA, on a model without Dropout, within 1e-4."""
    plain = eagerloop.train(dataset=short(), model="linear", epochs=3, directory=tmp_path / "plain")
    jit = eagerloop.train(dataset=short(), model="linear", epochs=3, jit=True, directory=tmp_path / "jit")
    both = eagerloop.train(dataset=short(), model="linear", epochs=3, jit=True, compile=True, directory=tmp_path / "both")

    expected = [row["loss"] for row in plain.history]
    np.testing.assert_allclose([row["loss"] for row in jit.history], expected, rtol=1e-4)
    np.testing.assert_allclose([row["loss"] for row in both.history], expected, rtol=1e-4)


def test_a_stop_between_epochs_ends_a_compiled_run_there(tmp_path):
    """run.stop after epoch 1 of 5: one row, one checkpoint, no further step."""
    run = eagerloop.train(compile=True, epochs=5, observers=[Interrupter()], directory=tmp_path / "run")

    assert len(run.history) == 1
    assert run.store.steps() == [12]
