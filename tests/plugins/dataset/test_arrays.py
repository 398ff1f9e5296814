"""Datasets from .npz files, and every fault of such a file."""

import numpy as np
import pytest

from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.dataset.arrays import arrays

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def save(tmp_path):
    """Saves arrays, the four that are needed unless others are given, and gives the path."""

    def save_file(**given):
        path = tmp_path / "data.npz"
        content = {"x_train": X, "y_train": Y, "x_test": X[:2], "y_test": Y[:2], **given}
        np.savez(path, **{name: array for name, array in content.items() if array is not None})
        return path

    return save_file


def test_arrays_come_out_as_batches(save):
    """The rows come in the order of the file if they are not shuffled."""
    data = arrays(path=save(), batch_size=4, shuffle=False)
    batches = [(x.numpy().tolist(), y.numpy().tolist()) for x, y in data.train(1)]
    assert batches == [(X[:4].tolist(), [0, 1, 2, 0]), (X[4:].tolist(), [1, 2])]
    assert [y.numpy().tolist() for _, y in data.test()] == [[0, 1]]


def test_the_default_order_is_drawn_from_the_seed(save):
    """Epoch 1 of seed 3 is the permutation of PCG64([3, 1])."""
    ((x, _),) = arrays(path=save(), batch_size=6, seed=3).train(1)
    np.testing.assert_array_equal(x, X[np.random.Generator(np.random.PCG64([3, 1])).permutation(6)])


def test_names_come_from_the_file(save):
    """Features, targets and classes are arrays of text."""
    data = arrays(path=save(features=["a", "b"], targets=["kind"], classes=["u", "v", "w"]), batch_size=2)
    assert (data.features, data.targets, data.classes) == (("a", "b"), ("kind",), ("u", "v", "w"))


def test_task_is_that_of_y_unless_given(save):
    """Integers are classes, floats are not, and the option has the last word."""
    assert arrays(path=save(), batch_size=2).task == "classification"
    assert arrays(path=save(), batch_size=2, task="regression").train_arrays[1].shape == (6, 1)
    floats = save(y_train=Y / 2, y_test=Y[:2] / 2)
    assert arrays(path=floats, batch_size=2).task == "regression"


def test_validation_is_drawn_from_the_training_rows(save):
    """A third of six rows, drawn by PCG64([seed, 0]); the test is left alone."""
    data = arrays(path=save(), batch_size=2, validation_fraction=1 / 3, seed=2)
    drawn = np.random.Generator(np.random.PCG64([2, 0])).permutation(6)
    np.testing.assert_array_equal(data.train_arrays[0], X[np.sort(drawn[:4])])
    np.testing.assert_array_equal(data.validation_arrays[0], X[np.sort(drawn[4:])])
    assert len(data.test_arrays[0]) == 2
    assert data.fingerprint == arrays(path=save(), batch_size=2).fingerprint


def test_validation_of_the_file_is_used(save):
    """x_validation and y_validation go in as they are, and no fraction can be asked for beside them."""
    path = save(x_validation=X[3:], y_validation=Y[3:])
    np.testing.assert_array_equal(arrays(path=path, batch_size=2).validation_arrays[0], X[3:])
    with pytest.raises(ConfigError, match=r"data\.npz has x_validation, so validation-fraction must be 0, got 0\.5$"):
        arrays(path=path, batch_size=2, validation_fraction=0.5)


FAULTS = [
    ({"y_train": None}, r"data\.npz has no array 'y_train'; did you mean 'x_train'\? Known: x_test, x_train, y_test$"),
    (
        {"x_validation": X, "y_train": None, "x_test": None},
        r"data\.npz has no arrays 'y_train', 'x_test', 'y_validation'; it has x_train, x_validation, y_test$",
    ),
    ({"x_train": None, "y_test": None}, r"data\.npz has no arrays 'x_train', 'y_test'; it has x_test, y_train$"),
    ({"sample_weight_test": Y[:2]}, r"data\.npz has no array 'sample_weight_train'; did you mean 'sample_weight_test'\?"),
    ({"sample_weight_train": -Y}, r"data\.npz: sample_weight_train must be 0 or more, and not 0 for all rows, got down to -2$"),
    ({"x_train/a": X}, r"data\.npz has no arrays? .*'x_test/a'"),
    ({"x_train/a": X, "x_test/a": X}, r"data\.npz: 'x_train' is an array and holds 'x_train/a'; leave one of them out$"),
    ({"x_validation": X}, r"data\.npz has no array 'y_validation'; did you mean 'x_validation'\?"),
    ({"x_train": X[:5]}, r"data\.npz: x_train and y_train must have as many rows.*got the shapes \(5, 2\) and \(6,\)$"),
    ({"x_test": X[:2, :1]}, r"data\.npz: x_train has the shape \(6, 2\) and x_test \(2, 1\)"),
    ({"x_test": np.array([[0, 1], [2, np.nan]])}, r"data\.npz: x_test\[1, 1\] = nan is not finite; mend or remove the row$"),
    ({"x_train": np.where(X == 7, np.inf, X)}, r"data\.npz: x_train\[3, 1\] = inf is not finite"),
    ({"y_train": Y - 1}, r"data\.npz: y_train\[0\] = -1 is no class number"),
    ({"classes": ["u", "v"]}, r"data\.npz: y_train\[2\] = 2 is out of range: there are 2 classes, numbered from 0 \(u, v\)$"),
    ({"features": ["a"]}, r"data\.npz: x_train has 2 columns, shape \(6, 2\), and features names 1: a$"),
    ({"features": "a"}, r"data\.npz: 'features' must be a list of names, shape \(n,\), got the shape \(\)$"),
    ({"x_train": np.array(1.0)}, r"data\.npz: x_train and y_train must have as many rows.*got the shapes \(\) and \(6,\)$"),
]


