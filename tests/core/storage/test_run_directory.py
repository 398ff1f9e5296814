"""A run's directory: made by one process alone, looked at again under the lock, durable with its own name."""

import errno
import multiprocessing
import os
import stat
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
    with pytest.raises(ConfigError, match=r"mine holds a run already; continue it with eagerloop\.resume\('mine'\)"):
        second.train()
    assert {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()} == before
    assert len(eagerloop.load("mine").history) == 2
    assert len(first.train(epochs=3).history) == 3  # its own run it goes on with


ONE_EPOCH_MORE = """
import sys
import eagerloop
run = eagerloop.load("mine")
run.train(epochs=len(run.history) + 1)
"""


def test_a_run_that_another_process_has_trained_on_is_left_alone(program):
    """What this process knows of it is out of date: it would write over what the other one has done."""
    run = eagerloop.train(directory="mine", model="linear", epochs=1)
    loaded = eagerloop.load("mine")
    assert not program(ONE_EPOCH_MORE).returncode
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    told = r"mine was changed since .*: its newest checkpoint is step-00000024, it was step-00000012; .*load\('mine'\)"
    for known in (run, loaded, loaded):
        with pytest.raises(CheckpointError, match=told):
            known.train(epochs=3)
    assert {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()} == before
    again = eagerloop.load("mine")
    assert len(again.train(epochs=3).history) == 3
    assert len(again.train(epochs=4).history) == 4


def test_the_same_step_written_by_another_is_another_state():
    """Two that were loaded at one step, and trained by one step of another kind each."""
    eagerloop.train(directory="mine", model="linear", epochs=1)
    first, second = eagerloop.load("mine"), eagerloop.load("mine")
    first.model.trainable_variables[0].assign_add([[1.0], [1.0], [1.0]])
    first.save()
    with pytest.raises(CheckpointError, match=r"mine was changed since .* is step-00000012, it was step-00000012"):
        second.train(epochs=2)
    with pytest.raises(CheckpointError, match="mine was changed since"):
        second.save()
    assert len(first.train(epochs=2).history) == 2


def test_a_run_that_is_being_trained_is_left_alone():
    """By a second one that was made while the place was free, too."""
    first, second = (create(settings_of({"epochs": 1, "model": "linear"}), Path("mine")) for _ in range(2))
    with first._place.held(), pytest.raises(CheckpointError, match="another process is writing to mine"):
        second.train()


@pytest.fixture
def synced(monkeypatch):
    """Every file and directory that was made durable, in order; `synced.refuse` is an error that directories then give."""

    class Synced(list):
        refuse = 0

    paths, fsync = Synced(), os.fsync

    def spy(descriptor):
        if paths.refuse and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(paths.refuse, os.strerror(paths.refuse))
        paths.append(os.path.relpath(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    return paths


@pytest.mark.parametrize("place", [None, Path("deep/er/mine")], ids=str)
def test_the_name_of_a_run_is_durable_before_anything_in_it(synced, place):
    """A crash must not take the whole run: each directory that was made is named in one that was synced."""
    run = eagerloop.train(directory=place, model="linear", epochs=1).place
    first = synced.index(str(run))  # with the name of run.toml in it
    assert set(map(str, run.parents)) <= set(synced[:first])
    assert str(run / "checkpoints") in synced


@pytest.mark.parametrize("refuse", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_directories(synced, refuse):
    """The run is trained: the files are durable all the same."""
    synced.refuse = refuse
    run = eagerloop.train(directory="mine", model="linear", epochs=1)
    assert any(path.endswith("manifest.json") for path in synced)
    assert eagerloop.load("mine").position == run.position


def test_a_directory_that_fails_to_sync(synced):
    """A disk that is broken is another matter: one line, before anything is trained."""
    directory = RunDirectory.new(Path("mine"), "mlp", "iris")
    synced.refuse = errno.EIO
    with pytest.raises(ConfigError, match=r"mine/run\.toml could not be made durable: Input/output error; choose"):
        directory.write_run_toml({"format": 1})
    with pytest.raises(ConfigError, match="run directory other cannot be written: Input/output error"):
        RunDirectory.new(Path("other"), "mlp", "iris")


def test_a_link_in_the_place_of_the_lock(tmp_path):
    """What it leads to keeps its content, whoever put it there; one line says what is wrong."""
    eagerloop.train(directory="mine", model="linear", epochs=1)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    lock = Path("mine/run.lock")
    lock.unlink(missing_ok=True)
    lock.symlink_to(victim)
    with pytest.raises(ConfigError, match="run directory mine cannot be written: "):
        eagerloop.resume("mine", epochs=2)
    assert victim.read_text() == "precious"
