"""Training on any CSV file: encodings and splits worked by hand, and every fault of a file."""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.dataset.csv import csv
from eagerloop_plugins.dataset.iris import FILE


def rows(count, line="{n},{half},{n}.5"):
    """A header and as many numbered lines."""
    return "\n".join(["a,b,t", *(line.format(n=n, half=n / 2, odd=n % 2) for n in range(count))]) + "\n"


def parts(count, seed=0, fraction=0.2):
    """Training and test rows, computed apart from the product."""
    drawn = np.random.Generator(np.random.PCG64([seed, 0])).permutation(count)
    held = round(count * fraction)
    return np.sort(drawn[: count - held]), np.sort(drawn[count - held :])


def test_the_last_column_is_the_target(write):
    """Without options, the last column is predicted from all others; with them, what they say."""
    data = csv(path=write(rows(10)), batch_size=4)
    assert (data.features, data.targets, data.task, data.outputs) == (("a", "b"), ("t",), "regression", 1)
    data = csv(path=write(rows(10)), target="a", features=["t"], batch_size=4)
    assert (data.features, data.targets, data.columns) == (("t",), ("a",), ("t",))


def test_rows_are_split_by_the_seed(write):
    """A fifth of the rows, drawn by PCG64([seed, 0]), is the test."""
    for seed in (0, 3):
        data = csv(path=write(rows(10)), batch_size=4, standardize=False, seed=seed)
        training, test = parts(10, seed)
        assert data.train_arrays[1][:, 0].tolist() == (training + 0.5).tolist()
        assert data.test_arrays[0][:, 0].tolist() == test.tolist()
        assert data.validation() is None


def test_validation_is_drawn_from_the_other_rows(write):
    """Test 2 of 10 rows, validation a quarter of the 8 others, and no row twice."""
    data = csv(path=write(rows(10)), batch_size=2, validation_fraction=0.25)
    targets = [part[1][:, 0].tolist() for part in (data.train_arrays, data.validation_arrays, data.test_arrays)]
    assert [len(part) for part in targets] == [6, 2, 2]
    assert sorted(itertools.chain(*targets)) == [n + 0.5 for n in range(10)]


def test_standardization_sees_the_training_rows_only(write):
    """Mean and deviation (over n) of the training rows are applied to all rows; the target stays as it is."""
    data = csv(path=write(rows(10)), batch_size=4, seed=3)
    training, test = parts(10, seed=3)
    values = np.arange(10.0)
    scaled = (values - values[training].mean()) / values[training].std()
    np.testing.assert_allclose(data.train_arrays[0][:, 0], scaled[training], rtol=1e-6)
    np.testing.assert_allclose(data.test_arrays[0][:, 0], scaled[test], rtol=1e-6)
    assert data.test_arrays[1][:, 0].tolist() == (test + 0.5).tolist()
    # The mean of the training rows is not that of all rows, so a leak of the test rows would show.
    assert values[training].mean() != values.mean()


def test_text_becomes_sorted_indicator_columns(write):
    """One column for each value, in the order of the alphabet, at the place of the original column."""
    path = write("size,coat,weight\n" + "1,short,2.5\n2,long,3.5\n3,curly,4.5\n" * 4)
    data = csv(path=path, batch_size=4, standardize=False)
    assert data.features == ("size", "coat=curly", "coat=long", "coat=short")
    expected = {1: [0, 0, 1], 2: [0, 1, 0], 3: [1, 0, 0]}
    for row in data.train_arrays[0].tolist() + data.test_arrays[0].tolist():
        assert row[1:] == expected[row[0]]


def test_new_rows_are_encoded_like_the_training_rows(write):
    """Other order of columns, other delimiter, no target: the same numbers come out."""
    path = write("size,coat,weight\n" + "1,short,2.5\n2,long,3.5\n3,curly,4.5\n" * 4)
    data = csv(path=path, batch_size=4)
    new = eagerloop.tables.read_table(write("coat;note;size\nlong;x;2\nshort;y;5\n", "new.csv"))
    whole = data.encode(eagerloop.tables.read_table(path))
    x = data.encode(new)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[0], whole[1])
    step = whole[1, 0] - whole[0, 0]
    np.testing.assert_allclose(x[1, 0], whole[0, 0] + 4 * step, rtol=1e-5)
    assert x[1, 1:].tolist() == [0, 0, 1]
    assert data.target_values(new) is None
    assert data.target_values(eagerloop.tables.read_table(path))[:2].tolist() == [[2.5], [3.5]]


