"""Disks that are full, files that may not grow, places that cannot be written: one line, and nothing saved is lost."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import flips
import pytest

import eagerloop
from eagerloop.errors import ConfigError, TrainingError

WIDE = eagerloop.use("mlp", hidden=[64, 64])
"""A checkpoint of about 60 kB."""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 200 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", place], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small file system needs the right to do so")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def intact(directory, whole):
    """The newest checkpoint is whole, and is the uninterrupted run's of that step."""
    loaded = eagerloop.load(directory)
    assert not loaded.store.damaged
    assert flips.state_of(loaded) == flips.states_of(whole)[loaded.position.step]
    assert not list(Path(directory).rglob(".tmp-*"))
    return loaded.position.step


@pytest.mark.long
@pytest.mark.parametrize("checkpointer", ["tf", "npz"])
@pytest.mark.parametrize("save_async", [False, True])
def test_a_full_disk(small_disk, tmp_path, checkpointer, save_async):
    """The run fails in one line with exit code 1; with more room, a resume gives the uninterrupted run."""
    options = {"model": WIDE, "epochs": 5, "keep": 0, "checkpointer": checkpointer, "save_async": save_async}
    with pytest.raises(TrainingError, match=r"could not be written .*the disk is full; free some space and resume") as caught:
        eagerloop.train(directory=small_disk / "run", **options)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    whole = eagerloop.train(directory=tmp_path / "whole", **options)
    step = intact(small_disk / "run", whole)
    assert 0 < step < whole.position.step
    moved = shutil.copytree(small_disk / "run", tmp_path / "moved")
    assert flips.state_of(eagerloop.resume(moved)) == flips.state_of(whole)


def test_a_disk_that_is_full_from_the_start(small_disk):
    """Nothing can begin: exit code 2."""
    with (small_disk / "filler").open("wb") as file, pytest.raises(OSError, match="No space left"):
        file.write(b"x" * 2**20)
    with pytest.raises(ConfigError, match=r"run\.toml could not be written: the disk is full") as caught:
        eagerloop.train(directory=small_disk / "run", epochs=1)
    assert caught.value.exit_code == 2


LIMITED = """
import resource, signal, sys
from eagerloop.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
main(["train", "--run", sys.argv[1], "--model", "mlp", "--epochs", "2", "--checkpointer", sys.argv[2], "--quiet"])
"""


@pytest.mark.long
@pytest.mark.parametrize("checkpointer", ["tf", "npz"])
def test_a_limit_on_the_size_of_files(program, tmp_path, checkpointer):
    """The command line: one line on stderr, exit code 1, nothing left half-written; without the limit the run goes on."""
    done = program(LIMITED, tmp_path / "run", checkpointer)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert "step-00000012 could not be written" in done.stderr
    assert "a file would be larger than the limit (ulimit -f); raise it and resume" in done.stderr
    assert not list((tmp_path / "run").rglob("step-*"))
    assert eagerloop.resume(tmp_path / "run").position.step == 24


def test_a_limit_reached_later_keeps_the_checkpoint_before(tmp_path):
    """In this process: the limit is set after the first epoch, and lifted again."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Limit:
        def on_epoch_begin(self, epoch):
            if epoch == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))

    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    options = {"model": WIDE, "epochs": 2}
    try:
        with pytest.raises(TrainingError, match=r"larger than the limit .*the ones before are kept"):
            eagerloop.train(directory="run", observers=[Limit()], **options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    whole = eagerloop.train(directory="whole", **options)
    loaded = eagerloop.load("run", observers=[Limit()])
    assert flips.state_of(loaded) == flips.states_of(whole)[12]


FORBIDDEN = """
import os
import eagerloop

class Forbid:
    def on_step_end(self, run):
        if run.position.step == 20:
            run.saver.wait()
            os.chmod("run/checkpoints", 0o500)

eagerloop.train(directory="run", epochs=3, observers=[Forbid()])
"""


@pytest.mark.long
def test_no_permission(tmp_path):
    """A process that may write no more ends with one sentence; the checkpoint of before is whole. root lays its rights down."""
    words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.geteuid() else []
    done = subprocess.run([*words, sys.executable, "-c", FORBIDDEN], check=False, capture_output=True, text=True)
    (tmp_path / "run/checkpoints").chmod(0o700)
    assert "TrainingError: checkpoint step-00000024 could not be written to run/checkpoints: permission denied" in done.stderr
    assert "During handling" not in done.stderr
    assert [path.name for path in (tmp_path / "run/checkpoints").glob("step-*")] == ["step-00000012"]
    loaded = eagerloop.load("run", observers=[Forbid()])
    assert loaded.position.step == 12


class Forbid:
    """Stands in for the observer of the other process."""

    def on_train_begin(self):
        pass


@pytest.fixture
def read_only(tmp_path):
    """Makes a directory read-only: by its mode, or, for root, by mounting it so."""
    mounted = []

    def make(directory):
        if os.geteuid():
            directory.chmod(0o555)
            return
        words = [["mount", "--bind", directory, directory], ["mount", "-o", "remount,ro,bind", directory]]
        for line in words:
            if subprocess.run(line, check=False, capture_output=True).returncode:
                pytest.skip("root writes everywhere, and may not mount here")
            mounted.append(directory)

    yield make
    for directory in dict.fromkeys(mounted):
        subprocess.run(["umount", "-l", directory], check=True)
    for directory in tmp_path.rglob("*"):
        if directory.is_dir():
            directory.chmod(0o755)


def test_a_place_that_cannot_be_written(tmp_path, read_only):
    """A new run and a resume are refused with exit code 2; the run there can still be loaded."""
    place = tmp_path / "place"
    run = eagerloop.train(directory=place / "run", epochs=1)
    read_only(place)
    for act in (lambda: eagerloop.train(directory=place / "new", epochs=1), lambda: eagerloop.resume(run.directory, epochs=2)):
        with pytest.raises(ConfigError, match=r"cannot be written: (Read-only file system|Permission denied)") as caught:
            act()
        assert caught.value.exit_code == 2
    assert flips.state_of(eagerloop.load(run.directory)) == flips.state_of(run)


def test_checkpoints_that_cannot_be_written(tmp_path, read_only):
    """Found out at the first save: exit code 1, the checkpoint before intact."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=1)
    read_only(run.directory / "checkpoints")
    with pytest.raises(
        TrainingError, match=r"could not be written to .*: (the file system is read-only|permission denied)"
    ) as caught:
        eagerloop.resume(run.directory, epochs=2)
    assert caught.value.exit_code == 1
    with pytest.warns(UserWarning, match="epochs: 1 was saved, 2 now"):
        assert eagerloop.load(run.directory).position.step == 12
