"""A model from a `.keras` file, and the files that are none."""

import pickle
from pathlib import Path

import keras
import numpy as np
import pytest

from eagerloop.errors import DataError
from eagerloop_plugins.model.keras_file import keras_file

# Keras 3.15 hands variables to NumPy 2 in the old way when it saves a model; the tests save, the part only loads.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = np.linspace(0, 1, 6, dtype="float32").reshape(2, 3)


@pytest.fixture
def saved(tmp_path):
    """A small model and the file it was saved to."""
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, activation="relu"), keras.layers.Dense(1)])
    path = tmp_path / "model.keras"
    model.save(path)
    return model, path


def test_a_saved_model_gives_the_same_predictions(saved):
    """Bit for bit, and with trainable variables."""
    model, path = saved
    loaded = keras_file(path=path)

    np.testing.assert_array_equal(loaded(X, training=False), model(X, training=False))
    assert len(loaded.trainable_variables) == 4


def test_a_missing_file_is_named():
    """With what to give instead."""
    with pytest.raises(DataError, match=r"model file nowhere\.keras does not exist .*\.keras file"):
        keras_file(path=Path("nowhere.keras"))


@pytest.mark.parametrize("suffix", [".h5", ".pkl", ""])
def test_other_formats_are_refused_by_their_ending(tmp_path, suffix):
    """A pickle is never opened."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps({"harmless": True}))

    with pytest.raises(DataError, match=r"must end in .keras, got"):
        keras_file(path=path)


def test_another_format_under_the_right_ending_is_refused(tmp_path):
    """It is no archive."""
    path = tmp_path / "model.keras"
    path.write_bytes(pickle.dumps({"harmless": True}))

    with pytest.raises(DataError, match=r"is not a .keras archive, or it is truncated"):
        keras_file(path=path)


def test_a_lambda_is_refused_and_explained(tmp_path):
    """Code in a file is not run."""
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Lambda(lambda x: x + 1), keras.layers.Dense(1)])
    path = tmp_path / "model.keras"
    model.save(path)

    with pytest.raises(DataError, match=r"cannot be loaded in safe mode: .*a lambda is code") as caught:
        keras_file(path=path)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(saved):
    """The archive's end is missing."""
    path = saved[1]
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(DataError, match="truncated"):
        keras_file(path=path)


def test_damage_inside_the_archive_is_refused_in_one_line(saved):
    """Bytes of the configuration are turned around."""
    path = saved[1]
    content = bytearray(path.read_bytes())
    place = content.index(b"module")
    content[place : place + 40] = content[place : place + 40][::-1]
    path.write_bytes(content)

    with pytest.raises(DataError, match="cannot be loaded in safe mode") as caught:
        keras_file(path=path)
    assert "\n" not in str(caught.value)