@pytest.mark.parametrize(("given", "message"), FAULTS)
@pytest.mark.parametrize("validation_fraction", [0.0, 0.3])
def test_bad_arrays_are_named_with_file_and_place(save, given, message, validation_fraction):
    """Missing, of the wrong shape, not finite, out of range; rows are counted as in the file, whatever is drawn from them."""
    with pytest.raises(DataError, match=message):
        arrays(path=save(**given), batch_size=1, validation_fraction=validation_fraction)


def test_fractional_class_numbers_are_named(save):
    """They can be no classes, even if the task says so."""
    path = save(y_train=Y / 2, y_test=Y[:2] / 2)
    with pytest.raises(DataError, match=r"data\.npz: y_train\[1\] = 0\.5 is no class number, expected 0, 1, 2"):
        arrays(path=path, batch_size=2, task="classification")


class Trap:
    """An object whose unpickling would leave a trace."""

    def __reduce__(self):
        return (print, ("this must never run",))


def test_pickled_objects_are_refused_and_never_run(save, capsys):
    """An array of Python objects is a pickle, and a pickle is a program."""
    path = save(x_train=np.array([Trap()], dtype=object))
    with pytest.raises(
        DataError, match=r"data\.npz: the array 'x_train' holds pickled Python objects, which can run code; save"
    ):
        arrays(path=path)
    assert capsys.readouterr().out == ""


def test_a_misspelt_optional_array_is_told(save):
    """It would be passed over in silence otherwise."""
    with pytest.warns(UserWarning, match=r"data\.npz: the array 'feature' is passed over; did you mean 'features'\?"):
        arrays(path=save(feature=["a", "b"]), batch_size=2)


def test_files_that_are_no_npz_are_named(tmp_path):
    """Missing, a directory, text, a single array."""
    with pytest.raises(DataError, match=r"data file .*gone\.npz does not exist; check the path$"):
        arrays(path=tmp_path / "gone.npz")
    with pytest.raises(DataError, match=r"is a directory, expected an \.npz file; check the path$"):
        arrays(path=tmp_path)
    np.save(tmp_path / "one.npy", X)
    (tmp_path / "text.npz").write_text("a,b\n1,2\n")
    for name in ("one.npy", "text.npz"):
        with pytest.raises(DataError, match=rf"{name} is no \.npz file, or a damaged one; write it with numpy\.savez$"):
            arrays(path=tmp_path / name)


def test_a_damaged_file_is_named(save):
    """A truncated archive is no archive; a flipped byte is found by the archive's own checksum."""
    path = save()
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(DataError, match=r"data\.npz is no \.npz file, or a damaged one"):
        arrays(path=path)
    place = whole.index(X.tobytes()) + 5
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
    with pytest.raises(
        DataError, match=r"data\.npz: the array 'x_train' cannot be read \(Bad CRC-32.*\); write the file anew$"
    ):
        arrays(path=path)


STRUCTURED = {
    "x_train": None,
    "y_train": None,
    "x_test": None,
    "y_test": None,
    "x_train/city": Y.astype(float),
    "x_train/size": X,
    "y_train/age": X[:, 0],
    "y_train/kind": Y,
    "sample_weight_train": [1, 2, 0, 1, 1, 0.5],
    "x_test/city": [7.0],
    "x_test/size": X[:1],
    "y_test/age": [0.5],
    "y_test/kind": [2],
}


