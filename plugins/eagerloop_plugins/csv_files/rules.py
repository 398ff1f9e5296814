"""The rules that a CSV file is read by, in memory and streamed."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import eagerloop
from eagerloop.errors import ConfigError, DataError

NO_VALUE, OTHER = eagerloop.tables.NO_VALUE, eagerloop.tables.OTHER

MOST_CLASSES = 20
"""Up to how many different whole numbers, counted from 0 or 1 without a gap, are taken for classes."""

FEWEST_ROWS = 20
"""From how many rows on a column can be seen to name the rows, or to count them."""

ROW_NUMBERS = ("c0", "unnamed: 0", "__index_level_0__", "rownames", "row", "rowid", "id", "index", "no", "nr", "number", "obs")
"""What a column of row numbers is called, in lower case: here where it has no name, by pandas, by R, by people."""

SMALLEST_BATCH, LARGEST_BATCH, BATCHES = 4, 128, 50
"""Between what a batch has its rows, if nobody has said how many, and how many batches an epoch has then at least."""

MOST_CATEGORIES = 1000
"""How many different texts a column may have, if nobody has asked for it: names and dates are no categories."""

MOST_VALUES = 10_000
"""How many different values of a column are kept while reading; that many classes are refused."""


def check_features(table: Any, target: str, given: Sequence[str] | None, excluded: Sequence[str] = ()) -> None:
    """Refuses columns that are not there, or are named twice.

    Raises:
        ConfigError: The target is among the features, a feature is named twice, or excluded as well.
        DataError: There is no such column.
    """
    table.require(target, *(given or ()), *excluded)
    for name in excluded:
        if name == target or name in (given or ()):
            what = "the target" if name == target else "among the features"
            msg = f"'{name}' is to be excluded, and is {what}; decide for one"
            raise ConfigError(msg)
    if target in (given or ()):
        msg = f"the target '{target}' is among the features; leave it out, or choose another target"
        raise ConfigError(msg)
    if len(set(given or ())) < len(given or ()):
        msg = f"features must differ from each other, got {', '.join(given or ())}"
        raise ConfigError(msg)


def most_frequent(counts: "Counter[str]", most: int) -> list[str]:
    """The categories of a column of text, sorted: if there are too many, the most frequent, and `other`.

    Args:
        counts: How often each text occurs in the training rows.
        most: How many categories there may be, `missing` and `other` not counted.

    Example:
        >>> most_frequent(Counter("aaabbcd"), 2), most_frequent(Counter("aaabbcd"), 4)
        (['a', 'b', 'other'], ['a', 'b', 'c', 'd'])
    """
    texts = [text for text in counts if text != NO_VALUE]
    if len(texts) <= most:
        return sorted(counts)
    kept = sorted(texts, key=lambda text: (-counts[text], text))[:most]
    return sorted({*kept, OTHER, *({NO_VALUE} & {*counts})})


def counts_from_start(distinct: Sequence[float], rows: int) -> bool:
    """Whether numbers are taken for classes: few different ones (given sorted), whole, from 0 or 1 on without a gap."""
    few = 1 < len(distinct) <= min(MOST_CLASSES, rows // 2)
    return few and any(list(distinct) == list(range(first, first + len(distinct))) for first in (0, 1))


def is_of_ids(reason: str) -> bool:
    """Whether a column was left out for telling rows apart: it says nothing of the target, but which row a prediction is of.

    Args:
        reason: Why it was left out.
    """
    return reason.startswith(("names the rows", "counts the rows")) or reason.endswith("different texts")


def batch_size_for(rows: int) -> int:
    """How many rows a batch has, if nobody has said it: a power of two, so that an epoch has at least fifty batches.

    A small table gets small batches: ten epochs are then some hundred steps, not ten. From 6,400 rows on a batch has 128.

    Args:
        rows: How many there are to train on.

    Example:
        >>> [batch_size_for(rows) for rows in (3, 26, 900, 5000, 100_000)]
        [3, 4, 16, 64, 128]
    """
    power = 1 << max(0, (rows // BATCHES).bit_length() - 1)  # the largest that leaves so many batches
    return min(max(power, SMALLEST_BATCH), LARGEST_BATCH, rows)


def fingerprint(table: Any, columns: Sequence[str]) -> str:
    """SHA-256 over the file's bytes and the columns that are used."""
    return hashlib.sha256("\n".join([table.digest, *columns]).encode()).hexdigest()


def fault_of_all(blocks: Any, name: str, complaint: str) -> DataError:
    """The error for a whole column, to be raised: it names the first row, which need not be in the first block."""
    table = next((table for table in blocks if len(table)), None)
    if table is None:
        return DataError(f"{blocks.path} has no row that could be read; {complaint}")
    return table.fault(name, 0, complaint)  # type: ignore[no-any-return]
