"""The real command in a process of its own: what is imported, how it ends, what a terminal sees."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

# The script that pip makes does this, too.
START = "import sys; from eagerloop.cli import main; sys.argv[0] = 'eagerloop'; main()"
TELL = """
import sys
from eagerloop.cli import main
try:
    main()
finally:
    heavy = [name for name in ("tensorflow", "keras", "numpy", "rich", "typer") if name in sys.modules]
    print("imported:", *heavy, file=sys.stderr)
"""
COMPLETION = {"_EAGERLOOP_COMPLETE": "complete_bash", "COMP_WORDS": "eagerloop train --model mlp --model.", "COMP_CWORD": "4"}


def environment(**changes):
    """The environment of this process without what a test runner may have set for terminals."""
    runner_s = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TF_CPP_MIN_LOG_LEVEL")
    kept = {name: value for name, value in os.environ.items() if name not in runner_s}
    return kept | {"TERM": "xterm-256color"} | changes


def start(*words, code=START, **changes):
    """Runs the command with its output in pipes."""
    words = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, env=environment(**changes))


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["--help"], {}),
        (["train", "--help"], {}),
        (["train", "--model", "mlp", "--optimizer", "sgd", "--help"], {}),
        (["plugins"], {}),
        (["plugins", "--json"], {}),
        (["show", "model", "mlp"], {}),
        (["inspect", "batch", "--help"], {}),
        (["runs"], {}),
        (["runs", "--json"], {}),
        ([], COMPLETION),
    ],
)
def test_looking_around_imports_no_tensorflow(words, changes):
    """Nor Keras, nor NumPy: they take seconds."""
    found = start(*words, code=TELL, **changes)
    assert found.returncode == 0
    assert found.stdout
    imported = found.stderr.split("imported:")[1].split()
    assert "typer" in imported
    assert not {"tensorflow", "keras", "numpy"} & set(imported)


@pytest.mark.parametrize("words", [["train", "--epochs", "0"], ["train", "--model", "mpl"], ["resume"], ["tran"]])
def test_a_fault_that_can_be_seen_at_once_imports_no_tensorflow(words):
    """The answer to a slip comes within a moment, in one line, with exit code 2."""
    found = start(*words, code=TELL)
    assert found.returncode == 2
    line, imported = found.stderr.splitlines()
    assert line.startswith("eagerloop: ")
    assert "tensorflow" not in imported


@pytest.mark.long
def test_a_run_says_nothing_on_stderr(parts):
    """Exit code 0; TensorFlow's greetings are kept away, also where a file of the user's imports it first."""
    parts("import tensorflow as tf\n\n\ndef mine(y_true, y_pred):\n    return tf.reduce_mean(tf.square(y_true - y_pred))\n")
    found = start("train", "--loss", "parts.py:mine", "--epochs", 2, "--run", "mine")
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["dataset", "run", "chosen", "epoch", "epoch", "done:"]
    assert "\x1b" not in found.stdout


@pytest.mark.long
def test_what_a_file_of_the_user_s_says_is_not_swallowed(parts):
    """Only TensorFlow's own lines are left out."""
    parts("import sys\nimport tensorflow\nprint('hello from my file', file=sys.stderr)\n\n\ndef mine(y_true, y_pred): ...\n")
    found = start("show", "loss", "parts.py:mine")
    assert (found.returncode, found.stderr) == (0, "hello from my file\n")


def test_a_failed_run_ends_with_1(program):
    """One line on stderr."""
    found = program(START, "train", "--optimizer", "sgd", "--optimizer.learning-rate", "1e30", "--run", "mine", "-q")
    assert found.returncode == 1
    (line,) = found.stderr.splitlines()
    assert line.startswith("eagerloop: the loss is ")


def test_a_reader_that_has_seen_enough_is_no_fault():
    """`| head -1` gets its line, and nothing is said on stderr."""
    command = f'"$PYTHON" -c "{START}" plugins | head -1'
    found = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True, timeout=60, env=environment(PYTHON=sys.executable)
    )
    assert (found.stdout, found.stderr) == ("datasets\n", "")