def test_an_unknown_category_is_none_of_the_known(write):
    """0 in each of their columns; how many there are, and which, is told."""
    data = csv(path=write("size,coat,weight\n" + "1,short,2.5\n2,long,3.5\n" * 5), batch_size=4)
    new = eagerloop.tables.read_table(write("size,coat\n1,long\n1,wavy\n1,curly\n", "new.csv"))
    told = r"new\.csv, column 'coat': 2 of 3 rows have a value that no training row has \('curly', 'wavy'\); they count as none"
    with pytest.warns(UserWarning, match=told):
        x = data.encode(new)
    assert x[:, 1:].tolist() == [[1, 0], [0, 0], [0, 0]]


def test_a_missing_column_of_new_rows_is_named(write):
    """The nearest one is offered."""
    data = csv(path=write(rows(10).replace("b,", "width,", 1)), batch_size=4)
    new = eagerloop.tables.read_table(write("a,widht\n1,2\n", "new.csv"))
    with pytest.raises(DataError, match=r"new\.csv has no column 'width'; did you mean 'widht'\?"):
        data.encode(new)


def test_raw_test_rows_are_as_written(write):
    """Standardized or not, text or number: what is shown beside a prediction is what the file says."""
    path = write("size,coat,weight\n" + "1,short,2.5\n2,long,3.5\n" * 5)
    raw = csv(path=path, batch_size=4).raw_test
    _, test = parts(10)
    assert {name: list(column) for name, column in raw.items()} == {
        "size": [row % 2 + 1.0 for row in test],
        "coat": [("short", "long")[row % 2] for row in test],
    }


def test_iris_is_a_classification():
    """A last column of text is the classes, sorted, as int32 of shape (n,)."""
    data = csv(path=FILE)
    assert (data.task, data.outputs, data.classes) == ("classification", 3, ("setosa", "versicolor", "virginica"))
    training, test = parts(150)
    np.testing.assert_array_equal(data.train_arrays[1], training // 50)
    np.testing.assert_array_equal(data.test_arrays[1], test // 50)
    assert data.train_arrays[1].dtype == np.int32
    assert data.target_values(eagerloop.tables.read_table(FILE)).tolist() == [0] * 50 + [1] * 50 + [2] * 50


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, 1], ("0", "1")),
        ([1, 2, 3], ("1", "2", "3")),
        (["0.0", "1.0"], ("0", "1")),
        ([2, 3, 4], ()),
        ([0, 2, 4], ()),
        ([-1, 1], ()),
        ([0.5, 1.5], ()),
        (range(20), tuple(map(str, range(20)))),
        (range(21), ()),
        ([0, 0.25], ()),
    ],
)
def test_whole_numbers_are_classes_if_they_count(write, values, classes):
    """At most 20 different whole numbers from 0 or 1 on without a gap are classes; other numbers are quantities."""
    path = write("a,t\n" + "".join(f"{n},{value}\n" for n, value in enumerate(list(values) * 20)))
    data = csv(path=path, batch_size=1)
    assert data.classes == classes
    assert data.task == ("classification" if classes else "regression")


def test_whole_numbers_that_hardly_repeat_are_no_classes(write):
    """Row numbers count from 0 without a gap, too: a class has two rows on average."""
    assert csv(path=write(rows(10)), target="a", batch_size=4).task == "regression"
    path = write("a,t\n" + "".join(f"{n},{n % 5}\n" for n in range(10)))
    assert csv(path=path, batch_size=4, seed=2).task == "classification"


def test_the_option_task_decides(write):
    """Grades from 3 to 8 may be classes, and counts may be quantities."""
    grades = write("a,t\n" + "".join(f"{n},{value}\n" for n, value in enumerate([3, 8, 5] * 10)))
    data = csv(path=grades, task="classification", batch_size=4)
    assert data.classes == ("3", "5", "8")
    training, _ = parts(30)
    assert data.train_arrays[1].tolist() == [(0, 2, 1)[row % 3] for row in training]
    counts = write("a,t\n" + "".join(f"{n},{n % 2}\n" for n in range(10)))
    assert csv(path=counts, task="regression", batch_size=4).train_arrays[1].shape == (8, 1)


