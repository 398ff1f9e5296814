"""Relative paths in a config: what lies beside it is meant, wherever the command is typed."""

from pathlib import Path

import pytest

CONFIG = """
epochs = 1
loss = "mine.py:half"

[dataset]
name = "csv"
options = { path = "data/table.csv" }
"""
LOSS = """
import tensorflow as tf


def half(y_true, y_pred):
    "Half of the mean squared error."
    return tf.reduce_mean((y_true - y_pred) ** 2) / 2
"""


@pytest.fixture
def study(table):
    """A directory with a config, the table and the file of code that it names; the command is typed above it."""
    Path("study/data").mkdir(parents=True)
    table("study/data/table.csv")
    Path("study/mine.py").write_text(LOSS, encoding="utf-8")
    Path("study/its.toml").write_text(CONFIG, encoding="utf-8")
    return "study/its.toml"


def test_files_beside_a_config_are_found(done, study):
    """Table and code; the record names them from where the run was trained, and a resume there finds them."""
    done("train", "--config", study, "--trust", "study/mine.py", "--run", "run", "-q")
    text = Path("run/run.toml").read_text("utf-8")
    assert 'path = "study/data/table.csv"' in text
    assert 'name = "study/mine.py:half"' in text
    done("resume", "run", "--epochs", 2, "-q")


def test_what_is_not_beside_a_config_is_looked_for_here(done, table, study):
    """A record's paths are those of the directory where the run was trained: it is repeated from there."""
    Path("study/data/table.csv").unlink()
    Path("data").mkdir()
    table("data/table.csv")
    assert 'path = "data/table.csv"' in done("train", "--config", study, "--trust", "study/mine.py", "--print-config")


def test_the_message_names_both_places(refused, study):
    """Neither here nor beside the config."""
    Path("study/data/table.csv").unlink()
    line = refused("train", "--config", study, "--trust", "study/mine.py")
    assert "data file data/table.csv does not exist" in line
    assert line.endswith("nor is there study/data/table.csv, beside the config study/its.toml")


def test_what_is_typed_counts_from_here(refused, study):
    """A path on the command line is no config's."""
    line = refused("train", "--config", study, "--trust", "study/mine.py", "--dataset.path", "table.csv")
    assert "data file table.csv does not exist" in line


def test_code_beside_a_config_is_run_only_if_it_is_named(refused, study):
    """By the path that is typed."""
    line = refused("train", "--config", study)
    assert "names a file of code, study/mine.py" in line
    assert line.endswith("to run it, add --trust study/mine.py")
