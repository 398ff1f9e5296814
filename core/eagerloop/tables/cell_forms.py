"""Numbers as people write them, and truth values: what a column of texts may be, if all of it agrees.

Shapes: n rows.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eagerloop.tables.cells import Array
from eagerloop.tables.dates import DATES, Dates
from eagerloop.tables.words import Words

MONEY = r"(?:[$€£¥₹₽₩]|USD|EUR|GBP|CHF|JPY)"
MINUS = "\u2212"
"""The sign that typesetters take."""

UNIT = rf"(?:%|{MONEY})"
NOTES = r"(?:\s*(?:\[[^\[\]]{1,8}\]|[*†‡]))*"
"""Footnotes, as encyclopedias have them behind a number."""


def _pattern(decimal: str, group: str) -> "re.Pattern[str]":
    """What a number looks like; between thousands there may be the other sign, a space or an apostrophe."""
    between = rf"(?P<between>[{group}'\u2019\s])"
    whole = rf"\d{{1,3}}(?:{between}\d{{3}})(?:(?P=between)\d{{3}})*|\d+"
    body = rf"(?P<whole>{whole})?(?:{decimal}(?P<part>\d*))?(?P<power>[eE][+-]?\d+)?"
    signs = rf"(?P<sign>[-+\u2212]?)\s*(?:(?P<before>{MONEY})\s*(?P<inner>[-\u2212]?))?"
    return re.compile(rf"{signs}{body}\s*(?P<behind>{UNIT})?{NOTES}")


PATTERNS = {".": _pattern(r"\.", ","), ",": _pattern(",", ".")}


@dataclass(frozen=True)
class Numbers:
    """Numbers with a decimal point or a decimal comma, thousands apart, one currency or per cent, footnotes.

    Attributes:
        decimal: `.` or `,`.

    Example:
        >>> Numbers(".").values(["$1,259", "-3.5 [98]", "12x"])[:, 0].tolist()
        [1259.0, -3.5, nan]
        >>> Numbers(",").values(["1.259,5", "1 000", "45 %"])[:, 0].tolist()
        [1259.5, 1000.0, 45.0]
    """

    decimal: str
    what: ClassVar = "numbers as people write them"

    def as_json(self) -> dict[str, Any]:
        """Which form it is, as JSON."""
        return {"kind": "numbers", "decimal": self.decimal}

    def names(self, name: str) -> tuple[str, ...]:
        """The quantities in a column."""
        return (name,)

    def fits(self, texts: Collection[str]) -> bool:
        """Whether all of these texts can be read, and have no two different units."""
        units = set()
        for text in texts:
            found = self._match(text)
            if not found:
                return False
            units |= {found["before"], found["behind"]} - {None}
        return len(units) <= 1

    def values(self, texts: Sequence[str]) -> Array:
        """The numbers, float64, shape (n, 1), NaN where one cannot be read."""
        known = {text: self._number(text) for text in set(texts)}
        return np.array([known[text] for text in texts], np.float64)[:, np.newaxis]

    def _match(self, text: str) -> "re.Match[str] | None":
        found = PATTERNS[self.decimal].fullmatch(text)
        return found if found and (found["whole"] or found["part"]) else None

    def _number(self, text: str) -> float:
        found = self._match(text)
        if not found:
            return np.nan
        whole = re.sub(r"\D", "", found["whole"] or "0")
        negative = (found["sign"] in ("-", MINUS)) != bool(found["inner"])
        value = float(f"{whole}.{found['part'] or '0'}{found['power'] or ''}")
        return -value if negative else value


@dataclass(frozen=True)
class Truth:
    """`true` and `false` in any case: 1 and 0.

    Example:
        >>> Truth().values(["TRUE", "False"])[:, 0].tolist()
        [1.0, 0.0]
    """

    what: ClassVar = "truth values"

    def as_json(self) -> dict[str, Any]:
        """Which form it is, as JSON."""
        return {"kind": "truth"}

    def names(self, name: str) -> tuple[str, ...]:
        """The quantities in a column."""
        return (name,)

    def fits(self, texts: Collection[str]) -> bool:
        """Whether all of these texts can be read."""
        return bool(texts) and all(text.lower() in ("true", "false") for text in texts)

    def values(self, texts: Sequence[str]) -> Array:
        """1 and 0, float64, shape (n, 1), NaN for anything else."""
        known = {text: {"true": 1.0, "false": 0.0}.get(text.lower(), np.nan) for text in set(texts)}
        return np.array([known[text] for text in texts], np.float64)[:, np.newaxis]


Form = Numbers | Truth | Dates | Words
"""How a column of texts is read as quantities."""

FORMS: tuple[Form, ...] = (Numbers("."), Numbers(","), Truth(), *DATES)
"""What a column may be: each that fits all of its texts."""


def form_from_json(content: Any) -> Form:
    """The form that `as_json` told of.

    Raises:
        ValueError: There is no such form.

    Example:
        >>> form_from_json({"kind": "numbers", "decimal": ","})
        Numbers(decimal=',')
    """
    if isinstance(content, dict) and content.get("kind") == "words":
        return Words.from_json(content)
    for form in FORMS:
        if form.as_json() == content:
            return form
    msg = f"there is no form {content!r}"
    raise ValueError(msg)
