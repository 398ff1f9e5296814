"""Numbers as people write them, and truth values: read if the whole column agrees, and told."""

import re

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import DataError
from eagerloop.tables import Numbers, blocks
from eagerloop_plugins.dataset.csv import csv

STREAMS = pytest.mark.parametrize("stream", ["yes", "no"])


def column(cells, delimiter=",", count=40):
    """A file with a number, a column of the given cells over and over, and a target."""
    quoted = [f'"{cell}"' if delimiter in cell else cell for cell in cells]
    lines = [f"{n}{delimiter}{quoted[n % len(cells)]}{delimiter}{n}\n" for n in range(count)]
    return f"n{delimiter}a{delimiter}t\n" + "".join(lines)


def values(dataset, name="a"):
    """A column of x by the number of the row, over all parts."""
    x = np.concatenate([x for part in (dataset.train(1), dataset.test()) for x, _ in part])
    found = dict(zip(x[:, 0].astype(int).tolist(), x[:, dataset.features.index(name)].tolist(), strict=True))
    return [found[n] for n in range(len(found))]


FORMS = [
    (["1,259", "12", "1,234,567.5", "-3"], ",", [1259, 12, 1234567.5, -3]),
    (["$1,259", "$ 7.5", "-$3", "$-4"], ",", [1259, 7.5, -3, -4]),
    (["45%", "12.5 %", "7", "0%"], ",", [45, 12.5, 7, 0]),
    (["1,5", "2,25", "3", "-0,5"], ";", [1.5, 2.25, 3, -0.5]),
    (["1.259,5", "1.000", "2", "0,5"], ";", [1259.5, 1000, 2, 0.5]),
    (["12[98]", "1,300 [a]", "7*", "8"], ",", [12, 1300, 7, 8]),
    (["1 259", "2'000", "3\u00a0000", "\u22124"], ",", [1259, 2000, 3000, -4]),
    (["12 EUR", "EUR 3", "1e2", "5"], ",", [12, 3, 100, 5]),
]


@STREAMS
@pytest.mark.parametrize(("cells", "delimiter", "expected"), FORMS)
def test_numbers_are_read_as_they_are_meant(write, stream, cells, delimiter, expected):
    """Thousands, currency, per cent, decimal comma, footnotes: by hand."""
    with pytest.warns(UserWarning, match=r"texts read as numbers: a \('.*' is .*\); --dataset\.decimal tells"):
        dataset = csv(path=write(column(cells, delimiter)), stream=stream, standardize=False)
    assert dataset.features == ("n", "a")
    assert values(dataset) == expected * 10


@STREAMS
def test_what_the_rest_of_the_file_says_decides_of_a_comma(write, stream):
    """`1,259` alone is in thousands, beside `1,5` and in a file of semicolons it has decimals; the option decides first."""
    for text, options, expected in (
        (column(["1,259", "2"]), {}, 1259),
        (column(["1,259", "2"]), {"decimal": ","}, 1.259),
        (column(["1,259", "2"], ";"), {}, 1.259),
        (column(["1,259", "2"], ";"), {"decimal": "."}, 1259),
    ):
        with pytest.warns(UserWarning, match="texts read as numbers"):
            dataset = csv(path=write(text), stream=stream, standardize=False, **options)
        assert values(dataset)[0] == np.float32(expected)
    lines = [f'{n},"1,{259 + n}","{n},5",{n}\n' for n in range(40)]
    with pytest.warns(UserWarning, match="texts read as numbers"):
        dataset = csv(path=write("n,a,b,t\n" + "".join(lines)), stream=stream, standardize=False)
    assert values(dataset)[:2] == [np.float32(1.259), np.float32(1.26)]


@STREAMS
def test_a_target_with_decimal_commas_is_a_regression(write, stream):
    """It was a classification of as many classes as there are numbers."""
    text = "a;t\n" + "".join(f"{n},5;{n % 43},{n % 7}\n" for n in range(200))
    with pytest.warns(UserWarning, match=r"texts read as numbers: a \('.*' is .*\), t \('.*' is .*\)"):
        dataset = csv(path=write(text), stream=stream, standardize=False)
    assert dataset.task == "regression"
    for x, y in dataset.train(1):
        rows = (x.numpy()[:, 0] - 0.5).astype(int)
        np.testing.assert_allclose(y.numpy()[:, 0], rows % 43 + rows % 7 / 10, rtol=1e-6)


