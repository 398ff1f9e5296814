"""The array-backed dataset: order, position, shapes, splits, and faults by name."""

import itertools

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError, DataError


def pair(rows, width=2):
    """Small numbers: x counts up from 0, y is the row's number."""
    return np.arange(float(rows * width)).reshape(rows, width), np.arange(float(rows)).reshape(rows, 1)


def dataset(rows=7, **options):
    """A small dataset, with its first two rows as the test."""
    x, y = options.pop("arrays", pair(rows))
    return eagerloop.ArrayDataset((x, y), (x[:2], y[:2]), **{"batch_size": 3, **options})


def numbers(batches):
    """The row numbers in each batch, read off y."""
    return [y.numpy().ravel().astype(int).tolist() for _, y in batches]


def in_order(batches):
    """The row numbers of all batches in a row."""
    return list(itertools.chain(*numbers(batches)))


def test_batches_follow_the_data_and_the_last_is_short():
    """Seven rows in batches of three, in the order of the data in every epoch."""
    assert numbers(dataset().train(1)) == numbers(dataset().train(2)) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize(("rows", "batch_size"), [(6, 3), (7, 3), (5, 5), (4, 1)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_position_of_two_epochs_is_the_tail_of_the_whole(rows, batch_size, shuffle):
    """From batch k on come the very batches that the whole epoch has from batch k on, with the same element_spec."""
    data = dataset(rows, batch_size=batch_size, shuffle=shuffle, seed=3)
    for epoch in (1, 2):
        whole = list(data.train(epoch))
        for start in range(len(whole) + 1):
            tail = data.train(epoch, start)
            assert tail.element_spec == data.train(epoch).element_spec
            batches = list(tail)
            assert len(batches) == len(whole) - start
            for one, other in zip(batches, whole[start:], strict=True):
                np.testing.assert_array_equal(one[0], other[0])
                np.testing.assert_array_equal(one[1], other[1])


def test_order_is_the_permutation_of_seed_and_epoch():
    """The order is NumPy's permutation from PCG64([seed, epoch]), so that it can be recomputed anywhere."""
    for seed in (0, 5):
        data = dataset(shuffle=True, seed=seed)
        for epoch in (1, 2, 3):
            expected = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(7).tolist()
            assert in_order(data.train(epoch)) == expected
    assert in_order(data.train(1)) != in_order(data.train(2))


def test_x_and_y_stay_together():
    """In a shuffled epoch each row of x still has its own y."""
    for x, y in dataset(shuffle=True).train(1):
        np.testing.assert_array_equal(x[:, 0], 2 * y[:, 0])


def test_element_spec_of_a_short_last_batch_has_open_rows():
    """A compiled loop is traced once: the number of rows is open where batches differ, and fixed where they do not."""
    assert dataset(7).train(1).element_spec[0].shape.as_list() == [None, 2]
    assert dataset(6).train(1).element_spec[0].shape.as_list() == [3, 2]


def test_test_and_validation_are_never_shuffled():
    """They come in the order of the data, and there is no validation unless it is given."""
    data = dataset(shuffle=True, validation_arrays=pair(4))
    assert numbers(data.test()) == [[0, 1]]
    assert numbers(data.validation()) == [[0, 1, 2], [3]]
    assert dataset().validation() is None


@pytest.mark.parametrize("kind", ["float64", "float16", "int64", "uint8", "bool"])
def test_numbers_in_x_become_float32(kind):
    """Whatever the file held, the model gets float32."""
    x, _ = dataset(arrays=(np.ones((7, 2), kind), np.zeros((7, 1)))).train_arrays
    assert x.dtype == np.float32
    assert x.sum() == 14


def test_text_in_x_stays_as_it_is():
    """Text is for layers that take text."""
    x, _ = dataset(arrays=(np.array([["a"]] * 7), np.zeros((7, 1)))).train_arrays
    assert x.tolist() == [["a"]] * 7


@pytest.mark.parametrize("shape", [(7,), (7, 1)])
def test_integers_are_classes_and_flat(shape):
    """One integer a row is a class number, int32 of shape (n,), as the sparse losses of Keras want it."""
    y = np.array([0, 1, 2, 0, 1, 2, 0]).reshape(shape)
    data = dataset(arrays=(pair(7)[0], y))
    assert (data.task, data.outputs, data.classes) == ("classification", 3, ("0", "1", "2"))
    assert data.train_arrays[1].dtype == np.int32
    assert data.train_arrays[1].tolist() == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("shape", [(7,), (7, 1)])
def test_targets_of_a_regression_are_a_column(shape):
    """A y of shape (n,) would broadcast against predictions of shape (n, 1) to (n, n): it becomes a column."""
    data = dataset(arrays=(pair(7)[0], np.arange(7.0).reshape(shape)))
    assert (data.task, data.outputs, data.targets, data.classes) == ("regression", 1, ("y",), ())
    assert data.train_arrays[1].shape == (7, 1)
    assert data.train_arrays[1].dtype == np.float32


def test_task_can_be_given():
    """Integers may be quantities, and whole floats may be classes."""
    x, _ = pair(4)
    assert dataset(arrays=(x, np.array([3, 1, 4, 1])), task="regression").train_arrays[1].tolist() == [[3], [1], [4], [1]]
    assert dataset(arrays=(x, np.array([1.0, 0, 1, 0])), task="classification").train_arrays[1].tolist() == [1, 0, 1, 0]
    assert dataset(arrays=(x, np.array([1.0, 0, 1, 0])), classes=["no", "yes", "other"]).outputs == 3


def test_several_targets_are_a_regression():
    """Numbers of several columns are no class numbers; integers are not if `task` says so."""
    data = dataset(arrays=(pair(7)[0], np.ones((7, 3))))
    assert dataset(arrays=(pair(7)[0], np.ones((7, 3), int)), task="regression").outputs == data.outputs
    assert (data.task, data.outputs, data.targets) == ("regression", 3, ("y0", "y1", "y2"))


def test_names_are_numbered_where_none_are_given():
    """Features of more axes are counted through, and the repr shows ten of them."""
    data = dataset(arrays=(np.zeros((7, 3, 4)), np.zeros((7, 1))))
    assert data.features[:2] + data.features[-1:] == ("x0", "x1", "x11")
    assert "x9, ... (12 in all), batches of 3>" in repr(data)
    assert repr(dataset()) == "<ArrayDataset: 7 training and 2 test rows, regression of y from x0, x1, batches of 3>"


def test_fingerprint_tells_data_apart():
    """The same arrays have one fingerprint; a changed cell, or rows moved to another part, have another."""
    x, y = pair(7)
    changed = x.copy()
    changed[6, 1] += 1
    same = dataset().fingerprint
    assert dataset(batch_size=2, shuffle=True).fingerprint == same
    assert dataset(arrays=(changed, y)).fingerprint != same
    one = eagerloop.ArrayDataset((x, y), (x[:1], y[:1]), batch_size=1).fingerprint
    assert one != same
    assert eagerloop.ArrayDataset((x, y), (x[:1], y[:1]), (x[:1], y[:1]), batch_size=1).fingerprint != one
    assert dataset(fingerprint="of the file").fingerprint == "of the file"


@pytest.mark.parametrize("batch_size", [0, -1, 8])
def test_batch_size_must_fit_the_data(batch_size):
    """No batch can be empty, or larger than the training data."""
    with pytest.raises(ConfigError, match=rf"batch size must be from 1 to 7, the number of training rows, got {batch_size}$"):
        dataset(batch_size=batch_size)


BAD_SHAPES = [
    (np.zeros((7, 2)), np.zeros((6, 1)), r"as many rows, at least one, got the shapes \(7, 2\) and \(6, 1\)"),
    (np.zeros((0, 2)), np.zeros((0, 1)), r"as many rows, at least one, got the shapes \(0, 2\) and \(0, 1\)"),
    (np.zeros(()), np.zeros((1, 1)), r"as many rows, at least one, got the shapes \(\) and \(1, 1\)"),
    (np.zeros((7, 3)), np.zeros((7, 1)), r"x_train has the shape \(5, 2\) and x_test \(7, 3\); beyond the number of rows"),
    (np.zeros((7, 2)), np.zeros((7, 2)), r"y_train has the shape \(5, 1\) and y_test \(7, 2\); beyond the number of rows"),
]


@pytest.mark.parametrize(("x", "y", "message"), BAD_SHAPES)
def test_shapes_that_disagree_are_both_named(x, y, message):
    """The rows of x with those of y, and the test with the training."""
    with pytest.raises(DataError, match=message):
        eagerloop.ArrayDataset(pair(5), (x, y), batch_size=1)


@pytest.mark.parametrize(
    ("value", "fault"),
    [(np.nan, "nan is not finite"), (-np.inf, "-inf is not finite"), (1e39, r"1e\+39 is too large for float32")],
)
@pytest.mark.parametrize(("letter", "where"), [("x", "4, 1"), ("y", "4, 0")])
@pytest.mark.parametrize("part", ["train", "test", "validation"])
def test_a_number_that_is_not_finite_is_named_by_array_and_place(value, fault, letter, where, part):
    """The array, the indices, and the value."""
    parts = {name: pair(7) for name in ("train", "test", "validation")}
    parts[part]["xy".index(letter)][4, int(where[-1])] = value
    with pytest.raises(DataError, match=rf"^{letter}_{part}\[{where}\] = {fault}; mend or remove the row$"):
        eagerloop.ArrayDataset(*parts.values())


BAD_CLASSES = [
    (
        [0, 1, -1],
        {},
        r"y_train\[2\] = -1 is no class number, expected 0, 1, 2, \.\.\.; number the classes, or give task=regress",
    ),
    ([0, 1.5, 1], {"task": "classification"}, r"y_train\[1\] = 1\.5 is no class number"),
    ([0, np.nan, 1], {"task": "classification"}, r"y_train\[1\] = nan is no class number"),
    (
        [0, 1, 2],
        {"classes": ["no", "yes"]},
        r"y_train\[2\] = 2 is out of range: there are 2 classes, numbered from 0 \(no, yes\)$",
    ),
    ([0, 0, 0], {}, r"y has one class only, so there is nothing to learn"),
    ([7, 250000, 3], {}, r"y_train\[1\] = 250000 means 250001 classes for 3 training rows; if y is a quantity, give task=regr"),
    (["a", "b", "a"], {}, r"y_train must hold numbers, got <U1; number the classes from 0 and name them in `classes`"),
    (
        [[[0, 1], [1, 0]]] * 3,
        {"task": "classification"},
        r"y_train must have class numbers of shape \(3,\) or \(3, T\), got \(3, 2, 2\)",
    ),
]


@pytest.mark.parametrize(("y", "options", "message"), BAD_CLASSES)
def test_bad_class_numbers_are_named(y, options, message):
    """Negative, fractional, out of range, one class only, quantities, text, several columns."""
    with pytest.raises(DataError, match=message):
        dataset(arrays=(pair(3)[0], np.array(y)), **options)


def test_a_class_of_the_test_alone_is_counted():
    """The highest number of any part decides how many classes there are."""
    x, _ = pair(3)
    data = eagerloop.ArrayDataset((x, np.array([0, 1, 0])), (x, np.array([0, 3, 0])), batch_size=3)
    assert data.outputs == 4


def test_names_must_be_as_many_as_columns():
    """Too few or too many names are refused with both counts."""
    with pytest.raises(DataError, match=r"x_train has 2 columns, shape \(7, 2\), and features names 3: a, b, c$"):
        dataset(features=["a", "b", "c"])
    with pytest.raises(DataError, match=r"y_train has 1 columns, shape \(7, 1\), and targets names 2: u, v$"):
        dataset(targets=["u", "v"])


def table(tmp_path, text):
    """A table from text."""
    path = tmp_path / "new.csv"
    path.write_text(text)
    return eagerloop.tables.read_table(path)


def test_new_rows_are_encoded_by_name(tmp_path):
    """Columns come in any order, and others are passed over."""
    data = dataset(features=["a", "b"], targets=["t"])
    new = table(tmp_path, "note,b,a,t\nx,2,1,0.5\ny,4,3,1.5\n")
    np.testing.assert_array_equal(data.encode(new), np.array([[1, 2], [3, 4]], np.float32))
    assert data.encode(new).dtype == np.float32
    np.testing.assert_array_equal(data.target_values(new), np.array([[0.5], [1.5]], np.float32))
    assert data.columns == ("a", "b")


def test_new_rows_of_more_axes_get_their_shape(tmp_path):
    """Features of images are columns one by one."""
    data = dataset(arrays=(np.zeros((7, 2, 2)), np.zeros((7, 1))))
    assert data.encode(table(tmp_path, "x3,x2,x1,x0\n4,3,2,1\n")).tolist() == [[[1, 2], [3, 4]]]


def test_a_missing_column_of_new_rows_is_named(tmp_path):
    """The nearest one is offered."""
    with pytest.raises(DataError, match=r"new\.csv has no column 'width'; did you mean 'widht'\? Known: length, widht"):
        dataset(features=["length", "width"]).encode(table(tmp_path, "length,widht\n1,2\n"))


def test_known_classes_of_new_rows_are_numbered(tmp_path):
    """A column with the target's name holds class names; without it, or without values in it, nothing is known."""
    data = dataset(arrays=(pair(4)[0], np.array([0, 1, 0, 1])), classes=["cat", "dog"], targets=["kind"])
    assert data.target_values(table(tmp_path, "x0,kind\n1,dog\n2,cat\n")).tolist() == [1, 0]
    assert data.target_values(table(tmp_path, "x0,x1\n1,2\n")) is None
    assert data.target_values(table(tmp_path, "x0,kind\n1,\n2,\n")) is None
    with pytest.raises(DataError, match=r"new\.csv, line 3, column 'kind': 'cow' is none of the 2 known values \(cat, dog\)$"):
        data.target_values(table(tmp_path, "x0,kind\n1,dog\n2,cow\n"))


def test_an_encoder_takes_the_place_of_numeric_columns(tmp_path):
    """A dataset with its own encoding says which columns it needs, and these are checked first."""
    data = dataset(columns=["word"], encoder=lambda new: np.array([[len(cell), 0] for cell in new.text("word")]))
    assert data.encode(table(tmp_path, "word,n\nabc,1\nde,2\n")).tolist() == [[3, 0], [2, 0]]
    with pytest.raises(DataError, match=r"new\.csv has no column 'word'"):
        data.encode(table(tmp_path, "n,m\n1,2\n"))


def test_split_rows_covers_every_row_once():
    """For every small size and fraction the three parts are sorted and make up all rows, with the sizes that are promised."""
    for count in range(3, 12):
        for held in (0.1, 0.2, 0.34):
            for validating in (0.0, 0.3):
                parts = eagerloop.split_rows(count, test_fraction=held, validation_fraction=validating, seed=count)
                training, validation, test = (rows.tolist() for rows in parts)
                assert sorted(training + validation + test) == list(range(count))
                assert (training, validation, test) == (sorted(training), sorted(validation), sorted(test))
                assert len(test) == max(1, round(count * held))
                assert len(validation) == (max(1, round((count - len(test)) * validating)) if validating else 0)


def test_split_rows_draws_from_the_seed():
    """The first rows of PCG64([seed, 0])'s permutation are for training, the last for the test."""
    drawn = np.random.Generator(np.random.PCG64([4, 0])).permutation(10)
    training, validation, test = eagerloop.split_rows(10, test_fraction=0.2, validation_fraction=0.25, seed=4)
    assert training.tolist() == sorted(drawn[:6].tolist())
    assert validation.tolist() == sorted(drawn[6:8].tolist())
    assert test.tolist() == sorted(drawn[8:].tolist())


def test_split_rows_without_a_test():
    """Data that come with a test of their own only give up a validation part."""
    training, validation, test = eagerloop.split_rows(4, test_fraction=0.0, validation_fraction=0.5, shuffle=False)
    assert (training.tolist(), validation.tolist(), test.tolist()) == ([0, 1], [2, 3], [])


@pytest.mark.parametrize("fraction", [1.0, -0.1, 2.0, float("nan")])
def test_fractions_out_of_range_are_named(fraction):
    """Both fractions are at least 0 and below 1."""
    with pytest.raises(ConfigError, match=rf"^test-fraction must be at least 0 and below 1, got {fraction:g}"):
        eagerloop.split_rows(10, test_fraction=fraction)
    with pytest.raises(ConfigError, match=rf"^validation-fraction must be at least 0 and below 1, got {fraction:g}"):
        eagerloop.split_rows(10, test_fraction=0.2, validation_fraction=fraction)


def test_a_split_must_leave_rows_to_train_on():
    """The sizes are in the message."""
    with pytest.raises(ConfigError, match=r"of 2 rows, 1 for the test and 1 for the validation leave none to train on$"):
        eagerloop.split_rows(2, test_fraction=0.5, validation_fraction=0.9)


@pytest.mark.parametrize(
    ("whole", "dtype"),
    [
        ([[2**24 - 1, 3]], "float32"),
        ([[2**25, -(2**40)]], "float32"),
        ([[2**24 + 1, 3]], "int64"),
        ([[-(2**24) - 1, 0]], "int64"),
        ([[2**63 - 1, 0]], "int64"),
    ],
)
def test_whole_numbers_stay_whole_where_float32_would_round_them(whole, dtype):
    """Token ids and keys arrive as they are; what float32 holds stays what it was. The test part counts as well."""
    x, small = np.array(whole * 4), np.ones((4, 2), "int64")
    for train, test in ((x, small), (small, x)):
        data = eagerloop.ArrayDataset((train, np.zeros((4, 1))), (test, np.zeros((4, 1))), batch_size=2)
        assert data.train_arrays[0].dtype == data.test_arrays[0].dtype == dtype
        np.testing.assert_array_equal(data.train_arrays[0].astype("object"), train.astype("object"))
        np.testing.assert_array_equal(data.test_arrays[0].astype("object"), test.astype("object"))


def test_a_number_beyond_int64_is_refused():
    """By its place."""
    x = np.array([[2**63 + 1]] * 4, dtype="uint64")
    with pytest.raises(DataError, match=r"x_train\[0, 0\] = 9223372036854775809 is too large for int64"):
        eagerloop.ArrayDataset((x, np.zeros(4)), (x, np.zeros(4)), batch_size=2)


def test_new_rows_of_whole_numbers_are_whole(tmp_path):
    """From a table, to the last digit; a fraction among them is a fault of its cell."""
    x = np.array([[2**24 + 1]] * 4)
    data = eagerloop.ArrayDataset((x, np.zeros(4)), (x, np.zeros(4)), batch_size=2)
    encoded = data.encode(table(tmp_path, "x0\n16777217\n-5\n"))
    assert encoded.dtype == np.int64
    assert encoded.tolist() == [[2**24 + 1], [-5]]
    with pytest.raises(DataError, match=r"column 'x0'.*whole numbers"):
        data.encode(table(tmp_path, "x0\n1.5\n"))


def test_integers_of_several_places_are_a_class_at_each():
    """(n, T): as they are, the classes up to the highest; `task` makes them quantities; one-hot rows are numbers already."""
    x, y = np.zeros((4, 2)), np.array([[0, 1, 4], [1, 1, 0], [2, 0, 0], [0, 0, 3]])
    data = eagerloop.ArrayDataset((x, y), (x, y), batch_size=2)
    assert (data.task, data.outputs, data.targets) == ("classification", 5, ("y0", "y1", "y2"))
    assert data.train_arrays[1].dtype == np.int32
    np.testing.assert_array_equal(data.train_arrays[1], y)
    quantities = eagerloop.ArrayDataset((x, y), (x, y), batch_size=2, task="regression")
    assert (quantities.task, quantities.outputs, quantities.train_arrays[1].dtype) == ("regression", 3, np.float32)
    assert eagerloop.ArrayDataset((x, np.eye(4, dtype=int)), (x, np.eye(4, dtype=int)), batch_size=2).task == "regression"
