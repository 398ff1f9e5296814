"""Metrics with one fault each, named after it."""

import numpy as np


class Absolute:
    """Mean absolute error, as it should be; each fault changes one thing."""

    def __init__(self):
        self.reset_state()

    def update_state(self, y_true, y_pred):
        error = np.abs(np.asarray(y_true) - np.asarray(y_pred))
        self.total += float(error.sum())
        self.count += error.size

    def result(self):
        return self.total / max(1, self.count)

    def reset_state(self):
        self.total, self.count = 0.0, 0


def mean_of_means():
    """Takes the mean of the batches' means."""

    def update_state(self, y_true, y_pred):
        self.total += float(np.mean(np.abs(np.asarray(y_true) - np.asarray(y_pred))))
        self.count += 1

    return type("Absolute", (Absolute,), {"update_state": update_state})()


def never_reset():
    """Does nothing when it is reset."""

    class Kept(Absolute):
        def __init__(self):
            self.total, self.count = 0.0, 0

        def reset_state(self):
            pass

    return Kept()


def predictions_ignored():
    """Measures the targets."""

    def update_state(self, y_true, y_pred):
        Absolute.update_state(self, y_true, np.zeros(np.shape(y_true)))

    return type("Absolute", (Absolute,), {"update_state": update_state})()


def nan_figure():
    """Divides by a count that it never raises."""

    def result(self):
        return np.float64(self.total) * np.nan

    return type("Absolute", (Absolute,), {"result": result})()


def shared_by_all():
    """Keeps its sums on the class."""

    class Shared:
        sums = {"total": 0.0, "count": 0}  # noqa: RUF012 - the fault

        def update_state(self, y_true, y_pred):
            error = np.abs(np.asarray(y_true) - np.asarray(y_pred))
            self.sums["total"] += float(error.sum())
            self.sums["count"] += error.size

        def result(self):
            return self.sums["total"] / max(1, self.sums["count"])

        def reset_state(self):
            self.sums.update(total=0.0, count=0)

    return Shared()


def weights_ignored():
    """Takes weights of rows, and counts all alike."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        Absolute.update_state(self, y_true, y_pred)

    return type("Absolute", (Absolute,), {"update_state": update_state})()


def weights_in_the_sum_alone():
    """Divides the weighted sum by the number of all rows."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = np.abs(np.asarray(y_true) - np.asarray(y_pred)).reshape(len(y_true), -1)
        weight = np.ones(len(y_true)) if sample_weight is None else np.asarray(sample_weight)
        self.total += float((error * weight[:, None]).sum())
        self.count += error.size

    return type("Absolute", (Absolute,), {"update_state": update_state})()
