"""EL19: a checkpoint is restored into a model that has no variables yet."""

from pathlib import Path

import keras
import tensorflow as tf


class Small(keras.Model):
    """One layer, which gets its weights when it is first called."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1, name="dense")

    def call(self, x, training=False):
        """Predictions, (n, 1)."""
        return self.dense(x)


def model(*, path: Path = Path("saved")):
    """The model that was saved, with a mistake."""
    made = Small()
    tf.train.Checkpoint(model=made).read(str(path))
    return made


def fixed(*, path: Path = Path("saved")):
    """The model that was saved: built first."""
    made = Small()
    made(tf.zeros((1, 3)))
    tf.train.Checkpoint(model=made).read(str(path)).assert_existing_objects_matched()
    return made


def save(path="saved"):
    """Writes a checkpoint of such a model with weights of 7."""
    made = Small()
    made(tf.zeros((1, 3)))
    made.dense.kernel.assign(7 * tf.ones((3, 1)))
    return tf.train.Checkpoint(model=made).write(str(path))