def test_fingerprint_covers_bytes_and_columns(write):
    """A change of any byte, or of the columns in use, is a change of the data; batches are not."""
    text = rows(10)
    first = csv(path=write(text), batch_size=4).fingerprint
    assert csv(path=write(text, "copy.csv"), batch_size=2).fingerprint == first
    assert csv(path=write(text), features=["a"], batch_size=4).fingerprint != first
    assert csv(path=write(text + "\n"), batch_size=4).fingerprint != first


def test_tsv_with_a_given_delimiter(write):
    """The option goes through to the reader, and a wrong one is answered."""
    path = write(rows(10).replace(",", "\t"))
    assert csv(path=path, delimiter="tab", batch_size=4).features == ("a", "b")
    with pytest.raises(DataError, match=r"data\.csv, line 1: there is no delimiter ';'; the cells look separated by '\\t'"):
        csv(path=path, delimiter=";", batch_size=4)


def test_a_file_without_a_header(write):
    """Columns are called by their places."""
    data = csv(path=write(rows(10).partition("\n")[2]), batch_size=4)
    assert (data.features, data.targets) == (("c0", "c1"), ("c2",))


def test_a_constant_column_is_told(write):
    """It is left out, or, if somebody asks for it, trained on as zeros."""
    path = write(rows(10, "{n},0.1,{n}.5"))
    with pytest.warns(UserWarning, match=r"data\.csv: left out, for they tell nothing: 'b' \(0\.1 in every training row\);"):
        assert csv(path=path, batch_size=4).features == ("a",)
    with pytest.warns(UserWarning, match=r"data\.csv: column 'b' is 0\.1 in every training row, so there is nothing to learn"):
        data = csv(path=path, batch_size=4, features=["a", "b"])
    assert data.train_arrays[0][:, 1].tolist() == [0] * 8
    with pytest.warns(UserWarning, match=r"data\.csv: column 't' is 7\.5 in every training row"):
        csv(path=write(rows(10, "{n},{half},7.5")), batch_size=4)


def test_a_column_without_values_is_left_out_and_told(write):
    """Unless it is asked for: then it is a fault, as it is for the target."""
    path = write(rows(10, "{n},NA,{n}.5"))
    with pytest.warns(UserWarning, match=r"data\.csv: left out, for they tell nothing: 'b' \(no value in any row\)$"):
        data = csv(path=path, batch_size=4)
    assert data.features == ("a",)
    with pytest.raises(DataError, match=r"data\.csv, line 2, column 'b': no cell of this column has a value; leave it out"):
        csv(path=path, features=["a", "b"], batch_size=4)
    with pytest.raises(DataError, match=r"data\.csv, line 2, column 'b': no cell of the target has a value; choose another"):
        csv(path=path, target="b", batch_size=4)


def edited(old, new):
    """Ten rows with one edit."""
    text = rows(10)
    assert old in text
    return text.replace(old, new, 1)


FAULTS = [
    (edited("3,1.5,3.5", "3,oops,3.5"), {}, r"data\.csv, line 5, column 'b': 'oops' is not a number"),
    (edited("3,1.5,3.5", "3,1.5,inf"), {}, r"data\.csv, line 5, column 't': 'inf' is not finite"),
    (edited("3,1.5,3.5", "3,1.5"), {}, r"data\.csv, line 5: 2 cells, expected 3"),
    (rows(10), {"target": "tt"}, r"data\.csv has no column 'tt'; did you mean 't'\?"),
    (rows(10), {"features": ["a", "bb"]}, r"data\.csv has no column 'bb'; did you mean 'b'\?"),
    (rows(10), {"task": "classification"}, r"data\.csv, line 2, column 't': 0\.5 is no class, expected whole numbers; or give"),
    (rows(10, "{n},{half},x{odd}"), {"task": "regression"}, r"data\.csv, line 2, column 't': 'x0' is not a number"),
    (rows(10, "{n},{half},x"), {}, r"data\.csv: column 't' has one class only, 'x': nothing to learn; choose another target"),
    (rows(10, "{n},{half},4"), {"task": "classification"}, r"data\.csv: column 't' has one class only, '4'"),
    ("t\n" + "1.5\n" * 10, {}, r"data\.csv has no column to learn from besides the target 't'; check the delimiter$"),
    (
        edited("3,1.5,3.5", "x,1.5,y").replace("5,2.5,", "5,z,"),
        {},
        r"data\.csv: line 5, column 't': 'y' is .* \| line 5, column 'a': 'x' is not .* \| line 7, column 'b': 'z' is .*",
    ),
]


