"""What each metric of Keras is handed: targets and answers in the form that it expects, or one sentence why there is none.

Keras's own loop hands every metric the same two tensors, and so gives a precision of logits, or of class numbers against one
column too many. Here it is known what the answers mean when the metrics are made.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.building.conversions import Form, flattened, form_of
from eagerloop.building.handing_rules import RULES, Hand, Question, wants_logits
from eagerloop.errors import ConfigError
from eagerloop.structures import is_tensor, shapes_in_words
from eagerloop.unpublished import comes_with_keras

QUANTITIES = {
    *("ConcordanceCorrelation", "CosineSimilarity", "LogCoshError", "MeanAbsoluteError", "MeanAbsolutePercentageError"),
    *("MeanSquaredError", "MeanSquaredLogarithmicError", "PearsonCorrelation", "Poisson", "R2Score", "RootMeanSquaredError"),
}
"""They compare numbers with numbers, one for one."""

OF_NUMBERS_TOO = {"Accuracy", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "Hinge", "SquaredHinge", "CategoricalHinge"} | {
    "KLDivergence"
}
"""Metrics of classes that are not refused where the answers are quantities: they may hold class numbers, margins, shares."""


class Handed:
    """A metric of Keras, and what is done to targets and answers before it sees them.

    Args:
        metric: The metric.
        form: How targets and answers belong together.
        hand: What it is handed.
    """

    def __init__(self, metric: Any, form: Form, hand: Hand) -> None:
        self.metric, self._form, self._hand = metric, form, hand

    @property
    def variables(self) -> Any:
        """Those of the metric."""
        return self.metric.variables

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> object:
        """Takes one batch into account."""
        y, answers, weights = flattened(self._form, y_true, y_pred, sample_weight)
        return self.metric.update_state(*self._hand(y, answers), sample_weight=weights)

    def result(self) -> object:
        """The figure over all batches since the last reset."""
        return self.metric.result()

    def reset_state(self) -> object:
        """Forgets all batches."""
        return self.metric.reset_state()

    def around(self, metric: Any) -> "Handed":
        """The same around another metric of its kind."""
        return Handed(metric, self._form, self._hand)


class Shaped(Handed):
    """A metric of quantities: the targets get the shape of the predictions, of which they have the size."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> object:
        """Takes one batch into account."""
        return self.metric.update_state(tf.reshape(y_true, tf.shape(y_pred)), y_pred, sample_weight=sample_weight)

    def around(self, metric: Any) -> "Shaped":
        """The same around another metric of its kind."""
        return Shaped(metric, self._form, self._hand)


def _require_one_tensor(metric: Any, name: str, y: Any, predictions: Any) -> None:
    """Refuses several outputs for a metric of Keras, which compares one tensor with one."""
    if comes_with_keras(metric, "metrics") and not (is_tensor(y) and is_tensor(predictions)):
        shapes = f"y is {shapes_in_words(y)} and the predictions are {shapes_in_words(predictions)}"
        msg = f"metric '{name}' compares one tensor with one, and {shapes}; give it the path of an output, PATH=NAME"
        raise ConfigError(msg)


def handed(metric: Any, name: str, known: Mapping[str, Any], y: Any, predictions: Any) -> Any:
    """A metric as a run calls it, with its own targets and predictions.

    Args:
        metric: Any metric. Those that are no class of Keras's own know what they want, and stay as they are.
        name: What it is called in the history.
        known: The `dataset` and the `answer_meaning` of the run.
        y: Targets of the first batch, (n,), (n, T) or (n, k).
        predictions: The answers to it, (n, k), (n,) or (n, T, k).

    Returns:
        The metric, if the run's own tensors are what it expects, or a `Handed` one.

    Raises:
        ConfigError: There is no right way to hand it these answers.
    """
    kind = type(metric).__name__
    _require_one_tensor(metric, name, y, predictions)
    tensors = all(getattr(part, "shape", ()) for part in (y, predictions))
    if not tensors or not comes_with_keras(metric, "metrics") or kind not in {*RULES, *QUANTITIES}:
        return metric
    form = form_of(y, predictions, classes=known["dataset"].task == "classification")
    shapes = f"targets {tuple(y.shape)} and predictions {tuple(predictions.shape)}"
    question = Question(metric, name, form or Form("one", 1), known["answer_meaning"], y, shapes)
    if form is None:
        question.refuse(f"cannot compare {shapes}", "there must be one answer a target, or one a class; leave it out")
    quantities = question.meaning == "quantities"
    if kind in QUANTITIES or (quantities and kind in OF_NUMBERS_TOO):
        return _of_quantities(question, predictions)
    if quantities:
        way = "give the dataset's task=classification, a loss for classes, or a model that ends in softmax or sigmoid"
        question.refuse("takes classes or probabilities, and this run predicts quantities", way)
    hand = RULES[kind](question)
    _require_classes(question)
    _require_probabilities(question, predictions)
    return metric if _takes_it_as_it_comes(question, predictions) else Handed(metric, form, hand)


def _of_quantities(question: Question, predictions: Any) -> Any:
    """The metric, with targets of the predictions' shape; refused where each would be compared with several."""
    if math.prod(question.y.shape) != math.prod(predictions.shape):
        way = "take accuracy or another metric of classes"
        question.refuse(f"compares numbers one for one, and here are {question.shapes}", way)
    if len(question.y.shape) == len(predictions.shape):
        return question.metric
    return Shaped(question.metric, question.form, lambda y, answers: (y, answers))


def _takes_it_as_it_comes(question: Question, predictions: Any) -> bool:
    """Whether a metric of class numbers gets them beside answers of the kind that it takes, and in enough bits."""
    kind = type(question.metric).__name__
    if not kind.startswith("Sparse") or question.form.kind != "numbers" or predictions.dtype.size < tf.float32.size:
        return False
    return "Crossentropy" not in kind or wants_logits(question.metric) == (question.meaning != "probabilities")


def _require_classes(question: Question) -> None:
    """Refuses targets that are neither a yes or no nor the number of one of the classes."""
    form, y = question.form, np.asarray(question.y)
    low, high = y.min(), y.max()
    if "Hinge" in type(question.metric).__name__:
        return
    if form.kind != "numbers" and (low < 0 or high > 1):
        question.refuse(f"takes targets from 0 (no) to 1 (yes), got {low:.3g} to {high:.3g}", "take a metric of quantities")
    if form.kind == "numbers" and (high >= form.outputs or (y != np.floor(y)).any()):
        words = f"takes the numbers of {form.outputs} classes, for which the model has answers, got targets up to {high:.6g}"
        question.refuse(words, "give the model an output for each class")


def _require_probabilities(question: Question, predictions: Any) -> None:
    """Refuses numbers that the loss takes for probabilities, and that are none."""
    kind = type(question.metric).__name__
    if question.meaning != "probabilities" or "Accuracy" in kind or kind in {"Accuracy", *OF_NUMBERS_TOO} - {"KLDivergence"}:
        return
    low, high = np.min(predictions), np.max(predictions)
    if low < -1e-6 or high > 1 + 1e-6:  # noqa: PLR2004 - rounding
        fault = f"takes probabilities, as the loss does, and the model gives numbers from {low:.3g} to {high:.3g}"
        question.refuse(fault, "end the model with softmax or sigmoid, or take a loss with from_logits=true")
