"""Targets, and predictions of several qualities, for losses and metrics that do not say what they are for.

Shapes: n rows, k outputs. All numbers come from fixed seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eagerloop.testing.trying.trial_data import LABELS, ROWS, Made, TrialDataset


@dataclass(frozen=True)
class Answers:
    """Targets and predictions of four qualities, for losses and metrics.

    Attributes:
        words: What they are, for messages.
        y: The targets, n rows.
        perfect: The predictions that a loss should like best.
        guess: Predictions off by a little.
        bad: Predictions far off.
        dataset: For factories that want one.
    """

    words: str
    y: Any
    perfect: Any
    guess: Any
    bad: Any
    dataset: Any


def one_hot(labels: Any, k: int) -> Any:
    """Class numbers as rows of zeros with a one, shape (n, k)."""
    import numpy as np  # noqa: PLC0415

    return np.eye(k, dtype="float32")[labels]


def answers_to(words: str, y: Any, perfect: Any, dataset: Any = None, *, kind: str = "values") -> Answers:
    """The guesses for a perfect answer: logits may be anything, probabilities and positive values may not."""
    import numpy as np  # noqa: PLC0415

    random = np.random.default_rng(3)
    perfect = np.asarray(perfect, "float32")
    noise = random.uniform(0.5, 1.5, perfect.shape).astype("float32")
    if kind == "probabilities":
        guess, bad = 0.5 * perfect + 0.15 * noise, 0.02 + 0.9 * (1 - perfect) / max(1, perfect.shape[-1] - 1)
    elif kind == "logits":
        guess, bad = 0.1 * perfect + 0.7 * (noise - 1), -0.9 * perfect + 0.3 * (noise - 1)
    else:
        guess, bad = perfect * noise, perfect + 3 * noise + 1
    if kind == "probabilities" and perfect.shape[-1] > 1:
        guess, bad = guess / guess.sum(-1, keepdims=True), bad / bad.sum(-1, keepdims=True)
    made = dataset if dataset is not None else _dataset_for(y, perfect)
    return Answers(words, y, perfect, guess.astype("float32"), bad.astype("float32"), made)


def _dataset_for(y: Any, perfect: Any) -> TrialDataset:
    import numpy as np  # noqa: PLC0415

    x = np.random.default_rng(7).uniform(0, 1, (len(y), 3)).astype("float32")
    return TrialDataset(x, y, perfect.shape[-1] if y.dtype.kind == "i" else 0)


def _values(columns: int) -> Made:
    def make() -> Answers:
        import numpy as np  # noqa: PLC0415

        y = np.random.default_rng(5).uniform(0.1, 0.9, (ROWS, columns)).astype("float32")
        return answers_to(f"positive numbers, shape ({ROWS}, {columns})", y, y)

    return make


def _labels(target: str, kind: str) -> Made:
    """Answers to classes: as numbers, one-hot, or yes and no; as logits or probabilities."""

    def make() -> Answers:
        import numpy as np  # noqa: PLC0415

        labels = np.array(LABELS, "int32")
        hot = one_hot(labels, 3) if target != "yes" else (labels[:, np.newaxis] > 0).astype("float32")
        y = labels if target == "numbers" else hot
        perfect = 8 * (2 * hot - 1) if kind == "logits" else 0.01 + 0.97 * hot
        words = {"numbers": "class numbers", "hot": "one-hot classes", "yes": "yes and no"}[target]
        return answers_to(f"{words} and {kind}", y, perfect, kind=kind)

    return make


def _spread() -> Answers:
    """A mean and the logarithm of a variance for each target."""
    import numpy as np  # noqa: PLC0415

    y = np.random.default_rng(5).uniform(0.5, 3, (ROWS, 1)).astype("float32")
    answers = answers_to("a mean and a log-variance for each target", y, np.hstack([y, np.full_like(y, -4)]))
    flat = np.hstack([answers.guess[:, :1], np.full_like(y, -1)])
    bad = np.hstack([answers.bad[:, :1], np.full_like(y, -1)])
    return Answers(answers.words, y, answers.perfect, flat, bad, answers.dataset)


def _sequences() -> Answers:
    """Logits of 6 symbols in 8 moments, for sequences of 3 symbols; symbol 0 is the blank."""
    import numpy as np  # noqa: PLC0415

    y = np.array([[1, 2, 3], [3, 1, 2], [5, 4, 1], [2, 5, 3]] * 3, "int32")
    path = np.stack([np.array([0, a, 0, b, 0, c, 0, 0]) for a, b, c in y])
    return answers_to("sequences of symbols", y, 8 * (2 * one_hot(path, 6) - 1), kind="logits")


def _inputs() -> Answers:
    """The inputs themselves, which a loss that asks for x may want back."""
    import numpy as np  # noqa: PLC0415

    x = np.random.default_rng(7).uniform(0, 1, (ROWS, 3)).astype("float32")
    return answers_to("the inputs themselves", x, x, TrialDataset(x, x))


def _many(target: str) -> Made:
    """Logits of eight classes, for figures that look at the likeliest few."""

    def make() -> Answers:
        import numpy as np  # noqa: PLC0415

        labels = np.array([0, 5, 1, 7, 2, 2, 6, 3, 0, 4, 1, 5], "int32")
        hot = one_hot(labels, 8)
        return answers_to("eight classes and logits", labels if target == "numbers" else hot, 8 * (2 * hot - 1), kind="logits")

    return make


def _numbers_for_numbers() -> Answers:
    """Class numbers as predictions, which only metrics take."""
    import numpy as np  # noqa: PLC0415

    labels = np.array(LABELS, "int32")
    answers = answers_to(
        "class numbers for class numbers", labels, labels, TrialDataset(np.ones((ROWS, 3), "float32"), labels, 3)
    )
    return Answers(answers.words, labels, labels, np.roll(labels, 2), (labels + 1) % 3, answers.dataset)


ANSWERS: Sequence[Made] = (
    _values(1),
    _values(2),
    _labels("yes", "logits"),
    _labels("hot", "logits"),
    _labels("numbers", "logits"),
    _labels("hot", "probabilities"),
    _labels("numbers", "probabilities"),
    _labels("yes", "probabilities"),
    _spread,
    _sequences,
    _many("hot"),
    _many("numbers"),
    _numbers_for_numbers,
    _inputs,
)

"""What losses and metrics are called with, from the plainest on."""
