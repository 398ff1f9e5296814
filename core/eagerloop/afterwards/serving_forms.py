"""Columns of texts that are read as quantities, by TensorFlow's operations: truth values, numbers as people write them, dates.

Shapes: n rows, k quantities. The patterns are those of `eagerloop.tables`, written for RE2: it has no references back, and
other classes for white space and digits.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.afterwards.serving_texts import lowered, white_space, with_ascii_digits
from eagerloop.tables.cell_forms import MINUS, Numbers, Truth
from eagerloop.tables.cell_forms import PATTERNS as NUMBERS
from eagerloop.tables.dates import CENTURY, DAY, MONTHS, Dates
from eagerloop.tables.dates import PATTERNS as WRITTEN

SIGNS = ("-", "/", r"\.")
"""What stands between the parts of a date."""


def quantities(form: Truth | Numbers | Dates, cells: Any) -> Any:
    """As `form.values`.

    Args:
        form: How the column is read.
        cells: Its texts, without the space around them, (n,).

    Returns:
        float64, (n, k), NaN where a text cannot be read.
    """
    if isinstance(form, Truth):
        small = lowered(cells)
        return _or_nan((small == "true") | (small == "false"), tf.cast(small == "true", tf.float64))[:, tf.newaxis]
    if isinstance(form, Numbers):
        return _numbers(form, with_ascii_digits(cells))[:, tf.newaxis]
    return _dates(form, with_ascii_digits(cells))


def _or_nan(good: Any, values: Any) -> Any:
    return tf.where(good, values, tf.constant(np.nan, tf.float64))


def _parts(pattern: str, cells: Any, names: list[str]) -> tuple[Any, dict[str, Any]]:
    """Which cells a pattern fits as a whole, (n,), and what its groups found in these; else, and of no group, nothing."""
    whole = f"^(?:{pattern})$"
    fits = tf.strings.regex_full_match(cells, pattern)
    places = {name: place for place, name in enumerate(re.findall(r"\(\?P<(\w+)>", pattern), start=1)}
    found = {name: tf.strings.regex_replace(cells, whole, rf"\{places[name]}") for name in names if name in places}
    return fits, {name: tf.where(fits, part, "") for name, part in found.items()}


def _numbers(form: Numbers, cells: Any) -> Any:
    group = {".": ",", ",": r"\."}[form.decimal]
    between = (group, "'", "\u2019", *filter(str.isspace, map(chr, range(0x3001))))
    pattern = NUMBERS[form.decimal].pattern
    begin, end = pattern.index("(?P<whole>") + len("(?P<whole>"), pattern.index(r"|\d+)")
    thousands = "|".join(rf"\d{{1,3}}(?:{sign}\d{{3}})+" for sign in between)
    pattern = (pattern[:begin] + thousands + pattern[end:]).replace(r"\s", white_space()).replace(r"\u2212", MINUS)
    fits, found = _parts(pattern, cells, ["sign", "inner", "whole", "part", "power"])
    digits = tf.strings.regex_replace(found["whole"], r"\D", "")
    good = fits & ((digits != "") | (found["part"] != ""))
    point = tf.where(found["part"] == "", "0", found["part"])
    written = tf.strings.join([tf.where(digits == "", "0", digits), ".", point, found["power"]])
    value = tf.strings.to_number(tf.where(good, written, "0"), tf.float64)
    negative = ((found["sign"] == "-") | (found["sign"] == MINUS)) != (found["inner"] != "")
    return _or_nan(good, tf.where(negative, -value, value))


def _dates(form: Dates, cells: Any) -> Any:
    names = ["year", "month", "day", "hour", "minute", "second", "half"]
    given = {name: tf.fill(tf.shape(cells), "") for name in names}
    fits = tf.zeros(tf.shape(cells), tf.bool)
    for sign in SIGNS if "(?P=sign)" in WRITTEN[form.order] else ("",):
        pattern = WRITTEN[form.order].replace("(?P<sign>[-/.])", sign).replace("(?P=sign)", sign)
        fitting, found = _parts(_re2(pattern), cells, names)
        given = {name: tf.where(fitting, found.get(name, ""), given[name]) for name in names}
        fits |= fitting
    when = {name: _whole(given[name], name) for name in names if name not in ("half", "month", "year")}
    when |= {"year": _year(given["year"]), "month": _month(given["month"]), "hour": _hour(when["hour"], given["half"])}
    columns = [_or_nan(fits & _exists(when), column) for column in _turns(form, when)]
    return tf.stack(columns, axis=1)


def _re2(pattern: str) -> str:
    r"""The classes of Python's white space, inside another class and alone."""
    return (
        pattern.replace(r"[-\s]", f"[-{white_space()[1:]}")
        .replace(r"[T\s]", f"[T{white_space()[1:]}")
        .replace(r"\s", white_space())
    )


