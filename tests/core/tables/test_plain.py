"""Cutting plain text: the same cells as Python's csv module finds, and nothing out of the ordinary is taken for plain."""

import csv

import numpy as np
import pytest

import eagerloop
from eagerloop.tables import plain


@pytest.fixture
def write(tmp_path):
    """Writes bytes to a file and gives its path."""

    def write_file(data):
        path = tmp_path / "data.csv"
        path.write_bytes(data)
        return path

    return write_file


@pytest.mark.parametrize("chunk", [8, 1 << 22])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cells_are_those_of_the_csv_module(write, monkeypatch, chunk, end):
    """Spaces, letters beyond ASCII, numbers and a last line without an end, cut whole or in small chunks."""
    monkeypatch.setattr(plain, "CHUNK_BYTES", chunk)
    text = end.join(["name,city,size", "Zoë, Köln ,1.5", "Ada,London,2", "Bo,,3e4"])
    table = eagerloop.tables.read_table(write(text.encode()))
    expected = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    assert [list(row) for row in zip(*table.columns.values(), strict=True)] == expected[1:]
    assert table.numbers("size", "float64").tolist() == [1.5, 2.0, 30000.0]
    assert list(table.lines) == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "delimiter", "width"),
    [
        (b'a,"b"\n', ",", 2),  # a quote
        (b"a,b\n\nc,d\n", ",", 2),  # a blank line
        (b"a,b\nc\n", ",", 2),  # too short
        (b"a,b,c\nd\n", ",", 2),  # as many cells as two rows have, but not in two rows
        (b"a\n \nb\n", ",", 1),  # a blank line of a single column
        (b"a,b\rc,d\n", ",", 2),  # an old line end
        ("a§b\n".encode(), "§", 2),  # a delimiter of two bytes
    ],
)
def test_what_is_out_of_the_ordinary_is_not_plain(text, delimiter, width):
    """It is left to the csv module."""
    assert plain.cell_ends(text, delimiter, width) is None


def test_a_stray_word_far_down_is_named(write):
    """Line and column are those of the file, though no row was looked at by itself."""
    rows = [f"{number},{number / 2}" for number in range(1000)]
    rows[900] = "900,many"
    table = eagerloop.tables.read_table(write(("a,b\n" + "\n".join(rows)).encode()))
    assert table.kind("b") == "numeric"
    with pytest.raises(eagerloop.errors.DataError, match=r"line 902, column 'b': 'many' is not a number"):
        table.numbers("b")
    np.testing.assert_array_equal(table.numbers("a"), np.arange(1000))
