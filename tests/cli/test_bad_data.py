"""Faulty data: file, line and column are told, and nothing is made of them."""

from pathlib import Path

import numpy as np
import pytest

HEAD = "a,b,y\n"
ROWS = "".join(f"{i % 7},{i * 0.37:.2f},{i * 0.5}\n" for i in range(40))
CLASSES = "".join(f"{i % 5},{i * 0.3:.1f},{'cat' if i % 2 else 'dog'}\n" for i in range(40))
WORDS = ("train", "--dataset", "csv", "--dataset.path", "my.csv")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "my.csv is empty; expected a header line and rows"),
        (HEAD, "my.csv has a header in line 1 and no rows"),
        (HEAD + ROWS + "1,2\n", "my.csv, line 42: 2 cells, expected 3 as in line 1"),
        (HEAD + ROWS + "1,2,3,4\n" + ROWS, "my.csv, line 42: 4 cells, expected 3 as in line 1"),
        (HEAD + ROWS + "1,two,3\n", "my.csv, line 42, column 'b': 'two' is not a number"),
        (HEAD + ROWS + "1,-inf,3\n", "my.csv, line 42, column 'b': '-inf' is not finite"),
        (HEAD + ROWS.replace(",", ";").replace("a;b", "a,b"), "my.csv"),
        ('a,b,y\n1,"2,3\n' + ROWS, "my.csv, line 2: unexpected end of data"),
    ],
)
def test_a_faulty_file_is_refused_with_the_place_of_the_fault(refused, content, told):
    """Empty, header only, ragged, text among numbers, infinity, an open quote."""
    Path("my.csv").write_text(content, encoding="utf-8")
    assert told in refused(*WORDS)


def test_a_file_that_is_not_there_is_named(refused):
    """So is a directory in its place, and the option, where it was not given at all."""
    assert refused(*WORDS) == "data file my.csv does not exist; check the path"
    Path("my.csv").mkdir()
    assert "my.csv is a directory" in refused(*WORDS)
    assert "dataset 'csv' needs the option 'path'" in refused("train", "--dataset", "csv")


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("target", "yy", "my.csv has no column 'yy'; did you mean 'y'?"),
        ("features", "a,bb", "my.csv has no column 'bb'; did you mean 'b'?"),
        ("features", "a,y", "the target 'y' is among the features"),
        ("delimiter", ";", "there is no delimiter ';'; the cells look separated by ','"),
        ("task", "classification", "my.csv, line 3, column 'y': 0.5 is no class, expected whole numbers"),
        ("batch-size", "33", "batch size must be from 1 to 32, the number of training rows, got 33"),
    ],
)
def test_an_option_that_does_not_fit_the_file_is_refused(refused, option, value, told):
    """Missing columns with the nearest, a wrong delimiter, fractional labels, batches larger than the data."""
    Path("my.csv").write_text(HEAD + ROWS, encoding="utf-8")
    assert told in refused(*WORDS, f"--dataset.{option}", value)


def test_text_that_is_not_as_it_was_said_is_refused_with_its_line(refused):
    """The byte and its place."""
    Path("my.csv").write_bytes((HEAD + ROWS + "é,1,2\n").encode("latin-1"))
    assert "my.csv, line 42: expected UTF-8 text, got 0xe9" in refused(*WORDS, "--dataset.encoding", "utf-8")


def test_a_byte_order_mark_is_passed_over(done):
    """Spreadsheets write one: the first column is called `a` all the same."""
    Path("my.csv").write_bytes(b"\xef\xbb\xbf" + (HEAD + ROWS).encode())
    assert done(*WORDS, "--epochs", 1, "--run", "mine", "--dataset.features", "a").startswith(
        "dataset csv | model mlp | loss mse"
    )


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (
            "3",
            "left out, for they tell nothing: 'a' (3 in every training row); --dataset.features takes what you name",
        ),
        ("", "left out, for they tell nothing: 'a' (no value in any row)"),
    ],
)
def test_a_column_without_news_is_a_warning(cli, cell, told):
    """Constant or without any value: the run trains, and one line tells."""
    Path("my.csv").write_text(HEAD + "".join(f"{cell},{i},{i * 0.5}\n" for i in range(40)), encoding="utf-8")
    outcome = cli(*WORDS, "--epochs", 1, "-q")
    assert outcome.code == 0
    assert outcome.err.splitlines() == [f"note: my.csv: {told}"]


def test_one_class_alone_is_refused(refused):
    """There is nothing to tell apart."""
    Path("my.csv").write_text(HEAD + "".join(f"{i},{i},cat\n" for i in range(40)), encoding="utf-8")
    assert "my.csv: column 'y' has one class only, 'cat'" in refused(*WORDS)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"y_train": np.array([0, 1, 2, -1, 0, 1])}, "y_train[3] = -1 is no class number"),
        ({"y_train": np.array([0, 1, 0.5, 1, 0, 1]), "task": "classification"}, "y_train[2] = 0.5 is no class number"),
        ({"x_train": np.full((6, 2), np.nan)}, "x_train[0, 0] = nan is not finite"),
        ({"x_train": None}, "has no array 'x_train'"),
        ({"x_train": np.ones((5, 2))}, "x_train and y_train must have as many rows"),
    ],
)
def test_faulty_arrays_are_refused_with_the_entry(refused, changed, told):
    """Labels below 0 or fractional, NaN, a missing array, too few rows."""
    words = ["--dataset.task", changed.pop("task")] if "task" in changed else []
    sound = {"x_train": np.ones((6, 2)), "y_train": np.array([0, 1] * 3), "x_test": np.ones((2, 2)), "y_test": np.array([0, 1])}
    np.savez("my.npz", **{name: array for name, array in {**sound, **changed}.items() if array is not None})
    assert told in refused("train", "--dataset", "arrays", "--dataset.path", "my.npz", "--dataset.batch-size", 2, *words)


def test_a_file_that_is_no_npz_is_refused(refused):
    """It is named, with what would be one."""
    Path("my.npz").write_text("x", encoding="utf-8")
    line = refused("train", "--dataset", "arrays", "--dataset.path", "my.npz")
    assert line == "my.npz is no .npz file, or a damaged one; write it with numpy.savez"
