"""Tables of predictions: written piece by piece, complete or not at all."""

import csv
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.errors import ConfigError, DataError
from eagerloop.tables import blocks


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A compiled regression on two columns and a text."""
    place = tmp_path_factory.mktemp("prediction")
    (place / "train.csv").write_text("a,b,coat,t\n" + "".join(f"{n},{n / 7:.3f},{'xy'[n % 2]},{3 * n}\n" for n in range(100)))
    dataset = eagerloop.use("csv", path=place / "train.csv", batch_size=10)
    return eagerloop.train(dataset=dataset, model="linear", epochs=1, compile=True, directory=place / "run")


def rows(count, bad=None):
    """A table to predict; one row may have a word in it."""
    return "coat,b,a\n" + "".join(f"{'yx'[n % 2]},{n / 9:.3f},{'word' if n == bad else n}\n" for n in range(count))


def read(path):
    """The rows of a CSV file, as dictionaries."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_pieces_together_are_the_whole(run, tmp_path, monkeypatch):
    """In blocks of 100 bytes or all at once: the same file, each row as `run.predict` answers it."""
    source = tmp_path / "new.csv"
    source.write_text(rows(300))
    assert write_predictions(run, source, tmp_path / "whole.csv") == 300
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    assert write_predictions(run, source, tmp_path / "pieces.csv") == 300
    table = eagerloop.tables.read_table(source)
    expected = run.predict(run.dataset.encode(table))[:, 0]
    for name in ("whole.csv", "pieces.csv"):
        found = read(tmp_path / name)
        assert [row["coat"] for row in found] == table.text("coat")
        np.testing.assert_allclose([float(row["prediction"]) for row in found], expected, rtol=1e-6)


def test_blocks_of_blank_lines_have_no_predictions(run, tmp_path, monkeypatch):
    """One header, and a line for each row."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    source = tmp_path / "new.csv"
    head, *lines = rows(40).splitlines(keepends=True)
    source.write_text(head + 300 * "\n" + "".join(lines[:20]) + 300 * "\n" + "".join(lines[20:]) + 300 * "\n")
    assert write_predictions(run, source, tmp_path / "out.csv") == 40
    table = eagerloop.tables.read_table(source)
    expected = run.predict(run.dataset.encode(table))[:, 0]
    np.testing.assert_allclose([float(row["prediction"]) for row in read(tmp_path / "out.csv")], expected, rtol=1e-6)


def test_a_fault_on_the_way_leaves_no_file(run, tmp_path, monkeypatch):
    """A word in row 250 of 300: neither half a file nor a temporary one; what was there before stays."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    source, target = tmp_path / "new.csv", tmp_path / "out.csv"
    source.write_text(rows(300, bad=250))
    with pytest.raises(DataError, match=r"line 252, column 'a': 'word' is not a number"):
        write_predictions(run, source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]
    target.write_text("before")
    with pytest.raises(DataError, match="line 252"):
        write_predictions(run, source, target)
    assert target.read_text() == "before"


def test_a_target_with_gaps_is_written_as_it_stands(run, tmp_path, monkeypatch):
    """Nobody needs it to predict: neither a gap, nor a word among numbers, is a fault."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    source = tmp_path / "new.csv"
    known = [f"{n}.50" if n < 50 else "unknown" if n == 60 else "" for n in range(100)]
    source.write_text("a,b,coat,t\n" + "".join(f"{n},{n},x,{cell}\n" for n, cell in enumerate(known)))
    assert write_predictions(run, source, tmp_path / "out.csv") == 100
    assert [row["t"] for row in read(tmp_path / "out.csv")] == known


def test_streamed_test_rows_are_as_in_memory(run, tmp_path):
    """Without a file, the test rows are predicted: columns as written, target, prediction."""
    path = run.parts.settings.dataset.options["path"]
    written = []
    for stream in ("yes", "no"):
        dataset = eagerloop.use("csv", path=path, batch_size=10, stream=stream)
        other = eagerloop.train(dataset=dataset, model="linear", epochs=1, directory=tmp_path / stream)
        assert write_predictions(other, None, tmp_path / f"{stream}.csv") == 20
        written.append((tmp_path / f"{stream}.csv").read_text())
    assert written[0] == written[1]
    assert list(read(tmp_path / "yes.csv")[0]) == ["a", "b", "coat", "t", "prediction"]


@pytest.mark.long
def test_memory_does_not_grow_with_the_rows(run, tmp_path, monkeypatch):
    """Ten times as many rows take no more of Python's and NumPy's memory at their peak, give or take a fifth."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 50_000)
    peaks = []
    for count in (10_000, 100_000):
        source = tmp_path / f"{count}.csv"
        source.write_text(rows(count))
        write_predictions(run, source, tmp_path / "warm.csv") if count == 10_000 else None
        tracemalloc.start()
        write_predictions(run, source, tmp_path / "out.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_compiled_evaluation_is_the_eager_one(tmp_path):
    """Loss and metrics over whole batches and a short one, twice in a row, on test and validation data: the same figures."""
    path = tmp_path / "train.csv"
    path.write_text("a,b,t\n" + "".join(f"{n},{n / 7:.3f},{n % 13 / 3:.3f}\n" for n in range(200)))
    figures = []
    for compiled in (False, True):
        dataset = eagerloop.use("csv", path=path, batch_size=12, validation_fraction=0.2)
        options = {"dataset": dataset, "model": "mlp", "epochs": 1, "compile": compiled}
        made = eagerloop.train(**options, metrics=["rmse", "r2"], directory=tmp_path / str(compiled))
        figures.append([made.evaluate(), made.evaluate(made.dataset.validation()), made.evaluate()])
    assert figures[0][0] == figures[0][2]
    for eager, compiled in zip(*figures, strict=True):
        assert list(eager) == ["loss", "rmse", "r2"]
        np.testing.assert_allclose(list(eager.values()), list(compiled.values()), rtol=1e-6)


class OfRagged(tf.Module):
    """A model whose answers are as long as its rows."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.1)

    def __call__(self, x, training=False):
        return {"scaled": tf.cast(x, tf.float32) * self.scale}


def test_ragged_answers_are_no_arrays(tmp_path):
    """One line, and no file; as CSV they are written."""
    rows = tf.data.Dataset.from_tensor_slices((tf.ragged.constant([[1, 2], [3], [4, 5, 6], [7]]), np.zeros((4, 1)))).batch(2)

    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.square(y_pred["scaled"].flat_values))

    run = eagerloop.train(dataset=(rows, rows), model=OfRagged(), loss=loss, epochs=1, directory=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"out\.npz: the answers have rows of several lengths, which make no array"):
        write_predictions(run, None, tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()
    assert write_predictions(run, None, tmp_path / "out.csv") == 4
