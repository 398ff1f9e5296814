"""A batch to try a part on, and a small dataset, made from two arrays, for factories that want one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROWS = 12

LABELS = (0, 0, 1, 2, 1, 0, 2, 2, 1, 0, 1, 2)
"""Class numbers whose neighbours follow no pattern: shifted by one row, no class is mapped to one other."""


Made = Callable[[], Any]
"""Makes a trial when it is its turn: some need TensorFlow, most are never reached."""


@dataclass(frozen=True)
class Batch:
    """A batch for a model, x and y of any structure, and the dataset that it is from.

    For optimizers, the kind of variable to be tried on; for steps, whether the model is two, a generator and a discriminator.
    """

    x: Any
    y: Any
    dataset: Any
    keras_variables: bool = False
    rivals: bool = False


class TrialDataset:
    """Two batches of x and y, as a `Dataset`.

    Args:
        x: Shape (n, ...).
        y: Shape (n, k), or (n,) for classes.
        classes: How many classes there are; 0 for a regression.
    """

    exact, note, fingerprint = True, "", "trial"

    def __init__(self, x: Any, y: Any, classes: int = 0) -> None:
        self.x, self.y = x, y
        self.task = "classification" if classes else "regression"
        self.features = tuple(f"x{number}" for number in range(int(x[0].size)))
        self.targets = ("y",) if y.ndim == 1 else tuple(f"y{number}" for number in range(y.shape[1]))
        self.classes = tuple(map(str, range(classes)))
        self.outputs = classes or len(self.targets)

    def train(self, epoch: int = 1, start: int = 0) -> Any:  # noqa: ARG002 - every epoch is the same
        """Two batches, the second one shorter."""
        import tensorflow as tf  # noqa: PLC0415

        size = len(self.x) * 2 // 3
        return tf.data.Dataset.from_tensor_slices((self.x, self.y)).batch(size).skip(start)

    def test(self) -> Any:
        """The same rows."""
        return self.train()

    def validation(self) -> Any:
        """The same rows."""
        return self.train()
