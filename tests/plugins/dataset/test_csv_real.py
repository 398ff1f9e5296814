"""Real tables, as their owners have them, trained on with path and target alone: six of those of `benchmarks/tables.py`."""

import statistics

import numpy as np
import pytest
import real_tables
import tables

pytestmark = pytest.mark.long


def of_least_squares(dataset):
    """What a linear model of NumPy scores on the test rows: R2 or, for two classes told apart at 0.5, accuracy."""
    (x, y), (test_x, test_y) = dataset.train_arrays, dataset.test_arrays
    columns, test_columns = (np.column_stack([part.astype("float64"), np.ones(len(part))]) for part in (x, test_x))
    answers = test_columns @ np.linalg.lstsq(columns, y.astype("float64").reshape(len(y), 1), rcond=1e-6)[0]
    if dataset.classes:
        return float(np.mean((answers[:, 0] > 0.5) == test_y))
    return tables.r2(test_y, answers)


def test_real_tables_train_and_learn(tmp_path):
    """By path and target alone; better than the mean, or told of; after 100 epochs as good as a linear model."""
    apart = []
    for table in real_tables.shipped():
        path = real_tables.write(table, tmp_path)
        options = {"checkpointer": "none", "compile": True}
        run, said, advised = tables.train(path, table.target, tmp_path / table.name, **options)
        assert advised is None
        assert (tables.score(run) > tables.of_mean(run.dataset)) != ("no better than" in said)
        apart.append(tables.score(run.train(epochs=100)) - of_least_squares(run.dataset))
    assert len(apart) == 6
    assert statistics.median(apart) >= -0.02


def test_every_table_of_the_list_has_a_licence():
    """A name once, a package whose licence is named, at least 60 tables."""
    names = [table.name for table in real_tables.TABLES]
    assert len(set(names)) == len(names) >= 60
    assert {table.package for table in real_tables.TABLES} == {*real_tables.LICENCES}


def test_an_advice_is_followed_as_it_is_typed(tmp_path):
    """A column with a stray word is refused; what the line says to type makes the table train."""
    path = tmp_path / "stray.csv"
    path.write_text("id,b,y\n" + "".join(f"{n},{n % 4},{n * n % 9}\n" for n in range(40)) + "136A,1,3\n")
    run, _said, advised = tables.train(path, "y", tmp_path / "run", epochs=1, checkpointer="none")
    assert advised.endswith("--dataset.exclude id")
    assert run.dataset.features == ("b",)
