"""EL12: a new optimizer in each step."""

import keras
import tensorflow as tf

from eagerloop import Step


def train_step(model, loss, optimizer, x, y):
    """One update, with a mistake."""
    optimizer = keras.optimizers.Adam(learning_rate=0.001)
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)


def fixed(model, loss, optimizer, x, y):
    """One update, with the optimizer that was handed in."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)
