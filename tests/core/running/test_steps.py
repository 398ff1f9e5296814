"""Steps of one's own: by file, by option, as objects; compiled, resumed, looked into; with figures of their own."""

import json

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import CheckpointError, ConfigError, PluginError, TrainingError
from eagerloop.running.comparing import compare_records

MINE = '''
import tensorflow as tf

import eagerloop


def weighted(model, loss, optimizer, x, y, factor: float = 1.0):
    """The loop's own step with the loss times a factor."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = factor * loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    finite = eagerloop.all_finite(value, gradients)
    if finite:
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return eagerloop.Step(x, y, predictions, value, gradients, finite, {"mean_x": tf.reduce_mean(x)})


class Alternating:
    """Leaves every other update out, and says how many it has made."""

    def __init__(self):
        self.steps = tf.Variable(0, name="steps")
        self.variables = [self.steps]

    def __call__(self, model, loss, optimizer, x, y):
        self.steps.assign_add(1)
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            value = loss(y, predictions)
        gradients = tape.gradient(value, model.trainable_variables)
        if self.steps % 2 == 0:
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return eagerloop.Step(x, y, predictions, value, gradients, figures={"count": self.steps})
'''
ROWS = 120
STEPS = 12
MODES = pytest.mark.parametrize("compiled", [False, True])


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch):
    """A file with two steps, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")


def rows(run):
    """The history without the seconds."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]


def bits(run):
    """All that a checkpoint holds."""
    return {name: variable.numpy().tobytes() for name, variable in run.variables().items()}


def test_the_default_is_the_loops_own_step(tmp_path):
    """By the name `tape` or by none it is the same function; the record tells it."""
    run = eagerloop.train(epochs=1, directory=tmp_path / "run")

    assert run.parts.step is eagerloop.train_step
    assert run.train_step is eagerloop.train_step
    assert run.parts.run_toml["step"] == {"name": "tape", "owner": "eagerloop", "version": "0.1.0", "options": {}}
    assert not [name for name in run.variables() if name.startswith("step/")]


@pytest.mark.sweep(1)
@MODES
def test_a_function_in_a_file_is_a_step_with_options(tmp_path, compiled):
    """Twice the loss is twice the gradient: with half the rate, the loop's own updates; its figure is in the row."""
    slow, fast = (eagerloop.use("sgd", learning_rate=rate) for rate in (0.5e-5, 1e-5))
    twice = eagerloop.use("mine.py:weighted", factor=2.0)
    run = eagerloop.train(step=twice, optimizer=slow, epochs=2, compile=compiled, directory=tmp_path / "run")
    own = eagerloop.train(optimizer=fast, epochs=2, directory=tmp_path / "own")

    np.testing.assert_allclose([row["loss"] for row in run.history], [2 * row["loss"] for row in own.history], rtol=1e-5)
    assert list(run.history[0])[:6] == ["epoch", "steps", "loss", "total_loss", "mean_x", "seconds"]
    x = np.concatenate([x for x, _ in own.dataset.train(1).as_numpy_iterator()])
    assert run.history[0]["mean_x"] == pytest.approx(x.mean(), rel=1e-6)
    assert run.parts.run_toml["step"]["options"] == {"factor": 2.0}


@pytest.mark.sweep(1)
@MODES
def test_a_step_with_state_is_resumed_exactly(stops_at, tmp_path, compiled):
    """Stopped after 5 of 12 steps, in the middle of an epoch: state, figures and variables are those of the whole run."""
    options = {"step": "mine.py:Alternating", "epochs": 2, "compile": compiled}
    whole = eagerloop.train(**options, directory=tmp_path / "whole", observers=[stops_at(99)])
    eagerloop.train(**options, directory=tmp_path / "stopped", observers=[stops_at(5)])
    again = eagerloop.resume(tmp_path / "stopped", observers=[stops_at(99)])

    assert int(again.parts.step.steps) == 2 * STEPS
    assert rows(again) == rows(whole)
    assert bits(again) == bits(whole)
    assert whole.history[1]["count"] == pytest.approx(np.arange(13, 25).mean())


