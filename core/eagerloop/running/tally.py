"""The figures of an epoch: its loss, its metrics, how many steps and rows they were taken over."""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from eagerloop.loop import Step
from eagerloop.parts import Metric


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
        """Takes a step into account; a step whose loss is not finite is only counted.

        Returns:
            The loss of the step. Reading it waits for the step to end: the one synchronisation of an eager step.
        """
        loss = float(step.loss)
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

    def state(self) -> dict[str, float]:
        """The sums, exactly; the metrics' variables are saved with the model's."""
        return {name: getattr(self, name) for name in ("steps", "rows", "skipped", "total_loss", "loss_sum")}

    def restore(self, state: Mapping[str, float]) -> None:
        """Takes up the sums that `state` returned; none given means none."""
        for name, nothing in (("steps", 0), ("rows", 0), ("skipped", 0), ("total_loss", 0.0), ("loss_sum", 0.0)):
            setattr(self, name, state.get(name, nothing))


def _number(name: str, result: Any) -> float:
    """A metric may answer with one value an output (F1Score does): their mean is one figure to follow."""
    import numpy as np  # noqa: PLC0415

    values = np.asarray(result, dtype=float)
    if not values.size:
        msg = f"metric '{name}' has no result"
        raise ValueError(msg)
    return float(values.mean())


class GraphTally:
    """A `Tally` whose sums are variables, so that a graph can add to them.

    Args:
        metrics: Metrics that keep their figures in variables, by name.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.tally = Tally(metrics)
        # steps, rows, steps left out, sum of the losses, sum of the losses times rows: float64, as Python's own floats
        self._sums = tf.Variable(tf.zeros(5, tf.float64), trainable=False)

    def add(self, step: Step) -> None:
        """Takes a step into account; one whose loss is not finite is only counted."""
        loss, rows = tf.cast(step.loss, tf.float64), tf.cast(tf.shape(step.y)[0], tf.float64)
        if tf.math.is_finite(loss):
            self._sums.assign_add(tf.stack([1.0, rows, 0.0, loss, loss * rows]))
            for metric in self.tally.metrics.values():
                metric.update_state(step.y, step.predictions)
        else:
            self._sums.assign_add(tf.constant([1.0, 0.0, 1.0, 0.0, 0.0], tf.float64))

    def results(self) -> Tally:
        """The sums so far, and a new beginning for the next evaluation."""
        steps, rows, skipped, total_loss, loss_sum = (float(value) for value in self._sums.numpy())
        self.tally.restore({"steps": int(steps), "rows": int(rows), "skipped": int(skipped), "total_loss": total_loss})
        self.tally.loss_sum = loss_sum
        return self.tally

    def reset(self) -> None:
        """Forgets everything."""
        self._sums.assign(tf.zeros(5, tf.float64))
        self.tally.reset()
