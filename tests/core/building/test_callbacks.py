"""Callbacks of Keras as observers: what they are called with, what they may do, and which are refused."""

from pathlib import Path

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.errors import PluginError

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X @ np.float32([1, 2, 3])
DATA = {
    "dataset": ((X[:20], Y[:20]), (X[20:30], Y[20:30]), (X[30:], Y[30:])),
    "model": eagerloop.use("linear", standardize_target=False),
}


NOTE = """
import keras


class Note(keras.callbacks.Callback):
    'Notes.'

    def __init__(self, path: str = 'a'):
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch, logs=None):
        with open(self.path, 'a') as file:
            file.write(f'{epoch} ')
"""


class Log(keras.callbacks.Callback):
    """Writes down its calls."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("train", self.params["epochs"], logs))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("begin", epoch, logs))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("end", epoch, logs))

    def on_train_end(self, logs=None):
        self.calls.append(("over", logs))


def test_a_callback_is_called_as_fit_calls_it():
    """Epochs from 0, the figures of fit by their names, those of the last epoch at the end."""
    log = Log()
    run = eagerloop.train(**DATA, epochs=2, metrics=["mean_absolute_error"], observers=[log], directory="run")
    first, second = ({key: value for key, value in row.items() if key not in ("epoch", "steps", "total_loss", "seconds")}
                     for row in run.history)  # fmt: skip
    assert log.calls == [
        ("train", 2, {}),
        ("begin", 0, {}),
        ("end", 0, first),
        ("begin", 1, {}),
        ("end", 1, second),
        ("over", second),
    ]
    assert sorted(first) == ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]
    by_fit = Log()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mean_absolute_error"])
    model.fit(X[:20], Y[:20], epochs=2, validation_data=(X[20:30], Y[20:30]), callbacks=[by_fit], verbose=0)
    assert [call[:2] if len(call) == 3 else call[0] for call in by_fit.calls] == [
        call[:2] if len(call) == 3 else call[0] for call in log.calls
    ]
    assert sorted(by_fit.calls[2][2]) == sorted(first)


def test_the_run_is_recorded_by_the_callback_s_own_name():
    """And a resume asks for it again; it begins anew then, which is told."""
    eagerloop.train(**DATA, epochs=1, observers=[Log()], directory="run")
    with pytest.raises(eagerloop.errors.CheckpointError, match=r"give it again: observers=\.\.\."):
        eagerloop.resume("run", epochs=2, dataset=DATA["dataset"])
    log = Log()
    with pytest.warns(UserWarning, match="the callback Log begins anew after 1 steps: no checkpoint holds what it had seen"):
        eagerloop.resume("run", epochs=2, dataset=DATA["dataset"], observers=[log])
    assert [call[0] for call in log.calls] == ["train", "begin", "end", "over"]
    assert (
        "test_callbacks.Log"
        in (eagerloop.load("run", dataset=DATA["dataset"], observers=[Log()]).place / "run.toml").read_text()
    )


def test_one_that_wants_to_stop_stops_the_run():
    """Keras's EarlyStopping, on a figure that cannot improve: after the patience, with a reason; the model stays as it is."""
    callback = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=1e9, patience=2)
    run = eagerloop.train(**DATA, epochs=20, observers=[callback], directory="run")
    assert len(run.history) == 3
    assert run.stopping == "the callback EarlyStopping stops the training"
    assert not getattr(run.model, "stop_training", False)


@pytest.mark.parametrize("compiled", [False, True])
def test_one_that_looks_at_steps(compiled):
    """Batches from 0 in each epoch, the loss so far; the run ends after the step in which it wants that."""
    seen = []

    class Steps(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, logs["loss"]))
            self.model.stop_training = len(seen) == 3

    run = eagerloop.train(dataset="iris", epochs=2, observers=[Steps()], compile=compiled, directory="run")
    assert [batch for batch, _loss in seen] == [0, 1, 2]
    assert seen[-1][1] == pytest.approx(run.loss_so_far)
    assert run.position.step == 3


def test_callbacks_of_keras_that_write_down_figures(tmp_path):
    """CSVLogger, LambdaCallback and History do what they do in fit."""
    told = []
    history = keras.callbacks.History()
    csv = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    function = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.append((epoch, logs["loss"])))
    run = eagerloop.train(**DATA, epochs=2, observers=[history, csv, function], directory="run")
    assert told == [(0, run.history[0]["loss"]), (1, run.history[1]["loss"])]
    assert history.history["val_loss"] == [row["val_loss"] for row in run.history]
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == ("epoch,loss,val_loss", 3)


def test_a_callback_sees_the_model_and_the_run_s_optimizer():
    """Its weights, its answers, the rate."""
    seen = {}

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen["rate"] = float(self.model.optimizer.learning_rate)
            seen["weights"] = [weight.shape for weight in self.model.get_weights()]
            seen["answer"] = self.model(X[:2], training=False).shape

    eagerloop.train(**DATA, optimizer=keras.optimizers.SGD(0.25), epochs=1, observers=[Look()], directory="run")
    assert (seen["rate"], seen["weights"], tuple(seen["answer"])) == (0.25, [(3, 1), (1,)], (2, 1))


def test_a_callback_from_a_file_is_one_too():
    """By `file.py:NAME`, with its options; the record names the file, and a resume makes it again."""
    Path("parts.py").write_text(NOTE)
    eagerloop.train(model="linear", epochs=2, observers=[eagerloop.use("parts.py:Note", path="note")], directory="run")
    with pytest.warns(UserWarning, match="begins anew"):
        eagerloop.resume("run", epochs=3)
    assert Path("note").read_text() == "0 1 2 "


class OnTest(keras.callbacks.Callback):
    def on_test_end(self, logs=None):
        pass


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: keras.callbacks.ModelCheckpoint("a.keras"),
            "the run saves itself after each epoch: take save_every= and keep=",
        ),
        (lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.1), "take schedule=, a function of the step"),
        (keras.callbacks.ReduceLROnPlateau, "take the observer 'reduce-on-plateau'"),
        (keras.callbacks.TensorBoard, "take the observer 'tensorboard'"),
        (keras.callbacks.TerminateOnNaN, "the run itself stops at a loss that is not finite: leave it out"),
        (keras.callbacks.ProgbarLogger, "take progress=True"),
        (lambda: keras.callbacks.BackupAndRestore("b"), "eagerloop.resume goes on where a run was stopped: leave it out"),
        (lambda: keras.callbacks.EarlyStopping(restore_best_weights=True), "take the observer 'early-stopping'"),
        (OnTest, "the callback OnTest has on_test_end, which no run calls; it may have on_train_begin"),
    ],
)
def test_one_that_cannot_be_an_observer_is_refused(make, told):
    """With what to take instead, before anything is made."""
    with pytest.raises(PluginError, match=told):
        eagerloop.train(**DATA, observers=[make()], directory="run")


def test_every_callback_of_keras_is_taken_or_refused_by_name():
    """A new one of Keras's would be looked at by its methods; those of today are known."""
    from eagerloop.building.callbacks import INSTEAD

    known = {name for name in dir(keras.callbacks) if name[0].isupper()}
    taken = {"Callback", "CallbackList", "CSVLogger", "EarlyStopping", "History", "LambdaCallback", "RemoteMonitor"}
    assert known - taken <= set(INSTEAD)
