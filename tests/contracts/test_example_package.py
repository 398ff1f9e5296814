"""The worked example of the docs keeps the contract, straight from its source."""

import importlib
import sys
from pathlib import Path

import pytest

from eagerloop.testing import check

SOURCE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "eagerloop-example" / "src"
HOOKS = {
    "dataset": "provide_datasets",
    "model": "provide_models",
    "loss": "provide_losses",
    "optimizer": "provide_optimizers",
    "checkpointer": "provide_checkpointers",
}


@pytest.mark.sweep(1)
@pytest.mark.parametrize("kind", HOOKS)
def test_the_example_is_not_flagged(kind, monkeypatch):
    """What authors are told to copy passes every check, being light to import included."""
    monkeypatch.syspath_prepend(SOURCE)
    before = {name for name in sys.modules if name.startswith("eagerloop_example")}
    try:
        package = importlib.import_module("eagerloop_example")
        [factory] = getattr(package, HOOKS[kind])().values()
        results = check(kind, factory)
    finally:
        for name in {name for name in sys.modules if name.startswith("eagerloop_example")} - before:
            del sys.modules[name]

    assert {result.name: result.message for result in results if result.status == "failed"} == {}
    assert next(result for result in results if result.name == "light-import").status == "ok"
