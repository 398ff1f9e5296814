"""Measuring a model on batches that are not trained on: one loop, eager or as a `tf.function`, like the training's.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k), loss scalar.
"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop.loop import Step
from eagerloop.tally import Tally

if TYPE_CHECKING:
    from eagerloop.parts import Loss, Metric, Model
    from eagerloop.run import Run


def measure(model: "Model", loss: "Loss", x: Any, y: Any) -> Step:
    """Predicts with `training=False`, and says how wrong that is; penalties, such as L2, count too."""
    predictions = model(x, training=False)
    return Step(x, y, predictions, tf.add_n([loss(y, predictions), *getattr(model, "losses", ())]), ())


def measure_all(run: "Run", tally: Any, batches: Iterable[tuple[Any, Any]]) -> None:
    """The loop of an evaluation."""
    for x, y in batches:
        tally.add(measure(run.model, run.loss, x, y))


class GraphTally:
    """A `Tally` whose sums are variables, so that a graph can add to them.

    Args:
        metrics: Metrics that keep their figures in variables, by name.
    """

    def __init__(self, metrics: "Mapping[str, Metric]") -> None:
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


class Evaluation:
    """How a run evaluates. Its metrics are its own: those of a half-trained epoch are not disturbed.

    Args:
        run: The run.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._compiled: tuple[GraphTally, Any] | None = None

    def __call__(self, batches: Any) -> dict[str, float]:
        """The loss, nan if it was not finite in a batch, and every metric, over all rows."""
        metrics = self._run.metrics.values()
        in_graph = self._run.settings.compile and all(hasattr(metric, "variables") for metric in metrics)
        if in_graph and isinstance(batches, tf.data.Dataset):
            tally = self._in_graph(batches)
        else:
            tally = Tally(self._run.assembly.fresh_metrics())
            measure_all(self._run, tally, batches)
        return tally.results() | ({"loss": math.nan} if tally.skipped else {})

    def _in_graph(self, batches: tf.data.Dataset) -> Tally:
        """The loop in one call; it is traced once for each form of batch."""
        if self._compiled is None:
            tally = GraphTally(self._run.assembly.fresh_metrics())
            # Some metrics make their variables when they first see a batch, which a graph is not the place for.
            tally.tally.add(measure(self._run.model, self._run.loss, *self._run.assembly.first_batch))
            loop = tf.function(lambda iterator: measure_all(self._run, tally, iterator))
            self._compiled = tally, loop
        tally, loop = self._compiled
        tally.reset()
        loop(iter(batches))
        return tally.results()
