"""One step on several replicas of a model: each takes its share of the batch, and all make the update of the whole.

The step, such as `loop.train_step`, runs on every replica, on a contiguous share of the rows. What it gives is weighted by
the share, n_r of N rows, and summed: loss, gradients and figures are those of the whole batch, however unevenly it is divided.
The predictions are put together in the order of the rows. Then every replica makes the same update, so that the variables
stay the same.

Shapes: N rows in a batch, n_r of them in a share, d features, k outputs: x (N, d), y (N, k) or (N,), predictions (N, k).
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop import loop
from eagerloop.distribution.keras_on_replicas import as_on_one_device, summed_already
from eagerloop.distribution.workers.agreement import agree
from eagerloop.distribution.workers.cluster import read_cluster
from eagerloop.storage.variables import inner_variable
from eagerloop.structures import map_leaves, rows_of

if TYPE_CHECKING:
    from eagerloop.parts import Loss, Model, Optimizer, TrainStep


class Share:
    """Stands in for the optimizer on a replica: it weighs the loss, and leaves the update to the whole.

    Args:
        optimizer: What will make the update.
        weight: The replica's part of the rows, from 0 to 1, a scalar.
    """

    variables = ()

    def __init__(self, optimizer: "Optimizer", weight: Any) -> None:
        self._optimizer, self._weight = optimizer, weight

    def scale_loss(self, value: Any) -> Any:
        """The replica's part of the loss, scaled as the optimizer wants it."""
        scaled = self._optimizer.scale_loss(value) if hasattr(self._optimizer, "scale_loss") else value
        return _times(scaled, self._weight)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """Nothing yet: these are the gradients of a share."""


class Replicas:
    """The replicas of a strategy.

    Args:
        strategy: A mirrored one, of one process or of several.

    Attributes:
        count: How many there are.
        here: The workers, where the replicas are in several processes.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self.strategy = strategy
        self.count = int(strategy.num_replicas_in_sync)
        several = self.count > len(strategy.extended.worker_devices)
        self.here = read_cluster() if several else None
        # Asked for after every step: eagerly it would take seven times as long.
        self._total: Any = tf.function(lambda value: strategy.run(_sum, args=(value,)))

    @property
    def is_chief(self) -> bool:
        """Whether this process keeps the run."""
        return self.here is None or self.here.place == 0

    def agree(self, facts: Mapping[str, Any]) -> None:
        """Refuses to go on where a fact is another one for another worker; every one of them has to ask.

        Raises:
            ConfigError: On every worker alike: the fact, and who has what.
        """
        if self.here:
            agree(self.here, self.strategy, facts)

    def scope(self) -> AbstractContextManager[Any]:
        """Variables that are made while this lasts are on every replica."""
        return self.strategy.scope()  # type: ignore[no-any-return]

    def train_step(
        self, model: "Model", loss: "Loss", optimizer: "Optimizer", *batch: Any, step: "TrainStep" = loop.train_step
    ) -> loop.Step:
        """One update with the gradient of the whole batch; see `loop.train_step`, which each replica calls, or another step."""
        with as_on_one_device():
            found = self.strategy.run(self._on_share, args=(step, model, loss, optimizer, batch))
        # The same on every replica.
        here = tf.nest.map_structure(lambda part: self.strategy.experimental_local_results(part)[0], found)
        predictions, value, gradients, figures = here
        finite = loop.all_finite(value, () if hasattr(optimizer, "scale_loss") else gradients)
        if finite:  # of the whole: a replica alone may not decide, the others would wait for it
            with summed_already(optimizer):
                self.strategy.run(_update, args=(model, optimizer, gradients))
        x, y, *weights = batch
        return loop.Step(x, y, predictions, value, gradients, finite, figures, *weights)

    def total(self, value: float) -> float:
        """A number added up over all replicas, every one of which has to ask."""
        return float(self.strategy.experimental_local_results(self._total(tf.constant(value)))[0])

    def _on_share(
        self, step: "TrainStep", model: "Model", loss: "Loss", optimizer: "Optimizer", batch: tuple[Any, ...]
    ) -> list[Any]:
        """The step on one replica: predictions, loss, gradients, figures of the whole. Averages change by the mean change."""
        replica = tf.distribute.get_replica_context()
        total = tf.convert_to_tensor(rows_of(batch))
        number = replica.replica_id_in_sync_group
        first, end = number * total // self.count, (number + 1) * total // self.count
        begin = tf.minimum(first, total - 1)  # a replica without rows takes one that is not its own, and counts it nothing
        mine = slice(begin, tf.maximum(end, begin + 1))
        weight = tf.cast(end - first, tf.float32) / tf.cast(total, tf.float32)
        averages = _averages(model)
        before = [tf.convert_to_tensor(variable) for variable in averages]
        given = step(model, loss, Share(optimizer, weight), *map_leaves(lambda leaf: leaf[mine], batch))
        changes = [_times(after - old, weight) for after, old in zip(averages, before, strict=True)]
        predictions = map_leaves(lambda leaf: _among_all(leaf[: end - first], first, total - end), given.predictions)
        figures = {name: _times(tf.convert_to_tensor(figure), weight) for name, figure in given.figures.items()}
        found = [predictions, _times(given.loss, weight), list(given.gradients), figures]
        parts = tf.nest.flatten(found)
        sums = _sums([*parts, *changes])
        for variable, old, change in zip(averages, before, sums[len(parts) :], strict=True):
            variable.assign(old + change)
        return tf.nest.pack_sequence_as(found, sums[: len(parts)])  # type: ignore[no-any-return]


def _among_all(predictions: Any, before: Any, behind: Any) -> Any:
    """The predictions of a share between zeros, in the places of the other shares' rows."""
    return tf.pad(predictions, [[before, behind], *([0, 0] for _ in predictions.shape[1:])])


def _averages(model: "Model") -> list[Any]:
    """Numbers that no optimizer changes, such as BatchNorm's averages: each replica has taken them over its own share."""
    trained = {id(variable) for variable in model.trainable_variables}
    others = [inner_variable(variable) for variable in model.variables if id(variable) not in trained]
    return [variable for variable in others if variable.dtype.is_floating]


def _times(value: Any, weight: Any) -> Any:
    return value * tf.cast(weight, value.dtype)


def _sum(value: Any) -> Any:
    """A number added up over the replicas. In a graph, what is added up must have been computed there."""
    return _sums([tf.identity(value)])[0]


def _sums(parts: list[Any]) -> list[Any]:
    """Each tensor added up over the replicas. Those of one dtype go together: TensorFlow packs what it sends."""
    replica, sums = tf.distribute.get_replica_context(), list(parts)
    for dtype in dict.fromkeys(part.dtype for part in parts):
        places = [place for place, part in enumerate(parts) if part.dtype == dtype]
        found = replica.all_reduce(tf.distribute.ReduceOp.SUM, [parts[place] for place in places])
        for place, value in zip(places, found, strict=True):
            sums[place] = value
    return sums


def _update(model: "Model", optimizer: "Optimizer", gradients: list[Any]) -> None:
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
