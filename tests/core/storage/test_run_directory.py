"""A run's directory: made by one process alone, looked at again under the lock, durable with its own name."""

import multiprocessing
from pathlib import Path

import pytest

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.errors import CheckpointError, ConfigError
from eagerloop.running.opening import create
from eagerloop.storage.run_directory import RunDirectory


def _make(barrier, made):
    barrier.wait()
    made.put(str(RunDirectory.new(None, "mlp", "iris").path))


def test_starts_in_one_second_get_a_directory_each():
    """However many processes begin at once."""
    context = multiprocessing.get_context("fork")
    barrier, made = context.Barrier(8), context.Queue()
    processes = [context.Process(target=_make, args=(barrier, made)) for _ in range(8)]
    for process in processes:
        process.start()
    paths = {made.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(paths) == 8
    assert {str(path) for path in Path("runs").iterdir()} == paths


def test_the_name_says_which_is_which():
    """The time, the model, the data; the second one of a name has a number."""
    first, second = (RunDirectory.new(None, "my/model:x", "iris").path for _ in range(2))
    assert first.name.endswith("-model-x-iris")
    assert second.name.startswith(first.name[:15])


def test_of_two_runs_with_one_place_the_first_to_train_has_it():
    """The other one, which was made while the place was free, writes nothing."""
    first, second = (create(settings_of({"seed": seed, "epochs": seed, "model": "linear"}), Path("mine")) for seed in (2, 1))
    first.train()
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match="mine holds a run already; continue it with 'eagerloop resume mine'"):
        second.train()
    assert {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()} == before
    assert len(eagerloop.load("mine").history) == 2
    assert len(first.train(epochs=3).history) == 3  # its own run it goes on with


def test_a_run_that_is_being_trained_is_left_alone():
    """By a second one that was made while the place was free, too."""
    first, second = (create(settings_of({"epochs": 1, "model": "linear"}), Path("mine")) for _ in range(2))
    with first._place.held(), pytest.raises(CheckpointError, match="another process is writing to mine"):
        second.train()
