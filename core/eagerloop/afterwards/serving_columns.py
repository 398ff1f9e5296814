"""From the raw columns of a table to x, by TensorFlow's operations alone: what `Encoder` and `Pictures` do by NumPy.

Shapes: n rows, d features, k quantities of a column, h x w pixels, c channels.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.afterwards.serving_forms import quantities
from eagerloop.afterwards.serving_texts import lowered, stripped, table_of, with_ascii_digits, word_counts
from eagerloop.tables.cells import NO_VALUE, OTHER, missing_texts, number
from eagerloop.tables.encoder import LARGEST, Encoder
from eagerloop.tables.pictures import Pictures
from eagerloop.tables.words import Words

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
"""A number as it is written in a table, by RE2."""

SHOWN = 5
"""How many cells a message shows."""


def word_tables(encoder: Encoder) -> dict[str, Any]:
    """The vocabulary of each column of free text, for `encoded`."""
    return {name: table_of(form) for name, form in encoder.reading.forms.items() if isinstance(form, Words)}


def pictured(pictures: Pictures, files: Any) -> Any:
    """What `Pictures` makes of files.

    Args:
        pictures: The form of x.
        files: The bytes of each, (n,).

    Returns:
        x, float32, (n, h, w, c).

    Raises:
        InvalidArgumentError: One is no picture, when it is decoded.
    """
    like = tf.TensorSpec([pictures.height, pictures.width, pictures.channels], tf.float32)

    def read(file: Any) -> Any:
        return pictures.scaled(tf.io.decode_image(file, expand_animations=False))

    return tf.map_fn(read, files, fn_output_signature=like)


def encoded(encoder: Encoder, columns: Mapping[str, Any], words: Mapping[str, Any] | None = None) -> Any:
    """What `Encoder.__call__` makes of a table, for tensors.

    Args:
        encoder: What the training rows set down.
        columns: By name: numbers float64, NaN where there is no value; texts as strings; each (n,).
        words: What `word_tables` gave, where there is free text.

    Returns:
        x, float32, (n, d).

    Raises:
        InvalidArgumentError: A cell that `Encoder` refuses, when it is read.
    """
    parts = []
    for name in encoder.columns:
        if name in encoder.categories:
            parts.append(_categories(encoder, name, stripped(columns[name])))
        elif name in encoder.reading.forms:
            parts += _scaled(encoder, name, _read(encoder, name, stripped(columns[name]), (words or {}).get(name)))
        else:
            parts += _scaled(encoder, name, _with_gaps(encoder, columns[name])[:, tf.newaxis])
    return tf.concat(parts, axis=1)


def _with_gaps(encoder: Encoder, values: Any) -> Any:
    """Numbers, float64, NaN also where one stands for no value, such as -999."""
    for gap in filter(math.isfinite, map(number, missing_texts(encoder.reading.missing))):
        values = tf.where(values == gap, tf.constant(np.nan, tf.float64), values)
    return values


def _gone(encoder: Encoder, small: Any) -> Any:
    """Which cells have no value, (n,), of their texts in lower case."""
    texts = tf.constant(sorted(missing_texts(encoder.reading.missing)), tf.string)[tf.newaxis]
    return tf.reduce_any(small[:, tf.newaxis] == texts, axis=1)


def _read(encoder: Encoder, name: str, cells: Any, table: Any) -> Any:
    """As `Reading.values` for a column of texts that are quantities, float64, (n, k)."""
    form, small = encoder.reading.forms[name], lowered(cells)
    gone = _gone(encoder, small)
    if isinstance(form, Words):
        return word_counts(tf.where(gone, "", small), table, len(form.vocabulary))
    values = quantities(form, cells)
    bad = ~tf.math.is_finite(values[:, 0]) & ~gone
    with tf.control_dependencies([_refuse(bad, f"column {name}: a cell cannot be read as {form.what}", cells)]):
        return tf.where(gone[:, tf.newaxis], tf.constant(np.nan, tf.float64), values)


def _scaled(encoder: Encoder, name: str, values: Any) -> list[Any]:
    """As `Encoder.put`: quantities, float64, (n, k), around their means, (n, k), and where there were none, (n, 1)."""
    names = encoder.reading.names(name)
    means, deviations = np.array([encoder.scales[quantity] for quantity in names], np.float64).T
    known = [encoder.fill(quantity) for quantity in names]
    fills = np.array([np.nan if fill is None else fill for fill in known], np.float64)
    gone = tf.math.is_nan(values[:, :1])
    filled = tf.where(gone, fills, values)
    bad = ~tf.reduce_all(tf.abs(filled - means) <= np.float64(LARGEST) * deviations, axis=1)
    with tf.control_dependencies([_refuse(bad, f"column {name}: a number is missing, infinite or too large", values[:, 0])]):
        x = tf.cast((filled - means) / deviations, tf.float32)
    return [x, tf.cast(gone, tf.float32)] if name in encoder.gaps else [x]


def _refuse(bad: Any, told: str, cells: Any) -> Any:
    """An operation that ends in an error, with some of the cells, if any is bad: a wrong answer would not be noticed."""
    return tf.debugging.Assert(~tf.reduce_any(bad), [told, tf.boolean_mask(cells, bad)[:SHOWN]], summarize=SHOWN)


def _categories(encoder: Encoder, name: str, cells: Any) -> Any:
    """As `Reading.labels`: a cell without a value is `missing`, and a text that is none of the categories may be `other`."""
    known = encoder.categories[name]
    gone = _gone(encoder, lowered(cells))[:, tf.newaxis]
    hot = _one_hot(cells, known)
    if name in encoder.pooled:
        other = tf.one_hot([known.index(OTHER)], len(known))
        hot = tf.where(tf.reduce_any(hot > 0, axis=1, keepdims=True), hot, other)
    missing = tf.one_hot([known.index(NO_VALUE) if NO_VALUE in known else -1], len(known))
    return tf.where(gone, missing, hot)


def _one_hot(cells: Any, categories: Sequence[str]) -> Any:
    """A 0-1 column for each category; `3.0` is `3` where `3.0` is none itself, as in `Table.labels`."""
    as_written = cells[:, tf.newaxis] == tf.constant(list(categories), tf.string)
    digits = with_ascii_digits(cells)
    is_number = tf.strings.regex_full_match(digits, NUMBER)
    values = tf.strings.to_number(tf.where(is_number, digits, "nan"), tf.float64)
    wholes = [
        value if math.isfinite(value) and str(int(value)) == text else np.nan
        for text, value in zip(categories, map(number, categories), strict=True)
    ]
    as_whole = values[:, tf.newaxis] == tf.constant(wholes, tf.float64)  # of a text that is no whole number: never
    found = tf.where(tf.reduce_any(as_written, axis=1, keepdims=True), as_written, as_whole)
    return tf.cast(found, tf.float32)