@pytest.mark.parametrize(("text", "options", "message"), FAULTS)
def test_faults_are_named_in_one_line(write, text, options, message):
    """File, line where there is one, column, and what to do."""
    with pytest.raises(DataError, match=rf"^[^\n]*{message}[^\n]*$"):
        csv(path=write(text), batch_size=4, **options)


OPTIONS = [
    ({"target": "t", "features": ["a", "t"]}, r"the target 't' is among the features; leave it out, or choose another target$"),
    ({"features": ["a", "a"]}, r"features must differ from each other, got a, a$"),
    ({"batch_size": 9}, r"batch size must be from 1 to 8, the number of training rows, got 9$"),
    ({"test_fraction": 1.0}, r"test-fraction must be at least 0 and below 1, got 1;"),
    ({"validation_fraction": 1.0}, r"validation-fraction must be at least 0 and below 1, got 1;"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_options_that_do_not_fit_are_named(write, options, message):
    """What was asked for contradicts itself or the data."""
    with pytest.raises(ConfigError, match=message):
        csv(path=write(rows(10)), **{"batch_size": 4, **options})


def test_without_test_rows_there_is_no_run(write):
    """A test fraction of 0 leaves nothing for the end."""
    with pytest.raises(DataError, match=r"x_test and y_test must have as many rows, at least one, got the shapes \(0, 2\)"):
        csv(path=write(rows(10)), batch_size=4, test_fraction=0.0)


def test_a_class_without_training_rows_is_named(write):
    """A class that was drawn into the test alone can never be predicted: the first row of it is named."""
    _, test = parts(10)
    lone = int(test[0])
    path = write("a,t\n" + "".join(f"{n},{'rare' if n == lone else 'xy'[n % 2]}\n" for n in range(10)))
    message = rf"data\.csv, line {lone + 2}, column 't': of the 1 rows of class 'rare' none is among the training rows; take"
    with pytest.raises(DataError, match=message):
        csv(path=path, batch_size=4)


def test_a_category_of_the_test_alone_is_none_of_the_known(write):
    """Categories are those of the training rows; one that the test alone has is told, and blocks no training."""
    _, test = parts(10)
    lone = int(test[1])
    path = write("a,b,t\n" + "".join(f"{n},{'rare' if n == lone else 'xy'[n % 2]},{n}.5\n" for n in range(10)))
    with pytest.warns(UserWarning, match=r"column 'b': 1 of 10 rows have a value that no training row has \('rare'\)"):
        data = csv(path=path, batch_size=4)
    assert data.features == ("a", "b=x", "b=y")
    assert data.test_arrays[0][1, 1:].tolist() == [0, 0]


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_columns_that_name_or_count_the_rows_are_left_out(write, stream):
    """Nothing can be learnt from them; they are named, and taken if somebody asks for them."""
    lines = [f"{n},car {n},{n % 7},{'xy'[n % 2]},{n}.5\n" for n in range(40)]
    path = write("id,name,a,b,t\n" + "".join(lines))
    with pytest.warns(UserWarning, match="left out") as told:
        data = csv(path=path, stream=stream)
    assert data.features == ("a", "b=x", "b=y")
    reasons = "'id' (counts the rows), 'name' (names the rows: 32 different texts in 32 training rows)"
    ways = "--dataset.features takes what you name"
    assert [str(note.message).partition(": ")[2] for note in told] == [f"left out, for they tell nothing: {reasons}; {ways}"]
    with pytest.warns(UserWarning, match="column 'name': 8 of 40 rows have a value that no training row has"):
        assert len(csv(path=path, stream=stream, features=["id", "name"]).features) == 33


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_excluded_columns_are_not_looked_at(write, stream):
    """Neither learnt from nor refused for a fault; a name that is not there is answered."""
    path = write(rows(40, "{n},{half},{n}.5").replace("\n7,3.5,", "\n7,three,"))
    assert csv(path=path, exclude=["b"], stream=stream).features == ("a",)
    with pytest.raises(DataError, match=r"data\.csv has no column 'bb'; did you mean 'b'\?"):
        csv(path=path, exclude=["bb"], stream=stream)
    for name, given, what in (("t", None, "the target"), ("a", ["a", "b"], "among the features")):
        with pytest.raises(ConfigError, match=f"'{name}' is to be excluded, and is {what}; decide for one"):
            csv(path=path, exclude=[name], features=given, stream=stream)


@pytest.mark.parametrize("stream", ["yes", "no"])
def test_rare_texts_share_a_category(write, stream):
    """The two most frequent of the training rows are kept; ties go by the alphabet; what is unknown is `other`, too."""
    texts = ["ada", "bob", "ada", "cy", "ada", "bob", "dan", "NA"] * 10
    path = write("n,name,t\n" + "".join(f"{n},{text},{n}.5\n" for n, text in enumerate(texts)))
    with (
        pytest.warns(UserWarning, match=r"no value in name \(10\) of 80 rows"),
        pytest.warns(UserWarning, match=r"name \(2 of 4 texts, 20 rows other\); --dataset\.max-categories takes more"),
    ):
        data = csv(path=path, max_categories=2, standardize=False, stream=stream)
    assert data.features == ("n", "name=ada", "name=bob", "name=missing", "name=other")
    place = {"ada": 1, "bob": 2, "NA": 3, "cy": 4, "dan": 4}
    for row in np.concatenate([x for part in (data.train(1), data.test()) for x, _ in part]).tolist():
        assert row[1:].index(1) + 1 == place[texts[int(row[0])]]
        assert sum(row[1:]) == 1
    new = eagerloop.tables.read_table(write("n,name\n1,eve\n", "new.csv"))
    assert data.encode(new).tolist() == [[1, 0, 0, 0, 1]]


def test_a_category_that_is_unknown_is_zero_when_streamed_too(write):
    """Of two columns of text, the one beside is not touched."""
    _, test = parts(40)
    lone = int(test[1])
    lines = [f"{n},{'pq'[n % 2]},{'rare' if n == lone else 'xy'[n % 2]},{n}.5\n" for n in range(40)]
    path = write("a,b,c,t\n" + "".join(lines))
    found = []
    for stream in ("yes", "no"):
        with pytest.warns(UserWarning, match=r"column 'c': 1 of 40 rows have a value that no training row has \('rare'\)"):
            data = csv(path=path, stream=stream, batch_size=8)
        found.append(np.concatenate([x for x, _ in data.test()]))
    assert np.array_equal(*found)
    assert found[0][1, 1:].sum() == 1


def test_numbers_that_go_on_are_no_row_numbers_for_that(write):
    """What is called otherwise may be a time; few rows say nothing."""
    assert csv(path=write("hour,t\n" + "".join(f"{n},{n}.5\n" for n in range(40)))).features == ("hour",)
    assert csv(path=write("id,t\n" + "".join(f"{n},{n}.5\n" for n in range(19))), batch_size=4).features == ("id",)


def test_every_position_of_two_epochs_is_the_tail_of_the_whole(write):
    """Any batch of a shuffled epoch is reached without those before it."""
    data = csv(path=write(rows(14)), batch_size=4, seed=1)
    for epoch in (1, 2):
        whole = [y.numpy().tolist() for _, y in data.train(epoch)]
        for start in range(len(whole) + 1):
            assert [y.numpy().tolist() for _, y in data.train(epoch, start)] == whole[start:]


def test_importing_the_datasets_is_light():
    """Listing parts must not wait for TensorFlow, Keras or NumPy."""
    modules = ", ".join(f"eagerloop_plugins.dataset.{name}" for name in ("arrays", "csv", "iris"))
    code = f"import sys, {modules}; print([name for name in ('tensorflow', 'keras', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[\]\s*", done.stdout)
