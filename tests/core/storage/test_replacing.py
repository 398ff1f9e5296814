"""`overwrite=True`: a cell or a script that is run again; what is replaced, when, and what never is."""

import tomllib
from pathlib import Path

import filelock
import pytest

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.errors import CheckpointError, ConfigError, EagerloopError
from eagerloop.running.opening import create


def train(directory="mine", **options):
    """A short run."""
    return eagerloop.train(directory=directory, **{"model": "linear", "epochs": 1} | options)


def files(directory="mine"):
    """Every file of a directory with its content, but for the lock."""
    paths = sorted(path for path in Path(directory).rglob("*") if path.is_file() and path.name != "run.lock")
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


@pytest.mark.long
def test_a_cell_that_is_run_again_has_the_new_run_alone():
    """The old checkpoints, history, records and report are gone; the new run is that of an empty directory."""
    train(epochs=4, seed=1, observers=["watch"])
    Path("mine/report.html").write_text("old")
    again = train(seed=2, overwrite=True)
    alone = train("alone", seed=2)
    assert again.store.steps() == alone.store.steps() == [12]
    assert sorted(files()) == sorted(files("alone"))
    assert tomllib.loads(Path("mine/run.toml").read_text("utf-8"))["seed"] == 2
    assert eagerloop.load("mine").history[0]["loss"] == alone.history[0]["loss"]
    assert len(eagerloop.resume("mine", epochs=2).history) == 2


def test_the_first_time_there_is_nothing_to_replace():
    """A place that is free, an empty directory, and none that is named."""
    Path("empty").mkdir()
    for place in ("free", "empty", None):
        assert train(place, overwrite=True).store.steps() == [12]


def test_without_it_the_message_says_how_it_is_said_in_python():
    """What continues the run, and what replaces it."""
    train()
    told = r"continue it with eagerloop\.resume\('mine'\), replace it with overwrite=True, or choose another directory"
    with pytest.raises(ConfigError, match=told):
        train()


def test_files_that_no_run_has_written_stay():
    """Notes in the run's directory, and what its records link to."""
    train()
    Path("mine/notes.txt").write_text("mine")
    Path("elsewhere").mkdir()
    Path("elsewhere/step.json").write_text("{}")
    Path("mine/records").symlink_to(Path("elsewhere").absolute())
    train(overwrite=True)
    assert Path("mine/notes.txt").read_text() == "mine"
    assert Path("elsewhere/step.json").read_text() == "{}"
    assert not Path("mine/records").is_symlink()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "linaer"}, "there is no model 'linaer'"),
        ({"epochs": 0}, "option 'epochs' must be int"),
        ({"dataset": eagerloop.use("csv", path="none.csv")}, "none.csv"),
        ({"start_from": "nowhere"}, "nowhere is no run"),
    ],
    ids=["model", "epochs", "dataset", "start"],
)
def test_a_run_that_is_not_accepted_replaces_nothing(options, told):
    """Not a byte of the old one changes."""
    train()
    before = files()
    with pytest.raises(EagerloopError, match=told):
        train(overwrite=True, **options)
    assert files() == before


def test_it_is_replaced_when_the_new_run_begins():
    """One that is made and never trained replaces nothing."""
    train()
    before = files()
    made = create(settings_of({"model": "linear", "epochs": 1, "seed": 5}), Path("mine"), overwrite=True)
    assert files() == before
    made.train()
    assert files() != before
    assert len(made.train(epochs=2).history) == 2  # its own run it goes on with


def test_a_run_that_another_process_trains_is_not_replaced():
    """Its lock is held."""
    train()
    before = files()
    with filelock.FileLock("mine/run.lock"), pytest.raises(CheckpointError, match="another process is writing to mine"):
        train(overwrite=True)
    assert files() == before


def test_a_run_in_the_hand_notices_that_it_was_replaced():
    """It does not write over the new one."""
    first = train()
    train(seed=3, epochs=2, overwrite=True)
    with pytest.raises(CheckpointError, match="mine was changed since this run was there"):
        first.train(epochs=5)


@pytest.mark.parametrize("name", ["checkpoints", "file"])
def test_what_is_no_run_is_not_replaced(name):
    """Checkpoints without a record, and a file in the place of a directory."""
    if name == "file":
        Path("mine").write_text("mine")
    else:
        Path("mine/checkpoints").mkdir(parents=True)
        Path("mine/checkpoints/step.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"it is no run that could be replaced|run directory mine is a file"):
        train(overwrite=True)
    assert next(path for path in (Path("mine"), Path("mine/checkpoints/step.txt")) if path.is_file()).read_text() == "mine"


def test_a_first_step_that_fails_leaves_no_run():
    """The old one is gone by then, and nothing pretends to be the new one."""
    train()

    def loss(y_true, y_pred):
        return y_true - y_pred

    with pytest.raises(EagerloopError, match="the loss must be a scalar"):
        train(overwrite=True, loss=loss)
    assert not Path("mine").exists()


def test_a_new_run_may_begin_with_the_variables_of_the_one_that_it_replaces():
    """They are read before anything is removed."""
    train(seed=1)
    with pytest.warns(UserWarning, match="started from .*: 4 of 4 variables"):
        run = train(seed=2, start_from="mine", overwrite=True)
    assert run.store.steps() == [12]


def test_what_a_killed_process_left_of_an_old_run_goes_with_the_next_start():
    """Its checkpoints, already renamed."""
    train()
    Path("mine/.tmp-replaced-checkpoints/step-00000012").mkdir(parents=True)
    eagerloop.resume("mine", epochs=2)
    assert not list(Path("mine").glob(".tmp-*"))
