"""Every built-in model x every built-in dataset, exported: cases of `tests/proofs/exports.py`, which tries them all."""

import exports
import keras
import pytest

import eagerloop
from eagerloop.afterwards.exporting import export
from eagerloop.errors import ConfigError

EVERY = 4
"""Of so many pairs, one is tried here."""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A process in which `import eagerloop` fails."""
    process = exports.Elsewhere(tmp_path_factory.mktemp("elsewhere"))
    yield process
    process.close()


@pytest.fixture
def forms(monkeypatch):
    """The forms that are tried."""

    def choose(*names):
        monkeypatch.setattr(exports, "FORMS", names)

    return choose


@pytest.mark.long
@pytest.mark.parametrize("case", [*exports.CASES][::EVERY])
def test_what_is_exported_answers_as_predict(case, elsewhere, forms):
    """As a `.keras` file, a SavedModel and for TensorFlow Lite, on new rows; a model that does not fit its data is refused."""
    forms("keras", "", "tflite")
    assert exports.tried(case, elsewhere.place, elsewhere)[1] == []


with_onnx = pytest.mark.skipif("onnx" not in exports.FORMS, reason="tf2onnx and onnxruntime are not installed")


@with_onnx
@pytest.mark.parametrize("case", ["iris, iris", "images, cnn", "moods, text", "pets, keras-file", "an average"])
def test_onnx_answers_as_predict(case, elsewhere, forms):
    """By ONNX's own runtime, within a millionth."""
    forms("onnx")
    assert exports.tried(case, elsewhere.place, elsewhere) == ("fits", [])


@with_onnx
def test_what_onnx_does_not_have_is_refused_by_name(tmp_path):
    """The converter would write a file that no runtime loads."""
    model = keras.Sequential([keras.layers.Dense(2, activation="gelu"), keras.layers.Dense(1)], name="smooth")
    run = eagerloop.train(model=model, epochs=1)
    with pytest.raises(
        ConfigError, match=r"model '.*Sequential' computes with Erfc, which ONNX does not have; export a SavedModel"
    ):
        export(run, tmp_path / "smooth.onnx")
    assert not [path for path in tmp_path.iterdir() if "smooth" in path.name]
