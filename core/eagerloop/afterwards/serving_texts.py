"""Texts as Python reads them, by TensorFlow's operations. Shapes: n texts, v words.

`tf.strings.lower` asks the machine for its language, and `tf.strings.strip` and `split` know the white space of ASCII alone.
What is here has the tables of the Python that exports, which are those that `predict` reads with.
"""

import functools
import re
import string
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from eagerloop.tables.words import Words

SIGMA, FINAL_SIGMA = "\u03a3", "\u03c2"
"""The letter whose small form depends on the letters around it, and that form at the end of a word."""


@functools.cache
def white_space() -> str:
    r"""All that separates words, as a class of RE2.

    Example:
        >>> r"\x{1c}-\x{20}" in white_space(), r"\x{2000}-\x{200a}" in white_space()
        (True, True)
    """
    return _class_of(str.isspace)


def stripped(texts: Any) -> Any:
    """As `str.strip`, (n,)."""
    return tf.strings.regex_replace(texts, f"^{white_space()}+|{white_space()}+$", "")


def lowered(texts: Any) -> Any:
    """As `str.lower`, (n,): also the one letter that becomes two, and the sigma at the end of a word."""
    several, single = _lower()
    for letter, small in several.items():
        texts = tf.strings.regex_replace(texts, letter, small)
    cased, passed_over = _around_sigma()
    for _ in range(2):  # a sigma that ends one match may begin the next
        texts = tf.strings.regex_replace(texts, f"{SIGMA}({passed_over}*{cased})", SIGMA.lower() + r"\1")
    texts = tf.strings.regex_replace(texts, f"({cased}{passed_over}*){SIGMA}", r"\1" + FINAL_SIGMA)
    return _changed(texts, single)


def with_ascii_digits(texts: Any) -> Any:
    """The digits of every script as 0 to 9, for Python's `int` and `float` take them all, (n,)."""
    return _changed(texts, _digits())


def table_of(words: Words) -> Any:
    """The place of each word; -1 for any other. Whoever saves a function that asks it must hold it."""
    places = tf.range(len(words.vocabulary), dtype=tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(words.vocabulary), places), -1)


def word_counts(texts: Any, table: Any, size: int) -> Any:
    """As `Words.values`, for texts in lower case.

    Args:
        texts: What `lowered` gave, (n,).
        table: As `table_of` gave it.
        size: v.

    Returns:
        The counts, float64, (n, v).
    """
    bare = tf.strings.regex_replace(texts, f"[{re.escape(string.punctuation)}]", "")
    words = tf.strings.split(tf.strings.regex_replace(bare, white_space(), " "))
    places, rows = table.lookup(words.flat_values), words.value_rowids()
    known = places >= 0
    index = tf.stack([tf.boolean_mask(rows, known), tf.boolean_mask(places, known)], axis=1)
    shape = tf.stack([tf.shape(texts, tf.int64)[0], size])
    return tf.scatter_nd(index, tf.ones(tf.shape(index)[:1], tf.float64), shape)


def _changed(texts: Any, changes: Mapping[int, int]) -> Any:
    """Texts with some code points in place of others.

    Raises:
        InvalidArgumentError: A text is not UTF-8, when it is read.
    """
    codes = tf.strings.unicode_decode(texts, "UTF-8", errors="strict")
    olds, news = (tf.constant(values, tf.int32) for values in zip(*sorted(changes.items()), strict=True))
    places = tf.minimum(tf.searchsorted(olds, codes.flat_values), len(changes) - 1)
    found = tf.where(tf.gather(olds, places) == codes.flat_values, tf.gather(news, places), codes.flat_values)
    return tf.strings.unicode_encode(codes.with_flat_values(found), "UTF-8")


def _letters() -> Iterator[str]:
    """Every code point but the halves of pairs, which no text has."""
    return (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)  # noqa: PLR2004


@functools.cache
def _lower() -> tuple[dict[str, str], dict[int, int]]:
    """The letters that become several, and those that become another one, by their code points."""
    changed = {letter: letter.lower() for letter in _letters() if letter.lower() != letter}
    several = {letter: small for letter, small in changed.items() if len(small) > 1}
    return several, {ord(letter): ord(small) for letter, small in changed.items() if len(small) == 1}


@functools.cache
def _digits() -> dict[int, int]:
    found = {ord(letter): unicodedata.decimal(letter, None) for letter in _letters() if not letter.isascii()}
    return {code: ord("0") + int(digit) for code, digit in found.items() if digit is not None}


@functools.cache
def _around_sigma() -> tuple[str, str]:
    """The letters that count beside a sigma, and what is passed over on the way to them, as Python itself shows them."""
    cased = _class_of(lambda letter: f"1{letter}{SIGMA}".lower().endswith(FINAL_SIGMA))
    return cased, _class_of(
        lambda letter: (
            f"a{letter}{SIGMA}".lower().endswith(FINAL_SIGMA) and not f"1{letter}{SIGMA}".lower().endswith(FINAL_SIGMA)
        )
    )


def _class_of(belongs: Callable[[str], bool]) -> str:
    """A class of RE2, of all letters that belong."""
    ranges: list[list[int]] = []
    for code in (ord(letter) for letter in _letters() if belongs(letter)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(rf"\x{{{begin:x}}}-\x{{{end:x}}}" for begin, end in ranges) + "]"
