"""What comes back with a checkpoint besides the variables, and which checkpoints stay."""

import errno
import os
import random
import threading
from pathlib import Path

import flips
import numpy as np
import pytest
import warm

import eagerloop
from eagerloop.errors import PluginError, TrainingError

CSV = "a,b,y\n" + "".join(f"{row / 10},{row % 7},{(row * 37) % 11}\n" for row in range(60))


@pytest.fixture
def choices(tmp_path):
    """A run whose validation loss soon stops falling."""
    (tmp_path / "table.csv").write_text(CSV)
    dataset = eagerloop.use("csv", path="table.csv", task="regression", validation_fraction=0.3, batch_size=7)
    model = eagerloop.use("mlp", hidden=[8], dropout=0.3)
    optimizer = eagerloop.use("adam", learning_rate=0.3)
    return {"dataset": dataset, "model": model, "optimizer": optimizer, "metrics": ["mae"], "epochs": 30}


class Stopper:
    """Stops the run after a step; it knows nothing that a checkpoint must keep."""

    def __init__(self, after=0):
        self.after = after

    def on_step_end(self, run):
        if run.position.step == self.after:
            run.stop("interrupted")


def without_seconds(history):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


@pytest.mark.long
def test_early_stopping_and_the_csv_file_go_on_as_if_nothing_had_been(choices):
    """The resumed run stops in the same epoch, for the same reason; no row per step is missing, none is there twice."""
    early = eagerloop.use("early-stopping", patience=3)
    whole = eagerloop.train(directory="whole", observers=[Stopper(), early, "csv"], **choices)
    assert "has not improved for 3 epochs" in whole.stopping
    cut = whole.position.step - 9
    eagerloop.train(directory="run", observers=[Stopper(cut), early, "csv"], **choices)
    warm.seed_differently(1)
    resumed = eagerloop.resume("run", observers=[Stopper(), early, "csv"])
    assert resumed.stopping == whole.stopping
    assert without_seconds(resumed.history) == without_seconds(whole.history)
    assert Path("run/steps.csv").read_text() == Path("whole/steps.csv").read_text()
    assert flips.state_of(resumed)["values"] == flips.state_of(whole)["values"]


class Draws:
    """Takes numbers from the generators of Python and NumPy, as an augmentation might."""

    def __init__(self, stop_after=0):
        self.stop_after, self.drawn = stop_after, []

    def on_step_end(self, run):
        # The legacy generators of the whole process are what a checkpoint keeps.
        self.drawn.append((random.random(), random.gauss(0, 1), *map(float, (np.random.rand(), np.random.randn()))))  # noqa: NPY002, S311
        if run.position.step == self.stop_after:
            run.stop("interrupted")


@pytest.mark.sweep(1)
@pytest.mark.parametrize("after", [4, 5, 12])
def test_generators_go_on_where_they_stood(after):
    """Odd and even counts: both generators keep every second normal number for later."""
    whole, first, second = Draws(), Draws(after), Draws()
    eagerloop.train(directory="whole", epochs=2, observers=[whole])
    eagerloop.train(directory="run", epochs=2, observers=[first])
    warm.seed_differently(after)
    eagerloop.resume("run", observers=[second])
    assert first.drawn + second.drawn == whole.drawn


def test_metrics_go_on_in_the_middle_of_an_epoch(choices):
    """Their variables are part of a checkpoint: the epoch's figure covers the steps before the interruption too."""
    choices |= {"epochs": 1}
    whole = eagerloop.train(directory="whole", observers=[Stopper()], **choices)
    eagerloop.train(directory="run", observers=[Stopper(2)], **choices)
    resumed = eagerloop.resume("run", observers=[Stopper()])
    assert resumed.history[0]["mae"] == whole.history[0]["mae"]
    assert resumed.history[0]["loss"] == whole.history[0]["loss"]


@pytest.mark.long
def test_the_best_by_val_loss_is_never_pruned(choices):
    """Of 12 epochs, the two newest stay and the one with the lowest val_loss, through a resume as well."""
    run = eagerloop.train(directory="run", keep=2, **(choices | {"epochs": 8}))
    run = eagerloop.resume("run", epochs=12)
    losses = [row["val_loss"] for row in run.history]
    steps = run.history[0]["steps"]
    best = (losses.index(min(losses)) + 1) * steps
    assert best < 11 * steps
    assert run.store.steps() == [best, 11 * steps, 12 * steps]


class SlowCheckpointer:
    """Writes nothing before it is let go."""

    def __init__(self):
        self.may_go = threading.Event()
        self.may_go.set()

    def write(self, directory, state):
        assert self.may_go.wait(30)
        np.savez(directory / "variables.npz", **{name: variable.numpy() for name, variable in state.items()})

    def read(self, directory, state):
        with np.load(directory / "variables.npz") as archive:
            for name, variable in state.items():
                variable.assign(archive[name])


