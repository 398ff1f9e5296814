"""The parts of a run as one value: made once, kept once, and handed to whoever works with a run's parts."""

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from eagerloop.building.answer import Meaning
from eagerloop.building.by_path import MetricByPath, OutputData, innermost, leaves_at
from eagerloop.building.handing import Handed
from eagerloop.building.holdings import pieces_of, states_of, unlisted_variables
from eagerloop.building.precision import own_loss
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.options import reserved
from eagerloop.choices.settings import Part, Settings
from eagerloop.distribution.replicas import Replicas
from eagerloop.errors import PluginError
from eagerloop.parts import Dataset
from eagerloop.storage.variables import flat_variables


class Origin(NamedTuple):
    """Where a part comes from.

    Attributes:
        factory: What made it; None if it was given as an object.
        part: The part.
    """

    factory: Callable[..., Any] | None
    part: Any


@dataclass(frozen=True, eq=False)
class RunParts:
    """The parts of a run, and what is known of them.

    Attributes:
        settings: What the user chose; what was not chosen is filled in.
        catalog: Where the parts were found.
        dataset: The data, always a `Dataset`.
        model: What is trained, its variables made.
        loss: What is minimised.
        schedule: What sets the learning rate; None where the optimizer has one of its own.
        optimizer: What changes the model, its variables made.
        step: What is done with a batch: the inside of the loop.
        checkpointer: What writes the checkpoints' files.
        metrics: The metrics by the name that they have in the history.
        observers: In the order that the user gave.
        first_batch: x, (n, d), and y, (n, k) or (n,), of the first batch of the first epoch, and the weights of its rows, (n,),
            where there are some; any of them may be a structure.
        first_predictions: What the model answered to it before any training, (n, k).
        answer: What the predictions mean: `logits`, `separate logits`, `probabilities` or `quantities`.
        watched: The variables that a tape saw in that call; none on several replicas, where it sees those of one device.
        replicas: What trains on several devices; None on one.
        resolved: Every part as the record tells it, by kind.
        origins: Where each part comes from, by the part in words: whom to name when it raises.
        by_default: The kinds of part that were chosen for the user.
        answers: What the predictions mean at each path, where they are a structure.
        run_toml: The content of run.toml, as the parts were made: a file of code may change while the run goes on.
    """

    settings: Settings
    catalog: Catalog
    dataset: Dataset
    model: Any
    loss: Any
    schedule: Any
    optimizer: Any
    step: Any
    checkpointer: Any
    metrics: Mapping[str, Any]
    observers: Sequence[Any]
    first_batch: tuple[Any, ...]
    first_predictions: Any
    answer: Meaning
    watched: Sequence[Any]
    replicas: Replicas | None
    resolved: Mapping[str, Sequence[Part]]
    origins: Mapping[str, Origin]
    by_default: Sequence[str]
    answers: Mapping[str, Meaning] = field(default_factory=dict)
    run_toml: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_chief(self) -> bool:
        """Whether this process keeps the run: of several workers, one does."""
        return self.replicas is None or self.replicas.is_chief

    @property
    def in_step(self) -> bool:
        """Whether other processes train the same run, and wait for this one in every step."""
        return self.replicas is not None and self.replicas.here is not None

    @property
    def names(self) -> dict[str, str]:
        """The name of each part by its kind; of several, with commas between them."""
        return {kind: ", ".join(part.told for part in parts) for kind, parts in self.resolved.items()}

    @property
    def unlisted(self) -> dict[str, tf.Variable]:
        """The variables that model, loss, step and metrics hold and do not list, by name."""
        losses = {words: own_loss(loss) for words, loss in pieces_of("loss", self.loss).items()}
        holders = {"model": self.model, **losses, "step": self.step}
        return unlisted_variables(holders | self._metrics_by_owner())

    @functools.cached_property
    def states(self) -> list[tf.Variable]:
        """The variables that no gradient changes: averages, generators, what an RNN or a loss remembers."""
        return [*{id(variable): variable for variable in (*states_of(self.model), *self.unlisted.values())}.values()]

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """Everything that a checkpoint holds, by name."""
        holders = {"model": self.model, **pieces_of("optimizer", self.optimizer), "step": self.step}
        return flat_variables(holders | self._metrics_by_owner()) | self.unlisted

    def _metrics_by_owner(self) -> dict[str, Any]:
        return {f"metric/{name}": innermost(metric) for name, metric in self.metrics.items()}

    def given_as_objects(self) -> list[str]:
        """The kinds of which a part is known by its class alone, so that no record can make it again."""
        return [kind for kind, parts in self.resolved.items() if any(part.owner == "object" for part in parts)]

    def again(self, kind: str) -> Any:
        """What the factory of a single part makes when it is called once more; None if it was an object, or has a path."""
        factory = next(origin.factory for words, origin in self.origins.items() if words.startswith(f"{kind} "))
        first = self.resolved[kind][0]
        return self._made_by(factory, first) if factory is not None and not first.path else None

    def fresh_metrics(self) -> dict[str, Any]:
        """The metrics once more, for an evaluation that must not disturb those of a half-trained epoch."""
        rows = zip(self.metrics.items(), self.resolved.get("metric", ()), strict=True)
        return {name: self._fresh_metric(metric, part) for (name, metric), part in rows}

    def _fresh_metric(self, metric: Any, part: Part) -> Any:
        if isinstance(metric, Handed | MetricByPath):
            return metric.around(self._fresh_metric(metric.metric, part))
        for origin in self.origins.values():
            if origin.part is metric and origin.factory is not None:
                return self._made_by(origin.factory, part)
        return another_metric(metric)

    def _made_by(self, factory: Callable[..., Any], part: Part) -> Any:
        known = {"seed": self.settings.seed, "dataset": self.dataset, "answer_meaning": self.answer, "model": self.model}
        if part.path:
            answers = leaves_at(part.path, part.told, self.first_batch[1], self.first_predictions)
            known |= {"dataset": OutputData(self.dataset, *answers), "answer_meaning": self.answers[part.path]}
        return factory(**part.options, **filled_in(factory, known))


def filled_in(factory: Callable[..., Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine fills in for a factory that asks for it, by the parameters' names.

    Raises:
        PluginError: It asks for the model, and is made before it.
    """
    wanted = reserved(factory)
    if "model" in wanted - set(known):
        msg = "it asks for the model, which is made after it; a loss, an optimizer, a step, a metric or an observer may ask"
        raise PluginError(msg)
    return {name: known[name] for name in wanted}


def another_metric(metric: Any) -> Any:
    """A metric like the given one that has seen no batch yet.

    Args:
        metric: A Keras metric whose `get_config` has what its class takes, or an object that can be copied.

    Returns:
        A metric with the same options.
    """
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).from_config(metric.get_config())
    copied = copy.deepcopy(metric)
    copied.reset_state()
    return copied
