"""From the raw columns of a table to x, by TensorFlow's operations alone: what `Encoder` and `Pictures` do by NumPy.

Shapes: n rows, d features, k quantities of a column, h x w pixels, c channels.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
    texts = _texts(encoder, columns)
    numeric = [name for name in encoder.columns if name not in encoder.categories]
    read = {
        name: _read(encoder, name, texts[name], (words or {}).get(name))
        if name in encoder.reading.forms
        else _with_gaps(encoder, columns[name])[:, tf.newaxis]
        for name in numeric
    }
    blocks = [*_scaled(encoder, read)] if read else []
    blocks += [_categories(encoder, name, texts[name]) for name in encoder.columns if name in encoder.categories]
    return tf.gather(tf.concat(blocks, axis=1), _order(encoder, numeric), axis=1)


def _order(encoder: Encoder, numeric: Sequence[str]) -> list[int]:
    """Where each column of x stands behind one another: all quantities, all gaps of columns of numbers, all categories."""
    places: dict[str, list[int]] = {}
    count = 0
    for name in numeric:
        places[name] = [*range(count, count := count + len(encoder.reading.names(name)))]
    for name in numeric:
        places[name] += [count] if name in encoder.gaps else []
        count += 1
    for name, known in ((name, encoder.categories[name]) for name in encoder.columns if name in encoder.categories):
        places[name] = [*range(count, count := count + len(known))]
    return [place for name in encoder.columns for place in places[name]]


class _Texts(NamedTuple):
    """A column of texts: as it is written without the space around it, in lower case, and where there is no value; (n,)."""

    cells: Any
    small: Any
    gone: Any


def _texts(encoder: Encoder, columns: Mapping[str, Any]) -> dict[str, _Texts]:
    """All columns of texts: they go through the long tables of letters together."""
    names = [name for name in encoder.columns if name in encoder.categories or name in encoder.reading.forms]
    if not names:
        return {}
    flat = stripped(tf.concat([columns[name] for name in names], axis=0))
    small = lowered(flat)
    missing = tf.constant(sorted(missing_texts(encoder.reading.missing)), tf.string)
    gone = tf.reduce_any(small[:, tf.newaxis] == missing, axis=1)
    parts = [tf.reshape(one, [len(names), -1]) for one in (flat, small, gone)]
    return {name: _Texts(*(part[place] for part in parts)) for place, name in enumerate(names)}


def _with_gaps(encoder: Encoder, values: Any) -> Any:
    """Numbers, float64, NaN also where one stands for no value, such as -999."""
    for gap in filter(math.isfinite, map(number, missing_texts(encoder.reading.missing))):
        values = tf.where(values == gap, tf.constant(np.nan, tf.float64), values)
    return values


def _read(encoder: Encoder, name: str, texts: _Texts, table: Any) -> Any:
    """As `Reading.values` for a column of texts that are quantities, float64, (n, k)."""
    form = encoder.reading.forms[name]
    if isinstance(form, Words):
        return word_counts(tf.where(texts.gone, "", texts.small), table, len(form.vocabulary))
    values = quantities(form, texts.cells)
    bad = ~tf.math.is_finite(values[:, 0]) & ~texts.gone
    with tf.control_dependencies([_refuse(bad, f"column {name}: a cell cannot be read as {form.what}", texts.cells)]):
        return tf.where(texts.gone[:, tf.newaxis], tf.constant(np.nan, tf.float64), values)


def _scaled(encoder: Encoder, read: Mapping[str, Any]) -> tuple[Any, Any]:
    """As `Encoder.put`, for all columns of numbers at once.

    Args:
        encoder: What the training rows set down.
        read: The quantities of each of the m columns, float64, (n, k).

    Returns:
        All quantities around their means, float32, and 1 where a column has no value, float32, (n, m).
    """
    names = [(place, quantity) for place, name in enumerate(read) for quantity in encoder.reading.names(name)]
    means, deviations = np.array([encoder.scales[quantity] for _place, quantity in names], np.float64).T
    known = [encoder.fill(quantity) for _place, quantity in names]
    fills = np.array([np.nan if fill is None else fill for fill in known], np.float64)
    values = tf.concat([*read.values()], axis=1)
    gone = tf.math.is_nan(tf.stack([column[:, 0] for column in read.values()], axis=1))
    filled = tf.where(tf.gather(gone, [place for place, _quantity in names], axis=1), fills, values)
    bad = ~(tf.abs(filled - means) <= np.float64(LARGEST) * deviations)
    where = tf.boolean_mask([quantity for _place, quantity in names], tf.reduce_any(bad, axis=0))
    with tf.control_dependencies([_refuse(bad, "a number is missing, infinite or too large", values, where)]):
        return tf.cast((filled - means) / deviations, tf.float32), tf.cast(gone, tf.float32)


def _refuse(bad: Any, told: str, cells: Any, *further: Any) -> Any:
    """An operation that ends in an error, with some of the cells, if any is bad: a wrong answer would not be noticed."""
    shown = [told, *(one[:SHOWN] for one in further), tf.boolean_mask(cells, bad)[:SHOWN]]
    return tf.debugging.Assert(~tf.reduce_any(bad), shown, summarize=SHOWN)


def _categories(encoder: Encoder, name: str, texts: _Texts) -> Any:
    """As `Reading.labels`: a cell without a value is `missing`, and a text that is none of the categories may be `other`."""
    known = encoder.categories[name]
    hot = _one_hot(texts.cells, known)
    if name in encoder.pooled:
        other = tf.one_hot([known.index(OTHER)], len(known))
        hot = tf.where(tf.reduce_any(hot > 0, axis=1, keepdims=True), hot, other)
    missing = tf.one_hot([known.index(NO_VALUE) if NO_VALUE in known else -1], len(known))
    return tf.where(texts.gone[:, tf.newaxis], missing, hot)


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
