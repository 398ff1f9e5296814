"""Every example in a docstring of the two packages runs and shows what it says."""

import doctest
import importlib
import importlib.util
from pathlib import Path

import pytest

PACKAGES = ("eagerloop", "eagerloop_plugins")


def modules_with_examples() -> list[str]:
    """Their names, read from the files: importing them all at collection would import TensorFlow for every test run."""
    found = []
    for package in PACKAGES:
        root = Path(importlib.util.find_spec(package).origin).parent
        for file in sorted(root.rglob("*.py")):
            if ">>> " in file.read_text(encoding="utf-8"):
                parts = (package, *file.relative_to(root).with_suffix("").parts)
                found.append(".".join(part for part in parts if part != "__init__"))
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_of_a_module_hold(name, tmp_path, monkeypatch, capsys):
    """Each `>>>` of the module gives the output that is written below it."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)

    outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert outcome.attempted > 0
    assert outcome.failed == 0, capsys.readouterr().out
