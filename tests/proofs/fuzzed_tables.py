"""Damages tables and reads them: a dataset or one line, no traceback, no hang, memory bounded.

    python benchmarks/fuzzed_tables.py --count 100000
    python benchmarks/fuzzed_tables.py --count 1000 --seed 7 --keep damaged

Each file is one of a few small tables, of text, SQLite or NumPy, in which bytes were changed, lines cut, doubled or swapped,
cells swapped, the encoding or the ends of lines changed. It is read as `--dataset csv` reads it, in memory or in small blocks,
its columns are seen as `inspect data` shows them, and it is read as the new rows of a table that is whole. What is not an error
of the user's kind, of one line, is printed and, with `--keep`, kept.
"""

import argparse
import collections
import contextlib
import io
import random
import resource
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

from eagerloop.errors import EagerloopError
from eagerloop.inspection.views.data import inspect_data
from eagerloop.tables import blocks, read_blocks
from eagerloop_plugins.dataset.csv import csv

SECONDS = 10
"""What a file may take."""

WISHES = (
    {"target": "y"},
    {"missing": "drop"},
    {"header": "no"},
    {"validation_fraction": 0.3},
    {"task": "regression"},
    {"task": "classification"},
    {"decimal": ","},
    {"standardize": False},
)


def tables():
    """Small tables of every kind of column, as bytes."""
    draw = random.Random(0)  # noqa: S311 - damage is no secret
    kinds = {
        "plain": "a,b,y\n" + "".join(f"{n},{n * n % 7}.5,{n % 3}\n" for n in range(40)),
        "gaps": "Age,City,Fare\n" + "".join(f"{n if n % 5 else 'NA'},{'Rome' if n % 3 else ''},{n}.25\n" for n in range(40)),
        "quoted": '"id","na me","y"\n' + "".join(f'"{n}","x, ""{n % 4}""","{n % 2}"\n' for n in range(40)),
        "dates": "day;price;kind\n" + "".join(f"2020-0{n % 9 + 1}-1{n % 9};{n},5;{'ab'[n % 2]}\n" for n in range(40)),
        "money": "what\tprice\tsure\n" + "".join(f"w{n % 5}\t$1,{n:03}\t{'TRUE' if n % 2 else 'false'}\n" for n in range(40)),
        "titled": "Pets of 2020\n# by hand\n\nage|kind\n" + "".join(f"{n}|{'cat' if n % 2 else 'dog'}\n" for n in range(30)),
        "spaces": "'a' 'b' 'y'\n" + "".join(f"{n} {draw.random():.3f} {n % 2}\n" for n in range(30)),
        "years": "2001,2002,2003\n" + "".join(f"{n},{n}.5,{n % 5}e{n % 9}\n" for n in range(30)),
    }
    return {name: text.encode() for name, text in kinds.items()} | {"database": database(), "array": array()}


