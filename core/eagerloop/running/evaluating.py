"""The model on batches that are not trained on: what it answers, and how good that is.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k), loss scalar.
"""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop.building.precision import own_loss
from eagerloop.building.run_parts import RunParts
from eagerloop.building.weighing import wants_weights
from eagerloop.inspection.looking.restoring import leaving_no_trace
from eagerloop.loop import Step, all_finite, asked_by, loss_of, penalties
from eagerloop.running.following import Following
from eagerloop.running.tally import GraphTally, Tally
from eagerloop.structures import rows_of

if TYPE_CHECKING:
    from eagerloop.parts import Loss, Model


def predictor(parts: RunParts) -> Callable[[Any], Any]:
    """What the model answers to x, with `training=False`: compiled where the run is."""

    def predictions(x: Any) -> Any:
        return parts.model(x, training=False)

    if not parts.settings.compile:
        return predictions
    # Of any number of rows, and of any length of them, it is traced twice or thrice and then never again.
    return Following(lambda: tf.function(predictions, reduce_retracing=True), parts)


def measure(model: "Model", loss: "Loss", x: Any, y: Any, sample_weight: Any = None) -> Step:
    """Predicts with `training=False`, and says how wrong that is; penalties, such as L2, count too."""
    predictions = model(x, training=False)
    measured, figures = loss_of(loss, y, predictions, x, _weights_for(loss, x, sample_weight))
    value = tf.add_n([measured, *penalties(model)])
    return Step(x, y, predictions, value, (), all_finite(value, ()), figures, sample_weight)


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def _weights_for(loss: "Loss", x: Any, sample_weight: Any) -> Any:
    """The weights of a batch. If it has none, and the loss was trained with some and must have them, each row counts once."""
    if sample_weight is not None or "sample_weight" not in asked_by(loss) or not wants_weights(own_loss(loss)):
        return sample_weight
    return tf.ones([rows_of(x)])


def measure_all(parts: RunParts, tally: Tally | GraphTally, batches: Iterable[tuple[Any, ...]]) -> None:
    """The loop of an evaluation: like the training's, one source, eager or as a `tf.function`."""
    for batch in batches:
        tally.add(_measurer(parts)(parts.model, parts.loss, *batch))


def _measurer(parts: RunParts) -> Callable[..., Step]:
    """How a batch is measured: a step of one's own may do it in its own way."""
    return getattr(parts.step, "measure", measure)


class Evaluation:
    """How a run evaluates. Its metrics are its own: those of a half-trained epoch are not disturbed.

    Args:
        parts: The parts of the run.
    """

    def __init__(self, parts: RunParts) -> None:
        self._parts = parts
        self._compiled: tuple[Tally, GraphTally, Any] | None = None

    def __call__(self, batches: Any) -> dict[str, float]:
        """The loss, nan if it was not finite in a batch, and every metric, over all rows."""
        in_graph = self._parts.settings.compile and all(hasattr(metric, "variables") for metric in self._parts.metrics.values())
        evaluate = self._in_graph if in_graph and isinstance(batches, tf.data.Dataset) else self._one_by_one
        with leaving_no_trace(self._parts):
            tally = evaluate(batches)
        return tally.results() | ({"loss": math.nan} if tally.skipped else {})

    def _one_by_one(self, batches: Iterable[tuple[Any, ...]]) -> Tally:
        tally = Tally(self._parts.fresh_metrics())
        measure_all(self._parts, tally, batches)
        return tally

    def _in_graph(self, batches: tf.data.Dataset) -> Tally:
        """The loop in one call; it is traced once for each form of batch."""
        if self._compiled is None:
            tally = Tally(self._parts.fresh_metrics())
            # Some metrics make their variables at their first batch. A graph must not make variables.
            with leaving_no_trace(self._parts):
                tally.add(_measurer(self._parts)(self._parts.model, self._parts.loss, *self._parts.first_batch))
            graph_tally = GraphTally(tally)
            loop = Following(lambda: tf.function(lambda iterator: measure_all(self._parts, graph_tally, iterator)), self._parts)
            self._compiled = tally, graph_tally, loop
        tally, graph_tally, loop = self._compiled
        tally.reset()
        graph_tally.begin()
        loop(iter(batches))
        graph_tally.end()
        return tally
