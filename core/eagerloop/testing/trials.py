"""Small data that parts are tried on, of several kinds, because a part does not say what it is for.

Shapes: n rows, d features, k outputs. All numbers come from fixed seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

ROWS = 12
LABELS = (0, 0, 1, 2, 1, 0, 2, 2, 1, 0, 1, 2)
"""Class numbers whose neighbours follow no pattern: shifted by one row, no class is mapped to one other."""

Made = Callable[[], Any]
"""Makes a trial when it is its turn: some need TensorFlow, most are never reached."""


class TrialDataset:
    """Two batches of x and y, as a `Dataset`.

    Args:
        x: Shape (n, ...).
        y: Shape (n, k), or (n,) for classes.
        classes: How many classes there are; 0 for a regression.
    """

    exact, note, fingerprint = True, "", "trial"

    def __init__(self, x: Any, y: Any, classes: int = 0) -> None:
        self.x, self.y = x, y
        self.task = "classification" if classes else "regression"
        self.features = tuple(f"x{number}" for number in range(int(x[0].size)))
        self.targets = ("y",) if y.ndim == 1 else tuple(f"y{number}" for number in range(y.shape[1]))
        self.classes = tuple(map(str, range(classes)))
        self.outputs = classes or len(self.targets)

    def train(self, epoch: int = 1, start: int = 0) -> Any:  # noqa: ARG002 - every epoch is the same
        """Two batches, the second one shorter."""
        import tensorflow as tf  # noqa: PLC0415

        size = len(self.x) * 2 // 3
        return tf.data.Dataset.from_tensor_slices((self.x, self.y)).batch(size).skip(start)

    def test(self) -> Any:
        """The same rows."""
        return self.train()

    def validation(self) -> Any:
        """The same rows."""
        return self.train()


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


def for_kind(kind: str, dataset: Any) -> Sequence[Made]:
    """What a part of a kind is tried on, one after another, until something suits it.

    Args:
        kind: The kind of part.
        dataset: The author's own data, or None.
    """
    if dataset is not None:
        return [lambda: _own(kind, dataset)]
    if kind in ("loss", "metric"):
        return ANSWERS
    if kind == "model":
        return BATCHES
    if kind == "optimizer":
        return [_table, lambda: replace(_table(), keras_variables=True)]
    return [_table]


def _own(kind: str, dataset: Any) -> Any:
    """The first batch of the author's dataset, with answers to it."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.pipelines import as_dataset  # noqa: PLC0415

    data = as_dataset(dataset, "the dataset of the trial")
    if kind not in ("loss", "metric", "model"):
        return Batch(None, None, data)
    x, y = (np.asarray(part) for part in next(iter(data.train(1, 0))))
    if kind == "model":
        return Batch(x, y, data)
    if data.task == "classification":
        return _answers("the dataset's classes", y, 8.0 * _one_hot(y.reshape(-1), data.outputs), data)
    return _answers("the dataset's targets", y, y, data)


@dataclass(frozen=True)
class Batch:
    """A batch for a model, the dataset that it is from, and for optimizers the kind of variable to be tried on."""

    x: Any
    y: Any
    dataset: Any
    keras_variables: bool = False


def _table() -> Batch:
    import numpy as np  # noqa: PLC0415

    random = np.random.default_rng(7)
    x = random.uniform(0, 1, (ROWS, 3)).astype("float32")
    # Targets between 0.1 and 0.9: an output that is always positive, or below 1, can reach them, too.
    y = (0.1 + 0.8 * x @ np.array([[0.7], [-0.4], [0.5]]) + 0.2).astype("float32")
    return _batch(x, np.clip(y, 0.1, 0.9))


def _table_of_two() -> Batch:
    batch = _table()
    return _batch(batch.x, batch.x[:, :2])


