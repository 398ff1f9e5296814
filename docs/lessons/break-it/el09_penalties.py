"""EL09: the model has L2 penalties, and the step leaves them out."""

import keras
import tensorflow as tf

from eagerloop import Step


def model():
    """Two layers, with a penalty on large weights."""
    penalty = keras.regularizers.L2(0.01)
    hidden = keras.layers.Dense(32, activation="relu", kernel_regularizer=penalty)
    return keras.Sequential([hidden, keras.layers.Dense(1)])


def train_step(model, loss, optimizer, x, y):
    """One update, with a mistake."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)


def fixed(model, loss, optimizer, x, y):
    """One update."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions) + tf.add_n(model.losses)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)
