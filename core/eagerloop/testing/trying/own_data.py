"""The author's own data as trials: its first batch, of whatever structure. Shapes: n rows, k outputs."""

from collections.abc import Iterator, Sequence
from typing import Any

from eagerloop.errors import ConfigError
from eagerloop.structures import leaves_by_path, shapes_in_words
from eagerloop.testing.trying.answers import Answers, answers_to, one_hot
from eagerloop.testing.trying.trial_data import Batch, Made


def trials_of(kind: str, dataset: Any) -> Sequence[Made]:
    """What a part of a kind is tried on, of a dataset; a loss or a metric on one target after another.

    Args:
        kind: The kind of part.
        dataset: A `Dataset`, or what a dataset factory may return.

    Raises:
        ConfigError: The part cannot be tried on what a batch consists of; its paths and shapes are named.
    """
    from eagerloop.data.pipelines import as_dataset  # noqa: PLC0415

    data = as_dataset(dataset, "the dataset of the trial")
    if kind not in ("loss", "metric", "model", "step"):
        return [lambda: Batch(None, None, data)]
    x, y = next(iter(data.train(1, 0)))[:2]
    if kind == "model" or (kind == "step" and _all_numbers(x) and _all_numbers(y)):
        return [lambda: Batch(x, y, data)]
    made = [_given(answers) for answers in _answers(y, data)] if kind != "step" else []
    if not made:
        msg = (
            f"a {kind} is tried on numbers, as many in each row, and this dataset gives x {shapes_in_words(x)} and y "
            f"{shapes_in_words(y)}; leave the dataset out, or give one with such batches"
        )
        raise ConfigError(msg)
    return made


def _given(answers: Answers) -> Made:
    return lambda: answers


def _all_numbers(structure: Any) -> bool:
    """Whether there is a tensor, and all are dense and of numbers."""
    leaves = leaves_by_path(structure).values()
    return bool(leaves) and all(_is_dense(leaf) and (leaf.dtype.is_floating or leaf.dtype.is_integer) for leaf in leaves)


def _is_dense(leaf: Any) -> bool:
    import tensorflow as tf  # noqa: PLC0415

    return isinstance(leaf, tf.Tensor)


def _answers(y: Any, data: Any) -> Iterator[Answers]:
    """The targets with answers to them: class numbers as logits first, then as they are."""
    import numpy as np  # noqa: PLC0415

    for path, leaf in leaves_by_path(y).items():
        if not _all_numbers(leaf):
            continue
        targets, words = np.asarray(leaf), f"the dataset's {path or 'targets'}"
        numbers = targets.reshape(len(targets), -1)
        classes = data.outputs if not path else int(numbers.max()) + 1
        is_class = targets.dtype.kind in "iu" and numbers.shape[1] == 1 and numbers.min() >= 0
        if data.task == "classification" or (path and is_class):
            words = f"the dataset's {path or 'classes'}"
            logits = 8 * (2 * one_hot(numbers[:, 0], classes) - 1)
            yield answers_to(words, targets, logits, data, kind="logits")
        if data.task != "classification":
            yield answers_to(words, targets, targets, data)
