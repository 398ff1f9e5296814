"""A column of free text as counts of words. Shapes: n rows, v words."""

import string
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eagerloop.tables.cells import Array

PUNCTUATION = str.maketrans("", "", string.punctuation)

MOST_WORDS = 100_000
"""Of a vocabulary."""


def words_of(text: str) -> list[str]:
    """The words of a text: in lower case, without punctuation, between white space.

    Example:
        >>> words_of("Don't stop -- NOW!")
        ['dont', 'stop', 'now']

    Source: the standardization and the split of `keras.layers.TextVectorization`, which lowers ASCII letters alone.
    """
    return text.lower().translate(PUNCTUATION).split()


@dataclass(frozen=True)
class Words:
    """How often each word of a vocabulary occurs in a text. Other words are passed over, and so is the order.

    Attributes:
        vocabulary: The v words.

    Example:
        >>> Words(("good", "bad")).values(["Good, good!", "bad luck", ""]).tolist()
        [[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
        >>> Words(("good", "bad")).names("review")
        ('review:good', 'review:bad')

    Source: `keras.layers.TextVectorization(output_mode="count")`, without its column for unknown words.
    """

    vocabulary: tuple[str, ...]
    what: ClassVar = "words"

    def as_json(self) -> dict[str, Any]:
        """Which form it is, as JSON."""
        return {"kind": "words", "vocabulary": list(self.vocabulary)}

    @classmethod
    def from_json(cls, content: Any) -> "Words":
        """What `as_json` told of.

        Raises:
            ValueError: It is no such content.
        """
        words = content.get("vocabulary")
        good = isinstance(words, list) and 0 < len(words) <= MOST_WORDS and all(isinstance(word, str) for word in words)
        if not good or len({*words}) < len(words):
            msg = "a vocabulary must be a list of texts that differ"
            raise ValueError(msg)
        return cls(tuple(words))

    @classmethod
    def most_frequent(cls, counts: "Counter[str]", most: int) -> "Words":
        """The most frequent words; of those that are equally frequent the first ones by the alphabet.

        Args:
            counts: How often each occurs.
            most: How many are kept.
        """
        return cls(tuple(sorted(counts, key=lambda word: (-counts[word], word))[:most]))

    def names(self, name: str) -> tuple[str, ...]:
        """The quantities in a column, (v,)."""
        return tuple(f"{name}:{word}" for word in self.vocabulary)

    def fits(self, texts: Collection[str]) -> bool:  # noqa: ARG002 - as the other forms
        """Never by itself: somebody must ask for it."""
        return False

    def values(self, texts: Sequence[str]) -> Array:
        """The counts, float64, (n, v)."""
        places = {word: place for place, word in enumerate(self.vocabulary)}
        counts = np.zeros((len(texts), len(places)), np.float64)
        for row, text in enumerate(texts):
            known = [places[word] for word in words_of(text) if word in places]
            np.add.at(counts[row], known, 1)
        return counts