class HoldsBack:
    """Lets the save of the first epoch begin to write only when the second epoch is over."""

    def __init__(self, checkpointer):
        self.checkpointer = checkpointer

    def on_epoch_begin(self, epoch):
        if epoch == 1:
            self.checkpointer.may_go.clear()

    def on_epoch_end(self, epoch):
        if epoch == 2:
            self.checkpointer.may_go.set()


def test_a_save_in_the_background_is_of_the_moment_in_which_it_was_asked_for():
    """However late it is written: variables, position and history are those of the end of its epoch."""
    slow = SlowCheckpointer()
    run = eagerloop.train(directory="run", epochs=2, checkpointer=slow, observers=[HoldsBack(slow)], save_async=True)
    plain = SlowCheckpointer()
    whole = eagerloop.train(directory="whole", epochs=2, checkpointer=plain)
    assert run.store.steps() == [12, 24]
    for step in (12, 24):
        assert warm.differences(run.store.path_of(step), whole.store.path_of(step)) == []
    assert len(run.store.read(12).manifest["history"]) == 1


def test_an_error_does_not_let_go_of_a_run_that_is_being_saved():
    """The lock is held until the thread has written: the next process finds a whole checkpoint."""
    slow = SlowCheckpointer()

    class Fails(HoldsBack):
        def on_epoch_begin(self, epoch):
            super().on_epoch_begin(epoch)
            if epoch == 2:
                threading.Timer(0.3, self.checkpointer.may_go.set).start()
                msg = "no more"
                raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="no more"):
        eagerloop.train(directory="run", epochs=2, checkpointer=slow, observers=[Fails(slow)], save_async=True)
    assert [path.name for path in Path("run/checkpoints").glob("step-*")] == ["step-00000012"]


@pytest.fixture
def slow_disk(monkeypatch):
    """The event that lets every `fsync` of another thread than this one go on, and what it does then."""
    gate, sync, training = threading.Event(), os.fsync, threading.current_thread()
    gate.error = None

    def fsync(descriptor):
        if threading.current_thread() is not training:
            assert gate.wait(30)
            if gate.error:
                raise gate.error
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return gate


def test_the_training_goes_on_while_a_checkpoint_is_made_durable(slow_disk):
    """Until it is, it has no name; the last one has its name before `on_train_end` is called."""
    seen = {}

    class Looks:
        def on_step_end(self, run):
            if run.position.step == 20:
                seen["in epoch 2"] = [path.name[:17] for path in Path("run/checkpoints").glob("*step-*")]
                slow_disk.set()

        def on_train_end(self, run):
            seen["at the end"] = run.store.steps()

    run = eagerloop.train(directory="run", epochs=2, observers=[Looks()])
    assert seen == {"in epoch 2": [".tmp-step-0000001"], "at the end": [12, 24]}
    whole = eagerloop.train(directory="whole", epochs=2, observers=[Looks()])
    assert [warm.differences(run.store.path_of(step), whole.store.path_of(step)) for step in (12, 24)] == [[], []]


def test_a_disk_that_fails_while_the_training_goes_on_ends_the_run(slow_disk):
    """The next save tells of it, in one sentence; nothing half-made is left."""
    slow_disk.error = OSError(errno.ENOSPC, "No space left on device")
    slow_disk.set()
    with pytest.raises(TrainingError, match=r"checkpoint step-00000012 could not be written .*the disk is full"):
        eagerloop.train(directory="run", epochs=3)
    assert list(Path("run/checkpoints").glob("*step-*")) == []


def test_a_save_outside_of_a_training_is_there_when_it_returns():
    """So that the next line of a script can load it."""
    run = eagerloop.train(directory="run", epochs=1)
    run.position.step = 13
    run.save()
    assert run.store.steps() == [12, 13]


class KeepsATensor:
    """An observer whose state is no JSON."""

    def on_train_begin(self):
        pass

    def state(self):
        return {"seen": np.float32(1)}


def test_an_observer_whose_state_is_no_json_is_named():
    """Before anything is written."""
    with pytest.raises(
        PluginError, match=r"observer '.*KeepsATensor': state\(\) must be JSON .*float32 is not JSON serializable"
    ):
        eagerloop.train(directory="run", epochs=1, observers=[KeepsATensor()])


@pytest.mark.long
def test_a_finished_run_is_extended_to_the_run_that_was_longer_from_the_start():
    """`resume(epochs=4)` of a run of 2 epochs is a run of 4 epochs."""
    eagerloop.train(directory="run", epochs=2)
    warm.seed_differently(1)
    extended = eagerloop.resume("run", epochs=4)
    whole = eagerloop.train(directory="whole", epochs=4)
    assert warm.differences(extended.store.path_of(48), whole.store.path_of(48)) == []
