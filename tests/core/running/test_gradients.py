"""A gradient that is not finite, while the loss is: no update, a name, and nothing bad saved."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import TrainingError

X = np.stack([np.random.default_rng(0).permutation(np.linspace(0, 1, 20)), np.zeros(20)], axis=1).astype("float32")
Y = X[:, :1].copy()
DATA = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10)


def root_mean_square(y_true, y_pred):
    """0 for perfect predictions, where its gradient is 0 / 0."""
    return tf.sqrt(tf.reduce_mean(tf.square(y_true - y_pred)))


def perfect():
    """A model without an error."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False, name="only")])
    model.set_weights([np.float32([[1.0], [0.0]])])
    return model


class Watcher:
    """Looks at every step, so that the step alone is compiled."""

    def on_step_end(self, step):
        assert not step.finite


@pytest.mark.parametrize(
    ("compiled", "observers"), [(False, []), (True, []), (True, [Watcher()])], ids=["eager", "stretch", "step"]
)
def test_it_stops_the_run_before_the_update(compiled, observers, tmp_path):
    """Epoch, step and variable are named; the weights are those of before, and nothing is saved."""
    model = perfect()
    keywords = {
        "dataset": DATA,
        "model": model,
        "loss": root_mean_square,
        "epochs": 2,
        "compile": compiled,
        "observers": observers,
    }
    said = (
        r"gradient of .*only/kernel is not finite, though the loss is 0, in epoch 1, batch 1, step 1; the update was left out"
    )
    with pytest.raises(TrainingError, match=said):
        eagerloop.train(**keywords, directory=tmp_path / "run")
    assert model.get_weights()[0].ravel().tolist() == [1.0, 0.0]
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("compiled", [False, True])
def test_skipping_leaves_the_update_out(compiled, tmp_path):
    """Every step of the two epochs is counted as skipped, and changes nothing."""
    model = perfect()
    keywords = {"dataset": DATA, "model": model, "loss": root_mean_square, "epochs": 2, "compile": compiled}
    run = eagerloop.train(**keywords, on_nonfinite="skip", directory=tmp_path / "run")
    assert [row["skipped"] for row in run.history] == [2, 2]
    assert model.get_weights()[0].ravel().tolist() == [1.0, 0.0]


def test_gradients_of_used_rows_are_looked_at():
    """An embedding's gradient holds the rows that were used alone; nan in one of them is seen."""
    rows, shape = tf.constant([0, 2]), tf.constant([3, 1])
    good, bad = (tf.IndexedSlices(tf.constant([[1.0], [value]]), rows, shape) for value in (2.0, np.nan))
    assert eagerloop.loop.all_finite(tf.constant(1.0), [good, tf.ones(2)])
    assert not eagerloop.loop.all_finite(tf.constant(1.0), [good, bad])
    compiled = tf.function(lambda slices: eagerloop.loop.all_finite(tf.constant(1.0), [slices]))
    assert [bool(compiled(slices)) for slices in (good, bad)] == [True, False]
