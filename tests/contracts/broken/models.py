"""Models with one fault each, named after it."""

import keras
import numpy as np
import tensorflow as tf


def _keras(forward, **layers):
    """A Keras model with the given layers and forward pass."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            for name, layer in layers.items():
                setattr(self, name, layer)

        def call(self, x, training=False):
            return forward(self, x, training)

    return Model()


def _dense(units=1, **options):
    return keras.layers.Dense(units, **options)


def no_training_argument(*, dataset):
    """A module whose call takes x alone."""

    class Linear(tf.Module):
        def __init__(self):
            self.weights = tf.Variable(tf.random.normal((len(dataset.features), dataset.outputs)))

        def __call__(self, x):
            return x @ self.weights

    return Linear()


def untracked_variable(*, dataset):
    """Keeps a tf.Variable in a plain tuple of a Keras layer, which Keras does not look into."""

    class Scaled(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.hidden = _Closed(tf.Variable(tf.ones(dataset.outputs), name="scale"))

        def call(self, x):
            return x * self.hidden.variable

    return keras.Sequential([_dense(dataset.outputs), Scaled()])


class _Closed:
    def __init__(self, variable):
        self.variable = variable


def layers_made_in_call(*, dataset):
    """Makes a new layer at each call."""

    class Module(tf.Module):
        def __call__(self, x, training):
            self.layer = _dense(dataset.outputs)
            return self.layer(x)

        variables = property(lambda self: self.layer.variables if hasattr(self, "layer") else [])
        trainable_variables = variables

    return Module()


def more_layers_in_training(*, dataset):
    """Makes a layer only when it is first called with training=True."""

    def forward(self, x, training):
        hidden = self.first(x)
        if training:
            self.extra = getattr(self, "extra", None) or tf.Variable(tf.ones(4), name="extra")
            hidden = hidden * self.extra
        return self.last(hidden)

    class Module(tf.Module):
        def __init__(self):
            self.first, self.last = _dense(4), _dense(dataset.outputs)

        def __call__(self, x, training):
            return forward(self, x, training)

        @property
        def variables(self):
            extra = [self.extra] if hasattr(self, "extra") else []
            return [*self.first.variables, *self.last.variables, *extra]

        trainable_variables = variables

    return Module()


def unused_layer(*, dataset):
    """Has a layer whose output is thrown away."""

    def forward(self, x, training):
        self.side(x)
        return self.main(x)

    return _keras(forward, side=_dense(3), main=_dense(dataset.outputs))


def gradient_stopped(*, dataset):
    """Stops the gradient before the last layer, left over from fine-tuning."""
    return _keras(
        lambda self, x, training: self.last(tf.stop_gradient(self.first(x))), first=_dense(4), last=_dense(dataset.outputs)
    )


def numpy_in_call(*, dataset):
    """Computes its answer with NumPy."""

    class Module(tf.Module):
        def __init__(self):
            self.weights = tf.Variable(tf.random.normal((len(dataset.features), dataset.outputs)))

        def __call__(self, x, training):
            return tf.constant(np.tanh(x.numpy() @ self.weights.numpy()))

    return Module()


def flat_predictions():
    """Gives shape (n,) where targets have (n, 1)."""
    return _keras(lambda self, x, training: tf.squeeze(self.layer(x), axis=-1), layer=_dense(1))


def outputs_written_in():
    """Has five outputs, whatever the data needs."""
    return keras.Sequential([_dense(5)])


def dropout_always_on(*, dataset):
    """Passes training=True to Dropout in predictions, too."""
    return _keras(
        lambda self, x, training: self.last(self.drop(self.first(x), training=True)),
        first=_dense(8), drop=keras.layers.Dropout(0.5), last=_dense(dataset.outputs),
    )  # fmt: skip


def dropout_always_off(*, dataset):
    """Passes training=False to Dropout in the training, too."""
    return _keras(
        lambda self, x, training: self.last(self.drop(self.first(x), training=False)),
        first=_dense(8), drop=keras.layers.Dropout(0.5), last=_dense(dataset.outputs),
    )  # fmt: skip


def averages_frozen(*, dataset):
    """Leaves BatchNorm in inference mode: its averages never move."""
    return _keras(
        lambda self, x, training: self.last(self.norm(self.first(x), training=False) + (0.01 if training else 0.0)),
        first=_dense(8), norm=keras.layers.BatchNormalization(), last=_dense(dataset.outputs),
    )  # fmt: skip


def averages_moved_by_predictions(*, dataset):
    """Leaves BatchNorm in training mode in predictions: they change the model."""
    return _keras(
        lambda self, x, training: self.last(self.norm(self.first(x), training=True)),
        first=_dense(8), norm=keras.layers.BatchNormalization(), last=_dense(dataset.outputs),
    )  # fmt: skip


def softmax_over_the_batch(*, dataset):
    """Normalises along axis 0, so that rows depend on each other."""
    return _keras(
        lambda self, x, training: self.last(tf.nn.softmax(self.first(x), axis=0)), first=_dense(8), last=_dense(dataset.outputs)
    )


def zero_weights(*, dataset):
    """Begins with zeros in two layers, one after the other: no gradient ever comes through."""
    options = {"kernel_initializer": "zeros", "use_bias": False}
    return keras.Sequential([_dense(8, **options), _dense(dataset.outputs, **options)])


def saturated(*, dataset):
    """Begins with weights a thousand times too large for its tanh."""
    large = keras.initializers.Constant(1000.0)
    return keras.Sequential(
        [
            _dense(8, activation="tanh", kernel_initializer=large),
            _dense(dataset.outputs, activation="tanh", kernel_initializer=large),
        ]
    )


def unseeded_weights(*, dataset):
    """Draws its weights from a generator without a seed."""

    class Module(tf.Module):
        def __init__(self):
            start = np.random.default_rng().normal(size=(len(dataset.features), dataset.outputs))
            self.weights = tf.Variable(start.astype("float32"))

        def __call__(self, x, training):
            return x @ self.weights

    return Module()


def mean_in_python(*, dataset):
    """Keeps the mean of its inputs in a Python attribute, which no checkpoint holds."""

    class Module(tf.Module):
        def __init__(self):
            self.mean = 0.0
            self.weights = tf.Variable(tf.random.normal((len(dataset.features), dataset.outputs)))
            self.bias = tf.Variable(tf.zeros(dataset.outputs))

        def __call__(self, x, training):
            if training:
                self.mean = 0.9 * self.mean + 0.1 * float(tf.reduce_mean(x))
            return (x - self.mean) @ self.weights + self.bias

    return Module()


def seed_set_again(*, dataset):
    """Sets the global seed in its factory, for every part after it."""
    keras.utils.set_random_seed(42)
    return keras.Sequential([_dense(dataset.outputs)])


def return_forgotten(*, dataset):
    """Makes a model and returns nothing."""
    keras.Sequential([_dense(dataset.outputs)])
