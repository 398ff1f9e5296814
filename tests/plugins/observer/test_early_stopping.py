"""The observer `early-stopping`."""

import math
from types import SimpleNamespace

import pytest

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.early_stopping import early_stopping


class FakeRun:
    """As much of a run as the observer looks at, so that the figures can be chosen."""

    def __init__(self, metrics=(), *, validates=False):
        self.metrics, self.loss = dict.fromkeys(metrics), None
        self.dataset = SimpleNamespace(validation=lambda: [] if validates else None)
        self.stopping = ""

    def stop(self, reason):
        """Notes the reason, as a run does."""
        self.stopping = reason


def stopping_epoch(observer, column, figures, *, metrics=(), validates=False):
    """The epoch after which the observer stops a run with these figures, and its reason; None if it does not."""
    run = FakeRun(metrics, validates=validates)
    observer.on_train_begin(run)
    for epoch, figure in enumerate(figures, start=1):
        observer.on_epoch_end(run, epoch, {column: figure})
        if run.stopping:
            return epoch, run.stopping
    return None


def test_stops_after_patience_epochs_without_improvement():
    """Best in epoch 2, no better in 3 and 4: with a patience of 2 the run ends after epoch 4, and says why."""
    assert stopping_epoch(early_stopping(patience=2), "loss", [3.0, 1.5, 1.5, 2.0, 0.1]) == (
        4,
        "loss is best in epoch 2, 1.5, and has not improved for 2 epochs (patience 2)",
    )


def test_an_improvement_starts_the_patience_anew():
    """Two bad epochs that do not follow each other do not use up a patience of 2."""
    assert stopping_epoch(early_stopping(patience=2), "loss", [3.0, 3.5, 2.0, 2.5, 1.0, 1.5]) is None


@pytest.mark.parametrize("patience", [0, 1])
def test_no_patience_stops_at_the_first_epoch_without_improvement(patience):
    """A patience of 0 does not end the run after its first epoch, which has nothing to be better than."""
    epoch, _reason = stopping_epoch(early_stopping(patience=patience), "loss", [3.0, 2.0, 2.0, 1.0])

    assert epoch == 3


def test_min_delta_must_be_exceeded():
    """From 3.0 to 2.5 is no improvement where 0.5 is asked for; from 3.0 to 2.25 is."""
    assert stopping_epoch(early_stopping(patience=1, min_delta=0.5), "loss", [3.0, 2.5])[0] == 2
    assert stopping_epoch(early_stopping(patience=1, min_delta=0.5), "loss", [3.0, 2.25]) is None


@pytest.mark.parametrize("monitor", ["accuracy", "val_accuracy", "val-accuracy", "r2", "auc"])
def test_higher_is_better_for_accuracy_and_its_like(monitor):
    """A rising accuracy is an improvement, a falling one is not."""
    column, metrics = monitor.replace("-", "_"), ["accuracy", "r2", "auc"]

    def stops(figures):
        return stopping_epoch(early_stopping(patience=1, monitor=monitor), column, figures, metrics=metrics, validates=True)

    assert stops([0.5, 0.6, 0.7]) is None
    assert stops([0.5, 0.4])[0] == 2


def test_mode_overrides_the_name():
    """What is called accuracy is minimised if the user says so."""
    observer = early_stopping(patience=1, monitor="accuracy", mode="min")

    assert stopping_epoch(observer, "accuracy", [0.5, 0.6], metrics=["accuracy"])[0] == 2


def test_a_name_that_tells_nothing_needs_a_mode():
    """Rather than guess which way is better, the observer asks, before the first epoch."""
    with pytest.raises(ConfigError, match="'wobble' does not tell whether higher or lower is better; set the option 'mode'"):
        early_stopping(monitor="wobble").on_train_begin(FakeRun(["wobble"]))


@pytest.mark.parametrize(("validates", "column"), [(False, "loss"), (True, "val_loss")])
def test_auto_follows_the_validation_where_there_is_one(validates, column):
    """Without a monitor it is val_loss, or loss if nothing is validated."""
    _epoch, reason = stopping_epoch(early_stopping(patience=1), column, [1.0, 2.0], validates=validates)

    assert reason.startswith(f"{column} is best in epoch 1")


def test_an_unknown_column_names_the_nearest():
    """A misspelt monitor is refused before the first epoch."""
    with pytest.raises(ConfigError, match=r"no column 'acuracy'; did you mean 'accuracy'\? Known: accuracy, loss, total_loss"):
        early_stopping(monitor="acuracy").on_train_begin(FakeRun(["accuracy"]))


def test_a_validation_column_without_validation_says_what_is_missing():
    """The fault is in the dataset, and the message says so."""
    with pytest.raises(ConfigError, match=r"no column 'val_loss'; .* val_\.\.\. needs a dataset with a validation part"):
        early_stopping(monitor="val_loss").on_train_begin(FakeRun())


def test_nan_is_never_an_improvement():
    """A figure that is nan uses the patience up, from the first epoch on."""
    assert stopping_epoch(early_stopping(patience=2), "loss", [math.nan, math.nan]) == (
        2,
        "loss is never a number, and has not improved for 2 epochs (patience 2)",
    )


def columns_that_matter(run):
    """The history without the seconds."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]


def test_a_resumed_run_stops_in_the_epoch_in_which_the_uninterrupted_one_does(tmp_path):
    """Best in epoch 1, patience 3: the end is after epoch 4, also if the run was interrupted after epoch 2."""

    def observer():
        return early_stopping(patience=3, min_delta=1e6)

    whole = eagerloop.train(directory=tmp_path / "whole", epochs=8, observers=[observer()])
    eagerloop.train(directory=tmp_path / "cut", epochs=2, observers=[observer()])
    resumed = eagerloop.resume(tmp_path / "cut", epochs=8, observers=[observer()])

    assert len(whole.history) == 4
    assert columns_that_matter(resumed) == columns_that_matter(whole)
    assert resumed.stopping == whole.stopping != ""


def test_a_run_that_was_stopped_stays_stopped(tmp_path):
    """Resuming it takes no further step: the uninterrupted run would not have taken one either."""
    observers = [early_stopping(patience=1, min_delta=1e6)]
    stopped = eagerloop.train(directory=tmp_path / "run", epochs=5, observers=observers)
    resumed = eagerloop.resume(tmp_path / "run", observers=[early_stopping(patience=1, min_delta=1e6)])

    assert (stopped.position.step, resumed.position.step) == (24, 24)
    assert resumed.stopping == stopped.stopping
