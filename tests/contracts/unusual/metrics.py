"""Metrics that are right, and unlike most."""

import numpy as np


class _Weighted:
    def __init__(self):
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = np.abs(np.asarray(y_true) - np.asarray(y_pred)).reshape(len(y_true), -1).mean(axis=1)
        weight = np.ones(len(error)) if sample_weight is None else np.asarray(sample_weight)
        self.total, self.count = self.total + float(error @ weight), self.count + float(weight.sum())

    def result(self):
        return self.total / max(self.count, 1e-9)

    def reset_state(self):
        self.total = self.count = 0.0


def weighted_in_python():
    """Counts each row by its weight, in Python numbers."""
    return _Weighted()
