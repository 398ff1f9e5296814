"""The observer `csv`."""

import os
from pathlib import Path

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.csv import csv


class Recorder:
    """Keeps what a row should say, taken from the step itself."""

    def __init__(self):
        self.rows = []

    def on_step_end(self, run, step):
        """Notes position, loss, and the norm computed by NumPy."""
        squares = sum(float(np.square(np.asarray(gradient, np.float64)).sum()) for gradient in step.gradients)
        where = run.position
        self.rows.append((where.epoch, where.batch, where.step, float(step.loss), squares**0.5))


class StopAt:
    """Ends a run after a step."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        """Stops the run when its time has come."""
        if run.position.step == self.step:
            run.stop("that is enough")


def test_a_row_per_step_gives_back_the_very_loss(tmp_path):
    """Each row holds epoch, batch and step, counted from 1, and a loss that parses to the same float32."""
    recorder = Recorder()
    run = eagerloop.train(directory=tmp_path / "run", epochs=2, observers=[recorder, csv(gradient_norm=True)])

    header, *lines = (run.directory / "steps.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines]
    assert header == "epoch,batch,step,loss,gradient_norm"
    assert [tuple(map(int, row[:3])) for row in rows] == [row[:3] for row in recorder.rows]
    assert rows[12][:3] == ["2", "1", "13"]
    assert [float(np.float32(row[3])) for row in rows] == [row[3] for row in recorder.rows]
    assert [float(row[4]) for row in rows] == pytest.approx([row[4] for row in recorder.rows], rel=1e-5)


def test_every_keeps_the_steps_that_it_divides(tmp_path):
    """With every=5, twelve steps leave the rows of steps 5 and 10, in a file of the user's choice."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=1, observers=[csv(path=Path("logs/some.csv"), every=5)])

    header, *lines = (run.directory / "logs" / "some.csv").read_text(encoding="utf-8").splitlines()
    assert header == "epoch,batch,step,loss"
    assert [line.split(",")[2] for line in lines] == ["5", "10"]


def test_after_a_resume_the_file_is_that_of_the_uninterrupted_run(tmp_path):
    """Rows past the checkpoint, and one torn by the crash, are dropped and written again, bit for bit."""
    whole = eagerloop.train(directory=tmp_path / "whole", epochs=3, observers=[csv()])
    cut = eagerloop.train(directory=tmp_path / "cut", epochs=3, observers=[csv(), StopAt(16)])
    file = cut.directory / "steps.csv"
    assert len(file.read_text(encoding="utf-8").splitlines()) == 17
    with file.open("a", encoding="utf-8") as text:
        text.write("2,5,17,0.25\n2,6,1")

    eagerloop.resume(cut.directory, observers=[csv(), StopAt(-1)])

    assert file.read_bytes() == (whole.directory / "steps.csv").read_bytes()


def test_rows_are_on_the_disk_before_a_checkpoint(tmp_path):
    """A run that is killed right after a save has every row of the steps before it."""
    seen = []

    class LookAfterSave:
        """Is asked for its state, for the checkpoint, after the observer `csv`."""

        def on_train_begin(self, run):
            """Remembers where the file is."""
            self.file = run.directory / "steps.csv"

        def state(self):
            """Counts the rows that a reader sees now."""
            seen.append(len(self.file.read_text(encoding="utf-8").splitlines()) - 1)
            return {}

    eagerloop.train(directory=tmp_path / "run", epochs=1, save_every=5, observers=[csv(), LookAfterSave()])

    assert seen == [5, 10, 12]


@pytest.mark.parametrize("path", ["/tmp/steps.csv", "../steps.csv", "logs/../../steps.csv", "."])  # noqa: S108 - refused
def test_a_path_out_of_the_run_directory_is_refused(path):
    """The file belongs to the run, wherever that is moved to."""
    with pytest.raises(ConfigError, match="must lead to a place inside the run directory"):
        csv(path=Path(path))


def test_a_pipe_in_the_place_of_the_file_is_refused(tmp_path):
    """It would be waited for without end."""
    (tmp_path / "run").mkdir()
    os.mkfifo(tmp_path / "run" / "steps.csv")
    with pytest.raises(
        ConfigError, match=r"observer 'csv': .*steps\.csv cannot be written: it is no plain file; choose another"
    ):
        eagerloop.train(directory=tmp_path / "run", epochs=1, observers=[csv()])


def test_a_link_out_of_the_run_directory_is_refused(tmp_path):
    """A harmless name may lead elsewhere: what counts is where it ends."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "logs").symlink_to(tmp_path / "outside")

    with pytest.raises(ConfigError, match=r"must lead to a place inside the run directory, got 'logs/steps\.csv'"):
        eagerloop.train(directory=tmp_path / "run", epochs=1, observers=[csv(path=Path("logs/steps.csv"))])
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("path", ["run.toml", "history.jsonl", "checkpoints/steps.csv", "records"])
def test_the_runs_own_files_are_refused(path):
    """Nothing that the run itself keeps is overwritten."""
    with pytest.raises(ConfigError, match="which the run itself writes"):
        csv(path=Path(path))


def test_a_file_with_other_columns_is_left_alone(tmp_path):
    """A file that somebody else wrote is not shortened."""
    (tmp_path / "run").mkdir()
    file = tmp_path / "run" / "steps.csv"
    file.write_text("time,load\n1,2\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"begins with 'time,load', expected 'epoch,batch,step,loss'; move it away"):
        eagerloop.train(directory=tmp_path / "run", epochs=1, observers=[csv()])
    assert file.read_text(encoding="utf-8") == "time,load\n1,2\n"
