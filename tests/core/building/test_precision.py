"""Losses and optimizers that know of one precision, in mixed ones: the numbers of float32 but for rounding."""

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.building.precision import InFloat32

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = 0.1 * X.sum(1, keepdims=True)  # small: no gradient times the scale, 2**15, leaves the range of float16
MIXED = ("mixed_float16", "mixed_bfloat16")


def pinball(y_true, y_pred, quantile=0.3):
    """Knows nothing of precisions."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(quantile * error, (quantile - 1) * error))


def in_the_dtype_of_the_predictions(y_true, y_pred):
    """Gives half a precision back where it gets it."""
    return tf.reduce_mean(tf.square(tf.cast(y_true, y_pred.dtype) - y_pred))


class Descent:
    """The guide's own: two methods, and a counter."""

    def __init__(self):
        self.rate, self.updates = tf.Variable(0.1), tf.Variable(0)

    @property
    def variables(self):
        return [self.rate, self.updates]

    def apply_gradients(self, pairs):
        for gradient, variable in pairs:
            variable.assign_sub(self.rate * gradient)
        self.updates.assign_add(1)


def history(directory, precision, **options):
    """The losses of three epochs, and the run."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10)
    run = eagerloop.train(dataset=data, precision=precision, epochs=3, directory=directory, **options)
    return [row["loss"] for row in run.history], run


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    ("loss", "precision", "compiled"),
    [
        (pinball, "mixed_float16", False),
        (pinball, "mixed_bfloat16", True),
        (in_the_dtype_of_the_predictions, "mixed_float16", True),
        (in_the_dtype_of_the_predictions, "mixed_bfloat16", False),
    ],
)
def test_a_loss_of_ones_own_in_mixed_precision(tmp_path, monkeypatch, loss, precision, compiled):
    """Penalties included, the losses are those of float32 to the two digits that half precision has."""
    (tmp_path / "parts.py").write_text(
        "def model(*, dataset):\n    '''A model.'''\n    import keras\n"
        "    first = keras.layers.Dense(8, activation='tanh', kernel_regularizer='l2', activity_regularizer='l2')\n"
        "    return keras.Sequential([first, keras.layers.Dense(dataset.outputs)])\n"
    )
    monkeypatch.chdir(tmp_path)
    whole, _run = history(tmp_path / "float32", "float32", model="parts.py:model", loss=loss)
    mixed, run = history(tmp_path / "mixed", precision, model="parts.py:model", loss=loss, compile=compiled)
    np.testing.assert_allclose(mixed, whole, rtol=0.03)
    assert run.step(X[:10], Y[:10]).loss.dtype == tf.float32


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("precision", MIXED)
def test_an_optimizer_of_two_methods_in_mixed_precision(tmp_path, precision, compiled):
    """Its losses are those of float32 but for rounding; in float16 the loss is scaled, and what overflows is left out."""
    whole, _run = history(tmp_path / "float32", "float32", model="linear", loss="mse", optimizer=Descent())
    mixed, run = history(tmp_path / "mixed", precision, model="linear", loss="mse", optimizer=Descent(), compile=compiled)
    np.testing.assert_allclose(mixed, whole, rtol=0.05)
    again = eagerloop.resume(tmp_path / "mixed", dataset=run.dataset, optimizer=Descent(), epochs=4)
    assert again.position.step == 16
    counters = [
        int(variable) for name, variable in again.variables().items() if variable.dtype == tf.int32 and "optimizer" in name
    ]
    assert 16 in counters


def test_the_users_loss_stands_behind_the_adapter():
    """What is asked of it, and set on it, is the loss's own."""

    class Loss:
        beta = 1.0

        def __call__(self, y_true, y_pred):
            return self.beta * tf.reduce_mean(y_true - y_pred)

    loss = Loss()
    adapted = InFloat32(loss)
    adapted.beta = 3.0
    assert (loss.beta, adapted.beta, hasattr(adapted, "from_logits")) == (3.0, 3.0, False)
    assert float(adapted(tf.constant([2.0]), tf.constant([1.5], tf.float16))) == 1.5


def test_a_mask_is_handed_on():
    """Keras's mask of the predictions: `mse` leaves the padded step out, in half precision too."""
    mean = InFloat32(lambda y_true, y_pred: tf.reduce_mean(tf.boolean_mask((y_true - y_pred) ** 2, y_pred._keras_mask)))
    predictions = tf.constant([[1.0, 9.0]], tf.bfloat16)
    predictions._keras_mask = tf.constant([[True, False]])
    assert float(mean(tf.constant([[3.0, 0.0]]), predictions)) == 4.0
