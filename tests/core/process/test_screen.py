"""Progress from Python: on a terminal and in a notebook, never in a test; and TensorFlow's greetings, from Python too."""

import os
import pty
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

import eagerloop
from eagerloop.process import screen

ON_A_TERMINAL = "import eagerloop; eagerloop.train(epochs=15, directory='mine')"


@pytest.fixture
def outside(monkeypatch):
    """Called in a test, it is as if no test were running. pytest names the test anew once its fixtures are made."""
    return lambda: monkeypatch.delenv("PYTEST_CURRENT_TEST")


@pytest.fixture
def notebook(outside, monkeypatch):
    """Called in a test, it is as in the kernel of a notebook."""

    def begin():
        outside()
        shell = SimpleNamespace(kernel=object())
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))

    return begin


def train(**options):
    """A short run."""
    return eagerloop.train(model="linear", epochs=2, directory="mine", **options)


def test_a_test_shows_nothing_even_on_a_terminal(capsys, monkeypatch):
    """Whatever its output is."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert not train().observers
    assert capsys.readouterr().out == ""


def test_a_file_or_a_pipe_gets_nothing_unless_it_is_asked_for(outside, capsys):
    """A script's output is its own; with `progress=True` there is a line an epoch."""
    outside()
    assert not train().observers
    eagerloop.resume("mine", epochs=3)
    assert capsys.readouterr().out == ""
    eagerloop.resume("mine", epochs=4, progress=True)
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["4/4"]


def test_a_notebook_gets_a_plain_line_an_epoch(notebook, capsys):
    """No widget and no control characters, though rich could; `progress=False` is silent; the record has the observer."""
    notebook()
    run = train()
    lines = capsys.readouterr().out.splitlines()
    assert [re.match(r"epoch (\d)/2  12 steps  loss ", line)[1] for line in lines] == ["1", "2"]
    assert [row["name"] for row in run.parts.run_toml["observer"]] == ["progress"]
    eagerloop.resume("mine", epochs=3, progress=False)
    assert capsys.readouterr().out == ""
    eagerloop.resume("mine", epochs=4)
    assert capsys.readouterr().out.startswith("epoch 4/4")


def test_an_observer_that_was_given_is_there_once(notebook):
    """`progress` by name, and the default one."""
    notebook()
    run = eagerloop.train(model="linear", epochs=1, directory="mine", observers=["progress", "print-loss"])
    assert [row["name"] for row in run.parts.run_toml["observer"]] == ["progress", "print-loss"]


def test_a_terminal_of_ipython_is_no_notebook(outside, monkeypatch):
    """Its shell has no kernel, so its output decides."""
    outside()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))
    assert not screen.in_notebook()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert screen.is_watched()


@pytest.mark.long
def test_a_script_on_a_terminal_shows_a_bar_and_no_greetings():
    """A real process: the live line, a line an epoch, and nothing that TensorFlow says while it is imported."""
    unset = ("PYTEST_CURRENT_TEST", "FORCE_COLOR", "NO_COLOR", "TF_CPP_MIN_LOG_LEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=environment | {"TERM": "xterm-256color", "COLUMNS": "90", "LINES": "24"},
    )
    os.close(inside)
    seen = b"".join(iter(lambda: _read(terminal), b"")).decode()
    os.close(terminal)

    assert process.wait(timeout=120) == 0
    assert re.search(r"epoch \d+/15 .*\d+/12 .*steps/s", seen)
    assert [int(number) for number in re.findall(r"epoch +(\d+)/15  12 steps  loss", seen)] == list(range(1, 16))
    assert not re.search(r"oneDNN|cpu_feature_guard|TensorFlow binary|WARNING|cuda", seen)


def _read(descriptor):
    """What is there; nothing more at the end."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@pytest.mark.long
def test_a_program_without_standard_error_is_let_be():
    """Its descriptor 2 is closed: there is nothing to keep quiet, and nothing fails."""
    code = "import os; os.close(2); import eagerloop; eagerloop.Step; print('there')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout == "there\n"
