"""What used to end in a traceback, a hang or a crash: one line, or the right answer."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import filelock
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.distribution.workers.launching import PROGRAM
from eagerloop.errors import CheckpointError
from eagerloop_plugins.checkpointer.npz import npz

HUGE, LONGER = "1" + "0" * 400, "1" * 5000


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of one epoch, with the records of its steps."""
    return eagerloop.train(directory=tmp_path_factory.mktemp("trained") / "run", epochs=1, observers=["watch"]).directory


@pytest.fixture
def run(trained):
    """A copy of it, in the working directory."""
    return shutil.copytree(trained, Path("mine"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--seed", HUGE), "option 'seed' must be int (at least 0, at most 4294967295), got "),
        (("--model.units", HUGE), "option 'units' must be int (at least 1), got a huge integer"),
        (("--model.units", 2**64), "option 'units' must be int (at least 1), got 18446744073709551616"),
        (("--optimizer.learning-rate", HUGE), "option 'learning-rate' must be float (at least 0), got inf"),
        (("--seed", LONGER), "Invalid value for '--seed'"),
        (("--threads", 20_000), "option 'threads' must be int (at least 0, at most 1024), got 20000"),
        (("--threads", 10**9), "option 'threads' must be int (at least 0, at most 1024), got 1000000000"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_numbers_that_nobody_can_count_to(refused, words, told):
    """The option and its range are named."""
    assert told in refused("train", *words, "--print-config")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (f"seed = {HUGE}", "option 'seed' must be int (at least 0, at most 4294967295), got a huge integer"),
        (f"seed = {LONGER}", "its.toml is not valid TOML: Exceeds the limit"),
        (f"seed = 0x{'f' * 4000}", "got a huge integer"),
        (f"[optimizer]\nname = 'adam'\noptions = {{ learning_rate = -{HUGE} }}", "must be float (at least 0), got -inf"),
        (f"[dataset]\nname = 'csv'\noptions = {{ path = {HUGE} }}", "option 'path' must be path, got a huge integer (int)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_numbers_of_a_config_that_nobody_can_count_to(refused, config, told):
    """As on the command line."""
    Path("its.toml").write_text(config, encoding="utf-8")
    assert told in refused("train", "--config", "its.toml", "--print-config")


@pytest.mark.parametrize(
    "words",
    [("train", "--run"), ("evaluate",), ("resume",), ("verify",), ("report",), ("train", "--config"), ("train", "--plugin")],
    ids=" ".join,
)
def test_names_that_are_too_long(refused, words):
    """The name is not repeated whole where that can be helped; what is wrong is said."""
    assert "ile name too long" in refused(*words, "a" * 5000)


@pytest.mark.parametrize("words", [("report", "\ud800"), ("train", "--run", "a\udfff")], ids=ascii)
def test_words_that_no_command_line_can_hold(refused, words):
    """Half a character: only a program can give it."""
    assert refused(*words) == f"{words[-1]!a} is no word of a command line: it has half of a character; give whole ones"


@pytest.mark.parametrize(
    "words",
    [("--dataset", "csv", "--dataset.path", "x\udcff.csv"), ("--freeze", "dense\udcff"), ("--dataset.target", "\udcff")],
    ids=lambda words: ascii(words[-1]),
)
def test_words_that_are_no_text(refused, words):
    """Bytes of another encoding on the command line: no record could hold them."""
    if words[0] == "--dataset.target":
        Path("table.csv").write_text("a,y\n1,2\n")
        words = ("--dataset", "csv", "--dataset.path", "table.csv", *words)
    option = words[-2].rpartition(".")[2].removeprefix("--")
    assert f"option '{option}' must be text that UTF-8 can write, got" in refused("train", *words, "--print-config")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("train", "--plugin", "pipe.py"), "plugin file pipe.py cannot be read: it is no plain file; check the path"),
        (("train", "--loss", "pipe.py:loss"), "plugin file pipe.py cannot be read: it is no plain file; check the path"),
        (("check", "pipe.py:loss"), "pipe.py"),
        (
            ("train", "--dataset", "csv", "--dataset.path", "pipe.py"),
            "data file pipe.py cannot be read (it is no plain file); check the path",
        ),
        (
            ("train", "--dataset", "csv", "--dataset.path", "pipe.py", "--dataset.stream", "yes"),
            "data file pipe.py cannot be read (it is no plain file); check the path",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_pipe_in_the_place_of_a_file_that_is_named(refused, words, told):
    """Nobody writes into it, so it must not be waited for."""
    os.mkfifo("pipe.py")
    assert told in refused(*words, "--print-config") if words[0] == "train" and "csv" not in words else refused(*words)


def test_two_configs(refused):
    """The first one would be passed over in silence."""
    told = refused("train", "--config", "a.toml", "--config", "b.toml")
    assert told == "--config is given 2 times (a.toml, b.toml); one config is read: put all into one"


def test_debug_belongs_to_the_workers_where_it_stands_behind_their_command(done):
    """Their tracebacks are wanted; `launch` has its own, in front."""
    for words in (("--", "train", "--debug"), ("train", "--debug")):
        out = done("launch", "--print", *words)
        assert all(" eagerloop train --debug " in line for line in out.splitlines())
    assert "--debug" not in done("--debug", "launch", "--print", "train")


ASCII_ALONE = """if True:
    import sys
    from eagerloop.cli import main
    sys.stdout.reconfigure(encoding="ascii", errors="strict")  # what PYTHONIOENCODING=ascii does
    sys.stderr.reconfigure(encoding="ascii", errors="backslashreplace")
    main()
"""


def test_output_that_is_ascii_alone(done, program):
    """What is told is told with escape sequences of Python's; data that cannot be written whole are not written."""
    shown = program(ASCII_ALONE, "inspect", "batch")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "\\u2588" in shown.stdout
    Path("table.csv").write_text("é,y\n" + "".join(f"{i},{i % 7}\n" for i in range(40)), encoding="utf-8")
    done("train", "--dataset", "csv", "--dataset.path", "table.csv", "--epochs", 1, "--run", "é", "-q")
    shutil.move("é", "plain")
    predicted = program(ASCII_ALONE, "predict", "plain")
    assert predicted.returncode == 2
    told = "eagerloop: the output is written in ascii, which lacks '\\xe9'; set PYTHONIOENCODING=utf-8, or write to a file\n"
    assert predicted.stderr == told


@pytest.mark.long
@pytest.mark.usefixtures("run")
def test_closed_streams():
    """The command does what it does; no file of the run gets what was meant for a stream."""
    command = " ".join(f"'{word}'" for word in [sys.executable, "-P", "-c", PROGRAM[-1].replace("'", '"'), "resume", "mine"])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} --epochs 2 <&- >&- 2>&-"], check=False, capture_output=True, timeout=120
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done
    assert len(eagerloop.load("mine").history) == 2


@pytest.mark.long
@pytest.mark.parametrize("name", ["history.jsonl", "manifest.json", "step-00000001.json"])
def test_a_pipe_in_the_place_of_a_file_of_a_run(cli, run, name):
    """Nobody writes into it, so it must not be waited for."""
    path = next(run.rglob(name))
    path.unlink()
    os.mkfifo(path)
    for command in ("verify", "evaluate", "report"):
        outcome = cli(command, run)
        assert "Traceback" not in outcome.err
        assert outcome.code == (0 if name != "manifest.json" else 1 if command == "verify" else 2) or (
            name == "history.jsonl" and command == "verify"
        )
    if name == "history.jsonl":
        assert "history.jsonl is damaged: " in cli("verify", run).out
        assert cli("resume", run, "--epochs", 2, "-q").code == 0
        assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_that_asks_for_all_memory(tmp_path, compression):
    """Neither by its header nor by what it would unpack to."""
    variable = tf.Variable([1.0, 2.0])
    npz().write(tmp_path, {"v": variable})
    with zipfile.ZipFile(tmp_path / "variables.npz", "w", compression) as archive, archive.open("v.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (2**45,)})
        file.write(bytes(8))
    told = "'v.npy' is compressed" if compression else "'v.npy' should have 140737488355328 bytes by its header, and has 8"
    with pytest.raises(CheckpointError, match=told):
        npz().read(tmp_path, {"v": variable})
    assert json.dumps(variable.numpy().tolist()) == "[1.0, 2.0]"


def test_a_disk_that_fails_when_the_lock_is_let_go(done, monkeypatch):
    """By then everything is kept, and the lock ends with the process."""
    release = filelock.FileLock.release

    def failing(lock, *words, **options):
        release(lock, *words, **options)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(filelock.FileLock, "release", failing)
    assert "done: 1 epoch" in done("train", "--epochs", 1, "--run", "mine")


def test_a_misspelt_name_in_a_part_is_told_with_its_line(cli):
    """File and line of the user's own code; a command that is printed is quoted where its path needs it."""
    Path("mine.py").write_text('def loss(y_true, y_pred):\n    "A loss."\n    return undefined(y_true)\n', encoding="utf-8")
    told = cli("train", "--loss", "mine.py:loss", "--run", "r").err.splitlines()[-1]
    assert told.startswith(
        "eagerloop: NameError: name 'undefined' is not defined, line 3 of mine.py (raised by loss 'mine.py:loss'"
    )

    out = cli("train", "--epochs", "1", "--run", "two words").out
    assert out.endswith("kept in two words; next: eagerloop predict 'two words'\n")
