"""Parts and step functions that look like a mistake of the lessons in `docs/lessons/break-it`, and are right."""

import keras
import numpy as np
import tensorflow as tf

import eagerloop
from eagerloop import Step


def el01_loss(y_true, y_pred):
    """Flat targets against a column: Keras's losses bring them to one shape."""
    return keras.losses.MeanSquaredError()(tf.reshape(y_true, [-1]), y_pred)


def el02_model():
    """No layer of it acts in training alone."""
    return keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.0), keras.layers.Dense(1)])


def el02_train_step(model, loss, optimizer, x, y):
    """training=True is missing, and nothing in the model would listen to it."""
    with tf.GradientTape() as tape:
        predictions = model(x)
        value = loss(y, predictions)
    return _updated(model, optimizer, tape, x, y, predictions, value)


def el03_model():
    """A BatchNorm that is frozen on purpose, as in fine-tuning."""
    frozen = keras.layers.BatchNormalization(trainable=False)
    return keras.Sequential([keras.layers.Dense(4), frozen, keras.layers.Dense(1)])


def el04_model(*, dataset: object):
    """A tf.Module with variables of its own."""

    class Linear(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = tf.Variable(tf.random.stateless_normal((len(dataset.features), 1), (0, 1)), name="weights")

        def __call__(self, x, training):
            return x @ self.weights

    return Linear()


def el05_train_step(model, loss, optimizer, x, y):
    """NumPy inside the tape, for a constant that nothing is to be learnt of."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        weights = np.linspace(0.5, 1.5, len(x), dtype="float32")[:, np.newaxis]
        value = tf.reduce_mean(weights * tf.square(y - predictions))
    return _updated(model, optimizer, tape, x, y, predictions, value)


def el06_train_step(model, loss, optimizer, x, y):
    """The loss is computed inside the tape, and once more outside of it, to see how it is without Dropout."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    loss(y, model(x, training=False))
    return _updated(model, optimizer, tape, x, y, predictions, value)


def el07_model():
    """A layer that is not used, and is not to be learnt either."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.side, self.main = keras.layers.Dense(3, trainable=False), keras.layers.Dense(1)

        def call(self, x, training=False):
            self.side(x)
            return self.main(x)

    return Model()


def el08_train_step(model, loss, optimizer, x, y):
    """A tape that is asked for each variable, and was told that it would be."""
    with tf.GradientTape(persistent=True) as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    gradients = [tape.gradient(value, variable) for variable in model.trainable_variables]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)


def el09_model():
    """Two layers with a penalty."""
    hidden = keras.layers.Dense(8, kernel_regularizer=keras.regularizers.L1(0.01))
    return keras.Sequential([hidden, keras.layers.Dense(1)])


def el09_train_step(model, loss, optimizer, x, y):
    """Minimises the penalties as well, and reports the loss without them."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
        total = value + sum(model.losses)
    gradients = tape.gradient(total, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)


def el10_dataset():
    """Three classes."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 3)), random.integers(0, 3, 60)
    return eagerloop.ArrayDataset((x[:40], y[:40]), (x[40:], y[40:]), shuffle=True)


def el10_model():
    """A softmax layer at the end, which Keras's loss of logits sees and undoes, with a warning of its own."""
    return keras.Sequential([keras.layers.Dense(3, activation="softmax")])


def el11_loss(y_true, y_pred):
    """A loss for each row; the step below takes the mean."""
    return tf.reduce_mean(tf.square(y_true - y_pred), axis=1)


def el11_train_step(model, loss, optimizer, x, y):
    """Reduces the loss itself."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = tf.reduce_mean(loss(y, predictions))
    return _updated(model, optimizer, tape, x, y, predictions, value)


_MADE = []


def el12_train_step(model, loss, optimizer, x, y):
    """Uses an optimizer of its own, which it makes at its first call alone."""
    if not _MADE:
        _MADE.append(keras.optimizers.SGD(1e-4, momentum=0.9))
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    return _updated(model, _MADE[0], tape, x, y, predictions, value)


def el13_optimizer(*, dataset: object):
    """Built before the run builds it, with nothing that it could confuse."""
    return keras.optimizers.Adam(global_clipnorm=1.0)


def el14_model():
    """A tf.Variable in a Keras layer that is not to be learnt."""

    class Counted(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.unit = tf.Variable(1.0, trainable=False, name="unit")

        def call(self, x):
            return x * self.unit

    return keras.Sequential([keras.layers.Dense(1), Counted()])


def el15_metric():
    """Keeps its figures in Python, counts how often it was reset, and forgets all else."""

    class Error:
        def __init__(self):
            self.resets = self.total = self.count = 0

        def update_state(self, y_true, y_pred):
            self.total += float(tf.reduce_sum(tf.abs(y_true - y_pred)))
            self.count += int(tf.size(y_true))

        def result(self):
            return self.total / max(1, self.count)

        def reset_state(self):
            self.resets += 1
            self.total = self.count = 0

    return Error()


def el16_dataset():
    """A series in the order of time, not of its values."""
    time = np.linspace(0, 20, 100)[:, np.newaxis]
    y = np.sin(time)
    return eagerloop.ArrayDataset((time[:80], y[:80]), (time[80:], y[80:]), task="regression")


def el17_dataset():
    """A generator that is made anew, behind a shuffle whose order is another one in each epoch."""

    def rows():
        for number in range(40):
            yield np.array([number, 1], "float32"), np.array([number % 7], "float32")

    specs = (tf.TensorSpec((2,), tf.float32), tf.TensorSpec((1,), tf.float32))
    batches = tf.data.Dataset.from_generator(rows, output_signature=specs)
    return batches.shuffle(40, seed=1).batch(8), batches.batch(8)


def el18_loss(y_true, y_pred):
    """A tf.where whose two sides are finite for every input."""
    error = tf.abs(y_true - y_pred)
    root = tf.sqrt(tf.where(error > 1, error, 1.0))
    return tf.reduce_mean(tf.where(error > 1, 2 * root - 1, error))


def el19_model():
    """A variable made at the first call, which TensorFlow gives its saved value then."""

    class Late(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = None

        def __call__(self, x, training=False):
            if self.weights is None:
                self.weights = tf.Variable(tf.ones((3, 1)), name="weights")
            return x @ self.weights

    saved = Late()
    saved(tf.zeros((1, 3)))
    saved.weights.assign(5 * tf.ones((3, 1)))
    path = tf.train.Checkpoint(model=saved).write("late")
    model = Late()
    tf.train.Checkpoint(model=model).read(path)
    return model


def el20_train_step(model, loss, optimizer, x, y):
    """Prints in each step: nothing makes a graph of it."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    print("a step with the loss", float(value))  # noqa: T201 - that is what it is about
    return _updated(model, optimizer, tape, x, y, predictions, value)


def slopes_train_step(model, loss, optimizer, x, y):
    """A penalty on the slopes by x: a tape of its own is asked about the predictions, a value for each row."""
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(x)
            predictions = model(x, training=True)
        slopes = inner.gradient(predictions, x)
        value = loss(y, predictions) + 0.01 * tf.reduce_mean(tf.square(slopes))
    variables = model.trainable_variables
    gradients = tape.gradient(value, variables, unconnected_gradients="zero")
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return Step(x, y, predictions, value, gradients)


def taught_train_step(model, loss, optimizer, x, y):
    """A teacher is asked inside the tape; it is not to learn."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions) + 0.1 * loss(tf.stop_gradient(TEACHER(x)), predictions)
    return _updated(model, optimizer, tape, x, y, predictions, value)


def divided_train_step(model, loss, optimizer, x, y):
    """The run's optimizer has the last layer, another one the rest."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    variables = model.trainable_variables
    gradients = tape.gradient(value, variables)
    REST.apply_gradients(zip(gradients[:2], variables[:2], strict=True))
    optimizer.apply_gradients(zip(gradients[2:], variables[2:], strict=True))
    return Step(x, y, predictions, value, gradients)


def finetuned_model():
    """A base that learns, with its averages held still on purpose, as Keras's guide to fine-tuning has it."""

    class Tuned(keras.Model):
        def __init__(self):
            super().__init__()
            within = keras.Sequential([keras.layers.Dropout(0.5)])
            self.base = keras.Sequential([keras.layers.Dense(4), keras.layers.BatchNormalization(), within])
            self.head = keras.layers.Dense(1)

        def call(self, x, training=False):
            return self.head(self.base(x, training=False))

    return Tuned()


TEACHER = keras.layers.Dense(1)
REST = keras.optimizers.SGD(0.0001)


def _updated(model, optimizer, tape, x, y, predictions, value):
    gradients = tape.gradient(value, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return Step(x, y, predictions, value, gradients)
