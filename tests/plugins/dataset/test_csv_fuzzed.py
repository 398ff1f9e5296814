"""A part of the long proof that no damage to a table gives a traceback: `benchmarks/fuzzed_tables.py`."""

import fuzzed_tables
import pytest

from eagerloop.errors import DataError
from eagerloop.tables import read_blocks, read_table
from eagerloop_plugins.dataset.csv import csv


@pytest.mark.parametrize("count", [100, pytest.param(2500, marks=pytest.mark.long)])
def test_damaged_tables_are_read_or_refused_in_one_line(count):
    """Other files than those of the proof; some are read, and some are refused."""
    found, failures = fuzzed_tables.run(count, seed=15)
    assert failures == []
    assert found["read"] > count / 10
    assert found["DataError"] > count / 10
    assert found.total() == count


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_the_proof_has_found(write):
    """Carriage returns alone, below blank lines or a title; infinity in a first row; a table without rows; a huge test cell."""
    path = write("")
    path.write_bytes(b"\r\r\rage|kind|\r\r0|cat|\r\r1|dog|\r")
    for table in (read_table(path), *read_blocks(path)):
        assert len(table) == len(table.text("age")) == len(table.missing("age")) == 2
    path.write_bytes(b"Pets of 2020\n# by hand\n\n\r0|dog\n1|cat\n2|dog\n")
    table = read_table(path)
    assert len(table.text("c0")) == len(table)
    assert read_table(write("inf,inf,3\n" + "1,2,3\n" * 5)).names == ("c0", "c1", "c2")
    path, seed = write("a,b,y\n" + "1,2.5,3.5\n2,4.5,1.5\n" * 100 + "3,3e40,2.5\n"), huge_in_the_test()
    for stream in ("yes", "no"):
        with pytest.raises(DataError, match=r"line 202, column 'b': '3e40' is too large beside those of the training rows"):
            list(csv(path=path, stream=stream, seed=seed).test_pieces())


def huge_in_the_test():
    """A seed that draws the last of 201 rows for the test."""
    import eagerloop

    return next(seed for seed in range(99) if 200 in eagerloop.split_rows(201, test_fraction=0.2, seed=seed)[2])
