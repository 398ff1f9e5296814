"""Dates and times: what is made of them, in memory and streamed, and what is asked where it is not known."""

import datetime as dt
import math

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import DataError
from eagerloop.tables import Dates, blocks
from eagerloop_plugins.dataset.csv import csv

STREAMS = pytest.mark.parametrize("stream", ["yes", "no"])
CALENDAR = ("year", "month", "weekday", "year.sin", "year.cos", "week.sin", "week.cos")
CLOCK = ("hour", "day.sin", "day.cos")


def days(count=40):
    """Some days and hours, ten days and five hours apart."""
    first = dt.datetime(2019, 12, 25, 1, 30)  # noqa: DTZ001 - a day and an hour of some place
    return [first + dt.timedelta(days=10 * n, hours=5 * n) for n in range(count)]


def table(form, count=40, gap=None):
    """A file with a number, a date, and a target."""
    cells = ["" if n == gap else when.strftime(form) for n, when in enumerate(days(count))]
    return "n,seen,t\n" + "".join(f'{n},"{cell}",{n}.5\n' for n, cell in enumerate(cells))


def quantities(when, *, timed):
    """By hand: the numbers of a date."""
    day = (when.hour + when.minute / 60) / 24
    turns = ((when.timetuple().tm_yday - 1 + day * timed) / (366 if when.year == 2020 else 365), (when.isoweekday() - 1) / 7)
    made = [when.year, when.month, when.isoweekday()]
    made += [function(2 * math.pi * turn) for turn in turns for function in (math.sin, math.cos)]
    return [*made, day * 24, math.sin(2 * math.pi * day), math.cos(2 * math.pi * day)] if timed else made


@STREAMS
@pytest.mark.parametrize(
    ("form", "timed"),
    [
        ("%Y-%m-%d", False),
        ("%Y-%m-%dT%H:%M:%SZ", True),
        ("%Y/%m/%d %H:%M", True),
        ("%d.%m.%Y", False),
        ("%m/%d/%y", False),
        ("%m/%d/%Y %I:%M %p", True),
        ("%d %B %Y", False),
        ("%d-%b-%y", False),
        ("%B %d, %Y", False),
    ],
)
def test_dates_become_numbers_and_turns(write, stream, form, timed):
    """ISO and common local forms: year, month, weekday, hour, and sines and cosines, by hand."""
    with pytest.warns(UserWarning, match=r"texts read as dates: seen \('.*' is 20\d\d-\d\d-\d\d.*\); --dataset\.dates text"):
        dataset = csv(path=write(table(form)), stream=stream, standardize=False)
    assert dataset.features == ("n", *(f"seen={name}" for name in CALENDAR + CLOCK * timed))
    for x in np.concatenate([x for part in (dataset.train(1), dataset.test()) for x, _ in part]):
        np.testing.assert_allclose(x[1:], quantities(days()[int(x[0])], timed=timed), rtol=1e-5, atol=1e-6)


@STREAMS
def test_a_time_alone_is_a_time_of_day(write, stream):
    """Midnight is beside the last minute."""
    with pytest.warns(UserWarning, match=r"texts read as dates: seen \('\d\d:\d\d' is \d\d:\d\d:00\)"):
        dataset = csv(path=write(table("%H:%M")), stream=stream)
    assert dataset.features == ("n", *(f"seen={name}" for name in CLOCK))


@STREAMS
def test_day_or_month_first_is_asked(write, stream):
    """All columns in one line; the option answers, and so does another column of the file."""
    lines = [f"{n},0{1 + n % 9}/0{1 + n % 5}/2020,{1 + n % 28}/01/2021,{n}.5\n" for n in range(40)]
    path = write("n,a,b,t\n" + "".join(lines))
    with pytest.warns(UserWarning, match=r"texts read as dates: a .*, b "):
        dataset = csv(path=path, stream=stream, standardize=False)
    x = np.concatenate([x for x, _ in dataset.train(1)])
    assert x[:, 2].tolist() == [1 + n % 5 for n in x[:, 0].astype(int).tolist()]
    message = r"day or month first in 'a' \('.*' may be 2020-.* or 2020-.*\)\? give --dataset\.dates day-first or month-first"
    with pytest.raises(DataError, match=message):
        csv(path=path, stream=stream, exclude=["b"])
    for order, size in (("day-first", 5), ("month-first", 9)):
        with pytest.warns(UserWarning, match=r"texts read as dates: a "):
            dataset = csv(path=path, stream=stream, exclude=["b"], dates=order, standardize=False)
        x = np.concatenate([x for x, _ in dataset.train(1)])
        assert x[:, 2].tolist() == [1 + n % size for n in x[:, 0].astype(int).tolist()]
    with pytest.warns(UserWarning, match=r"'a' \(names the rows"):
        assert csv(path=path, stream=stream, exclude=["b"], dates="text").features == ("n",)


@STREAMS
def test_gaps_new_rows_and_blocks(write, stream, monkeypatch):
    """A missing date has the medians and a column; new rows are read alike; many blocks have the numbers of one."""
    with pytest.warns(UserWarning, match=r"texts read as dates|no value in seen \(1\)"):
        memory = csv(path=write(table("%Y-%m-%d", 200, gap=3)), stream="no")
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 512)
    path = write(table("%Y-%m-%d", 200, gap=3).replace('"', ""))
    with pytest.warns(UserWarning, match=r"texts read as dates|no value in seen \(1\)"):
        dataset = csv(path=path, stream=stream)
    assert dataset.features == memory.features
    assert dataset.features[-1] == "seen=missing"
    new = eagerloop.tables.read_table(write("n,seen\n1,2020-02-29\n2,?\n", "new.csv"))
    encode = dataset.encode
    assert encode(new)[:, -1].tolist() == [0, 1]
    if stream == "no":
        np.testing.assert_array_equal(encode(new), memory.encode(new))
    bad = eagerloop.tables.read_table(write("n,seen\n1,2020-02-30\n", "new.csv"))
    with pytest.raises(DataError, match=r"new\.csv, line 2, column 'seen': '2020-02-30' cannot be read as the others are"):
        encode(bad)


@STREAMS
@pytest.mark.parametrize("cells", [["2020-02-30", "2020-02-01"], ["12:30", "noon"], ["2020-01-01", "2020-01-01 12:00"]])
def test_what_is_no_date_is_text(write, stream, cells):
    """No such day, a word, dates of two kinds."""
    path = write("n,a,t\n" + "".join(f"{n},{cells[n % 2]},{n}.5\n" for n in range(40)))
    assert csv(path=path, stream=stream).features == ("n", *(f"a={cell}" for cell in sorted(cells)))


def test_a_date_is_no_target(write):
    """It is text there, as it was: classes."""
    path = write("n,t\n" + "".join(f"{n},2020-01-0{1 + n % 2}\n" for n in range(40)))
    assert csv(path=path).classes == ("2020-01-01", "2020-01-02")


@pytest.mark.parametrize("text", ["2020-13-01", "2020-1", "12.30", "25:00", "1 Foo 2020", "13:00 pm", "2020-01/01"])
def test_what_no_pattern_reads(text):
    """In any way of writing."""
    assert not any(
        Dates(order, timed).fits([text]) for order in ("iso", "named", "time", "day-first") for timed in (True, False)
    )
