"""What the model's answer means. It is settled once, when the parts are made; metrics, predictions and the report read it.

Shapes: n rows, k outputs.
"""

import math
from typing import Any, Literal

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.structures import is_tensor, leaves_by_path, map_leaves
from eagerloop.unpublished import comes_with_keras

Meaning = Literal["logits", "separate logits", "probabilities", "quantities"]
"""`logits` are those of classes of which one is right, `separate logits` those of questions of which each is a yes or a no."""

FAR = (-300, 300)
"""Factors of x for which logits would leave the range from 0 to 1."""

OF_MARGINS = {"Hinge", "SquaredHinge", "CategoricalHinge", "CTC", "Circle"}
"""Losses of Keras without `from_logits` that take any number. The others compare the answers with the targets themselves."""

OF_CLASS_NUMBERS = {"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"}
"""Losses of Keras that take class numbers beside an answer for each class."""

OF_OTHER_SHAPES = {"CTC", "Circle"}
"""Losses of Keras whose targets have yet another shape."""


def meaning_of(model: Any, loss: Any, x: Any, predictions: Any, *, classes: bool) -> Meaning:
    """Whether a model answers with logits, with probabilities, or with quantities.

    What the model cannot do counts for more than what the loss expects: a softmax at its end gives probabilities, also where
    the loss takes them for logits. (That is a mistake, which has a finding of its own, `EL10`.)

    Args:
        model: A built model.
        loss: The loss; its `from_logits`, where it has one, decides where the model does not.
        x: Features of some rows, (n, d).
        predictions: What the model answers to them, (n, k).
        classes: Whether the data are a classification.

    Returns:
        The meaning of each number.
    """
    if not is_tensor(predictions) or hasattr(predictions, "row_lengths"):  # several, or a ragged one
        return "quantities"
    if is_squashed(model, x, np.asarray(predictions)):
        return "probabilities"
    from_logits = getattr(loss, "from_logits", None)
    if from_logits is None and not classes:
        return "quantities"
    if getattr(loss, "of_quantities", False):
        return "probabilities"  # of yes, as it is to be as near to 1 or 0 as can be
    if from_logits is None and of_keras(loss):
        from_logits = type(loss).__name__ in OF_MARGINS
    if from_logits is False:
        return "probabilities"
    return "separate logits" if of_keras(loss) and type(loss).__name__.startswith("Binary") else "logits"


def is_squashed(model: Any, x: Any, answers: np.ndarray[Any, Any]) -> bool:
    """Whether the model cannot leave the range from 0 to 1: rows that add up to 1, or any input at all."""
    if not answers.size or (answers < 0).any() or (answers > 1).any():
        return False
    if answers.ndim > 1 and answers.shape[-1] > 1 and sums_to_one(answers):
        return True
    x = map_leaves(np.asarray, x)
    if any(leaf.dtype.kind != "f" for leaf in leaves_by_path(x).values()):
        return False
    moved = [map_leaves(lambda leaf, by=factor: leaf * by, x) for factor in FAR]
    try:
        far = np.concatenate([np.asarray(model(given, training=False)) for given in moved])
    except Exception:  # noqa: BLE001 - a model of numbers that are ids, such as an Embedding's, has no answer to others
        return False
    return bool((far >= 0).all() and (far <= 1).all() and far.std() > 0)


def sums_to_one(answers: np.ndarray[Any, Any]) -> bool:
    """Whether the numbers of each row add up to 1."""
    return bool(np.allclose(answers.sum(axis=-1), 1, atol=1e-3))


def of_keras(loss: Any) -> bool:
    """Whether a loss is of one of Keras's own classes."""
    return comes_with_keras(loss, "losses")


def require_answers_for(loss: Any, y: Any, predictions: Any) -> None:
    """Refuses targets and answers that a loss of Keras would stretch against each other, or could not tell apart.

    Args:
        loss: Any loss; only those of Keras's own classes are known well enough.
        y: Targets of the first batch.
        predictions: The answers to it.

    Raises:
        ConfigError: They do not fit each other.
    """
    if not of_keras(loss) or not all(getattr(part, "shape", ()) for part in (y, predictions)):
        return
    kind, outputs = type(loss).__name__, predictions.shape[-1]
    targets, answers = math.prod(y.shape), math.prod(predictions.shape)
    fault = ""
    if kind in OF_CLASS_NUMBERS and (outputs == 1 or answers != targets * outputs):
        fault = "one class number and two answers or more a row; one answer is for binary_crossentropy"
    elif kind.startswith("Categorical") and kind not in OF_CLASS_NUMBERS and outputs == 1:
        fault = "two answers or more a row; one answer is for binary_crossentropy or hinge"
    elif kind == "Circle" and targets != len(y):
        fault = "one class number a row"
    elif kind == "CTC" and len(predictions.shape) != 3:  # noqa: PLR2004 - (n, T, k)
        fault = "answers for each class at each step of a sequence, (n, T, k)"
    elif kind not in OF_CLASS_NUMBERS | OF_OTHER_SHAPES and answers != targets:
        fault = "as many answers as targets; class numbers are for sparse_categorical_crossentropy"
    if fault:
        msg = f"loss '{loss.name}' got targets {tuple(y.shape)} and predictions {tuple(predictions.shape)}, and needs {fault}"
        raise ConfigError(msg)
