"""A small model, a loss and an optimizer, for a step to work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eagerloop.testing.checks import Subject

MANY = 12
"""Steps after which something must have changed, though a step may gather several batches."""


@dataclass
class Bench:
    """A step and what it is given.

    Attributes:
        step: The step.
        model: A built model.
        loss: A loss.
        optimizer: A built optimizer.
    """

    step: Any
    model: Any
    loss: Any
    optimizer: Any

    def on(self, x: Any, y: Any) -> Any:
        """One step on a batch."""
        return self.step(self.model, self.loss, self.optimizer, x, y)

    @property
    def variables(self) -> list[Any]:
        """All that a checkpoint would hold."""
        held = (self.model, self.optimizer, self.step)
        return [variable for holder in held for variable in getattr(holder, "variables", ())]

    def values(self) -> list[Any]:
        """A copy of the values of all that."""
        import numpy as np  # noqa: PLC0415

        return [np.array(variable) for variable in self.variables]

    def trained(self) -> list[Any]:
        """A copy of the values of what is trained."""
        import numpy as np  # noqa: PLC0415

        return [np.array(variable) for variable in self.model.trainable_variables]


def bench(subject: Subject) -> Bench:
    """The step and its bench, as a run makes them: the model's variables first, then the optimizer's, then the step's."""
    import keras  # noqa: PLC0415

    step = subject.make()
    model = _rivals() if subject.trial.rivals else _two_layers(subject.trial.x, subject.trial.y)
    model(batches(subject)[0][0], training=False)
    optimizer, loss = keras.optimizers.SGD(0.05, momentum=0.9), keras.losses.MeanSquaredError()
    optimizer.build(model.trainable_variables)
    if hasattr(step, "build"):
        step.build(model, optimizer, model.trainable_variables)
    return Bench(step, model, loss, optimizer)


def batches(subject: Subject) -> Sequence[tuple[Any, Any]]:
    """Three batches of the trial's data, the last one shorter: x, (n, d), and y, (n, k) or (n,)."""
    import tensorflow as tf  # noqa: PLC0415

    x, y = tf.constant(subject.trial.x), tf.constant(subject.trial.y)
    rows = len(x) // 3
    return [(x[:rows], y[:rows]), (x[rows : 2 * rows], y[rows : 2 * rows]), (x[2 * rows : -1], y[2 * rows : -1])]


def _two_layers(x: Any, y: Any) -> Any:
    """A model from the trial's x, (n, ...), to its y, (n, k) or (n,)."""
    import keras  # noqa: PLC0415

    outputs = y.shape[-1] if len(y.shape) > 1 else 1
    layers = [keras.layers.Flatten(), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(outputs)]
    return keras.Sequential([keras.Input(x.shape[1:]), *layers])


def _rivals() -> Any:
    """A model that holds two: a generator and a discriminator, whose answer is its own."""
    import keras  # noqa: PLC0415

    class Rivals(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
            self.discriminator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])

        def call(self, x: Any, training: bool = False) -> Any:  # noqa: FBT001, FBT002 - Keras's signature
            return self.discriminator(x, training=training)

    return Rivals()
