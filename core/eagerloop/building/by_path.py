"""Losses and metrics of several outputs: each has its path in the structures of targets and predictions, such as `age`.

Shapes: n rows in a batch, k numbers a row of an output: (n, k) or (n,) at each path.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from eagerloop.building.answer import Meaning, meaning_of
from eagerloop.building.handing import Handed
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.loop import loss_of
from eagerloop.structures import leaves_by_path, shapes_in_words


def leaves_at(path: str, words: str, y: Any, predictions: Any) -> tuple[Any, Any]:
    """The targets and the predictions of an output; all there are where there is no path.

    Raises:
        ConfigError: One of them has no such path.
    """
    if not path:
        return y, predictions
    answers = _leaf_at(path, predictions, words, "predictions")
    return _leaf_at(path, y, words, "targets"), answers


def _leaf_at(path: str, structure: Any, words: str, what: str) -> Any:
    """The tensor at a path of targets or predictions.

    Args:
        path: Such as `age` or `head/kind`.
        structure: Where it is looked for.
        words: Who looks for it, for messages.
        what: What the structure is, in the plural.

    Raises:
        ConfigError: It has no such path.
    """
    leaves = leaves_by_path(structure)
    if path in leaves:
        return leaves[path]
    near = did_you_mean(path, filter(None, leaves)) if any(leaves) else "give it without a path"
    msg = f"{words}: the {what} have no path '{path}', they are {shapes_in_words(structure)}; {near}"
    raise ConfigError(msg)


def meanings_by_path(model: Any, losses: Mapping[str, Any], batch: tuple[Any, Any], predictions: Any) -> dict[str, Meaning]:
    """What each output of a structure means that there are targets for; its loss, if it has one, has a say in it."""
    x, y = batch
    targets, answers = leaves_by_path(y), leaves_by_path(predictions)
    return {
        path: meaning_of(
            lambda inputs, training, path=path: leaves_by_path(model(inputs, training=training))[path],
            losses.get(path),
            x,
            answers[path],
            classes=targets[path].dtype.is_integer,
        )
        for path in answers
        if path and path in targets
    }


class LossByPath:
    """The losses of several outputs, each times its weight, added up.

    Args:
        by_path: A loss by the path of its output.
        weights: What each counts, by the same paths.

    Attributes:
        by_path: The losses.

    Example:
        >>> loss = LossByPath({"age": lambda y_true, y_pred: tf.reduce_mean(y_true - y_pred)}, {"age": 0.5})
        >>> total, figures = loss({"age": tf.constant([3.0])}, {"age": tf.constant([1.0])})
        >>> float(total), float(figures["loss/age"])
        (1.0, 2.0)

    Source: `loss` and `loss_weights` of `keras.Model.compile`.
    """

    def __init__(self, by_path: Mapping[str, Callable[..., Any]], weights: Mapping[str, float]) -> None:
        self.by_path, self.weights = dict(by_path), dict(weights)

    def __call__(self, y_true: Any, y_pred: Any, x: Any = None, sample_weight: Any = None) -> tuple[Any, dict[str, Any]]:
        """The sum, a scalar, and what was added by `loss/PATH`, each before it is multiplied."""
        targets, answers = leaves_by_path(y_true), leaves_by_path(y_pred)
        figures: dict[str, Any] = {}
        terms = []
        for path, loss in self.by_path.items():
            value, more = loss_of(loss, targets[path], answers[path], x, of_leaf(sample_weight, path))
            figures |= {f"loss/{path}": value} | {f"{name}/{path}": figure for name, figure in more.items()}
            terms.append(value if self.weights[path] == 1 else value * tf.cast(self.weights[path], value.dtype))
        return tf.add_n([tf.cast(term, terms[0].dtype) for term in terms]), figures

    def around(self, wrap: Callable[[Any], Any]) -> "LossByPath":
        """The same with something around each of the losses."""
        return LossByPath({path: wrap(loss) for path, loss in self.by_path.items()}, self.weights)


def of_leaf(sample_weight: Any, path: str) -> Any:
    """The row weights of one output: those of all, or its own of a structure; None where it has none."""
    leaves = {"": None} if sample_weight is None else leaves_by_path(sample_weight)
    return leaves.get(path, leaves.get(""))


class MetricByPath:
    """A metric of one output. Everything else is asked of the metric itself.

    Args:
        metric: The metric.
        path: The path of the output.
    """

    def __init__(self, metric: Any, path: str) -> None:
        vars(self).update(metric=metric, _path=path)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> object:
        """Takes one batch into account."""
        weight = of_leaf(sample_weight, self._path)
        given = {} if weight is None else {"sample_weight": weight}
        return self.metric.update_state(leaves_by_path(y_true)[self._path], leaves_by_path(y_pred)[self._path], **given)

    def around(self, metric: Any) -> "MetricByPath":
        """The same around another metric of its kind."""
        return MetricByPath(metric, self._path)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["metric"], name)


def innermost(metric: Any) -> Any:
    """The metric as the user gave it, or its factory made it."""
    while isinstance(metric, MetricByPath | Handed):
        metric = metric.metric
    return metric


class OutputData:
    """The run's dataset as the metric of one output sees it. Everything else is asked of the dataset itself.

    Args:
        dataset: The dataset.
        y: Targets of that output, (n,) or (n, k).
        predictions: Its answers, (n, k) or (n,).

    Attributes:
        task: `classification` if the targets are whole numbers, else `regression`.
        outputs: k.
    """

    def __init__(self, dataset: Any, y: Any, predictions: Any) -> None:
        self._dataset = dataset
        self.task = "classification" if y.dtype.is_integer else "regression"
        self.outputs = predictions.shape[-1] if len(predictions.shape) > 1 else 1

    def __getattr__(self, name: str) -> Any:
        if name == "_dataset":
            raise AttributeError(name)
        return getattr(self._dataset, name)
