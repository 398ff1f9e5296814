"""How a plugin's author tests parts: call the factory, use the part, check numbers worked by hand."""

import numpy as np
import pytest
import tensorflow as tf
from eagerloop_example import pinball, polynomial, signum, wave

import eagerloop


def test_the_wave_is_a_sine():
    """Without noise, every height is the sine of its angle."""
    angle, height = wave(noise=0.0).train_arrays

    assert np.allclose(height, np.sin(angle), atol=1e-6)


def test_the_polynomial_sums_powers():
    """With weights 1, 2 and bias 3, the answer to 5 is 1*5 + 2*25 + 3."""
    model = polynomial(degree=2, dataset=wave())
    model.weights.assign([[1.0], [2.0]])
    model.bias.assign([3.0])

    assert model(tf.constant([[5.0]]), training=False).numpy() == [[58.0]]


def test_pinball_weighs_both_sides():
    """At the quantile 0.9, an answer 1 too low costs 0.9, an answer 1 too high 0.1."""
    loss = pinball(quantile=0.9)

    assert float(loss(tf.constant([[1.0]]), tf.constant([[0.0]]))) == pytest.approx(0.9)
    assert float(loss(tf.constant([[0.0]]), tf.constant([[1.0]]))) == pytest.approx(0.1)


def test_signum_steps_by_the_rate():
    """Whatever the size of the gradient, the variable moves by the learning rate, against the sign."""
    optimizer, variable = signum(learning_rate=0.25), tf.Variable([1.0, 1.0])
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant([100.0, -0.001]), variable)])

    assert variable.numpy().tolist() == [0.75, 1.25]


def test_a_run_learns_the_wave(tmp_path):
    """All five parts together bring the loss down to less than half, and a loaded run predicts the same."""
    parts = {"dataset": "wave", "model": "polynomial", "loss": "pinball", "optimizer": "signum", "checkpointer": "json"}
    run = eagerloop.train(**parts, epochs=10, directory=tmp_path / "run")

    assert run.history[-1]["loss"] < 0.5 * run.history[0]["loss"]
    assert np.array_equal(eagerloop.load(run.directory).predict(), run.predict())
