"""Whatever is saved can be opened: what a reader would refuse is refused when it is to be saved, and the part is named."""

import json
import math

import numpy as np
import pytest

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
    return eagerloop.train(directory="mine", model="linear", epochs=4, observers=[observer])


def opens_at(epochs):
    """The run opens, in a state that is whole."""
    loaded = eagerloop.load("mine", observers=[Changing(print)])
    assert len(loaded.history) == epochs
    assert loaded.store.steps() == [12 * epoch for epoch in range(1, epochs + 1)]
    assert not list(loaded.store.directory.glob(".tmp-*"))


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
        (lambda run: setattr(run.position, "step", -5), r"'position' of this state .*'step': -5"),
    ],
)
def test_what_an_observer_has_spoilt_is_not_saved(change, told):
    """One line names the row and the observers; the checkpoint before opens."""
    with pytest.raises(TrainingError, match=told + r".*; nothing was saved: let the observer that changed it \(.*Changing\)"):
        train(Changing(change))
    opens_at(1)


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
    content = json.loads((run.store.path_of(24) / "manifest.json").read_text())
    assert content["history"] == run.history
