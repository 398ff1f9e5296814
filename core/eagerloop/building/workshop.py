"""How one part is made: looked up, its options checked, its factory called, what came back checked."""

import contextlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from eagerloop.building.answer import Meaning, meaning_of, require_answers_for
from eagerloop.building.blaming import blaming
from eagerloop.building.handing import handed
from eagerloop.building.holdings import holders_in, states_of
from eagerloop.building.run_parts import Origin, another_metric, filled_in
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.options import resolve
from eagerloop.choices.settings import Part
from eagerloop.data.pipelines import as_dataset
from eagerloop.errors import PluginError
from eagerloop.parts import Choice, Dataset

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
    """

    def __init__(self, seed: int, catalog: Catalog, dataset: Any = None, answer: Any = None) -> None:
        self._catalog = catalog
        self._known: dict[str, Any] = {"seed": seed, "dataset": dataset, "answer_meaning": answer}
        self.resolved: dict[str, list[Part]] = {}
        self.origins: dict[str, Origin] = {}

    def names(self) -> dict[str, str]:
        """The name of the first part of each kind."""
        return {kind: parts[0].name for kind, parts in self.resolved.items()}

    def make(self, kind: str, choice: Choice) -> Any:
        """One part: looked up, its options checked, its factory called, what came back checked."""
        if isinstance(choice.part, str):
            entry = self._catalog.find(kind, choice.part)
            words, factory = entry.where, entry.factory
            options = resolve(entry.options, choice.options, words)
            resolved = Part(choice.part, entry.owner.distribution, entry.owner.version, options)
            with blaming(f"{words} could not be made"):
                part = factory(**options, **filled_in(factory, self._known))
            self.origins[words] = Origin(factory, part)
        else:
            part = choice.part
            resolved = Part(class_path(part), "object", "", config_of(part) if kind in CONFIGURED else {})
            words = f"{kind} {resolved.name}"
            self.origins.setdefault(words, Origin(None, part))
        _check_methods(kind, part, words)
        self.resolved.setdefault(kind, []).append(resolved)
        return part

    def make_dataset(self, choice: Choice) -> Dataset:
        """The dataset, as a `Dataset` whatever its factory returned."""
        made = self.make("dataset", choice)
        with blaming(f"{self.words('dataset')} could not give a first batch"):
            self._known["dataset"] = dataset = as_dataset(made, self.words("dataset"), self._known["seed"])
        return dataset

    def first_batch(self) -> tuple[Any, Any]:
        """The first batch of the first epoch."""
        words, dataset = self.words("dataset"), self._known["dataset"]
        with blaming(f"{words} could not give a first batch"):
            first = dataset.first_batch or next(iter(dataset.train(1, 0)), None)
        if first is None:
            msg = f"{words}: an epoch has no batch; give it at least one"
            raise PluginError(msg)
        return first  # type: ignore[no-any-return]

    def first_call(self, model: Any, x: Any) -> tuple[Any, Sequence[Any]]:
        """What the model answers to a batch, and the variables that a tape saw in it.

        Only by this call the model has its variables, and only then they can be restored. A variable that the tape saw and the
        model does not list is a mistake worth a word. What a generator drew for it, or an RNN remembers, is taken back.
        """
        with blaming(f"{self.words('model')} cannot take the first batch, x of shape {tuple(x.shape)}"):
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

    def settle_answer(self, model: Any, loss: Any, batch: tuple[Any, Any], predictions: Any) -> Meaning:
        """What the predictions mean; metrics that are made from here on can ask for it."""
        x, y = batch
        require_answers_for(loss, y, predictions)
        classes = self._known["dataset"].task == "classification"
        self._known["answer_meaning"] = answer = meaning_of(model, loss, x, predictions, classes=classes)
        return answer

    def make_metrics(self, choices: Sequence[Choice], y: Any, predictions: Any) -> dict[str, Any]:
        """The metrics by the name that they have in the history; each has seen the first batch and forgotten it."""
        metrics: dict[str, Any] = {}
        for choice in choices:
            metric = self.make("metric", choice)
            resolved = self.resolved["metric"][-1]
            name = metric_name(metric, resolved)
            if name in metrics or name in COLUMNS:
                msg = f"metric '{name}' is there twice, or has the name of a column of the history; give each metric once"
                raise PluginError(msg)
            metrics[name] = handed(metric, name, self._known, y, predictions)
            if getattr(metric, "variables", None) is not None:
                with blaming(f"metric '{name}' cannot be taken over the first batch"):
                    # Some metrics make their variables at their first batch. Only variables that are there can be restored.
                    metrics[name].update_state(y, predictions)
                    metric.reset_state()
                    if resolved.owner == "object":
                        another_metric(metric)  # an evaluation will need another one
        return metrics

    def words(self, kind: str) -> str:
        """The part of a kind in words, for messages."""
        return next(words for words in self.origins if words.startswith(f"{kind} "))


def metric_name(metric: Any, resolved: Part) -> str:
    """What a metric is called in the history: what the user typed, without owner and file; an object's own name."""
    if resolved.owner == "object":
        return str(getattr(metric, "name", resolved.name))
    return resolved.name.split("/")[-1].split(":")[-1].replace("-", "_")


def _check_methods(kind: str, part: Any, words: str) -> None:
    required = METHODS.get(kind, ())
    missing = [name for name in required if not hasattr(part, name)]
    if part is None or missing:
        lacks = f" without {', '.join(missing)}" if missing else ""
        a_kind = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        msg = f"{words} gave {type(part).__name__}{lacks}; {a_kind} must have {', '.join(required or ('its hooks',))}"
        raise PluginError(msg)


def config_of(part: Any) -> dict[str, Any]:
    """What Keras says an object was made of, as plain values: its class alone would not tell one rate from another."""
    get_config = getattr(part, "get_config", None)
    if not callable(get_config) or inspect.isclass(part):
        return {}
    with contextlib.suppress(Exception):  # one that cannot tell is known by its class
        # Huber leaves its `delta` out of its config: what the wrapped function is called with tells of it.
        made_with = {**getattr(part, "_fn_kwargs", {}), **get_config()}
        return {key: value for key, value in _plain(made_with).items() if key not in ("name", "dtype")}
    return {}


def _plain(value: Any) -> Any:
    """A value of a config as TOML can hold it; what is None is left out."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value if inner is not None]
    if isinstance(value, (bool, int, float, str)):
        return value
    return float(value) if hasattr(value, "item") else class_path(value)


def class_path(thing: Any) -> str:
    """What a part that was given as an object is known by: where its class, or the function, is defined."""
    target = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{target.__module__}.{target.__qualname__}"
