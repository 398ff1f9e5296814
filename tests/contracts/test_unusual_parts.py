"""Correct parts that are unlike most: no check flags them."""

import re
from pathlib import Path

import pytest

from eagerloop.choices.sources import import_file
from eagerloop.testing import check

HERE = Path(__file__).with_name("unusual")
FILES = {"loss": "losses.py", "model": "models.py", "optimizer": "optimizers.py"}
FILES |= {"dataset": "datasets.py", "checkpointer": "checkpointers.py", "metric": "metrics.py", "step": "steps.py"}


# Read from the text: the files import TensorFlow, which collecting the tests need not wait for.
PARTS = [
    (kind, name)
    for kind, file in FILES.items()
    for name in re.findall(r"^def ([a-z]\w*)", (HERE / file).read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.sweep(1)
@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_an_unusual_part_is_not_flagged(kind, name):
    """Whatever is right passes, however it is written."""
    results = check(kind, getattr(import_file(HERE / FILES[kind]), name))

    assert {result.name: result.message for result in results if result.status == "failed"} == {}
    assert any(result.status == "ok" for result in results)


def test_there_are_enough_of_them():
    """At least ten parts, of seven kinds."""
    assert len(PARTS) >= 10
    assert {kind for kind, _name in PARTS} == set(FILES)
