"""Measuring a model on batches that are not trained on: one loop, eager or as a `tf.function`, like the training's.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k), loss scalar.
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop.loop import Step
from eagerloop.running.tally import GraphTally, Tally

if TYPE_CHECKING:
    from eagerloop.parts import Loss, Model
    from eagerloop.running.run import Run


def measure(model: "Model", loss: "Loss", x: Any, y: Any) -> Step:
    """Predicts with `training=False`, and says how wrong that is; penalties, such as L2, count too."""
    predictions = model(x, training=False)
    return Step(x, y, predictions, tf.add_n([loss(y, predictions), *getattr(model, "losses", ())]), ())


def measure_all(run: "Run", tally: Any, batches: Iterable[tuple[Any, Any]]) -> None:
    """The loop of an evaluation."""
    for x, y in batches:
        tally.add(measure(run.model, run.loss, x, y))


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
