"""`export`: what is written, what is said, what is refused."""

import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.exporting import export


@pytest.fixture
def pets(done, table):
    """A classification on a table, which is the newest run."""
    done("train", "--dataset", "csv", "--dataset.path", table(classes=True), "--epochs", 1, "--run", "runs/pets", "-q")
    return "runs/pets"


@pytest.mark.long
def test_each_form_is_said_in_a_line(done, cli, pets):
    """The run may be left out; the best or any checkpoint may be taken."""
    line = done("export", "model.keras")
    assert (
        line
        == "model.keras: a Keras model, from x (n, 2) to what run.predict answers; keras.models.load_model('model.keras')\n"
    )
    x = np.ones((2, 2), "float32")
    expected = eagerloop.load(pets).predict(x)
    np.testing.assert_allclose(keras.models.load_model("model.keras", compile=False)(x), expected, rtol=1e-6)
    line = done("export", pets, "served", "--checkpoint", "newest")
    assert line == "served: a SavedModel, from a, b to prediction, probabilities (of cat, dog)\n"
    outcome = cli("export", pets, "model.tflite")
    assert outcome.code == 0
    assert "note: TensorFlow Lite rounds in its own way" in outcome.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model.onnx"], "model.onnx needs tf2onnx, which is not installed; install it with: pip install 'eagerloop[onnx]'"),
        (["runs/pets"], "runs/pets is a run, not a file to write; name one as well: eagerloop export runs/pets model.keras"),
        (["runs/pets", "model.pb"], "model.pb ends in '.pb'; expected .keras, .tflite, .onnx"),
        (["runs/pets", "a", "b"], "export takes a run and a file, got 3 names: runs/pets, a, b"),
        (["runs/pets", "a", "--checkpoint", "7"], "runs/pets has no checkpoint of step 7; there is newest (8)"),
        (["none", "model.keras"], "none is no run: it does not exist"),
    ],
)
def test_what_cannot_be_exported_is_refused(refused, pets, monkeypatch, words, told):
    """One line, nothing written."""
    monkeypatch.setitem(sys.modules, "tf2onnx", None)  # as if it were not installed
    assert pets
    assert told in refused("export", *words)


def test_a_run_whose_model_was_an_object_is_exported_from_python(refused):
    """No record can hold the object: the line says what to type."""
    model = keras.Sequential([keras.layers.Dense(1)])
    run = eagerloop.train(model=model, epochs=1, directory="own")
    assert "; give it again: model=..., in Python, to eagerloop.load('own', ...)" in refused("export", "own", "model.keras")
    again = eagerloop.load("own", model=keras.Sequential([keras.layers.Dense(1)]), for_predicting=True)
    written = export(again, "model.keras").path
    x = np.ones((2, 3), "float32")
    np.testing.assert_allclose(keras.models.load_model(written)(x), run.predict(x), rtol=1e-6)


def test_a_run_whose_table_is_gone_is_exported_and_predicts(done, refused, pets):
    """What the encoder learnt is in the run; what needs the rows is refused with the file's name."""
    Path("new.csv").write_text("b,a\n1,2\n", encoding="utf-8")
    expected = done("predict", pets, "--input", "new.csv")
    Path("table.csv").unlink()
    shutil.move("runs/pets", "elsewhere")
    assert done("predict", "elsewhere", "--input", "new.csv") == expected
    assert done("export", "elsewhere", "model.keras").startswith("model.keras: a Keras model")
    assert "table.csv does not exist" in refused("evaluate", "elsewhere")
