"""What the model's answer means. It is settled once, when the parts are made; metrics, predictions and the report read it.

Shapes: n rows, k outputs.
"""

from typing import Any, Literal

import numpy as np

Meaning = Literal["logits", "probabilities", "quantities"]

FAR = (-300, 300)
"""Factors of x for which logits would leave the range from 0 to 1."""


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
    if not classes:
        return "quantities"
    if is_squashed(model, x, np.asarray(predictions)) or getattr(loss, "from_logits", True) is False:
        return "probabilities"
    return "logits"


def is_squashed(model: Any, x: Any, answers: np.ndarray[Any, Any]) -> bool:
    """Whether the model cannot leave the range from 0 to 1: rows that add up to 1, or, of one output, any input at all."""
    if answers.ndim != 2 or (answers < 0).any() or (answers > 1).any():  # noqa: PLR2004 - (n, k)
        return False
    if answers.shape[1] > 1:
        return sums_to_one(answers)
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return False
    far = np.concatenate([np.asarray(model(x * factor, training=False)) for factor in FAR])
    return bool((far >= 0).all() and (far <= 1).all() and far.std() > 0)


def sums_to_one(answers: np.ndarray[Any, Any]) -> bool:
    """Whether the numbers of each row add up to 1."""
    return bool(np.allclose(answers.sum(axis=1), 1, atol=1e-3))
