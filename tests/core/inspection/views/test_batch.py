"""Looking at a batch."""

import numpy as np
import pytest

from eagerloop import ArrayDataset
from eagerloop.errors import ConfigError
from eagerloop.inspection.views.batch import inspect_batch


def dataset(x, y, **options):
    """A dataset whose test rows are its training rows."""
    return ArrayDataset((np.asarray(x), np.asarray(y)), (np.asarray(x), np.asarray(y)), **options)


def test_a_regression_batch_is_printed_in_full():
    """Shapes, dtypes, names, every value, and figures worked by hand: the mean of 1.4 and 1.3 is 1.35."""
    data = dataset([[1.4, 5.1], [1.3, 4.9], [9.0, 9.0]], [[3.5], [3.0], [9.0]], batch_size=2, features=("length", "width"))

    assert str(inspect_batch(data)) == "\n".join([
        "batch 0 of epoch 1, 2 rows, regression",
        "x  (2, 2) float32  length, width",
        "y  (2, 1) float32  y",
        "",
        "      length  width     y",
        "   0     1.4    5.1   3.5",
        "   1     1.3    4.9   3.0",
        " min     1.3    4.9   3.0",
        "mean    1.35    5.0  3.25",
        " max     1.4    5.1   3.5",
    ])  # fmt: skip


def test_a_classification_batch_names_and_counts_its_classes():
    """The target column holds names; numbers of classes have no mean."""
    data = dataset([[1.0], [2.0], [3.0]], [1, 0, 1], batch_size=3, classes=("cat", "dog", "eel"), targets=("pet",))

    assert str(inspect_batch(data)) == "\n".join([
        "batch 0 of epoch 1, 3 rows, classification",
        "x  (3, 1) float32  x0",
        "y  (3,) int32  pet",
        "classes  0 cat (1 here), 1 dog (2 here), 2 eel (0 here)",
        "",
        "      x0  pet",
        "   0   1  dog",
        "   1   2  cat",
        "   2   3  dog",
        " min   1",
        "mean   2",
        " max   3",
    ])  # fmt: skip


def test_the_last_batch_is_the_short_one():
    """Batch 1 of three rows in batches of two holds the third row alone."""
    view = inspect_batch(dataset([[1.0], [2.0], [3.0]], [[1.0], [2.0], [3.0]], batch_size=2), number=1)

    assert view.x.tolist() == [[3.0]]
    assert str(view).startswith("batch 1 of epoch 1, 1 row, regression")


@pytest.mark.parametrize("number", [2, -1])
def test_a_batch_that_is_not_there_is_named_with_the_count(number):
    """The message says how many batches there are and where counting begins."""
    data = dataset([[1.0], [2.0], [3.0]], [[1.0], [2.0], [3.0]], batch_size=2)

    with pytest.raises(ConfigError, match=f"epoch 1 has 2 batches, numbered from 0; there is no batch {number}"):
        inspect_batch(data, number)


def test_after_twenty_rows_the_figures_still_cover_all():
    """Of 25 rows 20 are shown, and min, mean and max are those of all 25: 0, 12 and 24."""
    x = np.arange(25.0).reshape(25, 1)
    values, _distributions = str(inspect_batch(dataset(x, x, batch_size=25))).rsplit("\n\n", 1)
    lines = values.splitlines()

    assert lines[-5].split() == ["19", "19", "19"]
    assert lines[-4].split() == ["...", "...", "..."]
    assert [line.split()[1] for line in lines[-3:]] == ["0", "12", "24"]


def test_many_columns_go_on_below_within_a_page():
    """Thirty named columns are laid out in several tables, none wider than 80, and each value is there."""
    names = [f"measurement{number}" for number in range(30)]
    text = str(inspect_batch(dataset(np.arange(60.0).reshape(2, 30), [[1.0], [2.0]], batch_size=2, features=names)))

    assert max(map(len, text.splitlines())) <= 80
    first_rows = [line.split()[1:] for line in text.splitlines() if line.startswith("   0  ")]
    assert len(first_rows) > 1
    assert [int(cell) for row in first_rows for cell in row] == [*range(30), 1]


def test_many_columns_are_cut_short_and_keep_their_target():
    """Of 784 columns 40 are shown, and how many there are besides; the target follows."""
    text = str(inspect_batch(dataset(np.zeros((2, 28, 28, 1, 1)), [0, 1], batch_size=2)))

    assert "x  (2, 28, 28, 1, 1) float32" in text
    assert "744 more" in text
    assert text.splitlines()[-4].split()[-2:] == ["...", "1"]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([1 / 3, 100.0], ["0.3333", "100.0000"]),
        ([1e-9, 2e-9], ["1.00000e-09", "2.00000e-09"]),
        ([2e9, -1.0], ["2.00000e+09", "-1.00000e+00"]),
        ([0.0, -0.25], ["0.00", "-0.25"]),
    ],
)
def test_a_column_is_written_in_one_way(values, cells):
    """Seven digits at most, the same number of decimals down a column, exponents where a column is tiny or huge."""
    lines = str(inspect_batch(dataset(np.array(values).reshape(2, 1), [[1.0], [2.0]], batch_size=2))).splitlines()

    assert [line.split()[1] for line in lines[5:7]] == cells


def test_each_column_has_its_histogram():
    """Ten bars from 1 to 11: eight values in the first, one in the sixth, one in the last; nothing to draw of a constant."""
    x = np.array([[1, 1, 1, 1, 1, 1, 1, 1, 6, 11], [4] * 10], "float32").T
    text = str(inspect_batch(dataset(x, np.arange(10.0).reshape(10, 1), batch_size=10, features=("length", "width"))))

    assert text.splitlines()[-4:] == [
        "        from                to",
        "length  1.00  █    ▁   ▁  11.0",
        "width   4.00   one value  4.00",
        "y          0  ██████████  9.00",
    ]


def test_classes_have_no_histogram_and_pictures_have_one_for_all():
    """Of 784 pixels there is one line; numbers of classes are counted above, not measured."""
    x = np.linspace(0, 1, 5 * 784).reshape(5, 28, 28)
    text = str(inspect_batch(dataset(x, [0, 1, 0, 1, 0], batch_size=5)))

    assert text.splitlines()[-1] == f"all 784 of x     0  {'█' * 20}  1.00"