@pytest.mark.long
def test_compiled_stretches_have_the_figures_of_eager_steps(tmp_path):
    """Nobody looks at every step: 12 steps an epoch in stretches, and a pause to save after five."""
    options = {"step": "mine.py:Alternating", "epochs": 3, "save_every": 5}
    eager = eagerloop.train(**options, directory=tmp_path / "eager")
    stretches = eagerloop.train(**options, compile=True, directory=tmp_path / "stretches")

    assert stretches.stride.grain == "stretch"
    np.testing.assert_allclose(
        [list(row.values()) for row in rows(stretches)], [list(row.values()) for row in rows(eager)], rtol=1e-5
    )


@pytest.mark.long
def test_a_stretch_goes_on_from_figures_of_a_checkpoint(tmp_path):
    """A compiled run whose checkpoints after step 15, in the middle of epoch 2, are gone."""
    how = {"epochs": 3, "save_every": 5, "keep": 0, "compile": True}
    whole = eagerloop.train(step="mine.py:Alternating", directory=tmp_path / "run", **how)
    expected = rows(whole)
    for number in whole.store.steps():
        if number > 15:
            for path in sorted((whole.store.directory / f"step-{number:08d}").rglob("*"), reverse=True):
                path.unlink()
            (whole.store.directory / f"step-{number:08d}").rmdir()
    manifest = json.loads((whole.store.directory / "step-00000015" / "manifest.json").read_text())

    assert manifest["tally"]["figure/count"] == 10.0 * (13 + 14 + 15)
    assert rows(eagerloop.resume(tmp_path / "run")) == expected


def test_a_step_that_was_given_as_an_object_must_be_given_again(tmp_path):
    """No record can hold it."""
    calls = []

    def step(*arguments):
        calls.append(len(arguments))
        return eagerloop.train_step(*arguments)

    run = eagerloop.train(step=step, epochs=1, directory=tmp_path / "run")

    assert calls == [5] * STEPS
    with pytest.raises(CheckpointError, match=r"the step of .* was given as an object.*give it again: step=\.\.\., in Python"):
        eagerloop.load(tmp_path / "run")
    assert rows(eagerloop.load(tmp_path / "run", step=step)) == rows(run)


def test_a_run_is_not_resumed_with_another_step(tmp_path):
    """Also not one of an earlier version, whose record names none: that was the loop's own."""
    eagerloop.train(epochs=1, directory=tmp_path / "run")
    named = {"name": "tape", "options": {}}

    with pytest.raises(CheckpointError, match=r"step\.name: 'tape' was saved, .*two_losses.* now"):
        eagerloop.resume(tmp_path / "run", epochs=2, step=two_losses)
    assert compare_records({}, {"step": named}, "an old run") == []
    with pytest.raises(CheckpointError, match=r"step\.name: 'tape' was saved, 'sam' now"):
        compare_records({}, {"step": {**named, "name": "sam"}}, "an old run")


def test_the_record_of_an_own_step_shows_its_source(tmp_path):
    """`inspect` looks at the run's step, not at the loop's; also at that of an object and of a function with options."""
    for step, line in [
        (eagerloop.use("mine.py:weighted", factor=0.5), "def weighted("),
        ("mine.py:Alternating", "def __call__("),
    ]:
        run = eagerloop.train(step=step, epochs=1, directory=tmp_path / line[4:8])
        before = bits(run)
        record = run.inspect(*run.parts.first_batch)

        assert record.lines[0].text.strip().startswith(line)
        assert record.file == "mine.py"
        assert bits(run) == before
        assert not record.findings


def test_a_step_of_a_run_that_exists_is_that_of_the_run(tmp_path):
    """The replay goes through the run's own step up to there."""
    from eagerloop.afterwards.replaying import record_of_step

    losses = []

    class Notes:
        def on_step_end(self, step):
            losses.append(float(step.loss))

    eagerloop.train(step="mine.py:Alternating", epochs=1, directory=tmp_path / "run", observers=[Notes()])
    record = record_of_step(tmp_path / "run", 8, given={"observers": []}, findings=False)

    assert record.loss == losses[7]


