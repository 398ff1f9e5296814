"""Cells without a value: what stands for them, in memory and streamed, in training and in new rows."""

import warnings

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.errors import DataError
from eagerloop.tables import blocks
from eagerloop_plugins.csv_files import medians
from eagerloop_plugins.csv_files import stream as streaming
from eagerloop_plugins.dataset.csv import csv

TEXTS = ("", "NA", "N/A", "nan", "NULL", "?", "-", ".")


def read(path, **options):
    """The dataset, and what was told of it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        dataset = csv(path=path, **{"batch_size": 4, **options})
    return dataset, [str(one.message).partition(": ")[2] for one in told]


def gappy(count=40, every=5):
    """Numbers and texts, each without a value in every fifth row, but in different ones."""
    lines = []
    for n in range(count):
        age = TEXTS[n // every % len(TEXTS)] if n % every == 2 else f"{n * 7 % 40 - 3}.25"
        coat = TEXTS[n // every % len(TEXTS)] if n % every == 3 else ("short", "long")[n % 2]
        lines.append(f"{n / 4},{age},{coat},{n}.5\n")
    return "a,age,coat,t\n" + "".join(lines)


def column_of(text, place):
    """The cells of a column, cut apart from the product."""
    return [line.split(",")[place] for line in text.splitlines()[1:]]


@pytest.mark.parametrize("stream", ["yes", "no"])
@pytest.mark.parametrize("quoted", [False, True])
def test_gaps_are_filled_with_the_training_median_and_told_in_a_column(write, stream, quoted):
    """By hand: the median of the training rows that have a value; mean and deviation, too, are theirs."""
    text = gappy()
    ages = np.array([np.nan if cell in TEXTS else float(cell) for cell in column_of(text, 1)])
    dataset, told = read(write(text.replace("short", '"short"') if quoted else text), stream=stream, shuffle=False)
    assert dataset.features == ("a", "age", "age=missing", "coat=long", "coat=missing", "coat=short")
    ways = "numbers get the training median and a column that says so, text a category of its own"
    assert told == [f"no value in age (8), coat (8) of 40 rows: {ways}; --dataset.missing drop or refuse does otherwise"]
    training = eagerloop.split_rows(40, test_fraction=0.2)[0]
    known = ages[training][~np.isnan(ages[training])]
    expected = (np.where(np.isnan(ages), np.median(known), ages) - known.mean()) / known.std()
    x = np.concatenate([x for x, _ in dataset.train(1)])
    np.testing.assert_allclose(x[:, 1], expected[training], rtol=1e-6, atol=1e-7)
    assert x[:, 2].tolist() == np.isnan(ages)[training].tolist()
    cells = np.array(column_of(text, 2))[training]
    for place, value in ((3, "long"), (5, "short")):
        assert x[:, place].tolist() == (cells == value).tolist()
    assert x[:, 4].tolist() == [cell in TEXTS for cell in cells]


def test_streamed_and_in_memory_are_the_same(write, monkeypatch):
    """In one block the same bits; in many the same columns, fills and rows, each encoded alike but for the last digit."""
    path = write(gappy(600))
    memory, stream = read(path, stream="no")[0], read(path, stream="yes")[0]
    assert memory.features == stream.features
    assert memory.fingerprint == stream.fingerprint
    for one, other in ((memory.train(2), stream.train(2)), (memory.test(), stream.test())):
        for (a, b), (c, d) in zip(one, other, strict=True):
            assert np.array_equal(a, c)
            assert np.array_equal(b, d)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1024)
    monkeypatch.setattr(streaming, "WINDOW_BYTES", 4096)
    monkeypatch.setattr(medians, "MOST", 16)
    many = read(path, stream="yes", standardize=False)[0]
    assert len(many.blocks) > 5
    whole = read(path, stream="no", standardize=False)[0].encode(eagerloop.tables.read_table(path))
    rows = np.concatenate([y for part in (many.train(1), many.test()) for _, y in part])[:, 0].astype(int)
    x = np.concatenate([x for part in (many.train(1), many.test()) for x, _ in part])
    assert sorted(rows) == list(range(600))
    gaps = whole[rows][:, 2] == 1
    np.testing.assert_array_equal(x[~gaps], whole[rows][~gaps])
    training = np.concatenate([x for x, _ in many.train(1)])
    assert set(x[gaps, 1].tolist()) == {float(np.float32(np.median(training[training[:, 2] == 0, 1])))}


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_rows_without_a_target_are_left_out_and_counted(write, stream):
    """`NA` is no class; the others are dealt out as if the rows were not there."""
    names = [("cat", "dog", "NA", "cat", "dog")[n % 5] for n in range(50)]
    text = "a,kind\n" + "".join(f"{n / 2},{name}\n" for n, name in enumerate(names))
    dataset, told = read(write(text), stream=stream, shuffle=False, standardize=False)
    assert dataset.classes == ("cat", "dog")
    assert told == ["10 of 50 rows have no value in the target 'kind' and are left out"]
    kept = [n for n, name in enumerate(names) if name != "NA"]
    training, _, test = eagerloop.split_rows(40, test_fraction=0.2)
    for part, rows in ((dataset.train(1), training), (dataset.test(), test)):
        assert np.concatenate([x for x, _ in part])[:, 0].tolist() == [kept[row] / 2 for row in rows]
        assert np.concatenate([y for _, y in part]).tolist() == [int(names[kept[row]] == "dog") for row in rows]
    assert [len(x) for _, x, _ in dataset.test_pieces()] == [8]


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_rows_with_gaps_can_be_dropped(write, stream):
    """Then there is no column of gaps, and 24 of 40 rows are left."""
    dataset, told = read(write(gappy()), stream=stream, missing="drop", shuffle=False)
    assert dataset.features == ("a", "age", "coat=long", "coat=short")
    assert told == ["16 of 40 rows have no value in the target 't' or in age (8), coat (8) and are left out"]
    rows = [int(y) for part in (dataset.train(1), dataset.test()) for _, batch in part for y in batch.numpy()[:, 0]]
    assert sorted(rows) == [n for n in range(40) if n % 5 not in (2, 3)]


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_gaps_can_be_refused(write, stream):
    """All columns in one line, each with the first line of the file that it concerns."""
    message = r"rows without a value in 'age' \(8, at first in line 4\), 'coat' \(8, at first in line 5\); take missing impute"
    with pytest.raises(DataError, match=message):
        csv(path=write(gappy()), missing="refuse", stream=stream, batch_size=4)


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_what_is_missing_can_be_said(write, stream):
    """Then `NA` is Namibia, and -999 is no temperature."""
    text = "land,warmth,t\n" + "".join(f"{('NA', 'ZA')[n % 2]},{-999 if n % 4 == 1 else n},{n}.5\n" for n in range(40))
    dataset, _ = read(write(text), missing_values=["-999"], stream=stream, standardize=False)
    assert dataset.features == ("land=NA", "land=ZA", "warmth", "warmth=missing")
    x = np.concatenate([x for x, _ in dataset.train(1)])
    assert x[:, 2].min() >= 0
    assert np.array_equal(x[:, 3] == 1, x[:, 3] * x[:, 1] == 1)
    new = dataset.encode(eagerloop.tables.read_table(write("land,warmth\nNA,-999\n", "new.csv")))
    assert new[0].tolist() == [1, 0, x[x[:, 3] == 1, 2][0], 1]


def test_new_rows_may_have_gaps(write):
    """The training median where the training has no gap: the column's own, if it has none, and no category at all."""
    dataset, _ = read(write("a,b,t\n" + "".join(f"{n},{'xy'[n % 2]},{n}.5\n" for n in range(41))), standardize=False)
    median = np.median(dataset.train_arrays[0][:, 0])
    new = eagerloop.tables.read_table(write("b,a\n?,NA\nx,3\n", "new.csv"))
    with pytest.warns(UserWarning, match=r"column 'b': 1 of 2 rows have a value that no training row has \('missing'\)"):
        assert dataset.encode(new).tolist() == [[median, 0, 0], [3, 1, 0]]


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_a_feature_without_a_training_value_is_no_division_by_zero(write, stream):
    """Asked for by name, it is kept: 0 and the column of gaps, in each training row."""
    test = eagerloop.split_rows(40, test_fraction=0.2)[2]
    text = "a,b,t\n" + "".join(f"{n / 4},{n if n in test else ''},{n}.5\n" for n in range(40))
    dataset, _ = read(write(text), features=["a", "b"], stream=stream)
    x = np.concatenate([x for x, _ in dataset.train(1)])
    assert dataset.features == ("a", "b", "b=missing")
    assert x[:, 1:].tolist() == [[0, 1]] * 32


