"""Whatever is saved can be opened: what a reader would refuse is refused when it is to be saved, and the part is named."""

import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import TrainingError
from eagerloop.storage import manifests


class Changing:
    """Changes something of the run at the end of epoch 2."""

    def __init__(self, change):
        self.change = change

    def on_epoch_end(self, run, epoch):
        if epoch == 2:
            self.change(run)


class Keeping:
    """Has a state of so many letters, from epoch 2 on."""

    def __init__(self):
        self.kept = ""

    def on_epoch_end(self, epoch):
        self.kept = "x" * 30_000 if epoch == 2 else ""

    def state(self):
        return {"kept": self.kept}

    def restore(self, state):
        self.kept = state["kept"]


def train(observer):
    return eagerloop.train(directory="mine", model="linear", epochs=4, observers=[observer], keep=0)


def opens_at(epochs):
    """The run opens, in a state that is whole."""
    loaded = eagerloop.load("mine", observers=[Changing(print)])
    assert len(loaded.history) == epochs
    assert loaded.store.steps() == [12 * epoch for epoch in range(1, epochs + 1)]
    assert not list(loaded.store.directory.glob(".tmp-*"))


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda run: run.history[-1].update(mood="good"),
            r"row 2 of the history is not what a run writes there.*'mood': 'good'",
        ),
        (lambda run: run.history[-1].update(loss=None), r"row 2 of the history .*'loss': None"),
        (lambda run: run.history[0].pop("loss"), r"row 1 of the history "),
        (lambda run: run.history[-1].update(rate=np.float32(1)), r"row 2 of the history .*'rate': .*1\.0"),
        (lambda run: run.history[-1].update(epoch="two"), r"row 2 of the history "),
        (lambda run: run.history.__setitem__(-1, None), r"row 2 of the history .*: None"),
        (lambda run: run.history.__setitem__(0, ["loss", 2.0]), r"row 1 of the history .*'loss', 2\.0"),
        (lambda run: setattr(run, "history", None), r"'history' of this state .*: None"),
        (lambda run: setattr(run.position, "step", -5), r"'position' of this state .*'step': -5"),
        (lambda run: setattr(run.position, "step", "many"), r"'position' of this state .*'step': 'many'"),
    ],
)
def test_what_an_observer_has_spoilt_is_not_saved(change, told):
    """One line names the row and the observers; the checkpoint before opens."""
    with pytest.raises(TrainingError, match=told + r".*; nothing was saved: let the observer that changed it \(.*Changing\)"):
        train(Changing(change))
    opens_at(1)


def test_a_history_alone_is_looked_at_as_well():
    """A run that keeps no checkpoint writes its history, or says in one line why it cannot."""
    with pytest.raises(
        TrainingError, match=r"the history is not what a run writes there.*observer that changed it \(.*Changing\)"
    ):
        eagerloop.train(
            checkpointer="none", epochs=2, observers=[Changing(lambda run: run.history[-1].update(rate=np.float32(1)))]
        )


class LateOptimizer:
    """Momentum whose slots are made when it first sees gradients, as many that are written by hand do."""

    def __init__(self):
        self.variables = []

    def apply_gradients(self, pairs):
        pairs = list(pairs)
        self.variables = self.variables or [tf.Variable(tf.zeros_like(variable), name="slot") for _, variable in pairs]
        for slot, (gradient, variable) in zip(self.variables, pairs, strict=True):
            variable.assign_sub(1e-4 * slot.assign(0.9 * slot + gradient))


class EarlyOptimizer(LateOptimizer):
    """The same, as it is to be."""

    def build(self, variables):
        self.variables = [tf.Variable(tf.zeros_like(variable), name="slot") for variable in variables]


class LateModel(tf.Module):
    """Counts its calls in training from the first one on."""

    def __init__(self):
        super().__init__()
        self.kernel, self.calls = tf.Variable(tf.zeros((3, 1)), name="kernel"), None

    def __call__(self, x, training):
        if training:
            self.calls = tf.Variable(0.0, trainable=False, name="calls") if self.calls is None else self.calls
            self.calls.assign_add(1.0)
        return x @ self.kernel


class LateLoss:
    """Holds a variable that it makes in the second epoch, and does not list."""

    def __init__(self):
        self.calls, self.scale = 0, None

    def __call__(self, y_true, y_pred):
        self.calls += 1
        if self.calls > 12 and self.scale is None:
            self.scale = tf.Variable(1.0)
        return tf.reduce_mean((y_true - y_pred) ** 2)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (
            {"optimizer": LateOptimizer},
            r"optimizer .*LateOptimizer has made.*: slot \(3, 32\) float32, .* and 1 more;.* in build",
        ),
        ({"model": LateModel}, r"model .*LateModel has made.*: calls \(\) float32; .*: let it make them when it is made"),
        ({"loss": LateLoss}, r"loss .*LateLoss has made.*: held/scale \(\) float32; .*: let it make them when it is made"),
    ],
)
def test_variables_that_no_other_process_has_are_not_saved(part, told):
    """One line names the part and what it made too late; nothing is there that could not be opened."""
    given = {kind: make() for kind, make in part.items()}
    with pytest.raises(TrainingError, match=told):
        eagerloop.train(directory="late", epochs=2, **({"optimizer": "sgd"} | given))
    again = {kind: make() for kind, make in part.items()}
    steps = [path.name for path in Path("late", "checkpoints").glob("step-*")]
    assert steps == (["step-00000012"] if "loss" in part else [])
    if steps:
        assert len(eagerloop.load("late", **again).history) == 1


def test_variables_that_are_made_in_time_are_saved():
    """The same optimizer with `build`: what it has gathered comes back."""
    run = eagerloop.train(
        directory="early", model=eagerloop.use("linear", standardize_target=False), optimizer=EarlyOptimizer(), epochs=1
    )
    loaded = eagerloop.load("early", optimizer=EarlyOptimizer())
    assert float(tf.reduce_sum(tf.abs(run.optimizer.variables[0]))) > 0
    for old, new in zip(run.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_figure_of_ones_own_is_saved():
    """A number that an observer adds to a row is a figure as any other."""
    train(Changing(lambda run: run.history[-1].update(rate=0.5, flag=True, odd=float("nan"))))
    opens_at(4)
    row = eagerloop.load("mine", observers=[Changing(print)]).history[1]
    assert (row["rate"], row["flag"], math.isnan(row["odd"])) == (0.5, True, True)


def test_a_manifest_that_no_reader_takes_is_not_written(monkeypatch):
    """The largest state in it is named; the checkpoint before opens."""
    monkeypatch.setattr(manifests, "LARGEST_MANIFEST", 20_000)
    with pytest.raises(
        TrainingError, match=r"the manifest of step 24 would have \d+ bytes, a reader takes 20000; 300\d\d of .*'.*Keeping'"
    ):
        train(Keeping())
    loaded = eagerloop.load("mine", observers=[Keeping()])
    assert loaded.store.steps() == [12]


def test_the_manifest_says_what_the_run_says():
    """A reader's view is what is written: the same figures."""
    run = eagerloop.train(directory="mine", model="linear", epochs=2, metrics=["rmse"])
    assert run.store.read(24).manifest["history"] == run.history