@STREAMS
@pytest.mark.parametrize("cells", [["1,259", "many"], ["12 EUR", "$3"], ["1,5", "1.5.2"], ["3-4", "5-6"], ["%", "$"]])
def test_texts_that_do_not_agree_are_categories(write, stream, cells):
    """Two currencies, a word, a range: nothing is guessed."""
    dataset = csv(path=write(column(cells)), stream=stream)
    assert dataset.features == ("n", *(f"a={cell}" for cell in sorted(cells)))


@STREAMS
def test_truth_values_in_any_case_are_one_column(write, stream):
    """As a feature 0 and 1, as a target two classes."""
    cells = ["True", "false", "TRUE", "False", "true", "FALSE", "NA"]
    with pytest.warns(UserWarning, match="a .'[Ff]alse' is 0.$|no value in a"):
        dataset = csv(path=write(column(cells, count=42)), stream=stream, standardize=False, batch_size=4)
    assert dataset.features == ("n", "a", "a=missing")
    assert values(dataset, "a=missing") == [0, 0, 0, 0, 0, 0, 1] * 6
    assert [value for n, value in enumerate(values(dataset)) if n % 7 != 6] == [1, 0, 1, 0, 1, 0] * 6
    with pytest.warns(UserWarning, match="a .'[Ff]alse' is 0.$|6 of 42 rows"):
        dataset = csv(
            path=write(column(cells, count=42)), target="a", features=["n"], stream=stream, standardize=False, batch_size=4
        )
    assert dataset.classes == ("false", "true")
    for x, y in dataset.train(1):
        assert y.numpy().tolist() == [(n % 7) % 2 == 0 for n in x.numpy()[:, 0].astype(int)]


def test_many_blocks_have_the_numbers_of_memory(write, monkeypatch):
    """Blocks in which every cell is a plain number are read like the others; classes, too."""
    lines = [f"{n};{n if n < 300 else f'{n},5'};{n % 3},0;{'?' if n % 9 == 4 else f'{n}%'};{n % 2},0\n" for n in range(1000)]
    path = write("n;a;b;c;t\n" + "".join(lines))
    with pytest.warns(UserWarning, match="texts read as numbers|no value in c"):
        memory = csv(path=path, standardize=False, stream="no")
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1024)
    with pytest.warns(UserWarning, match="texts read as numbers|no value in c"):
        stream = csv(path=path, standardize=False, stream="yes")
    assert len(stream.blocks) > 10
    assert stream.features == memory.features == ("n", "a", "b", "c", "c=missing")
    assert stream.classes == memory.classes == ("0", "1")
    for name in ("a", "b", "c=missing"):
        assert values(stream, name) == values(memory, name)
    for x, y in stream.train(1):
        assert y.numpy().tolist() == (x.numpy()[:, 0] % 2).tolist()


def test_new_rows_are_read_like_the_training_rows(write):
    """A cell that cannot be is named with its line."""
    with pytest.warns(UserWarning, match="texts read as numbers"):
        dataset = csv(path=write(column(["$1,259", "$2"])), standardize=False)
    new = eagerloop.tables.read_table(write('a,n\n"$3,000",1\n7,2\n', "new.csv"))
    assert dataset.encode(new).tolist() == [[1, 3000], [2, 7]]
    new = eagerloop.tables.read_table(write("a,n\n$3,1\nfew,2\n", "new.csv"))
    with pytest.raises(DataError, match=r"new\.csv, line 3, column 'a': 'few' cannot be read as the others are; mend the cell"):
        dataset.encode(new)
    told = re.escape("line 42, column 'a': 'few' is not a number")
    with pytest.raises(DataError, match=told):
        csv(path=write(column(["1.5"]) + "40,few,40\n"))


@pytest.mark.parametrize("text", ["", " ", "-", "$", ",5,", "1,25", "12,5678", "1.2.3", "--1", "5x", "1,259 1,260", "[98]"])
def test_what_is_no_number_with_a_decimal_point(text):
    """Groups of three digits, one sign, one unit."""
    assert not Numbers(".").fits([text])
    assert np.isnan(Numbers(".").values([text])).all()
