"""Looking at a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.inspection.views.model import inspect_model
from eagerloop_plugins.model.iris import iris


class Line(tf.Module):
    """y = x w + 1, with w = (1, 10)."""

    def __init__(self):
        super().__init__(name="line")
        self.slope = tf.Variable([[1.0], [10.0]], name="slope")
        self.shift = tf.Variable([1.0], name="shift", trainable=False)

    def __call__(self, x, training):
        """Predictions, (n, 1)."""
        return x @ self.slope + self.shift


def test_a_small_model_is_printed_in_full():
    """Layers, totals, values and the answer, worked by hand: 1 + 10 x 2 = 21 and 3 + 10 x 4 = 43."""
    start = keras.initializers.Constant([[1.0], [10.0]])
    model = keras.Sequential([keras.layers.Dense(1, kernel_initializer=start, name="dense")], name="line")

    assert str(inspect_model(model, np.zeros((5, 2), "float32"), ["length", "width"])) == "\n".join([
        "model Sequential",
        "",
        "layer  class  output  parameters",
        "dense  Dense  (5, 1)           3",
        "",
        "3 parameters: 3 trainable, 0 not",
        "",
        "line/dense/kernel  (2, 1) float32",
        "  [[ 1.]",
        "   [10.]]",
        "",
        "line/dense/bias  (1,) float32",
        "  [0.]",
        "",
        "asked with training=False: x (2, 2) float32",
        "  length, width",
        "  [[1. 3.]",
        "   [2. 4.]]",
        "the answer: (2, 1) float32",
        "  [[31.]",
        "   [42.]]",
    ])  # fmt: skip


def test_a_tf_module_has_variables_and_no_layers():
    """Two weights are trained, the shift is not; the answer to [1 3] is 32, to [2 4] it is 43."""
    view = inspect_model(Line(), np.zeros((5, 2), "float32"))

    assert view.layers == []
    assert (view.trainable, view.frozen, view.other) == (2, 1, 0)
    assert view.answer.tolist() == [[32.0], [43.0]]
    assert "shift:0  (1,) float32, not trainable\n  [1.]" in str(view)


def test_the_guides_model_has_161_parameters_and_the_shapes_of_the_batch():
    """3 x 32 + 32 weights, then 32 x 1 + 1; and Dropout's two numbers of seed state, which are no weights."""
    view = inspect_model(iris(), np.ones((10, 3), "float32"))

    assert (view.trainable, view.frozen, view.other) == (161, 0, 2)
    assert [(layer.name, layer.shape, layer.parameters) for layer in view.layers] == [
        ("dense1", "(10, 32)", 128),
        ("dropout", "(10, 32)", 0),
        ("dense2", "(10, 1)", 33),
    ]
    assert view.question.tolist() == [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]
    assert max(map(len, str(view).splitlines())) <= 80


def test_the_values_are_those_of_the_model():
    """The kernels shown give the answer shown: two matrix products in NumPy, Dropout being off."""
    view = inspect_model(iris(units=4), np.ones((10, 3), "float32"))
    value = {variable.path: variable.value for variable in view.variables}

    hidden = view.question @ value["iris/dense1/kernel"] + value["iris/dense1/bias"]
    np.testing.assert_allclose(view.answer, hidden @ value["iris/dense2/kernel"] + value["iris/dense2/bias"], rtol=1e-5)


def test_before_the_first_call_the_weights_are_unknown():
    """A view without a batch leaves the model as it is, and says what nobody knows yet."""
    model = iris()
    view = inspect_model(model)

    assert not view.built
    assert view.answer is None
    assert model.trainable_variables == []
    assert str(view).splitlines()[:6] == [
        "model Iris: weights unknown until the first call",
        "",
        "layer    class    output  parameters",
        "dense1   Dense    -                ?",
        "dropout  Dropout  -                0",
        "dense2   Dense    -                ?",
    ]


def test_looking_changes_nothing():
    """Weights, seed state and the layers' own `call` are afterwards what they were, so the next training step is too."""
    model = iris()
    model(np.ones((2, 3), "float32"), training=False)
    before = [variable.value.numpy() for variable in model.variables]
    inspect_model(model, np.ones((10, 3), "float32"))

    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.value.numpy(), value)
    assert all("call" not in vars(layer) for layer in model.layers)


def test_the_layers_are_left_alone_when_the_call_fails():
    """A batch of the wrong width raises, and no layer keeps the wrapper."""
    model = iris()
    model(np.ones((2, 3), "float32"), training=False)

    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        inspect_model(model, np.ones((10, 4), "float32"))
    assert all("call" not in vars(layer) for layer in model.layers)


def test_frozen_weights_are_counted_apart():
    """BatchNorm over 2 columns trains 4 numbers and keeps 4 averages."""
    model = keras.Sequential([keras.layers.BatchNormalization()])
    view = inspect_model(model, np.ones((5, 2), "float32"))

    assert (view.trainable, view.frozen, view.other) == (4, 4, 0)


def test_a_model_of_keys_is_asked_about_rows_of_the_batch():
    """The numbers from 1 on may be no keys of a vocabulary of 2; the first two rows of x are."""
    model = keras.Sequential([keras.layers.Embedding(2, 3)])
    view = inspect_model(model, np.array([[0], [1], [1]], "int32"))

    assert view.question.tolist() == [[0], [1]]
    assert view.answer.shape == (2, 1, 3)


def test_weights_that_are_drawn_have_a_histogram():
    """From 0 to 1 in equal steps, so that every bar is full; zeros need none."""
    start = keras.initializers.Constant(np.linspace(0, 1, 40).reshape(2, 20))
    model = keras.Sequential([keras.layers.Dense(20, kernel_initializer=start)], name="line")
    lines = str(inspect_model(model, np.ones((5, 2), "float32"))).splitlines()

    assert f"  0  {'█' * 20}  1.00  mean 0.500" in lines
    assert sum("█" in line for line in lines) == 1


def test_large_variables_are_shown_by_their_corners():
    """A kernel of 100 x 50 takes a few lines, its shape and count are exact."""
    model = keras.Sequential([keras.layers.Dense(50)])
    text = str(inspect_model(model, np.ones((5, 100), "float32")))

    assert "5,050 parameters: 5,050 trainable, 0 not" in text
    assert "..." in text
    assert len(text.splitlines()) < 100


def test_works_on_the_parts_of_a_run(tmp_path):
    """A run's model, first batch and feature names are what it takes."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=1)
    x, _y = next(iter(run.dataset.train(1, 0)))

    view = inspect_model(run.model, x, run.dataset.features)

    assert view.features == ("Petal.Length", "Sepal.Length", "Petal.Width")
    np.testing.assert_allclose(view.answer, run.predict(view.question), rtol=1e-6)
