"""A CSV file of ten thousand columns: what is done for each column must not look at all the others."""

import time

import pytest

import eagerloop
from eagerloop.tables import delimited
from eagerloop_plugins.dataset.csv import csv

FEW, MANY = 2_500, 10_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """By the number of columns, a file of numbers, and one in which every second column is text."""
    made = {}
    for columns in (FEW, MANY):
        for kind in ("numbers", "mixed"):
            made[columns, kind] = path = tmp_path_factory.mktemp("wide") / f"{columns}-{kind}.csv"
            lines = [",".join(f"c{place}" for place in range(columns))]
            for row in range(10):
                cells = (f"{row}.{place}" for place in range(columns))
                other = ("ab"[row % 2] if place % 2 else cell for place, cell in enumerate(cells))
                lines.append(",".join(other if kind == "mixed" else (f"{row}.{place}" for place in range(columns))))
            path.write_text("\n".join(lines) + "\n")
    return made


def everything(path):
    """What is done with a file: read, asked for its kinds and its text, surveyed, encoded, streamed for an epoch."""
    table = eagerloop.tables.read_table(path)
    assert len([table.kind(name) for name in table.names]) == len(table.columns)
    for stream in ("no", "yes"):
        dataset = csv(path=path, target="c0", stream=stream, batch_size=4)
        dataset.encode(table)
        assert sum(len(y) for _x, y in dataset.train(1)) == 8


@pytest.mark.long
@pytest.mark.parametrize("kind", ["numbers", "mixed"])
def test_four_times_the_columns_take_about_four_times_as_long(files, kind):
    """By the square of them it would be sixteen. The bound is wide: other programs use the processor, too."""
    everything(files[FEW, kind])  # what is imported and traced once
    seconds = {}
    for columns in (FEW, MANY):
        began = time.process_time()
        everything(files[columns, kind])
        seconds[columns] = time.process_time() - began
    assert seconds[MANY] < 9 * seconds[FEW], seconds


def test_the_file_is_cut_a_few_times_only(files, monkeypatch):
    """Columns of numbers are wanted as text one by one, or all at once."""
    cut, count = delimited.cut, []
    monkeypatch.setattr(delimited, "cut", lambda chunk, ends, places: count.append(len(places)) or cut(chunk, ends, places))
    table = eagerloop.tables.read_table(files[FEW, "numbers"])
    first = table.text("c7")
    assert (first[:2], count) == (["0.7", "1.7"], [1])
    assert [table.text(name)[3] for name in table.names] == [f"3.{place}" for place in range(FEW)]
    assert len(count) <= 14
    assert sum(count) == FEW
    again = eagerloop.tables.read_table(files[FEW, "numbers"])
    count.clear()
    assert again.texts(["c5", "c3"]) == {"c5": table.text("c5"), "c3": table.text("c3")}
    assert count == [2]
    assert again.columns == table.columns
    assert len(count) == 2
