"""A run that begins with the variables of another one, and layers that are not trained."""

import re

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify
from eagerloop.errors import CheckpointError, ConfigError, EagerloopError

STILL = eagerloop.use("sgd", learning_rate=0.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A run of the guide, trained for two epochs."""
    return eagerloop.train(epochs=2, directory=tmp_path_factory.mktemp("source") / "run")


@pytest.mark.parametrize("options", [{}, {"compile": True}, {"checkpointer": "npz"}])
def test_a_warm_start_has_the_weights_of_the_other_run(tmp_path, source, options):
    """With a rate of 0 they stay: the predictions are the other run's, and what was taken is told."""
    with pytest.warns(UserWarning, match=r"^started from .*, step 24: 4 of 4 variables of the model$"):
        run = eagerloop.train(
            start_from=str(source.directory), optimizer=STILL, epochs=1, directory=tmp_path / "run", **options
        )
    np.testing.assert_array_equal(run.predict(), source.predict())
    assert run.position.step == 12


@pytest.fixture(scope="module")
def best_first(tmp_path_factory):
    """A run whose best epoch is the first one, and that answers with it."""
    stopping = eagerloop.use("early-stopping", monitor="loss", mode="max", restore_best=True)
    return eagerloop.train(epochs=2, observers=[stopping], directory=tmp_path_factory.mktemp("best") / "run")


@pytest.mark.parametrize(("named", "step"), [(None, 12), ("best", 12), ("newest", 24), (12, 12), ("24", 24)])
def test_a_training_starts_from_the_checkpoint_that_is_named(tmp_path, best_first, named, step):
    """By default from what the other run answers with. The record has the step, so that it is repeated from there."""
    options = {} if named is None else {"checkpoint": named}
    with pytest.warns(UserWarning, match=rf"^started from .*, step {step}: 4 of 4 variables of the model$"):
        run = eagerloop.train(
            start_from=best_first, optimizer=STILL, epochs=1, directory=tmp_path / "run", progress=False, **options
        )
    np.testing.assert_array_equal(run.predict(), eagerloop.load(best_first.directory, checkpoint=step).predict())
    assert f'checkpoint = "{step}"\n' in (tmp_path / "run" / "run.toml").read_text("utf-8")
    with pytest.warns(UserWarning, match=f"step {step}: 4 of 4"):
        assert not verify(tmp_path / "run", replay=True).faults


def test_a_checkpoint_to_start_from_must_be_there(tmp_path, source):
    """What is there is listed; without a run it is none of anything. Nothing is left behind."""
    with pytest.raises(EagerloopError, match=r"has no checkpoint of step 7; there is newest \(24\), and the steps 12, 24"):
        eagerloop.train(start_from=source, checkpoint=7, directory=tmp_path / "run")
    with pytest.raises(ConfigError, match="checkpoint must be 'newest', 'best' or a step, such as 120, got 'last'"):
        eagerloop.train(start_from=source, checkpoint="last", directory=tmp_path / "run")
    with pytest.raises(ConfigError, match="checkpoint best is to be one of the run that a training starts from, and none is"):
        eagerloop.train(checkpoint="best", directory=tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_a_resume_goes_on_from_the_newest_alone(source):
    """An older checkpoint is refused, with the new run that begins from it; the newest may be named."""
    told = (
        r"of step 12, two trainings would be mixed .*: eagerloop train --config \S+run.toml --start-from \S+ --checkpoint 12$"
    )
    with pytest.raises(CheckpointError, match=told):
        eagerloop.resume(source.directory, checkpoint=12)
    for named in ("newest", 24):
        assert eagerloop.resume(source.directory, checkpoint=named).position.step == 24


def test_a_model_of_another_name_takes_what_fits(tmp_path, source):
    """By layer and variable where the whole name differs; what has another shape keeps its own values, and is named."""
    layers = [keras.layers.Dense(32, activation="relu", name="dense1"), keras.layers.Dense(2, name="dense2")]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1, name="head")], name="other")
    head = model.get_layer("head").get_weights()
    told = r"2 of 6 variables of the model; not taken: .*dense2/kernel \(32, 2\), .*dense2/bias \(2,\), .*head/kernel \(2, 1\)"
    with pytest.warns(UserWarning, match=told):
        eagerloop.train(start_from=source.directory, model=model, optimizer=STILL, epochs=1, directory=tmp_path / "run")
    taken = [variable.numpy() for name, variable in source.variables().items() if "dense1" in name and name.startswith("model")]
    assert all(map(np.array_equal, model.get_layer("dense1").get_weights(), taken))
    assert all(map(np.array_equal, model.get_layer("head").get_weights(), head))


def test_where_nothing_fits_nothing_changes(tmp_path, source):
    """One line with what there is and what is wanted; no run is left behind."""
    match = (
        r"nothing of .* fits this model: it has iris/dense1/kernel \(3, 32\), .*; this model has mlp/dense1/kernel \(3, 64\)"
    )
    with pytest.raises(ConfigError, match=match):
        eagerloop.train(start_from=source.directory, model="mlp", epochs=1, directory=tmp_path / "run")
    assert not (tmp_path / "run" / "run.toml").exists()
    with pytest.raises(ConfigError, match="is no run: it does not exist"):
        eagerloop.train(start_from=tmp_path / "nothing", epochs=1, directory=tmp_path / "run")


def test_a_resume_goes_on_and_does_not_start_again(tmp_path, source):
    """Stopped in the middle, the run ends with the bits of one that was not; `verify --replay` starts where it did."""

    class Stops:
        def on_step_end(self, run):
            if run.position.step == 7:
                run.stop("the test wants it")

    options = {"start_from": source.directory, "freeze": ["dense1"], "epochs": 2}
    with pytest.warns(UserWarning, match="started from"):
        whole = eagerloop.train(directory=tmp_path / "whole", **options)
    with pytest.warns(UserWarning, match="started from"):
        eagerloop.train(directory=tmp_path / "stopped", observers=[Stops()], **options)
    again = eagerloop.resume(tmp_path / "stopped", observers=[Stops()])
    pairs = zip(again.variables().values(), whole.variables().values(), strict=True)
    assert all(np.array_equal(one.numpy(), other.numpy()) for one, other in pairs)
    with pytest.warns(UserWarning, match="started from"):
        report = verify(tmp_path / "whole", replay=True)
    assert any("same bits in 2 of 2" in line for line in report.lines)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_frozen_layer_does_not_move(tmp_path, compiled):
    """Its variables stay as they began; the others learn; run.toml and the checkpoint know it."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, name="base"), keras.layers.Dense(1, name="head")])
    before = [value.copy() for value in model.get_weights()]
    run = eagerloop.train(model=model, freeze=["ba*"], epochs=1, compile=compiled, directory=tmp_path / "run")
    moved = [not np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True)]
    assert moved == [False, False, True, True]
    assert re.search(r'freeze = \[\s*"ba\*",?\s*\]', (run.directory / "run.toml").read_text())


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"freeze": ["dens1"]}, "freeze: no layer is called 'dens1'; did you mean 'dense1'"),
        ({"freeze": "dense1"}, "freeze"),
        ({"freeze": ["dense*"]}, r"freeze dense\*: nothing is left to train; leave out one of the layers: dense1, d"),
    ],
)
def test_a_pattern_that_matches_nothing_or_all_is_refused(tmp_path, options, match):
    """With the nearest name."""
    with pytest.raises(ConfigError, match=match):
        eagerloop.train(epochs=1, directory=tmp_path / "run", **options)
