"""Which checkpoint of a run is taken, what is said where it is not there, and what a run that looks back must not do."""

import math

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify
from eagerloop.errors import CheckpointError, ConfigError
from eagerloop.running.which_checkpoint import best_saved, best_step
from eagerloop.storage.rows import row_after

VALIDATING = eagerloop.use("iris", split="random", validation_fraction=0.2)


def restoring(**options):
    """A run whose figure is best in its first epoch: it learns, and the highest loss is said to be the best."""
    stopping = eagerloop.use("early-stopping", patience=2, mode="max", **options)
    return {"dataset": VALIDATING, "model": "linear", "observers": [stopping], "epochs": 6}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run whose loss falls from epoch to epoch, stopped after its third; each epoch has ten steps."""
    place = tmp_path_factory.mktemp("which") / "run"
    run = eagerloop.train(directory=place, **restoring(restore_best=True))
    losses = [row["val_loss"] for row in run.history]
    assert losses == sorted(losses, reverse=True)
    assert run.store.steps() == [10, 20, 30]
    return run, place


def values(run):
    """The model's variables."""
    return [variable.numpy() for variable in run.model.variables]


@pytest.fixture(scope="module")
def after_one_epoch(tmp_path_factory):
    """The same run, which has not gone further than its best epoch."""
    place = tmp_path_factory.mktemp("which") / "short"
    return eagerloop.train(directory=place, **restoring() | {"epochs": 1})


def test_a_checkpoint_is_taken_by_name_or_step(trained, after_one_epoch):
    """The best is the first epoch's, bit for bit; its history ends there. The newest has all three epochs."""
    _run, place = trained
    newest, best, second = (eagerloop.load(place, checkpoint=which) for which in ("newest", "best", 20))
    assert [len(run.history) for run in (newest, best, second)] == [3, 1, 2]
    np.testing.assert_array_equal(best.predict(), after_one_epoch.predict())
    assert not np.array_equal(newest.predict(), best.predict())
    assert "answers with the checkpoint of step 10" in repr(best)
    assert newest.answers_with == ""


def test_the_best_is_restored_at_the_end_and_by_load(trained, after_one_epoch):
    """The run predicts with its first epoch and knows its whole history; so does whoever opens it later."""
    run, place = trained
    for one in (run, eagerloop.load(place)):
        assert (len(one.history), one.position.step) == (3, 30)
        for found, expected in zip(values(one), values(after_one_epoch), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert one.evaluate() == after_one_epoch.evaluate()


def test_a_resume_goes_on_from_the_newest(tmp_path):
    """Restored or not, the same bits come: the trained variables are not lost."""
    plain = restoring() | {"observers": []}
    whole = eagerloop.train(directory=tmp_path / "whole", **plain | {"epochs": 4})
    eagerloop.train(directory=tmp_path / "run", **restoring(restore_best=True) | {"epochs": 2})
    run = eagerloop.resume(tmp_path / "run", epochs=4, observers=[])
    assert [row["val_loss"] for row in run.history] == [row["val_loss"] for row in whole.history]
    np.testing.assert_array_equal(run.predict(), whole.predict())


def test_a_run_that_looks_back_is_not_trained_and_not_saved(trained):
    """Two trainings would be mixed in one directory; both ways out are named."""
    run, place = trained
    for one in (run, eagerloop.load(place, checkpoint=20)):
        for go_on in (lambda one=one: one.train(epochs=9), one.save):
            with pytest.raises(CheckpointError, match=r"cannot be trained from there; go on .* eagerloop\.resume\('.*'\)"):
                go_on()


@pytest.mark.parametrize(
    ("which", "kind", "told"),
    [
        (
            11,
            CheckpointError,
            r"run has no checkpoint of step 11; there is newest \(30\); best \(10\), and the steps 10, 20, 30",
        ),
        ("11", CheckpointError, r"no checkpoint of step 11"),
        ("last", ConfigError, r"checkpoint must be 'newest', 'best' or a step, such as 120, got 'last'"),
        (-1, ConfigError, r"or a step, such as 120, got -1"),
        (True, ConfigError, r"or a step, such as 120, got True"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(trained, which, kind, told):
    """One line."""
    with pytest.raises(kind, match=told):
        eagerloop.load(trained[1], checkpoint=which)


def test_without_a_figure_nothing_is_best(tmp_path):
    """Neither a validation nor an observer: the line says so, and lists the steps, of many some."""
    eagerloop.train(directory=tmp_path / "run", model="linear", epochs=10, keep=0)
    listed = (
        r"has no val_loss, and no observer .*; there is newest \(120\), and the steps 12, 24, \.\.\., 60, 72, 84, 96, 108, 120$"
    )
    with pytest.raises(CheckpointError, match=listed):
        eagerloop.load(tmp_path / "run", checkpoint="best")


def test_the_observer_s_best_stands_above_val_loss():
    """Epoch 1 is the best of what is followed, and epoch 2 that of val_loss; an observer that has seen nothing says nothing."""
    history = [{"steps": 5, "val_loss": 2.0}, {"steps": 5, "val_loss": 1.0}]
    assert best_step(history, [["early-stopping", {"best_epoch": 1}]]) == 5
    assert best_step(history, [["csv", None], ["early-stopping", {"best_epoch": 0}]]) == 10
    assert best_step(history, [["early-stopping", {"best_epoch": 7}]]) is None


def test_one_checkpoint_is_verified_alone(trained):
    """One line for it; the files beside the checkpoints belong to the newest."""
    place = trained[1]
    assert [line.partition(":")[0] for line in verify(place, checkpoint="best").lines] == ["step 10"]
    newest = verify(place, checkpoint="newest")
    assert newest.lines[0].startswith("step 30: ok")
    assert (len(newest.lines), newest.faults) == (3, 0)


def test_nothing_is_restored_where_no_checkpoint_is_kept():
    """Said before the first epoch."""
    with pytest.raises(ConfigError, match="option 'restore-best' needs checkpoints, and this run keeps none"):
        eagerloop.train(**restoring(restore_best=True) | {"checkpointer": "none"})


def test_what_a_save_carries_along_is_what_a_reader_finds():
    """The best of each length of a history, also with nan, without val_loss and with ties."""
    rows, history = [], []
    for val_loss in (None, math.nan, 3.0, 2.0, 2.0, math.inf, 1.0, math.nan, 4.0, -1.0):
        history.append({"steps": 12} | ({} if val_loss is None else {"val_loss": val_loss}))
        rows.append(row_after(rows, history[-1]))
        assert best_saved(rows) == best_step(history)
        followed = [["early-stopping", {"best_epoch": 2}]]
        assert best_saved(rows, followed) == best_step(history, followed)
    assert best_saved(rows) == 120
    assert best_saved([]) is best_step([]) is None
    infinite = [row_after([], {"steps": 12, "val_loss": math.inf})]
    assert best_saved(infinite) == best_step([{"steps": 12, "val_loss": math.inf}]) == 12
