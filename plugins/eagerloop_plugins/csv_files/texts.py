"""Columns of free text: which ones, and the words that the training rows have in them."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.csv_files.faults import Faults
from eagerloop_plugins.csv_files.gathering import Gathering
from eagerloop_plugins.csv_files.rules import fault_of_all
from eagerloop_plugins.csv_files.threads import ahead
from eagerloop_plugins.csv_files.wishes import Wishes

LARGEST = 1 << 28
"""Numbers of x: 1 GiB."""


def check_texts(blocks: Any, target: str, wishes: Wishes, *, streamed: bool) -> None:
    """Refuses columns of text that are not there, or have another purpose.

    Raises:
        ConfigError: One is the target, the weight or excluded, or the file is streamed.
        DataError: There is no such column.
    """
    blocks.require(*wishes.text)
    for name in wishes.text:
        if name in (target, wishes.weight, *wishes.exclude):
            what = "the target" if name == target else "the weight" if name == wishes.weight else "to be excluded"
            msg = f"the text '{name}' is {what} as well; decide for one"
            raise ConfigError(msg)
    if wishes.text and streamed:
        msg = f"text ('{wishes.text[0]}') is read in memory, and this file is to be streamed; give stream=no, or no text"
        raise ConfigError(msg)


def with_texts(features: Sequence[str] | None, text: Sequence[str] | None) -> Sequence[str] | None:
    """The features that were asked for, and the columns of text, which are features too."""
    return [*features, *(name for name in text or () if name not in features)] if features else features


def vocabularies(gathered: Gathering, wishes: Wishes) -> "dict[str, eagerloop.tables.Words]":
    """The words of each column of text, the most frequent of the training rows, and a note of how many these are.

    Raises:
        ConfigError: There would be too many numbers.
        DataError: A column has no word in any training row.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in wishes.text}
    for number, table in enumerate(ahead(gathered.blocks)):
        rows = gathered.dealt.parts(number)[0].tolist()
        for name in wishes.text:
            texts = gathered.reading.texts(table, name)
            gone = table.missing(name)
            for row in rows:
                counts[name].update(() if gone[row] else eagerloop.tables.words_of(texts[row]))
    faults = Faults(gathered.blocks.path)
    for name, found in counts.items():
        with faults.of(name):
            if not found:
                raise fault_of_all(gathered.blocks, name, "no training row has a word here; leave it out of the text")
    faults.tell()
    words = {name: eagerloop.tables.Words.most_frequent(found, wishes.max_words) for name, found in counts.items()}
    _refuse_too_many(gathered, sum(len(one.vocabulary) for one in words.values()))
    told = ", ".join(f"{name} ({len(words[name].vocabulary)} of {len(found)} words)" for name, found in counts.items())
    if told:
        text = f"{gathered.blocks.path}: text read as counts of words: {told}; --dataset.max-words says how many"
        warnings.warn(text, UserWarning, stacklevel=5)
    return words


def _refuse_too_many(gathered: Gathering, words: int) -> None:
    rows = gathered.dealt.count
    if rows * words > LARGEST:
        msg = f"{gathered.blocks.path}: {words} words in {rows} rows are {rows * words:,} numbers, at most {LARGEST:,} fit; "
        msg += f"give --dataset.max-words {LARGEST // rows}"
        raise ConfigError(msg)