@pytest.mark.long
def test_a_run_whose_reader_leaves_is_trained_to_its_end():
    """`| head -2` gets its lines and nothing is said; the newest run is whole, and so is one that is resumed so."""
    for words, epochs in (("train --epochs 3 --run runs/mine", 3), ("resume --epochs 5", 5)):
        command = f'"$PYTHON" -c "{START}" {words} | head -2; echo "${{PIPESTATUS[0]}}"'
        found = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, check=True, env=environment(PYTHON=sys.executable)
        )
        assert (len(found.stdout.splitlines()), found.stdout[-2:], found.stderr) == (3, "0\n", "")
        assert len(Path("runs/mine/history.jsonl").read_text("utf-8").splitlines()) == epochs


def on_a_terminal(*words, **changes):
    """Runs the command on a terminal of 80 columns, and gives everything that it wrote there."""
    changes = {"COLUMNS": "80", "LINES": "24", **changes}
    screen, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", START, *map(str, words)], stdin=inside, stdout=inside, stderr=inside, env=environment(**changes)
    )
    os.close(inside)
    seen = b""
    while True:
        try:
            piece = os.read(screen, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(screen)
    return process.wait(timeout=60), seen.decode("utf-8")


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[25];[\d;]+)m")


@pytest.mark.long
def test_a_terminal_has_a_live_line_that_leaves_no_trace():
    """While it trains: epoch and steps; afterwards a line for each epoch, and a cursor that can be seen."""
    code, seen = on_a_terminal("train", "--epochs", 15, "--run", "mine")

    assert code == 0
    assert re.search(r"epoch \d+/15 .*\d+/12 .*steps/s", seen)
    assert [int(number) for number in re.findall(r"epoch +(\d+)/15  12 steps  loss", seen)] == list(range(1, 16))
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l")
    assert "done: 15 epochs, 180 steps" in seen.splitlines()[-1]
    assert COLOUR.search(seen)


@pytest.mark.long
def test_no_color_is_honoured_on_a_terminal():
    """The live line is there without colours, and so is the help."""
    code, seen = on_a_terminal("train", "--epochs", 15, "--run", "mine", NO_COLOR="1")
    assert code == 0
    assert re.search(r"epoch \d+/15 ", seen)
    assert not COLOUR.search(seen)
    assert not COLOUR.search(on_a_terminal("train", "--help", NO_COLOR="1")[1])


def test_the_help_fits_a_terminal_of_80_columns():
    """No line is wider, and no name of an option of the parts is cut."""
    _, seen = on_a_terminal("train", "--dataset", "csv", "--observe", "early-stopping", "--optimizer", "sgd", "--help")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    assert max(len(line) for line in plain.splitlines()) <= 80
    for name in ("--dataset.validation-fraction", "--observe.patience", "--optimizer.learning-rate"):
        assert f" {name} " in plain


@pytest.mark.parametrize("columns", ["80", "50"])
def test_the_help_cuts_no_name(parts, columns):
    """Not the longest one of Keras, nor one of a stranger's that is wider than half a screen."""
    parts("def still(*, a_name_that_goes_on_and_on: int = 1):\n    'Does nothing.'\n")
    _, seen = on_a_terminal("train", "--model", "parts.py:still", "--help", COLUMNS=columns)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    assert max(len(line) for line in plain.splitlines()) <= int(columns)
    words = plain.replace("│", " ").split()
    names = (
        "--optimizer.gradient-accumulation-steps",
        "--optimizer.ema-overwrite-frequency",
        "--model.a-name-that-goes-on-and-on",
    )
    for name in names:
        assert words[words.index(name) + 1] == "INTEGER"
    assert "…" not in plain


def test_the_package_is_the_command_too():
    """`python -m eagerloop`, where no script is on the path."""
    words = [sys.executable, "-m", "eagerloop", "--version"]
    found = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.startswith("eagerloop ")


def test_the_script_of_the_package_is_this_command():
    """What pip installs besides this Python."""
    script = Path(sys.executable).with_name("eagerloop")
    if not script.exists():
        pytest.skip("the package is not installed in the environment of this Python")
    found = subprocess.run([script, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.startswith("eagerloop ")
