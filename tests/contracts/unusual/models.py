"""Models that are right, and unlike most."""

import keras
import tensorflow as tf


def plain_module(*, dataset):
    """A tf.Module without Keras."""

    class Linear(tf.Module):
        def __init__(self):
            self.weights = tf.Variable(tf.zeros((len(dataset.features), dataset.outputs)))
            self.bias = tf.Variable(tf.zeros(dataset.outputs))

        def __call__(self, x, training):
            return tf.cast(x, tf.float32) @ self.weights + self.bias

    return Linear()


def made_at_the_first_call(*, dataset):
    """A tf.Module that makes its variables when it first sees x."""

    class Lazy(tf.Module):
        @tf.Module.with_name_scope
        def __call__(self, x, training):
            if not hasattr(self, "weights"):
                self.weights = tf.Variable(tf.random.normal((x.shape[-1], dataset.outputs)) * 0.1)
                self.bias = tf.Variable(tf.zeros(dataset.outputs))
            return x @ self.weights + self.bias

    return Lazy()


def functional(*, dataset):
    """A functional Keras model of two branches, one of them frozen."""
    x = keras.Input((len(dataset.features),))
    frozen = keras.layers.Dense(4, activation="tanh", trainable=False)(x)
    both = keras.layers.Concatenate()([keras.layers.Dense(4, activation="relu")(x), frozen, x])
    return keras.Model(x, keras.layers.Dense(dataset.outputs)(both))


def penalised(*, dataset):
    """Dropout, BatchNorm and an L2 penalty together."""
    return keras.Sequential(
        [
            keras.layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(dataset.outputs),
        ]
    )


def always_positive():
    """One positive output, for counts and prices."""
    return keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1, activation="softplus")])


def two_outputs():
    """A regression of two targets at once."""
    return keras.Sequential([keras.layers.Dense(2)])


def images(*, dataset):
    """A convolution, which takes nothing but images."""
    layers = [keras.layers.Conv2D(4, 5, strides=3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([*layers, keras.layers.Dense(dataset.outputs)])


def words(*, dataset):
    """Text in, through a vocabulary of its own."""
    return keras.Sequential(
        [
            keras.layers.StringLookup(vocabulary=["red", "green", "blue"], output_mode="one_hot"),
            keras.layers.Dense(dataset.outputs),
        ]
    )


def finetuned(*, dataset):
    """A base that is called with training=False, as in fine-tuning: its averages stand still on purpose."""

    class Tuned(keras.Model):
        def __init__(self):
            super().__init__()
            norm, dropout = keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)
            self.base = keras.Sequential([keras.layers.Dense(16, activation="relu"), norm, dropout])
            self.head = keras.layers.Dense(dataset.outputs)

        def call(self, x, training=False):
            return self.head(self.base(x, training=False))

    return Tuned()
