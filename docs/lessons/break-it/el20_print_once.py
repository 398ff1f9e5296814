"""EL20: print inside tf.function."""

import tensorflow as tf

from eagerloop import Step


@tf.function
def train_step(model, loss, optimizer, x, y):
    """One update, with a mistake."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    print("a step with the loss", value)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)


@tf.function
def fixed(model, loss, optimizer, x, y):
    """One update."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    tf.print("a step with the loss", value)
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)
