"""The figures of an epoch: its loss, its metrics, how many steps and rows they were taken over."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.loop import Step
from eagerloop.parts import Metric

SUMS = {"steps": int, "rows": int, "skipped": int, "total_loss": float, "loss_sum": float}
"""What is added up over the steps: counts, the losses, and the losses times their rows."""


class Tally:
    """Sums over the steps since the last reset.

    Args:
        metrics: Metrics by the name that they have in the history.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.metrics = dict(metrics)
        self.steps = self.rows = self.skipped = 0
        self.total_loss = self.loss_sum = 0.0

    def add(self, step: Step) -> float:
        """Takes a step into account; a step that is not finite is only counted.

        Returns:
            The loss of the step, nan if it was not finite or a gradient was not. Reading it waits for the device.
        """
        loss = float(step.loss) if step.finite else math.nan
        self.steps += 1
        if not math.isfinite(loss):
            self.skipped += 1
            return loss
        rows = step.y.shape[0]
        self.rows += rows
        self.total_loss += loss
        self.loss_sum += loss * rows
        for metric in self.metrics.values():
            metric.update_state(step.y, step.predictions)
        return loss

    @property
    def loss(self) -> float:
        """The mean over rows, as Keras reports it: a short last batch counts for less. nan before the first step."""
        return self.loss_sum / self.rows if self.rows else math.nan

    def results(self) -> dict[str, float]:
        """The loss and every metric, each a float."""
        return {"loss": self.loss} | {name: _number(name, metric.result()) for name, metric in self.metrics.items()}

    def reset(self) -> None:
        """Starts an epoch."""
        self.restore({})
        for metric in self.metrics.values():
            metric.reset_state()

    def sums(self) -> dict[str, float]:
        """The sums, exactly; the metrics' variables are saved with the model's."""
        return {name: getattr(self, name) for name in SUMS}

    def restore(self, sums: Mapping[str, float]) -> None:
        """Takes up the sums that `sums` returned; none given means none."""
        for name, kind in SUMS.items():
            setattr(self, name, kind(sums.get(name, 0)))


class GraphTally:
    """Adds to a `Tally` from within a graph: between `begin` and `end`, its sums are a variable.

    What a stretch of steps has to know besides, stands there too: each operation less is a few microseconds of each step.

    Args:
        tally: The tally; its metrics keep their figures in variables.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        # Behind the sums: the steps left, and the loss of the one that was not finite. float64, as Python's own floats.
        self._sums = tf.Variable(tf.zeros(len(SUMS) + 2, tf.float64), trainable=False)

    def begin(self, steps: int = 0) -> None:
        """Goes on from the tally's sums; for so many steps, if somebody asks whether they are done."""
        self._sums.assign(np.array([*self._tally.sums().values(), steps, 0]))

    def add(self, step: Step) -> None:
        """As `Tally.add`; after a step that was not finite, none is left. A branch costs more than the sums: they have none."""
        loss, rows = tf.cast(step.loss, tf.float64), tf.cast(tf.shape(step.y)[0], tf.float64)
        taken = tf.stack([1.0, rows, 0.0, loss, loss * rows, -1.0, 0.0])
        self._sums.assign_add(tf.where(step.finite, taken, tf.stack([1.0, 0.0, 1.0, 0.0, 0.0, -math.inf, loss])))
        if self._tally.metrics and step.finite:
            for metric in self._tally.metrics.values():
                metric.update_state(step.y, step.predictions)

    def none_left(self) -> Any:
        """Whether the steps are done, or one was not finite."""
        return self._sums[len(SUMS)] <= 0

    def end(self) -> float:
        """Brings the tally up to date; returns the loss of the step that was not finite, if one was."""
        *sums, _left, lost = self._sums.numpy().tolist()
        self._tally.restore(dict(zip(SUMS, sums, strict=True)))
        return float(lost)


def _number(name: str, result: Any) -> float:
    """A metric may answer with one value an output (F1Score does): their mean is one figure to follow."""
    values = np.asarray(result, dtype=float)
    if not values.size:
        msg = f"metric '{name}' has no result"
        raise ValueError(msg)
    return float(values.mean())
