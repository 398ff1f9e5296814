"""The digits, and a network of convolutions that learns them."""

from types import SimpleNamespace

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.dataset.digits import FEATURES, FILE, digits


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The digits, learnt with nothing but the defaults."""
    with np.errstate(all="ignore"):
        return eagerloop.train(
            dataset="digits", compile=True, directory=tmp_path_factory.mktemp("digits") / "run", progress=False
        )


def table_of(path, rows):
    """A CSV file of some digits of the file, and what they are."""
    with np.load(FILE) as file:
        lines = [",".join(map(str, pixels)) for pixels in file["x"][rows]]
        path.write_text("\n".join([",".join(FEATURES), *lines]) + "\n", encoding="utf-8")
        return [str(digit) for digit in file["y"][rows]]


def test_the_file_has_the_numbers_of_its_source():
    """1,797 digits, so many of each as scikit-learn tells of; the first is a 0 whose ink is 294 sixteenths."""
    with np.load(FILE) as file:
        x, y = file["x"], file["y"]
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (x.shape, int(x.max()), y[0], int(x[0].sum())) == ((1797, 64), 16, 0, 294)
    assert FILE.stat().st_size < 100_000
    assert "CC BY 4.0" in FILE.with_suffix(".txt").read_text("utf-8")


def test_the_usual_split_is_the_same_for_every_seed():
    """359 rows that PCG64([0, 0]) draws; `random` draws others by the seed, `last` takes the end of the file."""
    with np.load(FILE) as file:
        x, y = file["x"].reshape(-1, 8, 8, 1) / 16, file["y"]
    rows = np.sort(np.random.Generator(np.random.PCG64([0, 0])).permutation(1797)[1438:])
    for dataset in (digits(), digits(seed=5), digits(split="random", seed=0)):
        np.testing.assert_array_equal(dataset.test_arrays[0], x[rows].astype("float32"))
        np.testing.assert_array_equal(dataset.test_arrays[1], y[rows])
    np.testing.assert_array_equal(digits(split="last").test_arrays[1], y[1438:])
    assert digits(split="random", seed=5).fingerprint != digits().fingerprint


def test_every_digit_is_in_the_validation_once_asked_for():
    """A quarter of the training rows; the test stays."""
    dataset = digits(validation_fraction=0.25)
    assert [len(part[1]) for part in (dataset.train_arrays, dataset.validation_arrays)] == [1078, 360]
    assert {*dataset.validation_arrays[1].tolist()} == set(range(10))
    with pytest.raises(ConfigError, match=r"batch size must be from 1 to 1438, the number of training rows, got 1439$"):
        digits(batch_size=1439)


@pytest.mark.long
def test_the_default_run_gets_more_than_19_of_20(run):
    """Ten epochs of `cnn`, which is what digits are trained with if nothing is said."""
    assert run.parts.names["model"] == "cnn"
    assert run.evaluate()["accuracy"] > 0.95


@pytest.mark.long
def test_a_table_of_pixels_is_predicted_without_the_data(run, tmp_path):
    """Columns as in the file, whole numbers up to 16, become pictures again."""
    from eagerloop.afterwards.prediction import pieces_of

    rows = [0, 10, 20, 30, 40]
    truth = table_of(tmp_path / "new.csv", rows)
    alone = eagerloop.load(run.directory, for_predicting=True)
    (piece,) = pieces_of(alone, tmp_path / "new.csv")

    with np.load(FILE) as file:
        np.testing.assert_allclose(
            alone.predict((file["x"][rows] / 16).astype("float32").reshape(-1, 8, 8, 1)),
            run.predict(run.dataset.encode(eagerloop.tables.read_table(tmp_path / "new.csv"))),
            rtol=1e-5,
        )
    assert piece["prediction"] == truth
    assert piece["pixel_0_2"] == [str(value) for value in np.load(FILE)["x"][rows, 2]]


@pytest.mark.long
def test_a_saved_model_of_digits_takes_the_columns(run, tmp_path):
    """64 columns of numbers go in, the digit comes out."""
    import tensorflow as tf

    from eagerloop.afterwards.exporting import export

    export(run, tmp_path / "saved")
    with np.load(FILE) as file:
        columns = {name: tf.constant(file["x"][:20, place], tf.float64) for place, name in enumerate(FEATURES)}
        truth = [str(digit) for digit in file["y"][:20]]
    answer = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"](**columns)
    assert sum(word.decode() == digit for word, digit in zip(answer["prediction"].numpy(), truth, strict=True)) >= 19


@pytest.mark.long
def test_resuming_gives_the_same_bits(tmp_path):
    """Stopped in the middle of the second epoch, and continued."""
    how = {"dataset": eagerloop.use("digits", batch_size=500), "model": eagerloop.use("cnn", filters=[4]), "progress": False}
    whole = eagerloop.train(epochs=2, directory=tmp_path / "whole", **how)
    eagerloop.train(epochs=1, directory=tmp_path / "cut", **how)
    again = eagerloop.resume(tmp_path / "cut", epochs=2, progress=False)
    for one, other in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_new_digits_have_the_axes_of_the_training():
    """64 columns from 0 to 16 are a picture of 8 x 8 from 0 to 1."""
    dataset = digits()
    like = SimpleNamespace(path="new.csv", require=lambda *names: None, names=FEATURES)
    dataset.encoder = lambda table: np.arange(128, dtype="float32").reshape(2, 64)
    x = dataset.encode(like)
    assert x.shape == (2, 8, 8, 1)
    assert x[1, 0, :2, 0].tolist() == [64, 65]
