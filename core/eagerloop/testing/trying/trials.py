"""Small data that parts are tried on, of several kinds, because a part does not say what it is for.

Shapes: n rows, d features, k outputs. All numbers come from fixed seeds.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eagerloop.testing.trying.answers import ANSWERS
from eagerloop.testing.trying.own_data import trials_of
from eagerloop.testing.trying.trial_data import LABELS, ROWS, Batch, Made, TrialDataset


def for_kind(kind: str, dataset: Any) -> Sequence[Made]:
    """What a part of a kind is tried on, one after another, until something suits it.

    Args:
        kind: The kind of part.
        dataset: The author's own data, or None.
    """
    if dataset is not None:
        return trials_of(kind, dataset)
    if kind in ("loss", "metric"):
        return ANSWERS
    if kind == "model":
        return BATCHES
    if kind == "optimizer":
        return [_table, lambda: replace(_table(), keras_variables=True)]
    if kind == "step":
        return [_table, lambda: replace(_table(), rivals=True)]
    return [_table]


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
