"""A test in a file of its own, and the evaluation of another table."""

import io
import sys

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.evaluation import evaluate_table
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.errors import DataError
from eagerloop.tables import blocks
from eagerloop_plugins.dataset.csv import csv

STREAMS = pytest.mark.parametrize("stream", ["yes", "no"])


def rows(numbers, head="a,b,t"):
    """A header, and a line for each number; the columns in the order of the header."""
    lines = ({"a": f"{n}", "b": "xy"[n % 2], "t": f"{n}.5"} for n in numbers)
    return head + "\n" + "".join(",".join(line[name] for name in head.split(",")) + "\n" for line in lines)


@STREAMS
def test_all_rows_are_trained_on_and_those_of_the_other_file_tested(write, stream, monkeypatch):
    """Columns in another order, in several blocks; means and deviations are those of the training."""
    path, test = write(rows(range(100))), write(rows(range(300, 400), "t,b,a"), "test.csv")
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 256)
    dataset = csv(path=path, test_path=test, stream=stream, validation_fraction=0.1, batch_size=16)
    y = {name: np.concatenate([y for _, y in getattr(dataset, name)()])[:, 0] for name in ("validation", "test")}
    trained = np.concatenate([y for _, y in dataset.train(1)])[:, 0]
    assert sorted([*trained, *y["validation"]]) == [n + 0.5 for n in range(100)]
    assert len(y["validation"]) == 10
    assert y["test"].tolist() == [n + 0.5 for n in range(300, 400)]
    x = np.concatenate([x for x, _ in dataset.test()])
    a = trained - 0.5
    np.testing.assert_allclose(x[:, 0], (np.arange(300, 400) - a.mean()) / a.std(), rtol=1e-5)
    assert x[:, 1].tolist() == [n % 2 == 0 for n in range(300, 400)]
    (given, *_), *_ = dataset.test_pieces()
    assert [float(cell) for cell in given["a"][:3]] == [300, 301, 302]
    other = write(rows(range(300, 399)), "other.csv")
    assert csv(path=path, test_path=other, stream=stream).fingerprint != dataset.fingerprint


@STREAMS
def test_a_test_file_that_does_not_fit_is_named(write, stream):
    """A column that is missing, and one without any target; rows without one are left out and counted."""
    path = write(rows(range(100)))
    with pytest.raises(DataError, match=r"test\.csv has no column 'b'"):
        csv(path=path, test_path=write(rows(range(10), "a,t"), "test.csv"), stream=stream)
    with pytest.raises(DataError, match=r"test\.csv has no row with a value of the target 't'; take another test file"):
        csv(path=path, test_path=write("a,b,t\n1,x,\n", "test.csv"), stream=stream)
    with pytest.warns(UserWarning, match=r"test\.csv: 1 of 11 rows have no value in the target 't' and are left out"):
        dataset = csv(path=path, test_path=write(rows(range(10)) + "1,x,NA\n", "test.csv"), stream=stream)
    assert sum(len(y) for _, y in dataset.test()) == 10


@STREAMS
def test_another_table_is_evaluated(write, stream, tmp_path, monkeypatch):
    """As the test file would have been; a row without target is left out; standard input is the same."""
    path, other = write(rows(range(100))), write(rows(range(300, 340)), "test.csv")
    dataset = eagerloop.use("csv", path=path, test_path=other, batch_size=16, stream=stream)
    run = eagerloop.train(dataset=dataset, model="linear", metrics=["rmse"], epochs=1, directory=tmp_path / "run")
    expected = run.evaluate()
    assert evaluate_table(run, other) == pytest.approx(expected, rel=1e-6)
    text = "t,a,b\n,1,x\n" + rows(range(300, 340), "t,a,b").partition("\n")[2] + "?,2,y\n"
    with pytest.warns(UserWarning, match=r"gaps\.csv: 2 of 42 rows have no value of the target and are left out"):
        gappy = evaluate_table(run, write(text, "gaps.csv"))
    assert gappy == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(other.read_bytes())))
    assert evaluate_table(run, "-") == pytest.approx(expected, rel=1e-6)
    with pytest.raises(DataError, match=r"none\.csv: no row has a value of the target 't'; there is nothing to compare with"):
        evaluate_table(run, write("a,b,t\n1,x,\n", "none.csv"))
    write_predictions(run, other, tmp_path / "file.csv")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(other.read_text().encode("utf-16"))))
    write_predictions(run, "-", tmp_path / "piped.csv")
    assert (tmp_path / "piped.csv").read_text() == (tmp_path / "file.csv").read_text()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\nword,x\n3,y\n4,y\n")))
    with pytest.raises(DataError, match=r"^standard input, line 2, column 'a': 'word' is not a number"):
        write_predictions(run, "-", tmp_path / "piped.csv")
