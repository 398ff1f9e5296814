"""Parts and plugins in plain files."""

import functools
import hashlib
import importlib.util
import py_compile
import sys
from pathlib import Path

import pytest

from eagerloop.choices.options import options_of
from eagerloop.choices.sources import as_factory, digest, import_file, is_file_part
from eagerloop.errors import PluginError


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("model.py:Tiny", True),
        ("some/where/model.py:Tiny", True),
        ("/abs/model.py:Tiny", True),
        ("C:\\parts\\model.py:Tiny", True),
        ("mlp", False),
        ("acme/mlp", False),
        ("model.py", False),
        ("model.py:", False),
        ("model.py:not a name", False),
        ("model.txt:Tiny", False),
    ],
)
def test_file_parts_are_told_by_their_form(part, answer):
    """`path/to/file.py:NAME` and nothing else is a part in a file."""
    assert is_file_part(part) is answer


def test_digest_is_the_sha256_of_the_text(tmp_path):
    """The version of a file is told by its bytes."""
    path = tmp_path / "part.py"
    path.write_bytes(b"a = 1\n")
    assert digest(path) == hashlib.sha256(b"a = 1\n").hexdigest()


def test_a_file_is_imported_once_for_each_text(tmp_path):
    """The same text gives the same module; a changed one is imported anew, under another name."""
    path = tmp_path / "part.py"
    path.write_text("value = []\n")
    first = import_file(path)
    assert import_file(path) is first
    path.write_text("value = [1]\n")
    second = import_file(path)
    assert (first.value, second.value) == ([], [1])
    assert sys.modules[second.__name__] is second


def test_a_file_may_hold_dataclasses(tmp_path):
    """Dataclasses look their module up in `sys.modules` while it is being imported."""
    path = tmp_path / "part.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Part:\n    units: int = 3\n"
    )
    assert import_file(path).Part().units == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_module", r"cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", r"cannot be imported: ZeroDivisionError: division by zero"),
        ("def", r"cannot be imported: SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", r"cannot be imported: SystemExit: 3"),
    ],
)
def test_a_broken_file_is_named_with_its_cause(tmp_path, text, message):
    """Whatever happens while a file is imported is told in one line, and leaves no half module behind."""
    path = tmp_path / "broken.py"
    path.write_text(text)
    before = set(sys.modules)
    with pytest.raises(PluginError, match=rf"plugin file .*broken\.py {message}"):
        import_file(path)
    assert not [name for name in set(sys.modules) - before if "broken" in name]


def test_a_missing_file_is_named(tmp_path):
    """The path and the system's own words."""
    with pytest.raises(
        PluginError, match=r"plugin file .*nowhere\.py cannot be read: No such file or directory; check the path"
    ):
        import_file(tmp_path / "nowhere.py")
    with pytest.raises(PluginError, match=r"cannot be read: Is a directory"):
        digest(tmp_path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    """Only `.py` files are Python files."""
    path = tmp_path / "part.txt"
    path.write_text("a = 1")
    with pytest.raises(PluginError, match=r"part\.txt is not a Python file"):
        import_file(Path(path))


def test_a_plain_function_is_a_loss():
    """A function of y_true and y_pred is the loss itself, and its other parameters are the options."""

    def pinball(y_true, y_pred, quantile: float = 0.5):
        """The pinball loss."""
        return quantile * (y_true - y_pred)

    factory = as_factory("loss", pinball)
    assert {name: option.default for name, option in options_of(factory).items()} == {"quantile": 0.5}
    assert factory.__doc__ == "The pinball loss."
    assert factory() is pinball
    assert factory(quantile=0.25)(8.0, 4.0) == 1.0
    assert isinstance(factory(quantile=0.25), functools.partial)


def test_factories_of_losses_stay_factories():
    """A function whose first two parameters may be left out, or that has fewer, makes losses."""

    def huber(delta: float = 1.0, scale: float = 1.0): ...
    def mse(): ...
    def keywords(*, y_true: int, y_pred: int): ...

    class Loss:
        def __init__(self, one: int, two: int): ...

    for target in (huber, mse, keywords, Loss):
        assert as_factory("loss", target) is target


def test_only_a_loss_is_a_plain_function():
    """A model of two parameters is a factory with two options."""

    def model(units: int, layers: int): ...

    assert as_factory("model", model) is model


def test_bytecode_beside_a_file_does_not_run(tmp_path):
    """Python's own import takes an unchecked .pyc in place of the source. What is hashed and run here is the source."""
    path = tmp_path / "harmless.py"
    path.write_text("VALUE = 'the source'\n")
    evil = tmp_path / "evil.py"
    evil.write_text("VALUE = 'the bytecode'\n")
    cache = Path(importlib.util.cache_from_source(str(path)))
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(evil), cfile=str(cache), dfile=str(path), invalidation_mode=unchecked)

    assert import_file(path).VALUE == "the source"


def test_importing_a_file_writes_nothing(tmp_path, monkeypatch):
    """No `__pycache__` appears beside the user's file, whatever Python was told about bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "part.py"
    path.write_text("VALUE = 1\n")

    assert import_file(path).VALUE == 1
    assert [found.name for found in tmp_path.iterdir()] == ["part.py"]
