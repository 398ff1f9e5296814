"""What a notebook shows of an error: a line of the user's faults, and everything of all others."""

import pytest

import eagerloop
from eagerloop.errors import ConfigError, TrainingError


@pytest.fixture
def shell(monkeypatch):
    """An IPython of its own, in whose cells code is run."""
    interactive = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")
    monkeypatch.setenv("IPYTHONDIR", ".ipython")
    made = interactive.InteractiveShell(colors="nocolor")
    made.user_ns["eagerloop"] = eagerloop
    return made


def run(shell, code, capsys):
    """A cell's output, and the error that it raised."""
    capsys.readouterr()
    result = shell.run_cell(code)
    said = capsys.readouterr()
    return said.out + said.err, result.error_in_exec


@pytest.mark.filterwarnings("ignore")
def test_a_cell_shows_a_fault_in_one_line(shell, capsys):
    """Its kind, its message with the way out, and no frame of the engine."""
    said, error = run(shell, "eagerloop.train(optimizer='adm', directory='mine')", capsys)
    assert isinstance(error, eagerloop.errors.PluginError)
    (line,) = said.split("\n")[:-1]
    assert line.startswith("PluginError: there is no optimizer 'adm'; did you mean 'adam'?")


@pytest.mark.filterwarnings("ignore")
def test_other_errors_keep_their_traceback(shell, capsys):
    """A NameError in one's own loss: the line of it is what one needs."""
    code = "def mine(y_true, y_pred):\n    return undefined + 1\n\neagerloop.train(loss=mine, directory='mine')"
    said, error = run(shell, code, capsys)
    assert isinstance(error, eagerloop.errors.PluginError | NameError)
    plain, other = run(shell, "def f():\n    return undefined + 1\nf()", capsys)
    assert isinstance(other, NameError)
    assert "return undefined + 1" in plain
    assert "Traceback" in plain
    assert "undefined" in said


def test_notes_are_told_and_nothing_steers_the_screen():
    """What the inspection found stands below; a name from a file has no control characters."""
    error = TrainingError("the loss is nan in\n  epoch 1\x1b[2J")
    error.add_note("eagerloop: EL04 the step is too long")
    shown = error._render_traceback_()
    assert shown[0].startswith("TrainingError: the loss is nan in epoch 1")
    assert "\x1b" not in shown[0]
    assert shown[1:] == ["note: EL04 the step is too long"]


def test_whoever_looks_for_a_fault_of_the_engine_gets_all_of_it(monkeypatch):
    """`EAGERLOOP_DEBUG=1`."""
    monkeypatch.setenv("EAGERLOOP_DEBUG", "1")
    with pytest.raises(ConfigError, match="epochs") as caught:
        eagerloop.train(epochs=0)
    assert "settings_of" in "".join(caught.value._render_traceback_())
