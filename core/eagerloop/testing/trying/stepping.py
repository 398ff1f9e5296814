"""A small model, a loss and an optimizer, for a step to work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eagerloop.structures import is_tensor, leaves_by_path, map_leaves, rows_of
from eagerloop.testing.checks import Subject
from eagerloop.testing.trying.loss_values import tensors

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

    def on(self, *batch: Any) -> Any:
        """One step on a batch: x, y, and the weights of its rows if there are some."""
        return self.step(self.model, self.loss, self.optimizer, *batch)

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
    optimizer, loss = keras.optimizers.SGD(0.05, momentum=0.9), _loss_for(subject.trial.y)
    optimizer.build(model.trainable_variables)
    if hasattr(step, "build"):
        step.build(model, optimizer, model.trainable_variables)
    return Bench(step, model, loss, optimizer)


def batches(subject: Subject) -> Sequence[tuple[Any, Any]]:
    """Three batches of the trial's data, the last one shorter: x and y, tensors of n rows or structures of them."""
    x, y = tensors(subject.trial.x), tensors(subject.trial.y)
    rows = int(rows_of(x)) // 3
    cuts = (slice(rows), slice(rows, 2 * rows), slice(2 * rows, -1))
    return [(map_leaves(lambda leaf, cut=cut: leaf[cut], x), map_leaves(lambda leaf, cut=cut: leaf[cut], y)) for cut in cuts]


def with_nan(structure: Any) -> Any:
    """The same tensors, nan in all that are of floats."""
    import numpy as np  # noqa: PLC0415

    return map_leaves(lambda leaf: leaf * np.float32("nan") if leaf.dtype.is_floating else leaf, structure)


def equal(one: Any, other: Any) -> bool:
    """Whether two structures have the same paths and values."""
    import numpy as np  # noqa: PLC0415

    some, others = leaves_by_path(one), leaves_by_path(other)
    return list(some) == list(others) and all(np.array_equal(np.asarray(some[path]), np.asarray(others[path])) for path in some)


def _two_layers(x: Any, y: Any) -> Any:
    """A model from the trial's x, (n, ...), to its y, (n, k) or (n,); each is a tensor, or a structure of such."""
    import keras  # noqa: PLC0415

    inputs = map_leaves(lambda leaf: keras.Input(leaf.shape[1:]), x)
    flat = [keras.layers.Flatten()(leaf) for leaf in leaves_by_path(inputs).values()]
    body = keras.layers.Dense(4, activation="tanh")(keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0])
    return keras.Model(
        inputs, map_leaves(lambda leaf: keras.layers.Dense(leaf.shape[-1] if len(leaf.shape) > 1 else 1)(body), y)
    )


def _loss_for(y: Any) -> Any:
    """The mean squared error; of several outputs the sum of theirs."""
    import keras  # noqa: PLC0415

    squared = keras.losses.MeanSquaredError()
    if is_tensor(y):
        return squared

    def of_all(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        import tensorflow as tf  # noqa: PLC0415

        true, answers = leaves_by_path(y_true), leaves_by_path(y_pred)
        return tf.add_n([squared(true[path], answers[path], sample_weight) for path in true])

    return of_all


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