def _whole(texts: Any, name: str) -> Any:
    """Whole numbers, int32; where nothing stands, the first day or 0."""
    return tf.strings.to_number(tf.where(texts == "", "1" if name in ("day", "month") else "0", texts), tf.int32)


def _year(texts: Any) -> Any:
    years = _whole(tf.where(texts == "", "2000", texts), "year")
    two_digits = (tf.strings.length(texts) <= 2) & (texts != "")  # noqa: PLR2004 - they have no century
    return tf.where(two_digits, years + tf.where(years >= CENTURY, 1900, 2000), years)


def _month(texts: Any) -> Any:
    """A month by its number or its English name; 0 where there is none of that name."""
    named = tf.strings.regex_full_match(texts, "[A-Za-z]+")
    short = tf.strings.lower(tf.where(named, tf.strings.substr(texts, 0, 3), ""))
    same = short[:, tf.newaxis] == tf.constant(MONTHS)
    by_name = tf.where(tf.reduce_any(same, axis=1), tf.argmax(same, axis=1, output_type=tf.int32) + 1, 0)
    return tf.where(named, by_name, _whole(tf.where(named, "", texts), "month"))


def _hour(hours: Any, halves: Any) -> Any:
    afternoon = tf.cast(tf.strings.lower(halves) == "pm", tf.int32)
    known = (hours >= 1) & (hours <= 12)  # noqa: PLR2004 - the hours of a half day
    return tf.where(halves == "", hours, tf.where(known, hours % 12 + 12 * afternoon, 99))


def _exists(when: Mapping[str, Any]) -> Any:
    """Whether the calendar and the clock have such a moment."""
    leap = _leap(when["year"])
    lengths = tf.constant([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    month = tf.clip_by_value(when["month"], 1, 12)
    days = tf.gather(lengths, month - 1) + tf.cast(leap & (month == 2), tf.int32)  # noqa: PLR2004 - February
    good = (when["year"] >= 1) & (when["month"] == month) & (when["day"] >= 1) & (when["day"] <= days)
    return good & (when["hour"] < 24) & (when["minute"] < 60) & (when["second"] < 60)  # noqa: PLR2004 - a day's


def _leap(year: Any) -> Any:
    return (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))


def _turns(form: Dates, when: Mapping[str, Any]) -> list[Any]:
    """The quantities of `eagerloop.tables.dates`, each (n,), float64."""
    float64 = {name: tf.cast(value, tf.float64) for name, value in when.items()}
    of_day = (float64["hour"] * 3600 + float64["minute"] * 60 + float64["second"]) / DAY
    clock = [of_day * 24, *_round(of_day)]
    if form.order == "time":
        return clock
    days = _days(when["year"], when["month"], when["day"])
    weekday = tf.cast((days + 2) % 7, tf.float64)  # the first day of the year 1 was a Monday
    length = tf.where(_leap(when["year"]), 366.0, 365.0)
    of_year = (tf.cast(days - _days(when["year"], 1, 1), tf.float64) + of_day) / tf.cast(length, tf.float64)
    calendar = [float64["year"], float64["month"], weekday + 1, *_round(of_year), *_round(weekday / 7)]
    return calendar + clock if form.timed else calendar


def _round(part: Any) -> list[Any]:
    """How far round a circle something is, as a sine and a cosine."""
    angle = 2 * np.pi * part
    return [tf.sin(angle), tf.cos(angle)]


def _days(year: Any, month: Any, day: Any) -> Any:
    """Days since the first of March of the year 0, int32.

    Source: H. Hinnant, "chrono-compatible low-level date algorithms" (2013).
    """
    year, month, day = (tf.convert_to_tensor(one, tf.int32) for one in (year, month, day))
    begun = year - tf.cast(month <= 2, tf.int32)  # noqa: PLR2004 - years that begin in March end with the leap day
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return 365 * begun + begun // 4 - begun // 100 + begun // 400 + of_year
