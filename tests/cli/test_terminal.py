"""What comes from files, runs and configs steers no terminal: the commands on a real one."""

import csv
import os
import random
import shutil
import sys
import threading
import tomllib
import warnings
from pathlib import Path

import pytest
import tomli_w

from eagerloop.cli import main

ESCAPES = "\x1b]0;PWN\x07\x1b[2J\x9b2J\u202e"
"""Sets the title, rings, clears the screen twice, turns the direction of writing."""


def steered(said):
    """Which of them the terminal got."""
    return [sign for sign in ("\x1b]0", "\x07", "\x1b[2J", "\x9b", "\u202e") if sign in said]


@pytest.fixture
def terminal(monkeypatch):
    """Runs `eagerloop WORDS...` with a terminal as its output; gives the exit code and what the terminal got."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words):
        master, slave = os.openpty()
        said = []
        reader = threading.Thread(target=lambda: said.extend(iter(lambda: _read(master), b"")))
        reader.start()
        with monkeypatch.context() as patch, os.fdopen(slave, "w", encoding="utf-8") as screen, warnings.catch_warnings():
            warnings.simplefilter("always")
            patch.setattr(sys, "stdout", screen)
            patch.setattr(sys, "stderr", screen)
            with pytest.raises(SystemExit, match=r"^\d+$") as stop:
                main([str(word) for word in words])
        reader.join()
        os.close(master)
        return stop.value.code, b"".join(said).decode()

    return run


def _read(descriptor):
    """What is there; nothing more at the end."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def write_table(name, last=""):
    """Sixty rows; the names of the columns and of a class are what a terminal obeys."""
    drawn = random.Random(3)  # noqa: S311
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f"a{ESCAPES}", f"b{ESCAPES}2", "c"])
        for row in range(60):
            second = last if last and row == 59 else f"{drawn.gauss(0, 1):.3f}"
            writer.writerow([f"{drawn.gauss(0, 1):.3f}", second, ("k" + ESCAPES, "m")[row % 2]])


@pytest.fixture
def run():
    """A run on such a table."""
    write_table("table.csv")
    return Path("run")


TRAIN = ("train", "--dataset", "csv", "--dataset.path", "table.csv", "--epochs", 2, "--run", "run")


@pytest.mark.long
def test_names_of_columns_and_classes_steer_nothing(terminal, run):
    """Every command that shows them; the data that are written elsewhere keep them."""
    for words in (
        ("inspect", "batch", "--dataset", "csv", "--dataset.path", "table.csv"),
        ("inspect", "model", "--dataset", "csv", "--dataset.path", "table.csv"),
        TRAIN,
        ("inspect", "step", run),
        ("predict", run),
        ("predict", run, "--output", "out.csv"),
        ("evaluate", run),
        ("verify", run),
        ("report", run),
    ):
        code, said = terminal(*words)
        assert (code, steered(said)) == (0, []), (words, said)
    assert ESCAPES in Path("out.csv").read_text(encoding="utf-8")


def test_a_cell_that_cannot_be_read_steers_nothing(terminal):
    """The message quotes it."""
    write_table("table.csv", last="oops" + ESCAPES)
    code, said = terminal("train", "--dataset", "csv", "--dataset.path", "table.csv", "--dataset.target", "b" + ESCAPES + "2")
    assert (code, steered(said)) == (2, [])
    assert "oops" in said


def test_a_strangers_run_steers_nothing(terminal, run):
    """Unknown keys, names of parts, versions, paths, names of files in a checkpoint."""
    assert terminal(*TRAIN, "-q")[0] == 0
    for change in (
        lambda content: content.update({"evil" + ESCAPES: 1}),
        lambda content: content["model"].update(name="x" + ESCAPES),
        lambda content: content["versions"].update(tensorflow="2" + ESCAPES),
        lambda content: content.update(plugins=["p" + ESCAPES + ".py"]),
    ):
        shutil.rmtree("changed", ignore_errors=True)
        shutil.copytree(run, "changed")
        record = Path("changed/run.toml")
        content = tomllib.loads(record.read_text(encoding="utf-8"))
        change(content)
        record.write_text(tomli_w.dumps(content), encoding="utf-8")
        for command in ("evaluate", "resume", "verify", "report"):
            code, said = terminal(command, "changed")
            assert steered(said) == [], (command, code, said)
        code, said = terminal("train", "--config", record, "--help")
        assert steered(said) == [], (code, said)
    checkpoint = next(Path("run/checkpoints").glob("step-*"))
    (checkpoint / ("x" + ESCAPES)).touch()
    code, said = terminal("verify", run)
    assert (code, steered(said)) == (1, [])


@pytest.mark.parametrize("words", [("--help",), ("--print-config",)])
def test_a_strangers_config_steers_nothing(terminal, words):
    """Its values stand in the help as defaults, and on the screen when it is printed."""
    content = {"dataset": {"name": "csv", "options": {"path": "table.csv", "target": "b" + ESCAPES + "2"}}}
    write_table("table.csv")
    Path("its.toml").write_text(tomli_w.dumps(content), encoding="utf-8")
    code, said = terminal("train", "--config", "its.toml", *words)
    assert (code, steered(said)) == (0, []), said
