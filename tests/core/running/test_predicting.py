"""A run predicts and is exported without its data, its loss and its optimizer; what it keeps for that is plain JSON."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.exporting import export
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.data.learnt import LearntData
from eagerloop.errors import CheckpointError, DataError
from eagerloop.parts import use
from eagerloop.storage.learnt_file import write_learnt

TABLE = "weight,coat,kind\n" + "".join(f"{20 + i % 11},{('short', 'long')[i % 3 > 1]},{'ab'[i % 2]}\n" for i in range(60))


def mean_error(y_true, y_pred):
    """A loss that no record can hold."""
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run whose loss, optimizer, metric and observer were objects, and whose table is gone; and what it predicted before."""

    class Silent:
        def on_epoch_end(self):
            pass

    place = tmp_path_factory.mktemp("predicting")
    (place / "pets.csv").write_text(TABLE)
    (place / "new.csv").write_text("coat,weight\nlong,21\nshort,33.5\n")
    run = eagerloop.train(
        dataset=use("csv", path=place / "pets.csv", validation_fraction=0.2),
        loss=mean_error,
        optimizer=keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.5),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="right")],
        observers=[Silent()],
        epochs=3,
        directory=place / "run",
    )
    expected = predicted(run, place)
    (place / "pets.csv").unlink()
    return run, expected, place


def predicted(run, place):
    """The table of predictions of the new rows."""
    (piece,) = pieces_of(run, place / "new.csv")
    return piece


def test_it_predicts_as_it_did(trained):
    """The same probabilities, bit for bit, those of the moving average; the classes by name."""
    run, expected, place = trained
    opened = eagerloop.load(place / "run", for_predicting=True)
    found = predicted(opened, place)
    assert list(found) == ["weight", "coat", "prediction", "probability_a", "probability_b"]
    assert {name: list(column) for name, column in found.items()} == {name: list(column) for name, column in expected.items()}
    assert opened.answers_with == "the moving average of its weights (use-ema)"
    assert "moving average" in repr(run)
    assert len(opened.history) == 3


def test_it_is_exported_as_it_was(trained, tmp_path):
    """From raw columns, with the classes' names."""
    import tensorflow as tf

    _run, expected, place = trained
    export(eagerloop.load(place / "run", for_predicting=True), tmp_path / "served")
    serve = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    found = serve(coat=tf.constant(["long", "short"]), weight=tf.constant([21.0, 33.5], tf.float64))
    np.testing.assert_allclose(found["probabilities"][:, 0], expected["probability_a"], rtol=1e-6)


def test_it_does_nothing_else(trained):
    """Each in one line, with what to do."""
    opened = eagerloop.load(trained[2] / "run", for_predicting=True, checkpoint="best")
    for act, kind, told in [
        (opened.evaluate, DataError, r"opened without its data: .*data\.json holds no rows; open it without"),
        (opened.predict, DataError, r"holds no rows"),
        (opened.train, CheckpointError, r"was opened for predicting alone and cannot be trained"),
        (lambda: opened.step([[0.0, 0.0, 0.0]], [1]), CheckpointError, r"alone and has no step"),
    ]:
        with pytest.raises(kind, match=told):
            act()


def test_the_whole_run_is_refused_as_before(trained):
    """Its data are gone: `load` says which file, and resuming wants the objects."""
    place = trained[2]
    with pytest.raises(CheckpointError, match=r"loss of .* was given as an object"):
        eagerloop.load(place / "run")


def changed(content, **values):
    """The file with other entries; one that is None is taken out."""
    return {key: value for key, value in {**content, **values}.items() if value != "out"}


@pytest.mark.parametrize(
    "values",
    [
        {"classes": "out"},
        {"classes": [1, 2]},
        {"outputs": 2.5},
        {"outputs": -1},
        {"task": "magic"},
        {"answer": "magic"},
        {"encoder": {"columns": ["weight"], "scales": {}, "categories": {}}},
        {"encoder": {"columns": ["weight"], "scales": {"weight": [0, 0]}, "categories": {}}},
        {"encoder": "import os"},
        {"x": {"shape": [2**40], "dtype": "float32"}},
        {"x": {"shape": [3], "dtype": "no such"}},
        {"x": {"shape": "3", "dtype": "float32"}},
        {"columns": ["coat"]},
    ],
    ids=str,
)
def test_a_forged_file_is_refused(trained, values):
    """One line, before anything is made of it."""
    content = json.loads((trained[2] / "run" / "data.json").read_text())
    assert LearntData(content, "here").classes == ("a", "b")
    with pytest.raises(CheckpointError, match=r"^here is not what a run writes there; remove it"):
        LearntData(changed(content, **values), "here")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"has no data\.json: an earlier eagerloop made it; 'eagerloop resume .*' adds it"),
        ("{", r"data\.json is damaged: .*; remove it"),
        ("[1]", r"data\.json has the format None"),
        ('{"format": 2}', r"has the format 2, this eagerloop reads 1"),
        ("changed", r"data\.json is damaged: its content is not that of its checksum; remove it"),
        ("other data", r"data\.json tells of other data than .*run\.toml"),
    ],
)
def test_a_file_that_does_not_belong_there(trained, tmp_path, text, told):
    """Of an earlier version, damaged, newer, or of another run."""
    copy = Path(shutil.copytree(trained[2] / "run", tmp_path / "copy"))
    path = copy / "data.json"
    whole = path.read_text()
    path.unlink()
    other = json.loads(whole) | {"fingerprint": "0"}
    if text == "other data":
        write_learnt(copy, {name: value for name, value in other.items() if name not in ("format", "sha256")})
    elif text is not None:
        path.write_text(json.dumps(other) if text == "changed" else text)
    with pytest.raises(CheckpointError, match=told):
        eagerloop.load(copy, for_predicting=True)


def test_the_guide_s_run_needs_no_file_of_the_data(tmp_path):
    """Its columns are numbers as they stand."""
    run = eagerloop.train(epochs=1, directory=tmp_path / "run")
    opened = eagerloop.load(tmp_path / "run", for_predicting=True)
    assert opened.dataset.columns == ("Petal.Length", "Sepal.Length", "Petal.Width")
    x = next(x for x, _y in run.dataset.test())
    np.testing.assert_array_equal(opened.predict(x), run.predict(x))
