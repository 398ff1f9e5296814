"""The parts of the ten-line lesson are as short as its title says, one for each kind, and pass the checks."""

import re
from pathlib import Path

import pytest

import eagerloop.testing
from eagerloop.choices.sources import import_file
from eagerloop.parts import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "ten-lines.md"
NAMES = {
    "loss": "logcosh", "model": "tower", "dataset": "line", "optimizer": "Descent", "checkpointer": "Saved",
    "metric": "Within", "observer": "Target", "schedule": "warm_up", "step": "shortened",
}  # fmt: skip


def files():
    """The files that the lesson writes, by kind."""
    text = PAGE.read_text(encoding="utf-8")
    return {
        re.search(r"file\.py|!eagerloop train --(\w+)", after)[1].replace("observe", "observer"): body
        for body, after in re.findall(r"%%writefile \S+\n(.*?)```(.*?train.*?)\n", text, re.DOTALL)
    }


def test_there_is_one_of_each_kind():
    """No kind is left out."""
    assert sorted(files()) == sorted(KINDS)


@pytest.mark.sweep(1)
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_the_lesson_has_ten_lines_and_passes(kind, tmp_path):
    """Blank lines apart, it is no longer than ten lines or so, and no check of its kind fails."""
    path = tmp_path / f"lesson_{kind}.py"
    path.write_text(files()[kind], encoding="utf-8")
    factory = getattr(import_file(path), NAMES[kind])

    assert len([line for line in files()[kind].splitlines() if line.strip()]) <= 11 + (kind == "step")
    assert [result for result in eagerloop.testing.check(kind, factory) if result.status == "failed"] == []
