"""The built-in models, but for the one from a file."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from eagerloop.errors import ConfigError
from eagerloop_plugins.model.cnn import cnn
from eagerloop_plugins.model.iris import iris
from eagerloop_plugins.model.linear import linear
from eagerloop_plugins.model.mlp import mlp

X = np.random.default_rng(5).uniform(0.1, 6, size=(10, 3)).astype("float32")
DATASET = SimpleNamespace(outputs=3)


def test_the_guides_model_gives_what_a_plain_script_gives():
    """Same seed, same layers in the same order, first called with training=False: the same bits, then with Dropout too."""
    keras.utils.set_random_seed(3)
    model = iris()
    ours = model(X, training=False).numpy(), model(X, training=True).numpy()

    keras.utils.set_random_seed(3)
    first, dropout, second = keras.layers.Dense(32), keras.layers.Dropout(0.5), keras.layers.Dense(1)
    theirs = second(dropout(first(X), training=False)).numpy(), second(dropout(first(X), training=True)).numpy()

    assert ours[0].tobytes() == theirs[0].tobytes()
    assert ours[1].tobytes() == theirs[1].tobytes()
    assert not np.array_equal(*ours)


def test_the_guides_model_has_no_weights_before_its_first_call():
    """No input shape is given; 161 numbers after: 3*32 + 32 + 32 + 1."""
    model = iris()
    assert model.weights == []

    assert model(np.array([[1, 2, 3], [4, 5, 6]], "float32"), training=False).shape == (2, 1)
    assert model.count_params() == 161
    assert [layer.name for layer in model.layers] == ["dense1", "dropout", "dense2"]


def test_names_are_the_same_in_every_model_of_a_process():
    """A record of one run is compared with the variables of another."""
    paths = []
    for _ in range(2):
        models = iris(), mlp(dataset=DATASET, dropout=0.1), linear(dataset=DATASET)
        for model in models:
            model(X, training=False)
        paths.append([weight.path for model in models for weight in model.weights])

    assert paths[0] == paths[1]
    assert "iris/dense1/kernel" in paths[0]


def test_options_of_the_guides_model_change_it():
    """Eight units, of which none is below zero before the last layer."""
    model = iris(units=8, rate=0.0, activation="relu")
    model(X, training=False)

    assert model.dense1.kernel.shape == (3, 8)
    assert model.dense1(X).numpy().min() >= 0
    np.testing.assert_array_equal(model(X, training=True), model(X, training=False))


def test_the_mlp_is_as_wide_as_it_is_told_and_as_the_data_needs():
    """Kernels 3x5, 5x4 and 4x3."""
    model = mlp(dataset=DATASET, hidden=[5, 4])

    assert model(X, training=False).shape == (10, 3)
    assert [weight.shape for weight in model.weights if weight.name == "kernel"] == [(3, 5), (5, 4), (4, 3)]


def test_the_mlp_without_hidden_layers_is_a_linear_map():
    """One kernel, and twice the distance from zero gives twice the distance of the answer."""
    model = mlp(dataset=DATASET, hidden=[])
    at_zero, at_x, at_twice = (model(factor * X, training=False).numpy() for factor in (0, 1, 2))

    assert len(model.weights) == 2
    np.testing.assert_allclose(at_twice - at_zero, 2 * (at_x - at_zero), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", [mlp, linear])
def test_images_are_flattened_and_a_short_batch_is_taken(make):
    """(n, 4, 4) is (n, 16); a later batch may have fewer rows."""
    model = make(dataset=DATASET)

    assert model(np.ones((6, 4, 4), "float32"), training=True).shape == (6, 3)
    assert model(np.ones((2, 4, 4), "float32"), training=False).shape == (2, 3)
    assert model.weights[0].shape[0] == 16


def test_dropout_of_the_mlp_acts_only_in_training():
    """Two predictions agree, two training passes do not."""
    model = mlp(dataset=DATASET, dropout=0.5)

    np.testing.assert_array_equal(model(X, training=False), model(X, training=False))
    assert not np.array_equal(model(X, training=True), model(X, training=True))


def test_linear_has_one_kernel_and_one_bias():
    """X @ kernel + bias, by NumPy."""
    model = linear(dataset=DATASET)
    answer = model(X, training=False)
    kernel, bias = model.get_weights()

    np.testing.assert_allclose(answer, X @ kernel + bias, rtol=1e-5)


@pytest.mark.parametrize("make", [iris, lambda **options: mlp(dataset=DATASET, **options)], ids=["iris", "mlp"])
def test_an_unknown_activation_is_answered_with_the_nearest(make):
    """Before any layer is made."""
    with pytest.raises(ConfigError, match="no activation 'rellu'; did you mean 'relu'"):
        make(activation="rellu")


@pytest.mark.parametrize("make", [lambda: iris(rate=1.0), lambda: mlp(dataset=DATASET, dropout=1.0)], ids=["iris", "mlp"])
def test_silencing_every_unit_is_refused(make):
    """A range with its upper end left out."""
    with pytest.raises(ConfigError, match="must be below 1, got 1"):
        make()


def of_pictures(*shape):
    """A dataset of ten pictures, three classes."""
    return SimpleNamespace(outputs=3, first_batch=(np.zeros((10, *shape), "float32"), None))


@pytest.mark.parametrize(
    ("shape", "filters"),
    [((8, 8, 1), [32, 64]), ((3, 3, 3), [32]), ((64, 48, 3), [32, 64, 128, 128]), ((28, 28), [32, 64, 128])],
)
def test_the_cnn_is_as_deep_as_the_pictures_ask(shape, filters):
    """Halved until 2 or 3 pixels are left of the shorter side; grey pictures may lack the axis of channels."""
    model = cnn(dataset=of_pictures(*shape))

    assert model(np.ones((4, *shape), "float32"), training=False).shape == (4, 3)
    convolutions = [layer for layer in model.layers if layer.name.startswith("convolution")]
    assert [layer.filters for layer in convolutions] == filters
    assert convolutions[0].kernel.shape == (3, 3, shape[2] if len(shape) == 3 else 1, 32)


def test_the_cnn_sees_a_shape_wherever_it_stands():
    """A convolution, the largest in each half, and a sum: shifted by a whole half, the answer is the same."""
    model = cnn(dataset=of_pictures(4, 4, 1), filters=[1], hidden=[])
    x = np.zeros((2, 4, 4, 1), "float32")
    x[0, 0, 0], x[1, 2, 2] = 1, 1
    model(x, training=False)
    kernel = np.zeros((3, 3, 1, 1), "float32")
    kernel[1, 1] = 2
    model.set_weights([kernel, np.zeros(1), np.ones((4, 3)), np.zeros(3)])

    np.testing.assert_array_equal(model(x, training=False), [[2, 2, 2], [2, 2, 2]])


@pytest.mark.parametrize(
    ("shape", "options", "told"),
    [
        ((4,), {}, r"model 'cnn' needs pictures of one size, .*got x of shape \(n, 4\); --model mlp takes any"),
        ((None, 8, 1), {}, r"got x of shape \(n, None, 8, 1\)"),
        ((8, 8, 1), {"filters": [4, 4, 4, 4]}, r"has 4 convolutions, got pictures of 8 pixels, which can be halved 3 times"),
        ((8, 8, 1), {"dropout": 1.0}, "must be below 1, got 1"),
    ],
)
def test_what_is_no_picture_is_refused(shape, options, told):
    """Before any layer is made, in one line."""
    batch = (SimpleNamespace(shape=(10, *shape)), None)
    with pytest.raises(ConfigError, match=told):
        cnn(dataset=SimpleNamespace(outputs=3, first_batch=batch), **options)
