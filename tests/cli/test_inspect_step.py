"""`inspect step`."""

import re
import shutil
import sys
from pathlib import Path

import pytest

import eagerloop
from eagerloop.inspection.step_record import StepRecord

GOLDEN = Path(__file__).parents[1] / "core" / "inspection" / "transcript" / "iris_step.txt"

OWN = """
import tensorflow as tf

NOTHING = None


def half_step(model, loss, optimizer, x, y):
    with tf.GradientTape() as tape:
        guesses = model(x, training=True)
        wrong = loss(y, guesses) / 2
    slopes = tape.gradient(wrong, model.trainable_variables)
    optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))
    from eagerloop import Step
    return Step(x, y, guesses, wrong, slopes)


def too_few(model, x):
    return None


def stumbles(model, loss, optimizer, x, y):
    raise KeyError("weights")
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The guide's run with seed 42, one epoch of it: twelve steps."""
    directory = tmp_path_factory.mktemp("inspect") / "run"
    eagerloop.train(seed=42, epochs=1, directory=directory, observers=[])
    return directory


@pytest.fixture
def run(trained):
    """A copy of that run below `runs/`."""
    return Path(shutil.copytree(trained, Path("runs") / "one"))


def told(text):
    """What stands below the lines of the source."""
    return [line for line in text.splitlines() if line.startswith("  │")]


def test_the_newest_run_s_first_step_is_shown(done, run):
    """Without a word more: the golden step, its times beside it; the run is as it was."""
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    out = done("inspect", "step")

    assert told(out) == told(GOLDEN.read_text(encoding="utf-8"))
    assert re.search(r"predictions = model\(x, training=True\) +[\d.]+ m?[µm]?s$", out, re.MULTILINE)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_any_step_and_row_can_be_asked_for(done, run):
    """The twelfth step is that of the epoch's last batch."""
    out = done("inspect", "step", run, "--step", 12, "--row", 9)

    assert out.startswith("step 12: batch 11 of epoch 1, seed 42\n")
    assert "row 9 by hand: (prediction - target)^2" in out
    assert "one weight through Adam, update 12: " in out


def test_operations_are_listed_when_asked_for(done, run):
    """Not otherwise: there are some fifty."""
    assert "dense1: MatMul  (10, 3) float32, (3, 32) float32 -> (10, 32) float32" in done("inspect", "step", run, "--ops")


def test_json_is_the_record(done, run):
    """It can be read back, and tells the same."""
    record = StepRecord.from_json(done("inspect", "step", run, "--step", 2, "--json"))

    assert (record.step, record.batch, record.seed) == (2, 1, 42)
    assert record["dense1"].output.shape == (10, 32)


def test_a_page_is_written(done, run):
    """Into the file that was named; one line says so."""
    assert done("inspect", "step", run, "--html", "step.html") == "step 1 in step.html\n"
    assert "dense1" in Path("step.html").read_text(encoding="utf-8")


def test_a_step_function_of_one_s_own_is_looked_at(done, run, parts):
    """Its lines, and what each did: half of the loss."""
    out = done("inspect", "step", run, "--train-step", f"{parts(OWN)}:half_step")

    assert "parts.py\n" in out
    assert re.search(r"^ *\d+ +wrong = loss\(y, guesses\) / 2", out, re.MULTILINE)
    assert "17.7" in out  # half of 35.3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--step", 0], "--step 0: steps are counted from 1"),
        (["--step", -3], "--step -3: steps are counted from 1"),
        (["--step", 13], "the run has no step 13: its steps are counted from 1 to 12"),
        (["--step", "x"], "Invalid value for '--step': 'x' is not a valid integer"),
        (["--row", 10], "the batch has no row 10: it has 10, counted from 0"),
        (["--row", -1], "--row -1: rows of a batch are counted from 0"),
        (["--html", "."], "--html . is a directory; name a file in it, such as step.html"),
        (["--html", "no/step.html"], "--html no/step.html: there is no directory no; make it first, or name another file"),
        (["--train-step", ""], "--train-step : expected path/to/file.py:NAME"),
        (["--train-step", "half_step"], "--train-step half_step: expected path/to/file.py:NAME"),
        (["--train-step", "no.py:half_step"], "plugin file no.py cannot be read"),
        (
            ["--train-step", "parts.py:half_stop"],
            "--train-step: parts.py has no function 'half_stop'; did you mean 'half_step'?",
        ),
        (["--train-step", "parts.py:NOTHING"], "--train-step: parts.py has no function 'NOTHING'"),
        (
            ["--train-step", "parts.py:too_few"],
            "--train-step parts.py:too_few must take 5 arguments, model, loss, optimizer, x, y",
        ),
    ],
)
def test_wrong_input_is_answered_in_a_line(refused, run, parts, words, message):
    """What was expected, what came, what to do; nothing is written."""
    parts(OWN)

    assert refused("inspect", "step", run, *words).startswith(message)


def test_a_step_function_that_raises_is_told_by_its_line(refused, run, parts):
    """One line names the file and the line of the user's, and the error; not forty of the engine's."""
    line = refused("inspect", "step", run, "--train-step", f"{parts(OWN)}:stumbles")

    assert line == "KeyError: 'weights' (raised in --train-step parts.py:stumbles, line 22); --debug shows where"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("words", [["inspect", "step"], ["predict"]], ids=" ".join)
def test_a_full_disk_is_told_in_a_line(cli, run, words, monkeypatch):
    """Where the output cannot be written; exit code 1, for nothing was wrong with the words."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        outcome = cli(*words, run)

    assert outcome.code == 1
    assert outcome.err.startswith("eagerloop: the output cannot be written: No space left on device; ")
    assert len(outcome.err.splitlines()) == 1


def test_a_run_is_needed(refused):
    """None below `runs/`; none where it was named; a file in its place."""
    Path("file").write_text("", encoding="utf-8")

    assert refused("inspect", "step").startswith("there is no run below runs/")
    assert refused("inspect", "step", "nowhere").startswith("nowhere is no run: it does not exist")
    assert refused("inspect", "step", "file").startswith("file is no run: it is a file")


def test_a_mistake_ends_with_1_if_that_is_asked_for(cli, run, parts):
    """A step that calls the model without `training=True` leaves Dropout out, EL02; the run's own step has no mistake."""
    parts("""
import tensorflow as tf

import eagerloop


def step(model, loss, optimizer, x, y):
    with tf.GradientTape() as tape:
        predictions = model(x)
        value = loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return eagerloop.Step(x, y, predictions, value, gradients)
""")
    own = ("--train-step", "parts.py:step")
    assert cli("inspect", "step", run, "--strict").code == 0
    lax, strict = cli("inspect", "step", run, *own), cli("inspect", "step", run, *own, "--strict")
    assert (lax.code, strict.code) == (0, 1)
    assert "EL02 error: " in strict.out


def test_colour_is_for_those_who_see_it(done, run, monkeypatch):
    """None in a file; some where it is forced; none with NO_COLOR, whatever else is said."""
    assert "\x1b" not in done("inspect", "step", run)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m 89  with tf.GradientTape() as tape:" in done("inspect", "step", run)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in done("inspect", "step", run)


def test_help_is_light():
    """It is there without TensorFlow, Keras or NumPy."""
    import subprocess
    import sys

    program = """if True:
        import contextlib, io, sys
        from eagerloop.cli import main
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
            main(["inspect", "step", "--help"])
        assert "--train-step" in out.getvalue()
        print(sorted({"tensorflow", "keras", "numpy"} & set(sys.modules)))
    """
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
