"""How one part is made: looked up, its options checked, its factory called, what came back checked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from eagerloop.building.answer import Meaning, meaning_of, require_answers_for
from eagerloop.building.blaming import blaming
from eagerloop.building.by_path import LossByPath, MetricByPath, OutputData, leaves_at, meanings_by_path
from eagerloop.building.callbacks import as_observer
from eagerloop.building.handing import handed
from eagerloop.building.holdings import holders_in, states_of
from eagerloop.building.object_identity import class_path, config_of
from eagerloop.building.optimizer_by_path import OptimizerByPath
from eagerloop.building.run_parts import Origin, another_metric, filled_in
from eagerloop.building.weighing import require_fitting_weights
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.chosen import WEIGHT, Chosen, choices_in, options_at, word_of
from eagerloop.choices.options import resolve
from eagerloop.choices.settings import Part
from eagerloop.data.pipelines import as_dataset
from eagerloop.errors import PluginError
from eagerloop.loop import loss_of
from eagerloop.parts import Choice, Dataset
from eagerloop.structures import is_tensor, shapes_in_words

CONFIGURED = ("loss", "schedule", "optimizer", "metric")
"""Kinds whose objects are compared by their `get_config()` as well."""

METHODS = {
    "model": ("__call__", "variables", "trainable_variables"),
    "loss": ("__call__",),
    "schedule": ("__call__",),
    "optimizer": ("apply_gradients", "variables"),
    "step": ("__call__",),
    "checkpointer": ("write", "read"),
    "metric": ("update_state", "result", "reset_state"),
}

COLUMNS = ("loss", "total_loss", "epoch", "steps", "seconds")
"""Columns of the history, whose names no metric may have."""


class Workshop:
    """Makes parts one by one, and keeps where each comes from.

    Args:
        seed: The run's seed, for the factories that ask for it.
        catalog: Where the parts are found.
        dataset: The run's dataset, if it is made already.
        answer: What the predictions mean, if that is known already.
        model: The run's model, if it is made already.
    """

    def __init__(self, seed: int, catalog: Catalog, dataset: Any = None, answer: Any = None, model: Any = None) -> None:
        self._catalog = catalog
        self._known: dict[str, Any] = {"seed": seed, "dataset": dataset, "answer_meaning": answer}
        self._known |= {} if model is None else {"model": model}
        self.answers: dict[str, Meaning] = {}
        self.resolved: dict[str, list[Part]] = {}
        self.origins: dict[str, Origin] = {}

    def names(self) -> dict[str, str]:
        """The name of the first part of each kind."""
        return {kind: parts[0].name for kind, parts in self.resolved.items()}

    def make(self, kind: str, choice: Choice, known: Mapping[str, Any] | None = None) -> Any:
        """One part: looked up, its options checked, its factory called, what came back checked."""
        if isinstance(choice.part, str):
            entry = self._catalog.find(kind, choice.part)
            words, factory = at(choice.path, entry.where), entry.factory
            options = resolve(options_at(entry, choice.path), choice.options, words)
            own = {name: options[name] for name in entry.options}
            with blaming(f"{words} could not be made"):
                part = factory(**own, **filled_in(factory, known or self._known))
            options = {**options, **getattr(part, "decided", {})}  # what followed from the data
            resolved = Part(choice.part, entry.owner.distribution, entry.owner.version, options, choice.path)
            self.origins[words] = Origin(factory, part)
        else:
            part = choice.part
            options = config_of(part) if kind in CONFIGURED else {}
            words = at(choice.path, f"{kind} {class_path(part)}")
            if kind == "loss" and choice.path:
                options |= resolve({WEIGHT.name: WEIGHT}, choice.options, words)
            resolved = Part(class_path(part), "object", "", options, choice.path)
            self.origins.setdefault(words, Origin(None, part))
        part = as_observer(part) if kind == "observer" else part
        _check_methods(kind, part, words)
        self._known |= {"model": part} if kind == "model" else {}
        self.resolved.setdefault(kind, []).append(resolved)
        return part

    def make_all(self, kind: str, chosen: Chosen) -> Any:
        """The part of a kind, or the parts of several paths as one."""
        if isinstance(chosen, Choice):
            return self.make(kind, chosen)
        by_path = {choice.path: self.make(kind, choice) for choice in choices_in(chosen)}
        if kind == "optimizer":
            return OptimizerByPath(by_path, self._known["model"])
        return LossByPath(by_path, {part.path: part.options[WEIGHT.name] for part in self.resolved[kind]})

    def make_dataset(self, choice: Choice) -> Dataset:
        """The dataset, as a `Dataset` whatever its factory returned."""
        made = self.make("dataset", choice)
        with blaming(f"{self.words('dataset')} could not give a first batch"):
            self._known["dataset"] = dataset = as_dataset(made, self.words("dataset"), self._known["seed"])
        return dataset

    def first_batch(self) -> tuple[Any, ...]:
        """The first batch of the first epoch: x, y, and the rows' weights where there are some."""
        words, dataset = self.words("dataset"), self._known["dataset"]
        with blaming(f"{words} could not give a first batch"):
            first = dataset.first_batch or next(iter(dataset.train(1, 0)), None)
        if first is None:
            msg = f"{words}: an epoch has no batch; give it at least one"
            raise PluginError(msg)
        return tuple(first)

    def first_call(self, model: Any, x: Any) -> tuple[Any, Sequence[Any]]:
        """What the model answers to a batch, and the variables that a tape saw in it.

        Only by this call the model has its variables, and only then they can be restored. A variable that the tape saw and the
        model does not list is a mistake worth a word. What a generator drew for it, or an RNN remembers, is taken back.
        """
        with blaming(f"{self.words('model')} cannot take the first batch, x of shape {shapes_in_words(x)}"):
            known = states_of(model) if isinstance(model, keras.layers.Layer | tf.Module) else ()
            states = [(variable, tf.identity(variable)) for variable in known]
            with tf.GradientTape() as tape:
                predictions = model(x, training=False)
            for variable, value in states:
                variable.assign(value)
            for layer in holders_in(model):
                if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
                    layer.reset_state()
            return predictions, tape.watched_variables()

    def settle_answer(
        self, model: Any, loss: Any, batch: tuple[Any, ...], predictions: Any, *, compares: bool = True
    ) -> Meaning:
        """What the predictions mean; metrics that are made from here on can ask for it.

        Args:
            model: The model.
            loss: The loss.
            batch: The first batch.
            predictions: The answers to it.
            compares: Whether the loss is given these targets; a step that measures by itself may have others.

        Raises:
            ConfigError: Targets or predictions lack the path of a loss, or do not fit it.
        """
        x, y = batch[:2]
        losses = loss.by_path if isinstance(loss, LossByPath) else {"": loss}
        for part, (path, one) in zip(self.resolved["loss"], losses.items(), strict=True):
            require_answers_for(one, *leaves_at(path, at(path, f"loss '{part.name}'"), y, predictions))
        require_fitting_weights(loss, [part.name for part in self.resolved["loss"]], batch, predictions)
        if compares and not (is_tensor(y) and is_tensor(predictions)):
            shapes = f"y, {shapes_in_words(y)}, with predictions, {shapes_in_words(predictions)}"
            with blaming(f"{self.words('loss')} cannot compare {shapes}"):
                loss_of(loss, y, predictions, x, *batch[2:])
        self.answers = meanings_by_path(model, losses, (x, y), predictions)
        classes = self._known["dataset"].task == "classification"
        self._known["answer_meaning"] = answer = meaning_of(model, loss, x, predictions, classes=classes)
        return answer

    def make_metrics(self, choices: Sequence[Choice], batch: tuple[Any, ...], predictions: Any) -> dict[str, Any]:
        """The metrics by the name that they have in the history; each has seen the first batch and forgotten it."""
        _x, y, *weights = batch
        metrics: dict[str, Any] = {}
        for choice in choices:
            path = choice.path
            words = at(path, f"metric '{word_of(replace(choice, path=''))}'")
            answers, own = leaves_at(path, words, y, predictions), self._known
            if path:
                own = own | {"dataset": OutputData(own["dataset"], *answers), "answer_meaning": self.answers[path]}
            metric = self.make("metric", choice, own)
            resolved = self.resolved["metric"][-1]
            name = metric_name(metric, resolved)
            if name in metrics or name in COLUMNS:
                msg = f"metric '{name}' is there twice, or has the name of a column of the history; give each metric once"
                raise PluginError(msg)
            taken = handed(metric, name, own, *answers)
            metrics[name] = MetricByPath(taken, path) if path else taken
            if getattr(metric, "variables", None) is not None:
                with blaming(f"metric '{name}' cannot be taken over the first batch"):
                    # Some metrics make their variables at their first batch. Only variables that are there can be restored.
                    metrics[name].update_state(y, predictions, *weights)
                    metric.reset_state()
                    if resolved.owner == "object":
                        another_metric(metric)  # an evaluation will need another one
        return metrics

    def words(self, kind: str) -> str:
        """The part of a kind in words, for messages."""
        return next(words for words in self.origins if words.startswith(f"{kind} "))


def metric_name(metric: Any, resolved: Part) -> str:
    """What a metric is called in the history: what the user typed, without owner and file; an object's own name; its path."""
    if resolved.owner == "object":
        name = str(getattr(metric, "name", resolved.name))
    else:
        name = resolved.name.split("/")[-1].split(":")[-1].replace("-", "_")
    return f"{name}/{resolved.path}" if resolved.path else name


def at(path: str, words: str) -> str:
    """A part in words, with the path that it is for if it has one."""
    return f"{words} at '{path}'" if path else words


def _check_methods(kind: str, part: Any, words: str) -> None:
    required = METHODS.get(kind, ())
    missing = [name for name in required if not hasattr(part, name)]
    if part is None or missing:
        lacks = f" without {', '.join(missing)}" if missing else ""
        a_kind = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        msg = f"{words} gave {type(part).__name__}{lacks}; {a_kind} must have {', '.join(required or ('its hooks',))}"
        raise PluginError(msg)
