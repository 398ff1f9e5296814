"""Accuracy of one output or of several: the predictions say which. Imported by a factory, as it needs Keras."""

from typing import Any

import keras


class AnyWidthAccuracy(keras.metrics.MeanMetricWrapper):
    """The part of the rows whose class is right.

    Args:
        threshold: The answer from which on a single output is a yes.
        one_hot: Whether the targets of several outputs are one-hot, and no class numbers.
        hot_width: Where they are class numbers: how many of them beside as many outputs would be one-hot rows after all. Of
            any other width, each number has an output of its own, for yes.
        name: What Keras calls it.
    """

    def __init__(self, threshold: float = 0.0, *, one_hot: bool = False, hot_width: int = 0, name: str = "accuracy") -> None:
        super().__init__(self._right, name=name)
        self.threshold, self.one_hot, self.hot_width = threshold, one_hot, hot_width

    def _right(self, y_true: Any, y_pred: Any) -> Any:
        width = y_pred.shape[-1]
        alike = len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == width
        if width == 1 or (alike and not self.one_hot and width != self.hot_width):
            return keras.metrics.binary_accuracy(y_true, y_pred, threshold=self.threshold)
        several = keras.metrics.categorical_accuracy if self.one_hot or alike else keras.metrics.sparse_categorical_accuracy
        return several(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """All that makes another one."""
        return {"threshold": self.threshold, "one_hot": self.one_hot, "hot_width": self.hot_width, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AnyWidthAccuracy":
        """Another one, which has seen no row."""
        return cls(**config)
