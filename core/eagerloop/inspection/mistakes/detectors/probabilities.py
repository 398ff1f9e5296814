"""Logits and probabilities, which a cross-entropy must not mix up. Shapes: n rows, k classes."""

from typing import Any, Literal

import numpy as np

from eagerloop.building.answer import is_squashed, sums_to_one
from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, close
from eagerloop.structures import is_tensor

Kind = Literal["logits", "probabilities", "other"]


@mistake(
    "EL10",
    "error",
    "logits and probabilities are mixed up",
    "let the model end without an activation and the loss have from_logits=True; or softmax and from_logits=False",
    cheap=True,
)
def mixed_up(evidence: Evidence) -> str:
    """A cross-entropy of logits gets what a softmax or sigmoid gave, or one of probabilities gets logits."""
    if evidence.dataset.task != "classification":
        return ""
    if not is_tensor(evidence.predictions) or not is_tensor(evidence.y):
        return ""
    answers = np.asarray(evidence.predictions)
    if answers.ndim != 2:  # noqa: PLR2004 - (n, k)
        return ""
    wanted = wants(evidence)
    if wanted == "logits" and is_squashed(evidence.model, evidence.x, answers) and not _is_undone(evidence, answers):
        words = "softmax" if answers.shape[1] > 1 else "sigmoid"
        return f"the loss takes logits, and the model already ends with {words}: it is applied twice, and the gradients shrink"
    outside = (answers < 0).any() or (answers > 1).any() or (answers.shape[1] > 1 and not sums_to_one(answers))
    if wanted == "probabilities" and outside:
        return (
            f"the loss takes probabilities, and the model gives numbers from {answers.min():.3g} to {answers.max():.3g}: those "
            "outside 0 to 1 are cut off, and their gradient is 0"
        )
    return ""


def _is_undone(evidence: Evidence, answers: np.ndarray[Any, Any]) -> bool:
    """Whether Keras sees the softmax at the end of a layer, and takes what went into it; of the bare numbers it cannot."""
    as_given = evidence.loss_of(evidence.y, evidence.predictions)
    return not close(as_given, evidence.loss_of(np.asarray(evidence.y), answers))


def wants(evidence: Evidence) -> Kind:
    """What kind of cross-entropy the loss is, by its values for known probabilities; `other` where it is none."""
    y = evidence.compared[0][:4]
    classes = int(np.asarray(evidence.predictions).shape[1])
    random = np.random.default_rng(3)
    probabilities = random.uniform(0.1, 0.9, (len(y), classes))
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True) if classes > 1 else probabilities
    value = evidence.loss_of(y, probabilities.astype("float32"), weights=np.ones(len(y)))
    if close(value, _cross_entropy(y, probabilities), 1e-3):
        return "probabilities"
    exponents = np.exp(probabilities)
    from_logits = exponents / exponents.sum(axis=1, keepdims=True) if classes > 1 else exponents / (1 + exponents)
    return "logits" if close(value, _cross_entropy(y, from_logits), 1e-3) else "other"


def _cross_entropy(y: np.ndarray[Any, Any], probabilities: np.ndarray[Any, Any]) -> float:
    """The mean cross-entropy of class numbers, or of one-hot rows."""
    if probabilities.shape[1] == 1:
        yes, p = y.reshape(-1, 1), probabilities
        return float(-(yes * np.log(p) + (1 - yes) * np.log(1 - p)).mean())
    if y.ndim == 2 and y.shape == probabilities.shape:  # noqa: PLR2004
        return float(-(y * np.log(probabilities)).sum(axis=1).mean())
    return float(-np.log(probabilities[np.arange(len(y)), y.reshape(-1).astype(int)]).mean())
