"""From what a model answers to probabilities of classes."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def probabilities_at(answer: str, outputs: Array, places: int) -> Array:
    """The probabilities of each class at each place, (n, T, c)."""
    answers = outputs.reshape(len(outputs) * places, -1)
    return probabilities(answers, logits=answer != "probabilities").reshape(len(outputs), places, -1)


def probabilities(outputs: Array, *, logits: bool) -> Array:
    """Shape (n, classes): the softmax of logits; one output alone is the logit of the second class."""
    values = outputs.astype("float64").reshape(len(outputs), -1)
    if values.shape[1] == 1:
        second = 1 / (1 + np.exp(-values)) if logits else values
        return np.hstack([1 - second, second])
    if not logits:
        return values
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
