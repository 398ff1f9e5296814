"""The directory of a run is moved, removed, replaced or left while it trains: nothing is lost, nothing else spoilt."""

import os
import shutil
import tomllib
from pathlib import Path

import pytest

import eagerloop
from eagerloop.errors import TrainingError


class Doing:
    """Does something when epoch 3 begins, two epochs having been saved."""

    def __init__(self, what):
        self.what = what

    def on_epoch_begin(self, run, epoch):
        if epoch == 3:
            run.saver.wait()
            self.what()


def train(what, **options):
    """Five epochs in `mine`."""
    return eagerloop.train(directory="mine", model="linear", epochs=5, observers=[Doing(what)], **options)


def digest(directory):
    """Every file of a directory."""
    return {path: path.read_bytes() for path in Path(directory).rglob("*") if path.is_file()}


GONE = "mine is no longer the directory that this run began in: it was moved, removed or replaced; nothing more is saved"


@pytest.mark.sweep(1)
@pytest.mark.parametrize("options", [{}, {"save_async": True}, {"save_every": 1}], ids=str)
def test_moved(options):
    """The run fails in one line; nothing is made at the old place, and at the new one it goes on."""
    with pytest.raises(TrainingError, match=GONE):
        train(lambda: Path("mine").rename("elsewhere"), **options)
    assert not Path("mine").exists()
    resumed = eagerloop.resume("elsewhere", observers=[Doing(print)])
    whole = eagerloop.train(directory="whole", model="linear", epochs=5, **options)
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in whole.history]


def test_removed():
    """No directory is made anew: without its record nobody could open it."""
    with pytest.raises(TrainingError, match=GONE):
        train(lambda: shutil.rmtree("mine"))
    assert not Path("mine").exists()


@pytest.mark.parametrize("checkpointer", ["tf", "none"])
def test_replaced_by_another_run(checkpointer):
    """Not a byte of the other run is changed, whatever the number of its directory on the disk."""
    eagerloop.train(directory="other", model="linear", epochs=2, seed=9)

    def replace():
        shutil.rmtree("mine")
        shutil.copytree("other", "mine")

    with pytest.raises(TrainingError, match=GONE):
        train(replace, checkpointer=checkpointer)
    copied = {path.relative_to("mine"): data for path, data in digest("mine").items()}
    assert copied == {path.relative_to("other"): data for path, data in digest("other").items()}


def test_the_working_directory_is_left(tmp_path):
    """The run is kept where it began, to its end, and says where that is."""
    Path("deep").mkdir()
    run = train(lambda: os.chdir("deep"))
    assert run.directory == tmp_path / "mine"
    assert not list((tmp_path / "deep").iterdir())
    assert len(eagerloop.load(tmp_path / "mine", observers=[Doing(print)]).history) == 5
    assert len((tmp_path / "mine" / "history.jsonl").read_text().splitlines()) == 5


class Leaving:
    """Changes the working directory in the second epoch, between two saves, and notes what the run says then."""

    def __init__(self):
        self.kept, self.said = None, []

    def on_train_begin(self, run):
        self.kept = run.directory

    def on_step_end(self, run):
        run.saver.wait()
        if run.position.step == 15:
            os.chdir("deep")
        self.said.append((run.directory, run.records.parent, run.place, run.store.steps(), str(run)))


def test_the_directory_is_right_at_every_moment(tmp_path):
    """Absolute from the start for whoever uses it; in messages as short as it was named, as long as that leads there."""
    Path("deep").mkdir()
    leaving = Leaving()
    run = eagerloop.train(directory="mine", model="linear", epochs=3, observers=[leaving])
    assert leaving.kept == run.directory == tmp_path / "mine"
    assert {said[:2] for said in leaving.said} == {(tmp_path / "mine", tmp_path / "mine")}
    assert [said[2] for said in leaving.said] == [Path("mine")] * 14 + [tmp_path / "mine"] * 22
    assert [said[3] for said in leaving.said[13:16]] == [[12]] * 3
    assert leaving.said[13][4].startswith("<Run mine: linear on iris, 1 of 3 epochs")
    assert leaving.said[14][4].startswith(f"<Run {tmp_path / 'mine'}: linear on iris, 1 of 3 epochs")


def test_a_run_that_is_trained_again_from_elsewhere(tmp_path):
    """It is the same run, in the same directory, under the same lock."""
    Path("deep").mkdir()
    run = eagerloop.train(directory="mine", model="linear", epochs=1)
    os.chdir("deep")
    assert (run.place, run.store.steps()) == (tmp_path / "mine", [12])
    run.train(epochs=2)
    assert run.store.steps() == [12, 24]
    assert not list(Path().iterdir())


def test_the_directory_above_is_renamed(tmp_path):
    """The name that the user gave leads there still, and the absolute one is that of now."""
    (tmp_path / "above").mkdir()
    os.chdir("above")
    run = train(lambda: (tmp_path / "above").rename(tmp_path / "renamed"))
    assert len(run.history) == 5
    assert len(eagerloop.load(tmp_path / "renamed" / "mine", observers=[Doing(print)]).history) == 5


@pytest.mark.parametrize("checkpointer", ["tf", "npz"])
def test_the_working_directory_is_left_in_the_middle_of_a_save(tmp_path, checkpointer):
    """The second half of a save is done by a thread, wherever the process is by then."""
    Path("deep").mkdir()

    class Hopping:
        """Goes to and fro at every step."""

        def on_step_end(self):
            os.chdir(tmp_path / ("deep" if Path.cwd() == tmp_path else ""))

    run = eagerloop.train(
        directory="mine", model="linear", epochs=2, save_every=1, keep=0, observers=[Hopping()], checkpointer=checkpointer
    )
    assert len(run.store.steps()) == 24
    assert not list((tmp_path / "deep").iterdir())


def test_the_record_is_removed(tmp_path):
    """It is written anew: the checkpoints could not be opened without it."""
    before = []

    def remove():
        before.append(Path("mine/run.toml").read_bytes())
        Path("mine/run.toml").unlink()

    train(remove)
    assert (tmp_path / "mine" / "run.toml").read_bytes() == before[0]
    assert tomllib.loads(before[0].decode())["epochs"] == 5


def test_a_run_that_never_began_takes_nothing_of_others_away():
    """It is refused at its first step, and by then another run is in its place."""
    eagerloop.train(directory="other", model="linear", epochs=1)

    class Replacing:
        """Replaces the directory, and fails."""

        def on_train_begin(self):
            shutil.rmtree("mine")
            shutil.copytree("other", "mine")
            raise ValueError("this observer fails")  # noqa: TRY003

    with pytest.raises(ValueError, match="this observer fails"):
        eagerloop.train(directory="mine", model="linear", observers=[Replacing()])
    assert eagerloop.load("mine").position.step == 12
