"""Dates and times as numbers: what a calendar and a clock say, and how far round the year, the week and the day are.

Shapes: n rows, k quantities.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eagerloop.tables.cells import Array

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[aApP][mM])?"
ZONE = r"(?:\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
CLOCK = rf"(?:[T\s]\s*{TIME}{ZONE})?"

PATTERNS = {
    "iso": rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}}){CLOCK}",
    "day-first": rf"(?P<day>\d{{1,2}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d{{2}}){CLOCK}",
    "month-first": rf"(?P<month>\d{{1,2}})(?P<sign>[-/.])(?P<day>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d{{2}}){CLOCK}",
    "named": rf"(?P<day>\d{{1,2}})\.?[-\s](?P<month>[A-Za-z]{{3,9}})\.?,?[-\s](?P<year>\d{{4}}|\d{{2}}){CLOCK}",
    "month named first": rf"(?P<month>[A-Za-z]{{3,9}})\.?\s(?P<day>\d{{1,2}}),?\s(?P<year>\d{{4}}){CLOCK}",
    "time": TIME,
}
"""How dates are written; of the second and the third only one can be meant where the days are above 12."""

COMPILED = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}

CENTURY = 69
"""Two digits up to here are of this century, as in C and POSIX."""

DAY = 86400.0

Quantity = Callable[[dt.datetime], float]

CALENDAR: dict[str, Quantity] = {
    "year": lambda when: when.year,
    "month": lambda when: when.month,
    "weekday": lambda when: when.isoweekday(),
    "year.sin": lambda when: np.sin(2 * np.pi * _part_of_year(when)),
    "year.cos": lambda when: np.cos(2 * np.pi * _part_of_year(when)),
    "week.sin": lambda when: np.sin(2 * np.pi * when.weekday() / 7),
    "week.cos": lambda when: np.cos(2 * np.pi * when.weekday() / 7),
}
"""What is made of a date: numbers that go on, and turns, in which December is beside January."""

HOURS: dict[str, Quantity] = {
    "hour": lambda when: _part_of_day(when) * 24,
    "day.sin": lambda when: np.sin(2 * np.pi * _part_of_day(when)),
    "day.cos": lambda when: np.cos(2 * np.pi * _part_of_day(when)),
}
"""What is made of a time of day."""


@dataclass(frozen=True)
class Dates:
    """Dates in one way of writing, with a time of day or without.

    Attributes:
        order: A name of `PATTERNS`.
        timed: Whether there are times of day.

    Example:
        >>> dates = Dates("iso", timed=False)
        >>> dates.names("seen")[:3], dates.values(["2024-02-29", "2023-02-29"])[:, :3].tolist()
        (('seen=year', 'seen=month', 'seen=weekday'), [[2024.0, 2.0, 4.0], [nan, nan, nan]])
    """

    order: str
    timed: bool
    what: ClassVar = "dates or times"

    def as_json(self) -> dict[str, Any]:
        """Which form it is, as JSON."""
        return {"kind": "dates", "order": self.order, "timed": self.timed}

    def names(self, name: str) -> tuple[str, ...]:
        """The quantities in a column."""
        return tuple(f"{name}={one}" for one in self._quantities())

    def fits(self, texts: Collection[str]) -> bool:
        """Whether all of these texts can be read, and each, or none, has a time of day."""
        if not texts:
            return False
        for text in texts:
            read = _read(self.order, text)
            if read is None or read[1] != self.timed:
                return False
        return True

    def values(self, texts: Sequence[str]) -> Array:
        """The quantities, float64, shape (n, k), NaN where a text cannot be read."""
        makers = self._quantities().values()
        known = {}
        for text in set(texts):
            read = _read(self.order, text)
            known[text] = [np.nan] * len(makers) if read is None else [make(read[0]) for make in makers]
        return np.array([known[text] for text in texts], np.float64).reshape(len(texts), len(makers))

    def meant(self, text: str) -> str:
        """A text in the one way of writing that has no second meaning."""
        read = _read(self.order, text)
        if read is None:
            return text
        clock = read[0].strftime("%H:%M:%S")
        day = "" if self.order == "time" else f"{read[0]:%Y-%m-%d}"
        return f"{day} {clock}".strip() if self.timed else day

    def _quantities(self) -> dict[str, Quantity]:
        return HOURS if self.order == "time" else CALENDAR | HOURS if self.timed else CALENDAR


def _read(order: str, text: str) -> tuple[dt.datetime, bool] | None:
    """A date, and whether it has a time; None if the text is none."""
    found = COMPILED[order].fullmatch(text)
    if not found:
        return None
    parts = found.groupdict()
    hour = _hour(int(parts["hour"] or 0), parts["half"])
    try:
        when = dt.datetime(  # noqa: DTZ001 - the zone is not a feature: a day is the day of the place
            _year(parts.get("year") or "2000"),
            _month(parts.get("month") or "1"),
            int(parts.get("day") or 1),
            hour,
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
        )
    except ValueError:
        return None
    return when, parts["hour"] is not None


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004 - two digits have no century
        return year
    return year + (1900 if year >= CENTURY else 2000)


def _month(text: str) -> int:
    """A month by its number or its English name.

    Raises:
        ValueError: There is none of that name.
    """
    return int(text) if text.isdigit() else MONTHS.index(text[:3].lower()) + 1


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + 12 * (half.lower() == "pm") if 1 <= hour <= 12 else 99  # noqa: PLR2004 - the hours of a half day


def _part_of_day(when: dt.datetime) -> float:
    return (when.hour * 3600 + when.minute * 60 + when.second) / DAY


def _part_of_year(when: dt.datetime) -> float:
    """How far round the year is, so that the same day is nearly at the same place in each."""
    begin = dt.datetime(when.year, 1, 1)  # noqa: DTZ001 - as above
    days = (dt.datetime(when.year + 1, 1, 1) - begin).days if when.year < dt.MAXYEAR else 365  # noqa: DTZ001
    return ((when - begin).days + _part_of_day(when)) / days


DATES = tuple(Dates(order, timed=timed) for order in PATTERNS for timed in (False, True) if timed or order != "time")
