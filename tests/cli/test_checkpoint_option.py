"""`--checkpoint` on the commands that read a run."""

import json
from pathlib import Path

import pytest

import eagerloop


@pytest.fixture
def run(done):
    """Three epochs of nine or ten steps, each followed by a validation."""
    words = ["--dataset.validation-fraction", 0.25, "--observe", "early-stopping", "--observe.restore-best"]
    done("train", "--epochs", 3, "--run", "mine", "-q", "--model", "linear", *words)
    return "mine"


def test_each_command_takes_the_checkpoint_that_is_named(done, cli, run):
    """Evaluated, predicted, verified, drawn and looked into: all of step 9."""
    loaded = eagerloop.load(run, checkpoint=9)
    outcome = cli("evaluate", run, "--checkpoint", 9)
    assert float(outcome.out.split()[1]) == pytest.approx(loaded.evaluate()["loss"], rel=1e-6)
    assert outcome.err == "note: mine answers with the checkpoint of step 9\n"
    last = done("predict", run, "--checkpoint", 9).splitlines()[-1]
    assert float(last.rpartition(",")[2]) == pytest.approx(float(loaded.predict()[-1, 0]), rel=1e-6)
    assert done("verify", run, "--checkpoint", 9).startswith("step 9: ok")
    assert json.loads(done("inspect", "step", run, "--checkpoint", 9, "--json"))["step"] == 10
    done("report", run, "--checkpoint", 9, "--html", "page.html")
    assert "The predictions are those of the checkpoint of step 9." in Path("page.html").read_text("utf-8")


def test_a_training_says_what_it_answers_with(done):
    """The loss falls, and the highest is said to be the best: the first epoch's checkpoint answers."""
    words = ["--observe", "early-stopping", "--observe.restore-best", "--observe.mode", "max", "--observe.monitor", "loss"]
    out = done("train", "--epochs", 2, "--run", "mine", *words)
    assert out.splitlines()[-1].startswith(
        "done: 2 epochs, 24 steps, kept in mine, answers with the checkpoint of step 12; next"
    )
    assert done("evaluate", "mine") == done("evaluate", "mine", "--checkpoint", "best")


@pytest.mark.sweep(1)
@pytest.mark.parametrize("command", [["evaluate"], ["predict"], ["report"], ["verify"], ["inspect", "step"]], ids=" ".join)
def test_a_checkpoint_that_is_not_there_is_refused(refused, run, command):
    """One line that lists what is."""
    assert "mine has no checkpoint of step 5; there is newest (27)" in refused(*command, run, "--checkpoint", 5)


def test_a_training_starts_from_the_best_and_a_resume_from_the_newest(cli, done, refused, run):
    """The command that a refused resume prints is one that works."""
    line = refused("resume", run, "--checkpoint", 9, "--epochs", 4)
    command = "train --config mine/run.toml --start-from mine --checkpoint 9"
    assert line.endswith(f"two trainings would be mixed in one directory; begin a new run from it: eagerloop {command}")
    outcome = cli(*command.split(), "--epochs", 1, "--run", "again", "-q")
    assert outcome.code == 0
    assert "mine, step 9: 4 of 4 variables of the model" in outcome.err
    assert done("resume", run, "--checkpoint", "newest", "--epochs", 4).startswith("dataset iris")


def test_a_step_is_named_once(refused, run):
    """By its number or by the checkpoint before it."""
    line = refused("inspect", "step", run, "--checkpoint", 9, "--step", 3)
    assert line == "--step 3 and --checkpoint 9 both name a step; give one of the two"