def database():
    """An SQLite file of a table of forty rows."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE pets (id INTEGER PRIMARY KEY, coat TEXT, size REAL, y)")
        rows = [(n, "ab"[n % 2], n * 0.37 if n % 5 else None, n % 3) for n in range(40)]
        connection.executemany("INSERT INTO pets VALUES (?, ?, ?, ?)", rows)
        connection.commit()
        return connection.serialize()


def array():
    """A NumPy file of numbers, texts, truth values and dates."""
    made = np.zeros(40, [("size", "f4"), ("coat", "U3"), ("tame", "?"), ("seen", "M8[D]"), ("y", "i2")])
    made["size"], made["y"] = np.arange(40) * 0.37, np.arange(40) % 3
    made["coat"], made["seen"] = np.array(["a", "bcd"])[np.arange(40) % 2], np.arange(40)
    file = io.BytesIO()
    np.save(file, made)
    return file.getvalue()


ODD = (
    *(
        b"",
        b'"',
        b"\n",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\xff",
        b",",
        b";",
        b"\t",
        b"|",
        b"#",
        b"-",
        b"'",
        b" ",
        b"\\",
        b"\xe2\x80\xa8",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xc3\xa9",
        b"nan",
        b"inf",
        b"1e999",
        b"9" * 40,
        b"NA",
        b"1_0",
        b"=1+1",
        b"sep=;",
        b"0x1f",
    ),
)


def damaged(data, draw):
    """The bytes with one to three faults."""
    for _ in range(draw.randint(1, 3)):
        data = draw.choice((changed, changed, put_in, cut, lines_moved, cells_moved, in_another_form))(data, draw)
    return data


def changed(data, draw):
    """Some bytes are others."""
    content = bytearray(data)
    for _ in range(draw.randint(1, 5)):
        if content:
            content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content)


def put_in(data, draw):
    """Something odd stands somewhere, or in place of some bytes."""
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice(ODD) * draw.choice((1, 1, 1, 50)) + data[place + draw.randint(0, 9) :]


def cut(data, draw):
    """The end is gone, or the beginning, or what is in the middle."""
    first, second = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    return draw.choice((data[:first], data[second:], data[:first] + data[second:]))


def lines_moved(data, draw):
    """A line is gone, stands twice, is cut, or another one stands in its place."""
    lines = data.split(b"\n")
    place, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    line = lines[place]
    lines[place : place + 1] = draw.choice(([], [line] * 2, [line[: len(line) // 2]], [lines[other]], [b""] * 30, [line, b""]))
    return b"\n".join(lines)


def cells_moved(data, draw):
    """Two cells have changed places, or one is odd, or a whole column is."""
    sign = draw.choice((b",", b";", b"\t", b"|"))
    rows = [line.split(sign) for line in data.split(b"\n")]
    row, other = draw.choice(rows), draw.choice(rows)
    place, odd = draw.randrange(len(row)), draw.choice(ODD)
    row[place], other[-1] = other[-1], row[place]
    if draw.random() < 0.3:
        for one in rows:
            one[min(place, len(one) - 1)] = odd
    return b"\n".join(map(sign.join, rows))


def in_another_form(data, draw):
    """Another encoding, other ends of lines, other signs."""
    encoding = draw.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "utf-7"))
    return draw.choice((
        lambda: data.decode("latin-1").encode(encoding),
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\n", b"\r"),
        lambda: data.replace(b",", draw.choice((b";", b"|", b"\t", b" "))),
        lambda: data.replace(b"\n", b"\n\n"),
    ))()  # fmt: skip


def late(_number, _frame):
    """A file took too long."""
    msg = f"more than {SECONDS} s"
    raise TimeoutError(msg)


def read(path, draw, whole):
    """All that is done with a file; returns the kind of what came of it."""
    options = {"stream": draw.choice(("yes", "no")), "test_fraction": draw.choice((0.2, 0.5))}
    if draw.random() < 0.5:
        options |= draw.choice(WISHES)
    said = []
    try:
        dataset = csv(path=path, **options)
        str(inspect_data(dataset))
        for _given, x, y in dataset.test_pieces():
            assert np.isfinite(x).all()
            assert np.isfinite(y).all()
        said.append("read")
    except EagerloopError as error:
        said.append(fault(error))
    try:
        for table in read_blocks(path):
            if len(table):
                whole.encode(table)
                whole.target_values(table)
    except EagerloopError as error:
        fault(error)
    return said[0]


def fault(error):
    """The kind of an error, whose text must be one line."""
    assert "\n" not in str(error), f"not one line: {error!s:.200}"
    return type(error).__name__


def run(count, seed=0, keep=None, seconds=float("inf")):
    """Reads so many files, or as many as there is time for; returns how many came to what, and the failures."""
    end = time.monotonic() + seconds
    draw, originals = random.Random(seed), list(tables().values())  # noqa: S311 - as above
    found, failures = collections.Counter(), []
    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "table.csv"
        path.write_bytes(originals[1])
        whole = csv(path=path)
        for number in range(count):
            if time.monotonic() > end:
                break
            data = damaged(draw.choice(originals), draw)
            blocks.BLOCK_BYTES = draw.choice((64, 256, 1 << 22))
            path.write_bytes(data)
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                found[read(path, draw, whole)] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                signal.setitimer(signal.ITIMER_REAL, 0)
                found["FAILED"] += 1
                failures.append((number, error, data))
                if keep:
                    Path(keep).mkdir(exist_ok=True)
                    (Path(keep) / f"{seed}-{number}.csv").write_bytes(data)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    blocks.BLOCK_BYTES = 1 << 22
    return found, failures


def main() -> None:
    """Prints what came of the files, and the kinds of failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no file is begun later than that")
    parser.add_argument("--keep", help="a folder for the files that failed")
    arguments = parser.parse_args()
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, failures = run(arguments.count, arguments.seed, arguments.keep, arguments.seconds)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    kinds = collections.Counter()
    for number, error, _data in failures:
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
        kinds[kind] += 1
        if kinds[kind] == 1:
            print(f"file {number}: {kind}: {error!s:.200}")
    print(f"{found.total()} files in {time.perf_counter() - begin:.0f} s, {grown:.0f} MB more memory: {dict(found)}")
    print("\n".join(f"{count:6}  {kind}" for kind, count in kinds.most_common()))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