def test_gaps_are_predicted_and_written_as_they_stand(write, tmp_path):
    """Of the test rows and of a new file, in memory and streamed."""
    written = []
    for stream in ("no", "yes"):
        dataset = eagerloop.use("csv", path=write(gappy()), batch_size=8, stream=stream)
        with pytest.warns(UserWarning, match="no value in age"):
            run = eagerloop.train(dataset=dataset, model="linear", epochs=1, directory=tmp_path / stream)
        write_predictions(run, None, tmp_path / "test.csv")
        write_predictions(run, write("coat,age,a\nNA,,1\nshort,2,?\n", "new.csv"), tmp_path / "out.csv")
        written.append([(tmp_path / name).read_text() for name in ("test.csv", "out.csv")])
    assert written[0] == written[1]
    cells = [line.split(",")[:3] for line in written[0][1].splitlines()]
    assert cells == [["a", "age", "coat"], ["1", "", "NA"], ["?", "2", "short"]]
    assert len(written[0][0].splitlines()) == 9


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_a_class_that_is_taken_for_missing_is_answered(write, stream):
    """Credit data say + and -: the line names the option that helps, and with it the run trains."""
    path = write("a,t\n" + "".join(f"{n},{'+-'[n % 2]}\n" for n in range(40)))
    told = r"has one class only, '\+'.*\(20 rows have no value there; --dataset.missing-values says what that is\)"
    with pytest.warns(UserWarning, match="20 of 40 rows"), pytest.raises(DataError, match=told):
        csv(path=path, stream=stream, batch_size=4)
    assert csv(path=path, stream=stream, batch_size=4, missing_values=["NA"]).classes == ("+", "-")


@pytest.mark.parametrize("at_once", [1, 64])
@pytest.mark.parametrize("most", [1, 3, 1 << 18])
def test_medians_are_numpys(monkeypatch, most, at_once):
    """Of numbers of all sizes, of one number, of many that are the same, in pieces; of few columns and of many."""
    monkeypatch.setattr(medians, "MOST", most)
    monkeypatch.setattr(medians, "AT_ONCE", at_once)
    random = np.random.default_rng(0)
    columns = {
        "normal": random.normal(size=1001),
        "sizes": random.normal(size=1000) * 10.0 ** random.integers(-300, 300, 1000),
        "same": np.repeat([7.0, -2.0, 0.0, -0.0], 250),
        "one": np.array([3.0]),
    }

    def pieces(names):
        for begin in range(0, 1001, 100):
            yield {name: np.append(columns[name][begin : begin + 100], np.nan) for name in names}

    fills = medians.Fills(pieces, lambda name: len(columns[name]))
    fills.find(["normal", "sizes"])
    assert {name: fills[name] for name in columns} == {name: np.median(values) for name, values in columns.items()}
