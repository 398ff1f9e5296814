"""The command line in this process: what a command prints, how it ends, and which files it touches."""

import warnings
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from eagerloop.cli import main


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def files():
    """Every file below the working directory, with a digest of its content; directories without."""
    return {str(path): sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in Path().rglob("*")}


@pytest.fixture
def cli(capsys):
    """Runs `eagerloop WORDS...`; anything but an exit code is an error of the test."""

    def run(*words):
        capsys.readouterr()
        with warnings.catch_warnings():  # the command line shows warnings as notes: here, too, instead of raising them
            warnings.simplefilter("always")
            with pytest.raises(SystemExit, match=r"^\d+$") as stop:
                main([str(word) for word in words])
        return Outcome(stop.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def done(cli):
    """Runs a command that must succeed, and gives what it printed."""

    def run(*words):
        outcome = cli(*words)
        assert outcome.code == 0, outcome
        return outcome.out

    return run


@pytest.fixture
def refused(cli):
    """Runs a command that must be refused: exit code 2, one line on stderr, no file touched. Gives the line."""

    def run(*words):
        before = files()
        outcome = cli(*words)
        lines = [line for line in outcome.err.splitlines() if not line.startswith("note: ")]
        assert outcome.code == 2, outcome
        assert len(lines) == 1, outcome
        assert lines[0].startswith("eagerloop: ")
        assert "Traceback" not in outcome.out + outcome.err
        assert files() == before
        return lines[0].removeprefix("eagerloop: ")

    return run


@pytest.fixture
def parts():
    """Writes Python source to parts.py in the working directory."""

    def write(source, name="parts.py"):
        Path(name).write_text(source, encoding="utf-8")
        return name

    return write


@pytest.fixture
def table():
    """Writes a table of 40 rows with the columns a, b and y: a regression, or one of two classes; gives its name."""

    def write(name="table.csv", *, classes=False, head="a,b,y\n", tail=""):
        rows = [f"{i % 7},{i * 0.37:.2f},{('cat' if i % 2 else 'dog') if classes else i * 0.5}\n" for i in range(40)]
        Path(name).write_text(head + "".join(rows) + tail, encoding="utf-8")
        return name

    return write
