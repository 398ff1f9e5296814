"""The guide's data, number by number."""

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.dataset.iris import FILE, iris

FIRST_X = [
    [1.4, 5.1, 0.2],
    [1.4, 4.9, 0.2],
    [1.3, 4.7, 0.2],
    [1.5, 4.6, 0.2],
    [1.4, 5.0, 0.2],
    [1.7, 5.4, 0.4],
    [1.4, 4.6, 0.3],
    [1.5, 5.0, 0.2],
    [1.4, 4.4, 0.2],
    [1.5, 4.9, 0.1],
]


def test_first_batch_is_the_guides():
    """Ten rows of Petal.Length, Sepal.Length, Petal.Width, as the guide prints them, and Sepal.Width as y."""
    x, y = next(iter(iris().train(1)))
    np.testing.assert_array_equal(x, np.array(FIRST_X, np.float32))
    np.testing.assert_array_equal(y, np.array([[3.5, 3.0, 3.2, 3.1, 3.6, 3.9, 3.4, 3.4, 2.9, 3.1]], np.float32).T)


def test_an_epoch_is_twelve_batches_of_ten():
    """120 rows for training, 30 for the test, none for the validation."""
    data = iris()
    assert [x.shape.as_list() for x, _ in data.train(1)] == [[10, 3]] * 12
    assert [y.shape.as_list() for _, y in data.test()] == [[10, 1]] * 3
    assert data.validation() is None


def test_the_guides_test_is_all_virginica():
    """Rows 121 to 150, in the order of the file: the guide's split leaves the training without most virginica."""
    table = eagerloop.tables.read_table(FILE)
    assert set(table.text("Species")[120:]) == {"virginica"}
    x, y = iris().test_arrays
    np.testing.assert_array_equal(x[:, 1], table.numbers("Sepal.Length")[120:])
    np.testing.assert_array_equal(y[:, 0], table.numbers("Sepal.Width")[120:])


def test_the_file_has_fishers_values():
    """Rows 35 and 38 are those of R and of scikit-learn since 0.20, not those of UCI's file."""
    table = eagerloop.tables.read_table(FILE)
    rows = [[column[row] for column in table.columns.values()] for row in (34, 37)]
    assert rows == [["4.9", "3.1", "1.5", "0.2", "setosa"], ["4.9", "3.6", "1.4", "0.1", "setosa"]]
    # The column means of Fisher's data: 876.5, 458.6, 563.7 and 179.9 cm over 150 flowers.
    sums = [round(float(table.numbers(name, np.float64).sum()), 1) for name in table.names[:4]]
    assert sums == [876.5, 458.6, 563.7, 179.9]


def test_names_and_task_are_those_of_r():
    """Models size themselves by these."""
    data = iris()
    assert data.features == ("Petal.Length", "Sepal.Length", "Petal.Width")
    assert (data.targets, data.task, data.outputs) == (("Sepal.Width",), "regression", 1)


def test_the_file_itself_encodes_to_the_training_data():
    """`predict --input iris.csv` sees what the training saw."""
    data, table = iris(), eagerloop.tables.read_table(FILE)
    np.testing.assert_array_equal(data.encode(table)[:120], data.train_arrays[0])
    np.testing.assert_array_equal(data.target_values(table)[120:], data.test_arrays[1])


def test_raw_test_rows_are_as_written():
    """Predictions are shown beside 5.1, not beside the float32 5.099999904632568."""
    raw = iris().raw_test
    assert list(raw) == ["Petal.Length", "Sepal.Length", "Petal.Width"]
    assert [float(column[0]) for column in raw.values()] == [5.7, 6.9, 2.3]


def test_a_random_split_is_drawn_from_the_seed():
    """The test rows are those that PCG64([seed, 0]) draws; another seed draws others."""
    x = iris().encode(eagerloop.tables.read_table(FILE))
    for seed in (0, 1):
        rows = np.sort(np.random.Generator(np.random.PCG64([seed, 0])).permutation(150)[120:])
        np.testing.assert_array_equal(iris(split="random", seed=seed).test_arrays[0], x[rows])
    assert iris(split="random", seed=0).fingerprint != iris(split="random", seed=1).fingerprint


def test_validation_is_taken_from_the_end_of_the_training_rows():
    """Under the guide's split a quarter of 120 rows is rows 91 to 120; the test stays as it was."""
    data = iris(validation_fraction=0.25)
    whole = iris()
    assert [len(part[0]) for part in (data.train_arrays, data.validation_arrays, data.test_arrays)] == [90, 30, 30]
    np.testing.assert_array_equal(data.validation_arrays[0], whole.train_arrays[0][90:])
    np.testing.assert_array_equal(data.test_arrays[0], whole.test_arrays[0])


def test_test_fraction_takes_the_last_rows():
    """A tenth of 150 rows is the last 15."""
    data = iris(test_fraction=0.1)
    np.testing.assert_array_equal(data.test_arrays[0], iris().test_arrays[0][15:])
    assert len(data.train_arrays[0]) == 135


def test_shuffle_draws_an_order_for_each_epoch():
    """The first batch of epoch 2 is rows of the permutation from (seed, epoch)."""
    order = np.random.Generator(np.random.PCG64([8, 2])).permutation(120)
    x, _ = next(iter(iris(shuffle=True, seed=8).train(2)))
    np.testing.assert_array_equal(x, iris().train_arrays[0][order[:10]])


def test_options_that_do_not_fit_are_named():
    """A batch of more rows than there are, and a fraction that leaves none."""
    with pytest.raises(ConfigError, match=r"batch size must be from 1 to 120, the number of training rows, got 121$"):
        iris(batch_size=121)
    with pytest.raises(ConfigError, match=r"test-fraction must be at least 0 and below 1, got 1;"):
        iris(test_fraction=1.0)
