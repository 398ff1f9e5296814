"""Every built-in part, straight from the live catalog, keeps the contract that strangers' parts are held to."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from eagerloop.choices.catalog import BUILT_IN, Catalog
from eagerloop.testing import check

pytestmark = pytest.mark.long

TRACKERS = ("mlflow", "wandb")
"""They need a package of others, and have tests with it."""

ENTRIES = [entry for entry in Catalog.load().entries if entry.owner.distribution == BUILT_IN and entry.name not in TRACKERS]

WAYS = {("dataset", "csv"): [{"stream": "no"}, {"stream": "yes"}]}
"""Parts that are tried in several ways."""

OPTIONS = {
    ("metric", "io_u"): {"num_classes": 3, "target_class_ids": [0, 1]},
    ("metric", "mean_io_u"): {"num_classes": 3},
    ("metric", "one_hot_io_u"): {"num_classes": 3, "target_class_ids": [0, 1]},
    ("metric", "one_hot_mean_io_u"): {"num_classes": 3},
    ("metric", "precision_at_recall"): {"recall": 0.5},
    ("metric", "recall_at_precision"): {"precision": 0.8},
    ("metric", "sensitivity_at_specificity"): {"specificity": 0.5},
    ("metric", "specificity_at_sensitivity"): {"sensitivity": 0.5},
    ("schedule", "cosine_decay"): {"initial_learning_rate": 0.1, "decay_steps": 10},
    ("schedule", "cosine_decay_restarts"): {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    ("schedule", "exponential_decay"): {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    ("schedule", "inverse_time_decay"): {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    ("schedule", "piecewise_constant_decay"): {"boundaries": [10, 20], "values": [0.1, 0.01, 0.001]},
    ("schedule", "polynomial_decay"): {"initial_learning_rate": 0.1, "decay_steps": 10},
}
"""Values for options that have no default."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Options of the parts that read a file: a table, arrays, a saved model."""
    tmp_path = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3)).astype("float32")
    table = tmp_path / "table.csv"
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{a + b:.4f}" for a, b, c in x]
    table.write_text("\n".join(["a,b,c,y", *lines]) + "\n", encoding="utf-8")
    np.savez(tmp_path / "arrays.npz", x_train=x[:40], y_train=x[:40, :1], x_test=x[40:], y_test=x[40:, :1])
    for number in range(60):  # as many as the table has rows, no two alike
        picture = random.integers(0, 256, (6, 6, 1), "uint8")
        file = tmp_path / "pictures" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tf.io.encode_png(picture).numpy())
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own way to make arrays of variables is deprecated in NumPy 2
        model.save(tmp_path / "model.keras")
    return {
        ("dataset", "csv"): {"path": table},
        ("dataset", "images"): {"path": tmp_path / "pictures", "batch_size": 8},
        ("dataset", "arrays"): {"path": tmp_path / "arrays.npz"},
        ("model", "keras-file"): {"path": tmp_path / "model.keras"},
    }


def test_options_are_for_parts_that_exist(files):
    """Options for a part that is not there would leave what they were meant for unchecked."""
    assert {*OPTIONS, *files, *WAYS} <= {(entry.kind, entry.name) for entry in ENTRIES}


CASES = [(entry, way) for entry in ENTRIES for way in WAYS.get((entry.kind, entry.name), [{}])]


@pytest.mark.parametrize(
    ("entry", "way"), CASES, ids=["-".join([entry.kind, entry.name, *map(str, way.values())]) for entry, way in CASES]
)
def test_a_built_in_part_keeps_its_contract(entry, way, files):
    """Nothing fails, and nothing is left unchecked for want of an option."""
    options = (OPTIONS | files).get((entry.kind, entry.name), {}) | way
    results = check(entry.kind, entry.factory, options=options)

    assert {result.name: result.message for result in results if result.status == "failed"} == {}
    unchecked = {result.name: result.message for result in results if result.status == "skipped" and result.weight}
    excused = set(getattr(entry.factory, "contract_exceptions", {}))
    assert set(unchecked) <= excused, unchecked


def test_the_catalog_is_not_empty():
    """The parametrisation above ran over all that there is: at least a hundred parts of all nine kinds."""
    assert len(ENTRIES) >= 100
    assert len({entry.kind for entry in ENTRIES}) == 9
