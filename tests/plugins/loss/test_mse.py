"""The guide's loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import DataError
from eagerloop_plugins.loss.mse import mse


def test_it_is_the_mean_over_all_entries():
    """By hand: (1 + 4 + 0 + 9) / 4 = 3.5."""
    value = mse()(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[2.0, 4.0], [3.0, 1.0]]))

    assert value.shape == ()
    assert float(value) == 3.5


def test_its_gradient_is_twice_the_error_over_the_count():
    """By hand: d/dp mean((y - p)^2) = 2 (p - y) / n = 2 * 3 / 2 and 2 * -1 / 2."""
    predictions = tf.constant([[4.0], [1.0]])
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        value = mse()(tf.constant([[1.0], [2.0]]), predictions)

    np.testing.assert_array_equal(tape.gradient(value, predictions), [[3.0], [-1.0]])


@pytest.mark.parametrize("wrap", [lambda loss: loss, tf.function], ids=["eager", "compiled"])
def test_two_shapes_are_refused_by_name(wrap):
    """(n,) against (n, 1) would be stretched to (n, n)."""
    loss = wrap(mse())

    with pytest.raises(DataError, match=r"targets \(4,\) and predictions \(4, 1\)"):
        loss(tf.zeros(4), tf.zeros((4, 1)))


def test_a_size_that_is_unknown_while_tracing_is_no_mismatch():
    """A short last batch does not trace the function anew, nor does it fail."""

    @tf.function(input_signature=[tf.TensorSpec((None, 1)), tf.TensorSpec((None, 1))])
    def loss(y_true, y_pred):
        return mse()(y_true, y_pred)

    assert float(loss(tf.zeros((3, 1)), tf.ones((3, 1)))) == 1.0
    assert float(loss(tf.zeros((2, 1)), 2 * tf.ones((2, 1)))) == 4.0


def test_targets_take_the_dtype_of_the_predictions():
    """NumPy gives float64, and labels are integers."""
    value = mse()(np.array([[1], [2]]), tf.constant([[1.0], [4.0]]))

    assert value.dtype == tf.float32
    assert float(value) == 2.0


def test_a_keras_mask_leaves_steps_out():
    """Two sequences of three steps, the last one left out: the mean of five squares, as Keras's own loss has it."""
    y = tf.constant([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [100.0]]])
    predictions = tf.zeros((2, 3, 1))
    predictions._keras_mask = tf.constant([[True, True, True], [True, True, False]])

    assert float(mse()(y, predictions)) == pytest.approx((1 + 4 + 9 + 16 + 25) / 5)
    assert float(mse()(y, predictions)) == pytest.approx(float(keras.losses.MeanSquaredError()(y, predictions)))


def test_a_masked_model_trains_on_what_keras_would(tmp_path):
    """Padded steps count nothing, eager and compiled: the loss of `fit` on the same weights."""
    x = np.array([[[1.0], [2.0], [0.0]], [[3.0], [0.0], [0.0]]], "float32")
    y = np.array([[[2.0], [4.0], [9.0]], [[6.0], [9.0], [9.0]]], "float32")

    def model():
        made = keras.Sequential(
            [keras.Input((3, 1)), keras.layers.Masking(), keras.layers.TimeDistributed(keras.layers.Dense(1))]
        )
        made.set_weights([np.float32([[1.0]]), np.float32([0.5])])
        return made

    fitted = model()
    fitted.compile(optimizer="sgd", loss="mse")
    expected = fitted.fit(x, y, batch_size=2, shuffle=False, verbose=0).history["loss"][0]
    data = eagerloop.ArrayDataset((x, y), (x, y), batch_size=2, targets=("a", "b", "c"))
    for compiled in (False, True):
        keywords = {"dataset": data, "loss": "mse", "compile": compiled, "epochs": 1}
        run = eagerloop.train(model=model(), directory=tmp_path / str(compiled), **keywords)
        assert run.history[0]["loss"] == pytest.approx(expected, rel=1e-6)
