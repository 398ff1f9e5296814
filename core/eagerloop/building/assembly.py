"""From settings to parts: what is chosen when nothing was, how a part is made, what it must then be able to do."""

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from eagerloop import parts
from eagerloop.building.blaming import blaming
from eagerloop.building.run_parts import another
from eagerloop.building.run_record import describe
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.defaults import default_loss, default_metrics, default_model
from eagerloop.choices.options import reserved, resolve
from eagerloop.choices.settings import Part, Settings
from eagerloop.data.arrays import ArrayDataset
from eagerloop.data.pipelines import as_dataset
from eagerloop.distribution.checks import check, compare
from eagerloop.distribution.devices import strategy_of
from eagerloop.distribution.replicas import Replicas
from eagerloop.errors import PluginError
from eagerloop.hooks import Observers
from eagerloop.parts import Choice, Dataset
from eagerloop.process.numerics import configure_tensorflow, dtype_policy

METHODS = {
    "model": ("__call__", "variables", "trainable_variables"),
    "loss": ("__call__",),
    "optimizer": ("apply_gradients", "variables"),
    "checkpointer": ("write", "read"),
    "metric": ("update_state", "result", "reset_state"),
}


@dataclass
class Assembly:
    """The parts of a run, and what the record says of them.

    Attributes:
        settings: What the user chose; parts that were not chosen are filled in.
        catalog: Where the parts are found.
        dataset_only: Whether to make the dataset and nothing else: one looks at the data before a model fits it.
        chosen: The kinds of part that were chosen for the user.
        made: Every part as the record tells it, by kind; metrics and observers as lists.
        replicas: What trains on several devices; None on one.
        files: Which files hold each part's code, by the part in words: whom to name when it raises.
    """

    settings: Settings
    catalog: Catalog
    dataset_only: bool = False
    dataset: Dataset = field(init=False)
    model: Any = field(init=False)
    loss: Any = field(init=False)
    optimizer: Any = field(init=False)
    checkpointer: Any = field(init=False)
    metrics: dict[str, Any] = field(default_factory=dict)
    observers: list[Any] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, Any] = field(default_factory=dict)
    replicas: Replicas | None = field(init=False)

    def __post_init__(self) -> None:
        """Builds the parts in their order: dataset, model, loss, optimizer, checkpointer; then metrics and observers."""
        settings = self.settings
        configure_tensorflow(settings)
        strategy = None if self.dataset_only else strategy_of(settings)
        self.replicas = Replicas(strategy) if strategy else None
        keras.utils.set_random_seed(settings.seed)
        made = self._make("dataset", settings.dataset)
        with blaming(f"{self._words('dataset')} could not give a first batch"):
            self.dataset = as_dataset(made, self._words("dataset"))
        if self.dataset_only:
            return
        self._choose_for_the_data()
        if self.replicas:
            compare(self, self.replicas)
        with dtype_policy(settings.precision), self.replicas.scope() if self.replicas else contextlib.nullcontext():
            for kind in ("model", "loss", "optimizer", "checkpointer"):
                setattr(self, kind, self._make(kind, getattr(settings, kind)))
            if settings.precision == "mixed_float16":
                self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
            self._build()
        for choice in settings.metric or ():
            self._add_metric(self._make("metric", choice))
        if self.replicas and not self.replicas.is_chief:
            settings.observer = ()  # they are the chief's
        self.observers = [self._make("observer", choice) for choice in settings.observer]
        Observers(self.observers)  # refuses those whose hooks nobody would call, before the run has a directory

    def observe(self, choice: Choice) -> None:
        """Adds an observer, in place of the one of that name if there is one; the record will tell of it."""
        names = [earlier.part for earlier in self.settings.observer]
        chosen = [*self.settings.observer, choice]
        self.observers.append(self._make("observer", choice))
        if choice.part in names:
            for rows in (chosen, self.observers, self.made["observer"]):
                del rows[names.index(choice.part)]
        self.settings.observer = chosen
        self.__dict__.pop("_record", None)

    def _choose_for_the_data(self) -> None:
        settings, task = self.settings, self.dataset.task
        if settings.model is None:
            settings.model = Choice(default_model(str(settings.dataset.part)))
            self.chosen.append("model")
        if settings.loss is None:
            settings.loss = Choice(default_loss(task))
            self.chosen.append("loss")
        if settings.metric is None:
            settings.metric = [Choice(name) for name in default_metrics(task)]
            self.chosen += ["metric"] if settings.metric else []

    def _make(self, kind: str, choice: Choice) -> Any:
        """One part: looked up, its options checked, its factory called, what came back checked."""
        if not isinstance(choice.part, str):
            part, made, words = Part("", "object", "", {}), choice.part, f"{kind} {_class_path(choice.part)}"
            part = part._replace(name=_class_path(choice.part))
        else:
            entry = self.catalog.find(kind, choice.part)
            words = entry.where
            options = resolve(entry.factory, choice.options, words)
            part = Part(choice.part, entry.owner.distribution, entry.owner.version, options)
            with blaming(f"{words} could not be made"):
                made = entry.factory(**options, **self._given(entry.factory))
            self.owners[words] = (entry.factory, made)
        self._check(kind, made, words)
        if kind in parts.SINGLE:
            self.made[kind] = part
        else:
            self.made.setdefault(kind, []).append(part)
        self.owners.setdefault(words, (None, made))
        return made

    def _words(self, kind: str) -> str:
        return next(words for words in self.owners if words.startswith(f"{kind} "))

    def _check(self, kind: str, made: Any, words: str) -> None:
        missing = [name for name in METHODS.get(kind, ()) if not hasattr(made, name)]
        if made is None or missing:
            lacks = f" without {', '.join(missing)}" if missing else ""
            a_kind = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
            msg = (
                f"{words} gave {type(made).__name__}{lacks}; {a_kind} must have {', '.join(METHODS.get(kind, ('its hooks',)))}"
            )
            raise PluginError(msg)

    def _add_metric(self, metric: Any) -> None:
        part = self.made["metric"][-1]
        name = (
            part.name.split("/")[-1].split(":")[-1].replace("-", "_")
            if part.owner != "object"
            else getattr(metric, "name", part.name)
        )
        if name in self.metrics or name in ("loss", "total_loss", "epoch", "steps", "seconds"):
            msg = f"metric '{name}' is there twice, or has the name of a column of the history; give each metric once"
            raise PluginError(msg)
        self.metrics[name] = metric
        if getattr(metric, "variables", None) is None:
            return
        with blaming(f"metric '{name}' cannot be taken over the first batch"):
            # Some make their variables at their first batch, and only what is there can be restored.
            metric.update_state(self.first_batch[1], self.first_predictions)
            metric.reset_state()
            if part.owner == "object":
                another(metric)  # an evaluation will need another one

    def _build(self) -> None:
        """Calls the model on the first batch: only then it has variables, and only then they can be restored."""
        with blaming(f"{self._words('dataset')} could not give a first batch"):
            first = getattr(self.dataset, "first_batch", None) or next(iter(self.dataset.train(1, 0)), None)
        if first is None:
            msg = f"{self._words('dataset')}: an epoch has no batch; give it at least one"
            raise PluginError(msg)
        self.first_batch = first
        self.batches = _count(self.dataset)
        with blaming(f"{self._words('model')} cannot take the first batch, x of shape {tuple(first[0].shape)}"):
            with tf.GradientTape() as tape:
                self.first_predictions = self.model(first[0], training=False)
            # One that the model does not list is a mistake worth a word. Of replicas, the tape would see those of one device.
            self.watched = () if self.replicas else tape.watched_variables()
        if self.replicas:
            check(self, self.replicas)
        if hasattr(self.optimizer, "build"):
            self.optimizer.build(self.model.trainable_variables)

    def fresh_metrics(self) -> dict[str, Any]:
        """The metrics once more, for an evaluation that must not disturb those of a half-trained epoch."""
        rows = zip(self.metrics.items(), self.made.get("metric", ()), strict=True)
        return {name: self._again(metric, part.options) for (name, metric), part in rows}

    def _again(self, metric: Any, options: Mapping[str, Any]) -> Any:
        """A metric as its factory made it. One that was given as an object must be able to make another one of itself."""
        for factory, made in self.owners.values():
            if made is metric and factory is not None:
                return factory(**options, **self._given(factory))
        return another(metric)

    def again(self, kind: str) -> Any:
        """What the factory of a single part makes when it is called once more; None if the part was given as an object."""
        factory = self.owners[self._words(kind)][0]
        return factory(**self.made[kind].options, **self._given(factory)) if factory is not None else None

    def _given(self, factory: Any) -> dict[str, Any]:
        """What the engine fills in for a factory that asks for it."""
        known = {"seed": self.settings.seed, "dataset": getattr(self, "dataset", None)}
        return {name: known[name] for name in reserved(factory)}

    def record(self) -> dict[str, Any]:
        """The content of run.toml."""
        return self._record | {"epochs": self.settings.epochs}

    @functools.cached_property
    def _record(self) -> dict[str, Any]:
        """As the parts were made: a file of code may change while the run goes on, which the run would not notice."""
        return describe(self)


def _count(dataset: Any) -> int | None:
    """How many batches an epoch has, if it says so; a dataset that must replay is not asked."""
    counted = isinstance(dataset, ArrayDataset)
    return int(dataset.train(1, 0).cardinality()) if counted else getattr(dataset, "batches_per_epoch", None)


@functools.cache  # every checkpoint holds them, and reading them takes longer than writing it
def _class_path(thing: Any) -> str:
    target = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{target.__module__}.{target.__qualname__}"