def _classes_of(*shape: int, scale: float = 1.0, whole: bool = False) -> Made:
    def make() -> Batch:
        import numpy as np  # noqa: PLC0415

        labels = np.array(LABELS[:8], "int32")
        x = np.random.default_rng(7).uniform(0, scale, (8, *shape)).astype("float32")
        x += 0.3 * scale * labels.reshape(-1, *(1 for _ in shape))  # the classes can be told apart
        return _batch(np.floor(x).astype("int32") if whole else x, labels, 3)

    return make


def _text() -> Batch:
    import numpy as np  # noqa: PLC0415

    batch = _table()
    return _batch(np.array([["red", "green", "blue"][label] for label in LABELS], dtype=object)[:, np.newaxis], batch.y)


def _batch(x: Any, y: Any, classes: int = 0) -> Batch:
    return Batch(x, y, TrialDataset(x, y, classes))


BATCHES: Sequence[Made] = (
    _table,
    _classes_of(3),
    _table_of_two,
    _classes_of(28, 28, 1),
    _classes_of(32, 32, 3),
    _classes_of(12, 4),
    _classes_of(12, scale=10.0, whole=True),
    _text,
)
"""Tables, images, series, numbered words, text."""


def _one_hot(labels: Any, k: int) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.eye(k, dtype="float32")[labels]


def _answers(words: str, y: Any, perfect: Any, dataset: Any = None, *, kind: str = "values") -> Answers:
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
        return _answers(f"positive numbers, shape ({ROWS}, {columns})", y, y)

    return make


def _labels(target: str, kind: str) -> Made:
    """Answers to classes: as numbers, one-hot, or yes and no; as logits or probabilities."""

    def make() -> Answers:
        import numpy as np  # noqa: PLC0415

        labels = np.array(LABELS, "int32")
        hot = _one_hot(labels, 3) if target != "yes" else (labels[:, np.newaxis] > 0).astype("float32")
        y = labels if target == "numbers" else hot
        perfect = 8 * (2 * hot - 1) if kind == "logits" else 0.01 + 0.97 * hot if target == "yes" else 0.01 + 0.97 * hot
        words = {"numbers": "class numbers", "hot": "one-hot classes", "yes": "yes and no"}[target]
        return _answers(f"{words} and {kind}", y, perfect, kind=kind)

    return make


def _spread() -> Answers:
    """A mean and the logarithm of a variance for each target."""
    import numpy as np  # noqa: PLC0415

    y = np.random.default_rng(5).uniform(0.5, 3, (ROWS, 1)).astype("float32")
    answers = _answers("a mean and a log-variance for each target", y, np.hstack([y, np.full_like(y, -4)]))
    flat = np.hstack([answers.guess[:, :1], np.full_like(y, -1)])
    bad = np.hstack([answers.bad[:, :1], np.full_like(y, -1)])
    return Answers(answers.words, y, answers.perfect, flat, bad, answers.dataset)


def _sequences() -> Answers:
    """Logits of 6 symbols in 8 moments, for sequences of 3 symbols; symbol 0 is the blank."""
    import numpy as np  # noqa: PLC0415

    y = np.array([[1, 2, 3], [3, 1, 2], [5, 4, 1], [2, 5, 3]] * 3, "int32")
    path = np.stack([np.array([0, a, 0, b, 0, c, 0, 0]) for a, b, c in y])
    return _answers("sequences of symbols", y, 8 * (2 * _one_hot(path, 6) - 1), kind="logits")


def _many(target: str) -> Made:
    """Logits of eight classes, for figures that look at the likeliest few."""

    def make() -> Answers:
        import numpy as np  # noqa: PLC0415

        labels = np.array([0, 5, 1, 7, 2, 2, 6, 3, 0, 4, 1, 5], "int32")
        hot = _one_hot(labels, 8)
        return _answers("eight classes and logits", labels if target == "numbers" else hot, 8 * (2 * hot - 1), kind="logits")

    return make


def _numbers_for_numbers() -> Answers:
    """Class numbers as predictions, which only metrics take."""
    import numpy as np  # noqa: PLC0415

    labels = np.array(LABELS, "int32")
    answers = _answers(
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
)
"""What losses and metrics are called with, from the plainest on."""
