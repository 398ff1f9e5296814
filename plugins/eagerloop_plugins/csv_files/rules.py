"""The rules that a CSV file is read by, in memory and streamed."""

import hashlib
from collections.abc import Sequence
from typing import Any

from eagerloop.errors import ConfigError, DataError

MOST_CLASSES = 20
"""Up to how many different whole numbers, counted from 0 or 1 without a gap, are taken for classes."""

FEWEST_ROWS = 20
"""From how many rows on a column can be seen to name the rows, or to count them."""

ROW_NUMBERS = ("c0", "unnamed: 0", "rownames", "row", "rowid", "id", "index", "no", "nr", "number", "obs")
"""What a column of row numbers is called, in lower case: here where it has no name, by pandas, by R, by people."""

MOST_CATEGORIES = 1000
"""How many columns a single column of text may become: names and dates are no categories."""

MOST_VALUES = 10_000
"""How many different values of a streamed column are kept while reading; that many classes are refused."""


def check_features(table: Any, target: str, given: Sequence[str] | None) -> None:
    """Refuses columns that are not there, or are named twice.

    Raises:
        ConfigError: The target is among the features, or a feature is named twice.
        DataError: There is no such column.
    """
    table.require(target, *(given or ()))
    if target in (given or ()):
        msg = f"the target '{target}' is among the features; leave it out, or choose another target"
        raise ConfigError(msg)
    if len(set(given or ())) < len(given or ()):
        msg = f"features must differ from each other, got {', '.join(given or ())}"
        raise ConfigError(msg)


def counts_from_start(distinct: Sequence[float], rows: int) -> bool:
    """Whether numbers are taken for classes: few different ones (given sorted), whole, from 0 or 1 on without a gap."""
    few = 1 < len(distinct) <= min(MOST_CLASSES, rows // 2)
    return few and any(list(distinct) == list(range(first, first + len(distinct))) for first in (0, 1))


def fingerprint(table: Any, columns: Sequence[str]) -> str:
    """SHA-256 over the file's bytes and the columns that are used."""
    return hashlib.sha256("\n".join([table.digest, *columns]).encode()).hexdigest()


def refuse_empty(table: Any, name: str) -> None:
    """Text has no missing value.

    Raises:
        DataError: A cell of the column is empty.
    """
    if "" in table.text(name):
        raise table.fault(name, table.text(name).index(""), "the cell is empty; fill it in or remove the row")


def fault_of_all(blocks: Any, name: str, complaint: str) -> DataError:
    """The error for a whole column, to be raised: it names the first row, which need not be in the first block."""
    table = next(table for table in blocks if len(table))
    return table.fault(name, 0, complaint)  # type: ignore[no-any-return]