def test_paths_are_structures(save):
    """Dicts of x and y, a weight a row; the test has none. Columns are called by their paths, or as the file says."""
    data = arrays(path=save(**STRUCTURED), batch_size=4, shuffle=False)
    (x, y, weights), (last_x, _y, last) = data.train(1)
    assert [(name, part.shape, part.dtype.name) for name, part in sorted({**x, **y}.items())] == [
        ("age", (4, 1), "float32"),
        ("city", (4, 1), "float32"),
        ("kind", (4,), "int32"),
        ("size", (4, 2), "float32"),
    ]
    np.testing.assert_array_equal(last_x["size"], X[4:])
    assert (weights.numpy().tolist(), last.numpy().tolist()) == ([1, 2, 0, 1], [1, 0.5])
    assert [len(batch) for batch in data.test()] == [2]
    assert (data.features, data.targets, data.task) == (("city", "size_0", "size_1"), ("age", "kind"), "other")
    named = arrays(path=save(**STRUCTURED, features=["town", "width", "height"]), batch_size=4)
    assert named.features == ("town", "width", "height")


def test_numbers_are_a_tuple_and_paths_may_go_on(save):
    """`x_train/image/0` and `x_train/image/1` are a tuple in a dict."""
    given = {f"x_{part}/image/{place}": X[:, :1] for part in ("train", "test") for place in (0, 1)}
    data = arrays(path=save(x_train=None, x_test=None, **given, y_test=Y), batch_size=6, shuffle=False)
    ((x, _y),) = data.train(1)
    assert [part.shape for part in x["image"]] == [(6, 1), (6, 1)]
    assert data.features == ("image/0", "image/1")


def test_y_may_be_left_out(save):
    """In all parts: then it is empty, and the weights still are the third."""
    path = save(y_train=None, y_test=None, sample_weight_train=Y, x_validation=X[:1])
    data = arrays(path=path, batch_size=6, shuffle=False)
    ((x, y, weights),) = data.train(1)
    assert (x.shape, y, weights.numpy().tolist()) == ((6, 2), (), Y.tolist())
    assert [(x.shape, y) for x, y in data.validation()] == [((1, 2), ())]
    assert (data.targets, data.task) == ((), "other")


def test_validation_is_drawn_from_structures_and_weights(save):
    """The rows that PCG64([seed, 0]) draws, of each array alike."""
    data = arrays(path=save(**STRUCTURED), batch_size=2, validation_fraction=1 / 3, seed=2)
    drawn = np.random.Generator(np.random.PCG64([2, 0])).permutation(6)
    parts = {(0, 4): data.train_arrays, (4, 6): data.validation_arrays}
    for (first, end), (x, y, weights) in parts.items():
        rows = np.sort(drawn[first:end])
        np.testing.assert_array_equal(x["size"], X[rows])
        np.testing.assert_array_equal(y["kind"], Y[rows])
        np.testing.assert_array_equal(weights, np.float32(STRUCTURED["sample_weight_train"])[rows])


FAULTS_BY_PATH = [
    ({"x_test/city": None, "y_test/age": None}, r"has no arrays 'x_test/city', 'y_test/age'; it has sample_weight_train, "),
    ({"x_test/city": None, "x_test/town": [1]}, r"has no arrays 'x_train/town', 'x_test/city'; it has "),
    ({"x_train/size": np.where(X == 7, np.nan, X)}, r"data\.npz: x_train/size\[3, 1\] = nan is not finite"),
    ({"x_train/city": Y[:4]}, r"x_train/city, x_train/size, .* must have as many rows, at least one, got the shapes \(4,\), "),
    ({"x_test/size": X[:1, :1]}, r"x_train/size has the shape \(6, 2\) and x_test/size \(1, 1\); beyond the number of rows"),
    ({"y_train/kind": Y - 1}, r"data\.npz: y_train/kind\[0\] = -1 is no class number"),
    ({"features": ["a"]}, r"x_train has 3 columns, shape \{city: \(6, 1\), size: \(6, 2\)\}, and features names 1: a$"),
    ({"classes": ["u", "v"]}, r"y_train is age, kind, and names of classes can be given for one array alone; leave it out$"),
]


@pytest.mark.parametrize(("given", "message"), FAULTS_BY_PATH)
def test_bad_structures_are_named_by_path(save, given, message):
    """All arrays that are missing in one message; shapes and cells with their paths."""
    with pytest.raises(DataError, match=message):
        arrays(path=save(**{**STRUCTURED, **given}), batch_size=1)


def test_a_task_is_that_of_one_array(save):
    """Each array of a structure is looked at by itself."""
    words = r"y_train is age, kind, and task=regression can be given for one array alone; leave it out$"
    with pytest.raises(DataError, match=words):
        arrays(path=save(**STRUCTURED), batch_size=1, task="regression")
