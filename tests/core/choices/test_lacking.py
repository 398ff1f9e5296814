"""What is said of a run whose part came from a package that is not here."""

import shutil
from pathlib import Path

import pytest

import eagerloop
from eagerloop.choices.lacking import packages_lacking
from eagerloop.errors import PluginError


def test_a_package_is_named_with_the_version_that_was_used(tmp_path, monkeypatch):
    """A record whose loss and metric are a stranger's: the line ends with the command that brings the package."""
    monkeypatch.chdir(tmp_path)
    eagerloop.train(epochs=1, directory="mine")
    record = Path("mine/run.toml")
    text = record.read_text("utf-8").replace('name = "mse"\nowner = "eagerloop"', 'name = "pinball"\nowner = "el-quantiles"')
    record.write_text(text.replace('version = "0.1.0"', 'version = "2.5"'), encoding="utf-8")
    shutil.rmtree("mine/checkpoints")  # else the checkpoint's record would be another one
    Path("mine/history.jsonl").unlink()

    told = r"no loss 'pinball'; .*'pinball' is of el-quantiles 2\.5, which is not installed: pip install el-quantiles==2\.5"
    with pytest.raises(PluginError, match=told):
        eagerloop.resume("mine")


def test_what_is_here_is_not_lacking():
    """Built-in parts, files, objects, and parts without an owner; a package is named once."""
    record = {
        "dataset": {"name": "iris", "owner": "eagerloop", "version": "9"},
        "model": {"name": "parts.py:mine", "owner": "parts.py", "version": "ab12"},
        "loss": {"age": {"name": "one", "owner": "not-there", "version": ""}, "city": {"name": "two", "owner": "not-there"}},
        "optimizer": {"name": "Adam", "owner": "object", "version": ""},
        "metric": [{"name": "rmse"}],
    }
    assert packages_lacking(record) == ["loss 'one' is of not-there, which is not installed: pip install not-there"]
