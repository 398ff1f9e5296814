"""Quantities of any size are learnt in ten default epochs: the models work with deviations around the targets' mean."""

import contextlib

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.tables import blocks
from eagerloop_plugins.dataset.csv import csv
from eagerloop_plugins.model.mlp import mlp

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(400, 4)).astype("float32")
SHARES = np.tanh(X @ [1.0, -1.0, 0.5, 0.0]) + 0.05 * RANDOM.normal(size=400)


def r2(known, said):
    """The coefficient of determination by its definition."""
    return 1 - np.sum((known - said) ** 2) / np.sum((known - known.mean()) ** 2)


@pytest.mark.long
@pytest.mark.parametrize(("size", "middle"), [(1.0, 0.0), (80_000.0, 200_000.0), (0.01, 0.5), (1e9, -3e9)])
def test_a_target_of_any_size_is_learnt(tmp_path, size, middle):
    """Whatever the unit, the model explains as much; loss and predictions are in that unit."""
    y = middle + size * SHARES
    run = eagerloop.train(dataset=(X, y), model="mlp", directory=tmp_path / "run", checkpointer="none", epochs=20)
    x, known = run.dataset.test_arrays
    said = run.predict(x)
    assert r2(known, said) > 0.85
    assert run.evaluate()["loss"] == pytest.approx(float(np.mean((known - said) ** 2)), rel=1e-4)


def test_the_last_layer_is_the_moments_of_the_training_targets(tmp_path):
    """Worked out by NumPy; no update changes it, and a resumed run has it from the checkpoint."""
    y = np.stack([200_000 + 80_000 * SHARES, SHARES], axis=1)
    run = eagerloop.train(dataset=(X, y), model="linear", directory=tmp_path / "run", epochs=1)
    trained = run.dataset.train_arrays[1].astype("float64")
    kernel, bias = run.model.get_layer("target_units").get_weights()
    np.testing.assert_allclose(kernel, np.diag(trained.std(axis=0)), rtol=1e-6)
    np.testing.assert_allclose(bias, trained.mean(axis=0), rtol=1e-6)
    assert len(run.model.trainable_variables) == 2
    assert sum(name.startswith("model/") and "target_units" in name for name in run.variables()) == 2


def test_it_can_be_left_out_and_is_for_quantities_alone(tmp_path):
    """With the option, and for classes, the model is the one without the layer; a constant target is no division by zero."""
    options = {"directory": tmp_path / "plain", "epochs": 1, "checkpointer": "none"}
    plain = eagerloop.train(dataset=(X, SHARES), model=eagerloop.use("mlp", standardize_target=False), **options)
    classes = eagerloop.train(dataset=(X, (SHARES > 0).astype(int)), model="mlp", **options | {"directory": tmp_path / "two"})
    assert [layer.name for run in (plain, classes) for layer in run.model.layers if layer.name == "target_units"] == []
    same = eagerloop.train(dataset=(X, np.full(400, 7.0)), model="linear", **options | {"directory": tmp_path / "same"})
    assert np.isfinite(same.predict()).all()


@pytest.mark.long
def test_half_precision_keeps_the_units(tmp_path):
    """In bfloat16 a price of 200,000 would be off by hundreds: the last layer computes in float32."""
    y = 200_000 + 10 * SHARES
    run = eagerloop.train(
        dataset=(X, y), model="mlp", directory=tmp_path / "run", epochs=10, precision="mixed_bfloat16", checkpointer="none"
    )
    x, known = run.dataset.test_arrays
    assert r2(known, run.predict(x)) > 0.7
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("target", ["price", "same"])
def test_a_streamed_table_gives_the_layer_of_one_in_memory(tmp_path, monkeypatch, target):
    """The moments of the training targets, found block by block; a constant target has the deviation 1."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1024)
    cells = zip(X[:, 0].tolist(), (200_000 + 80_000 * SHARES).tolist(), strict=True)
    (tmp_path / "table.csv").write_text("a,price,same\n" + "".join(f"{a},{price},7.25\n" for a, price in cells))
    layers = []
    for stream in ("no", "yes"):
        options = {"target": target, "features": ["a"], "stream": stream, "test_path": tmp_path / "table.csv"}
        with pytest.warns(UserWarning, match="nothing to learn") if target == "same" else contextlib.nullcontext():
            data = csv(path=tmp_path / "table.csv", batch_size=40, **options)
        layers.append(mlp(dataset=data).units[0].get_weights())
    assert len(data.blocks) > 3
    for one, other in zip(*layers, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    known = (200_000 + 80_000 * SHARES) if target == "price" else np.full(400, 7.25)
    np.testing.assert_allclose(layers[1][0], [[known.std() or 1]], rtol=1e-6)
    np.testing.assert_allclose(layers[1][1], [known.mean()], rtol=1e-6)
