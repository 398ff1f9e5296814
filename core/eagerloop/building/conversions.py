"""From one form of answers and targets to another, by TensorFlow's operations alone, so that a graph can hold them.

Shapes: m places (rows, or the steps of sequences), k classes: class numbers (m,), one-hot targets and answers (m, k).
"""

import math
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from eagerloop.building.answer import Meaning
from eagerloop.unpublished import mask_of


class Form(NamedTuple):
    """How targets and answers belong together.

    Attributes:
        kind: `one`: an answer a target; `numbers`: k answers for each class number; `hot`: an answer for each entry of k.
        outputs: k.
    """

    kind: Literal["one", "numbers", "hot"]
    outputs: int


def form_of(y: Any, predictions: Any, *, classes: bool) -> Form | None:
    """How the targets and answers of a batch belong together; None if they do not.

    Args:
        y: Targets, (n,), (n, 1), (n, T) or (n, k).
        predictions: Answers, (n, k), (n, 1), (n,), or (n, T, k).
        classes: Whether the data are a classification: an array of integers is then one class number an entry.
    """
    outputs = predictions.shape[-1] if len(predictions.shape) > 1 else 1
    targets, answers = math.prod(y.shape), math.prod(predictions.shape)
    if targets == answers:
        several = outputs > 1 and not (classes and not is_one_hot(y))
        return Form("hot", outputs) if several else Form("one", 1)
    return Form("numbers", outputs) if answers == targets * outputs else None


def is_one_hot(y: Any) -> bool:
    """Whether each row of the last axis has one 1 and else 0."""
    values = np.asarray(y)
    return values.ndim > 1 and bool(((values == 0) | (values == 1)).all() and (values.sum(axis=-1) == 1).all())


def flattened(form: Form, y: Any, predictions: Any, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """Targets (m, 1), (m,) or (m, k), and answers (m, k) in at least 32 bits, without what a Keras mask leaves out.

    The weights of rows, (n,), or of the steps of sequences, (n, T), become those of the places, (m,).
    """
    mask = mask_of(predictions)
    y, predictions = tf.convert_to_tensor(y), tf.convert_to_tensor(predictions)
    axes = len(predictions.shape)
    if predictions.dtype.size < tf.float32.size:
        predictions = tf.cast(predictions, tf.float32)
    rows = tf.shape(predictions)[0]
    y = tf.reshape(y, {"one": (-1, 1), "numbers": (-1,), "hot": (-1, form.outputs)}[form.kind])
    predictions = tf.reshape(predictions, (-1, form.outputs))
    weights = None if sample_weight is None else _of_places(sample_weight, tf.shape(predictions)[0], rows)
    places = (axes - 1, axes) if form.kind == "one" else (axes - 1,)
    if mask is not None and len(mask.shape) in places:
        counted = tf.reshape(mask, (-1,))
        y, predictions = tf.boolean_mask(y, counted), tf.boolean_mask(predictions, counted)
        weights = None if weights is None else tf.boolean_mask(weights, counted)
    return y, predictions, weights


def _of_places(sample_weight: Any, places: Any, rows: Any) -> Any:
    """A weight for each of m places: a row's weight is that of each of its places."""
    weights = tf.reshape(sample_weight, (rows, -1))
    return tf.reshape(tf.repeat(weights, places // tf.size(weights), axis=1), (-1,))


def hot(form: Form, y: Any) -> Any:
    """Targets (m, k) of 0 and 1; yes and no are two classes."""
    if form.kind == "hot":
        return y
    return tf.one_hot(tf.cast(tf.reshape(y, (-1,)), tf.int32), max(2, form.outputs))


def numbers(form: Form, y: Any) -> Any:
    """Class numbers, (m,)."""
    return tf.argmax(y, axis=-1, output_type=tf.int32) if form.kind == "hot" else tf.cast(tf.reshape(y, (-1,)), tf.int32)


def probabilities_of(form: Form, meaning: Meaning, answers: Any) -> Any:
    """Answers as probabilities, (m, k)."""
    if meaning not in {"logits", "separate logits"}:
        return answers
    return tf.sigmoid(answers) if form.kind == "one" or meaning == "separate logits" else tf.nn.softmax(answers)


def logits_of(form: Form, meaning: Meaning, answers: Any, *, each: bool) -> Any:
    """Answers as logits, (m, k): each of its own, or all of a row together. Probabilities are clipped, as by Keras."""
    if meaning == ("separate logits" if each and form.kind != "one" else "logits"):
        return answers
    tiny = keras.config.epsilon()
    chances = tf.clip_by_value(probabilities_of(form, meaning, answers), tiny, 1 - tiny)
    return tf.math.log(chances) - tf.math.log1p(-chances) if each or form.kind == "one" else tf.math.log(chances)


def two_columns(answers: Any, *, logits: bool) -> Any:
    """The answers for no and for yes, (m, 2), of those for yes, (m, 1)."""
    return tf.concat([tf.zeros_like(answers) if logits else 1 - answers, answers], axis=-1)