def test_run_step_is_the_runs_own(tmp_path):
    """A single step for looking at: its figures print with it."""
    run = eagerloop.train(step="mine.py:weighted", epochs=1, directory=tmp_path / "run")
    step = run.step(*run.parts.first_batch)

    assert step.figures.keys() == {"mean_x"}
    assert "\nmean_x  () float32\n" in str(step)


@MODES
def test_a_step_that_is_not_finite_stops_the_run(tmp_path, compiled):
    """Whoever says so: the loop does not train on."""

    def step(*arguments):
        taken = eagerloop.train_step(*arguments)
        return taken._replace(finite=tf.constant(False))

    with pytest.raises(TrainingError, match=r"the gradient of a variable is not finite, though the loss is .* step 1;"):
        eagerloop.train(step=step, epochs=1, compile=compiled, directory=tmp_path / "run")


def with_figures(figures):
    """The loop's own step with figures beside."""
    return lambda *arguments: eagerloop.train_step(*arguments)._replace(figures=figures(*arguments))


def two_losses(*given):
    """The loop's own step, its loss told twice."""
    return eagerloop.train_step(*given)._replace(loss=tf.ones(2))


COUNT = iter(range(1000))


@pytest.mark.sweep(2)
@MODES
@pytest.mark.parametrize(
    ("step", "match"),
    [
        (lambda *_: 3, r"^a step must return an eagerloop.Step \(x, y, predictions, loss, gradients\), got int"),
        (
            two_losses,
            r"the loss of the step must be a scalar, got .*\(2,\)",
        ),
        (with_figures(lambda *_: {"loss": 1.0}), "figure 'loss' of the step has a name that is taken"),
        (with_figures(lambda *_: {"rmse": 1.0}), "figure 'rmse' of the step has a name that is taken"),
        (
            with_figures(lambda *_: {"a\nb": 1.0}),
            r"figure 'a\\nb' of the step has a name that no column can have; use printable",
        ),
        (with_figures(lambda *_: {"loss/ ": 1.0}), "figure 'loss/ ' of the step has a name that no column can have"),
        (with_figures(lambda *given: {"rows": given[3][:, 0]}), r"figure 'rows' of the step must be a scalar, got the shape"),
    ],
)
def test_what_is_no_step_is_refused_in_one_line(tmp_path, step, match, compiled):
    """Before anything is saved."""
    with pytest.raises(PluginError, match=match):
        eagerloop.train(step=step, metrics=["rmse"], epochs=1, compile=compiled, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_figures_that_change_in_an_epoch_are_refused(tmp_path):
    """A mean over some of the steps would pass for one over all."""
    step = with_figures(lambda *_: {} if next(COUNT) % 3 == 2 else {"norm": 1.0})

    with pytest.raises(PluginError, match="the same figures for every batch of an epoch, got none after norm"):
        eagerloop.train(step=step, epochs=1, directory=tmp_path / "run")


def test_observers_write_the_figures(tmp_path):
    """A column in the CSV file, which a resume goes on with; an event for TensorBoard; a number on the screen."""
    watching = ["csv", "progress"]
    eagerloop.train(step="mine.py:weighted", epochs=1, directory=tmp_path / "run", observers=watching)
    eagerloop.resume(tmp_path / "run", epochs=2)
    lines = (tmp_path / "run" / "steps.csv").read_text(encoding="utf-8").splitlines()

    assert lines[0] == "epoch,batch,step,loss,mean_x"
    assert len(lines) == 1 + 2 * STEPS
    assert all(len(line.split(",")) == 5 for line in lines)


def test_a_csv_file_of_another_step_is_left_alone(tmp_path):
    """Its columns are others."""
    (tmp_path / "run").mkdir()
    eagerloop.train(epochs=1, directory=tmp_path / "run" / "plain", observers=["csv"])
    file = tmp_path / "run" / "plain" / "steps.csv"
    other = eagerloop.train(step="mine.py:weighted", epochs=1, directory=tmp_path / "other")
    (other.directory / "steps.csv").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")

    with pytest.raises(ConfigError, match="'epoch,batch,step,loss', expected 'epoch,batch,step,loss,mean_x'"):
        eagerloop.resume(tmp_path / "other", epochs=2, observers=["csv"])
