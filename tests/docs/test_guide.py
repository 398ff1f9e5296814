"""The figures with which the lesson ends are those that a run gives."""

import re
from pathlib import Path

import pytest

import eagerloop

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "lessons" / "guide.md"


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """The figures of the guide's run, as the lesson names them."""
    run = eagerloop.train(epochs=10, seed=0, directory=tmp_path_factory.mktemp("guide") / "run")
    last = run.history[-1]
    return {
        "`loss` of epoch 10": last["loss"],
        "`total_loss` of epoch 10": last["total_loss"],
        "`loss` on the test rows": run.evaluate()["loss"],
    }


def promised():
    """The rows of the lesson's last table: figure, value, tolerance."""
    section = GUIDE.read_text(encoding="utf-8").split("## What you should have")[1]
    return re.findall(r"^\| (`.*?) \| ([\d.]+) \| ([\d.]+) \|$", section, re.MULTILINE)


@pytest.mark.parametrize(("figure", "value", "tolerance"), promised())
def test_the_lesson_ends_with_the_right_figure(figures, figure, value, tolerance):
    """A run of the guide gives the figure within the tolerance that stands beside it."""
    assert figures[figure] == pytest.approx(float(value), abs=float(tolerance))


@pytest.mark.long
def test_the_lesson_promises_every_figure(figures):
    """The table has a row for each figure that is compared, and no other."""
    assert [figure for figure, _value, _tolerance in promised()] == list(figures)
