"""Schedules of the learning rate: Keras's by name, functions in files, objects; rates by their formulas, exact resumes."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import ConfigError, PluginError

COSINE = eagerloop.use("cosine_decay", initial_learning_rate=2e-5, decay_steps=30, warmup_target=5e-5, warmup_steps=6)


class Rates:
    """Notes the rate that the next step will have."""

    def __init__(self):
        self.seen = []

    def on_train_begin(self, run):
        self.seen.append(float(run.optimizer.learning_rate))

    def on_step_end(self, run):
        self.seen.append(float(run.optimizer.learning_rate))


def cosine(step):
    """Keras's documentation: a line to the target, then half a cosine from there to 0."""
    if step < 6:
        return 2e-5 + (5e-5 - 2e-5) * step / 6
    return 5e-5 * 0.5 * (1 + math.cos(math.pi * min(step - 6, 30) / 30))


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_schedule_of_keras_by_name(tmp_path, optimizer, compiled):
    """The rate before each of 36 steps is the formula's."""
    rates = Rates()
    eagerloop.train(
        schedule=COSINE, optimizer=optimizer, observers=[rates], epochs=3, compile=compiled, directory=tmp_path / "run"
    )
    np.testing.assert_allclose(rates.seen, [cosine(step) for step in range(37)], rtol=1e-5)


@pytest.mark.long
def test_the_losses_are_those_of_keras_with_that_schedule(tmp_path):
    """By name, or inside an optimizer that is given as an object: the same run."""
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-5, 10, 0.5)
    inside = eagerloop.train(optimizer=keras.optimizers.SGD(schedule), epochs=3, directory=tmp_path / "inside")
    named = eagerloop.use("exponential-decay", initial_learning_rate=1e-5, decay_steps=10, decay_rate=0.5)
    beside = eagerloop.train(optimizer="sgd", schedule=named, epochs=3, directory=tmp_path / "beside")
    assert [row["loss"] for row in beside.history] == [row["loss"] for row in inside.history]


def test_a_function_is_a_schedule(tmp_path, monkeypatch):
    """In a file, its first argument is the step and the others are options; in Python, the function itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "warm.py").write_text(
        "import tensorflow as tf\n\n\ndef warm(step, peak: float = 0.1):\n    '''Rises for ten steps.'''\n"
        "    return peak * tf.minimum(1.0, tf.cast(step, tf.float32) / 10)\n"
    )
    rates = Rates()
    eagerloop.train(schedule=eagerloop.use("warm.py:warm", peak=0.2), observers=[rates], epochs=1, directory="file")
    np.testing.assert_allclose(rates.seen, [min(0.2, 0.02 * step) for step in range(13)], rtol=1e-6)
    rates = Rates()
    eagerloop.train(
        schedule=lambda step: 0.1 / (1.0 + tf.cast(step, tf.float32)), observers=[rates], epochs=1, directory="object"
    )
    np.testing.assert_allclose(rates.seen, [0.1 / (1 + step) for step in range(13)], rtol=1e-6)


def test_a_run_with_a_schedule_is_resumed_exactly(tmp_path):
    """Stopped in the middle of the warm-up; the record knows the schedule and its options."""

    class Stops:
        def on_step_end(self, run):
            if run.position.step == 4:
                run.stop("the test wants it")

    whole = eagerloop.train(schedule=COSINE, epochs=2, directory=tmp_path / "whole")
    eagerloop.train(schedule=COSINE, epochs=2, directory=tmp_path / "stopped", observers=[Stops()])
    again = eagerloop.resume(tmp_path / "stopped", observers=[Stops()])
    pairs = zip(again.variables().values(), whole.variables().values(), strict=True)
    assert all(np.array_equal(one.numpy(), other.numpy()) for one, other in pairs)
    assert 'name = "cosine_decay"' in (tmp_path / "stopped" / "run.toml").read_text()


class Bare:
    """An optimizer of two methods."""

    variables = ()

    def apply_gradients(self, pairs):
        pass


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"optimizer": Bare()}, ConfigError, r"Bare is no Keras optimizer, so no schedule can set its rate"),
        (
            {"optimizer": eagerloop.use("sgd", learning_rate=0.5)},
            ConfigError,
            r"^optimizer 'sgd' has the learning rate 0\.5, and a schedule sets it, too; give one of the two$",
        ),
        (
            {"schedule": lambda _step: tf.zeros([2])},
            PluginError,
            r"the schedule gave a rate of the shape \(2,\); it must be one number",
        ),
        ({"schedule": "cosine"}, PluginError, "there is no schedule 'cosine'; did you mean 'cosine_decay'"),
        ({"schedule": "cosine_decay"}, ConfigError, "schedule 'cosine_decay' needs the option 'decay-steps'"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, options, error, match):
    """One line each."""
    with pytest.raises(error, match=match):
        eagerloop.train(**{"schedule": COSINE, "epochs": 1, "directory": tmp_path / "run", **options})


def test_a_schedule_begins_where_the_optimizer_would(tmp_path):
    """0.001 at first, half of it in the middle of the cosine; the record has it."""
    run = eagerloop.train(schedule=eagerloop.use("cosine-decay", decay_steps=24), epochs=1, directory=tmp_path / "run")
    rate = run.parts.optimizer.learning_rate
    assert float(rate) == pytest.approx(0.0005)
    assert run.parts.schedule.get_config()["initial_learning_rate"] == pytest.approx(0.001)
    assert "initial_learning_rate = 0.001" in (tmp_path / "run" / "run.toml").read_text()


SCALE = 1e-5
"""A rate of SGD at which the guide learns."""


def keras_rates(losses, **options):
    """The rates that Keras's own callback sets, told these losses one by one."""

    class Told:
        optimizer = keras.optimizers.SGD(1.0)

    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", **options)
    callback.set_model(Told())
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": loss})
        rates.append(float(Told.optimizer.learning_rate))
    return rates


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1, "factor": 0.5, "min_delta": 0.0},
        {"patience": 2, "factor": 0.1, "min_delta": 5.0},
        {"patience": 1, "factor": 0.5, "cooldown": 2, "min_delta": 100.0},
        {"patience": 0, "factor": 0.25, "min_delta": 1.0},
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's callback reads a variable so
def test_the_rate_falls_on_a_plateau_as_in_keras(tmp_path, options, compiled):
    """Keras's callback, told the same losses, sets the same rates; a resume in between changes nothing."""
    rates = []

    class Notes:
        def on_epoch_end(self, run):
            rates.append(float(run.optimizer.learning_rate))

    lowers = eagerloop.use("reduce-on-plateau", **options, min_learning_rate=0.05 * SCALE)
    slow = eagerloop.use("sgd", learning_rate=SCALE)
    train = {"optimizer": slow, "observers": [lowers, Notes()], "compile": compiled}
    eagerloop.train(epochs=4, directory=tmp_path / "run", **train)
    run = eagerloop.resume(tmp_path / "run", epochs=9, observers=[lowers, Notes()])
    expected = keras_rates([row["loss"] for row in run.history], **options, min_lr=0.05)
    np.testing.assert_allclose(rates, np.array(expected) * SCALE, rtol=1e-5)
    assert rates[-1] < rates[0]


def test_a_rate_that_a_schedule_sets_cannot_be_lowered(tmp_path):
    """The observer says so before the first step."""
    with pytest.raises(ConfigError, match="'reduce-on-plateau' needs an optimizer with a learning rate of its own"):
        eagerloop.train(schedule=COSINE, observers=["reduce-on-plateau"], epochs=1, directory=tmp_path / "run")
