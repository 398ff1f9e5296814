"""Parquet, SQLite, NumPy, JSON lines: columns, numbers and batches are those of CSV with the same values; faults are named."""

import contextlib
import csv as csv_module
import datetime as dt
import decimal
import gc
import json
import sqlite3
import sys
import tempfile
import warnings
from hashlib import sha256

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.evaluation import evaluate_table
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.errors import ConfigError, DataError, EagerloopError
from eagerloop.tables import blocks, open_table, read_blocks, read_table
from eagerloop_plugins.csv_files import stream as streaming
from eagerloop_plugins.dataset import csv as part
from eagerloop_plugins.dataset.csv import csv

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

KINDS = ("sqlite", "npy", "jsonl", "parquet")
ALL = pytest.mark.parametrize("kind", KINDS)


def columns_of(count=200, seed=0):
    """A table with gaps, ids, categories, truth values, dates and a target, as Python's own values."""
    draw = np.random.default_rng(seed)
    size = draw.normal(5, 3, count).tolist()
    return {
        "id": list(range(count)),
        "size": [None if row % 9 == 4 else value for row, value in enumerate(size)],
        "coat": ["" if row % 11 == 3 else f"{'long' if row % 3 else 'très court'}" for row in range(count)],
        "tame": [row % 4 == 0 for row in range(count)],
        "seen": [None if row % 13 == 5 else dt.datetime(2020, 1, 1) + dt.timedelta(hours=7 * row) for row in range(count)],  # noqa: DTZ001
        "weight": [2 * value + 0.1 for value in size],
    }


def write_csv(path, columns):
    """The table as Python's own writer has it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv_module.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def write_parquet(path, columns, **options):
    """The table by pyarrow, in several groups of rows."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table(columns), path, row_group_size=70, **options)


def write_sqlite(path, columns, table="pets"):
    """The table by SQLite, which has neither truth values nor times."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        named = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        quoted = table.replace('"', '""')
        connection.execute(f'CREATE TABLE "{quoted}" ({named})')
        cells = [
            [str(cell) if isinstance(cell, (bool, dt.datetime)) else cell for cell in column] for column in columns.values()
        ]
        marks = ", ".join("?" * len(columns))
        connection.executemany(f'INSERT INTO "{quoted}" VALUES ({marks})', zip(*cells, strict=True))  # noqa: S608 - ours
        connection.commit()


def write_npy(path, columns):
    """The table as a structured array."""
    kinds = {"seen": "M8[s]", "coat": "U20", "id": "i4", "tame": "?"}
    made = {
        name: np.array([np.nan if cell is None and name != "seen" else cell for cell in column], kinds.get(name, "f8"))
        for name, column in columns.items()
    }
    array = np.zeros(len(next(iter(made.values()))), [(name, column.dtype) for name, column in made.items()])
    for name, column in made.items():
        array[name] = column
    np.save(path, array)


def write_jsonl(path, columns):
    """The table as an object a line; a gap is null."""
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))


WRITERS = {"parquet": write_parquet, "sqlite": write_sqlite, "npy": write_npy, "jsonl": write_jsonl}


def write_as(kind, folder, columns, name="pets"):
    """The table in a kind of file."""
    path = folder / f"{name}.{kind}"
    WRITERS[kind](path, columns)
    return path


def arrays(batches):
    """All batches, as arrays."""
    return [np.asarray(leaf) for batch in batches for leaf in batch]


def same(one, other):
    """Whether two lists of arrays are the same bits."""
    return len(one) == len(other) and all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True)
    )


@ALL
@pytest.mark.sweep(1)
def test_the_batches_are_those_of_csv(tmp_path, kind):
    """In memory and streamed: features, order of every epoch, test, validation, classes; the fingerprint is the file's own."""
    columns = columns_of()
    path, text = write_as(kind, tmp_path, columns), write_csv(tmp_path / "pets.csv", columns)
    for target in ("weight", "coat"):
        options = {"target": target, "validation_fraction": 0.1, "batch_size": 16, "seed": 7}
        expected = csv(path=text, **options, stream="no")
        memory, stream = (csv(path=path, **options, stream=stream) for stream in ("no", "yes"))
        assert memory.fingerprint == stream.fingerprint != expected.fingerprint
        for dataset in (memory, stream):
            assert (dataset.features, dataset.classes, dataset.task) == (expected.features, expected.classes, expected.task)
            for epoch, start in ((1, 0), (2, 0), (3, 5)):
                assert same(arrays(dataset.train(epoch, start)), arrays(expected.train(epoch, start)))
            assert same(arrays(dataset.test()), arrays(expected.test()))
            assert same(arrays(dataset.validation()), arrays(expected.validation()))
            assert dataset.carried == expected.carried
        seen = [[(one.name, one.use, one.missing) for one in dataset.columns_seen()] for dataset in (memory, stream, expected)]
        assert seen[0] == seen[1] == seen[2]


@ALL
@pytest.mark.long
def test_many_blocks_are_those_of_csv(tmp_path, kind, monkeypatch):
    """The copy has the length of the text: even where rows are drawn block by block, they are the same rows."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1024)
    monkeypatch.setattr(streaming, "WINDOW_BYTES", 4096)
    columns = columns_of(300) | ({"tame": [("x", "y")[row % 2] for row in range(300)]} if kind == "jsonl" else {})
    if kind == "npy":
        del columns["tame"]
    path, text = write_as(kind, tmp_path, columns), write_csv(tmp_path / "pets.csv", columns)
    one, other = (csv(path=each, target="weight", stream="yes", batch_size=32) for each in (path, text))
    assert len(one.blocks) == len(other.blocks) > 10
    for epoch in (1, 2):
        assert same(arrays(one.train(epoch, 3)), arrays(other.train(epoch, 3)))
    assert same(arrays(one.test()), arrays(other.test()))


@ALL
def test_no_bit_of_a_number_is_lost(tmp_path, kind):
    """Any finite number of 64 bits, and, where the file has them, of 32."""
    bits = np.random.default_rng(1).integers(0, 1 << 64, 2000, np.uint64).view(np.float64)
    values = np.concatenate([bits[np.isfinite(bits)], [0.1, -0.0, 5e-324, 1e16, 123456789.0]])
    path = write_as(kind, tmp_path, {"a": values.tolist(), "b": values.tolist()})
    assert read_table(path).numbers("a", np.float64).tobytes() == values.tobytes()
    if kind == "npy":
        half = np.random.default_rng(2).integers(0, 1 << 32, 3000, np.uint32).view(np.float32)
        half = half[np.isfinite(half)][:2000].reshape(-1, 2)
        np.save(path, half)
        assert read_table(path).numbers("c1", np.float32).tobytes() == half[:, 1].tobytes()
        np.save(path, np.array([[0.1, 7]], np.float32))
        assert read_table(path).columns == {"c0": ["0.1"], "c1": ["7.0"]}


@pytest.mark.parametrize("kind", ["parquet", "sqlite", "jsonl"])
def test_texts_are_as_they_were(tmp_path, kind):
    """Tabs, quotes, commas and other alphabets; a line that ends within a text is a space, so that it can be streamed."""
    texts = ["a\tb", 'say "x"', "x, y;|", "  padded ", "", "Zoë 猫", "'", "#", "two\r\nlines\rand\nmore", "\u2028"]
    path = write_as(kind, tmp_path, {"#a": texts, "b": list(range(10)), 'c "d"\t,': texts})
    expected = [text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").strip() for text in texts]
    for table in (read_table(path), read_blocks(path)[0]):
        assert table.names == ("#a", "b", 'c "d"\t,')
        assert table.text("#a") == table.text('c "d"\t,') == expected
        assert list(table.lines) == list(range(1, 11))


@pytest.mark.parametrize("kind", ["parquet", "sqlite", "jsonl"])
def test_a_row_of_one_column_without_a_value_stays_a_row(tmp_path, kind):
    """As text it would be a blank line, which is none."""
    path = write_as(kind, tmp_path, {"a": ["x", None, "", " ", "y"]})
    assert read_table(path).missing("a").tolist() == read_blocks(path)[0].missing("a").tolist()
    assert read_table(path).missing("a").tolist() == [False, True, True, True, False]


@ALL
def test_a_fault_is_named_by_its_row(tmp_path, kind):
    """Rows count from 1; of JSON they are lines."""
    columns = columns_of()
    columns["coat"] = ["1"] * 150 + ["heavy"] + ["2"] * 49
    path = write_as(kind, tmp_path, columns)
    where = "line 151" if kind == "jsonl" else "row 151"
    for stream in ("yes", "no"):
        with pytest.raises(DataError, match=rf"pets\.{kind}, {where}, column 'coat': 'heavy' is not a number"):
            csv(path=path, target="coat", task="regression", stream=stream)
    with pytest.raises(DataError, match=rf"without a value in 'size' \(22, at first in {where[:-3]}5\)"):
        csv(path=path, target="weight", missing="refuse", features=["size"])
    with pytest.raises(DataError, match=rf"got '' in {where[:-3]}5, '-1\.9[0-9]+' in {where[:-3]}13"):
        csv(path=path, target="weight", weight="size", exclude=["coat"])


def test_a_file_is_known_by_its_first_bytes(tmp_path):
    """Whatever it is called; and what has the ending of another kind is told."""
    columns = columns_of(30)
    for kind in ("sqlite", "npy"):
        path = write_as(kind, tmp_path, columns).rename(tmp_path / f"{kind}.csv")
        assert read_table(path).names == tuple(columns)
    pytest.importorskip("pyarrow")
    path = write_as("parquet", tmp_path, columns).rename(tmp_path / "pets.db")
    assert read_table(path).names == tuple(columns)


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("a.parquet", b"a,b\n1,2\n", r"a\.parquet is no Parquet file: it begins with b'a,b\\n1,2\\n'; .* such as \.csv"),
        ("a.npy", b"", r"a\.npy is empty"),
        ("a.sqlite3", b"\0" * 5000, r"a\.sqlite3 is no SQLite file: it begins with"),
        ("a.npy", b"\x93NUMPY\x01\0", r"a\.npy is damaged \("),
        ("a.npy", b"\x93NUMPY\x01\0\x10\0os.system('ls')  \n", r"a\.npy is damaged \("),
        ("a.db", b"SQLite format 3\0" + b"\0" * 200, r"a\.db cannot be read as an SQLite file \("),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 200, r"a\.xlsx is a ZIP archive, as \.xlsx and \.npz are"),
        ("a.csv.gz", b"\x1f\x8b" + b"\0" * 200, r"a\.csv\.gz is compressed by gzip"),
        ("a.jsonl", b"\n\n", r"a\.jsonl has no row"),
        ("a.jsonl", b"{}\n{}\n", r"a\.jsonl has no row"),
    ],
)
def test_what_is_no_table_is_told_in_a_line(tmp_path, name, data, fault):
    """Its kind, what is wrong, what to do; by training and for new rows alike."""
    path = tmp_path / name
    path.write_bytes(data)
    for read in (read_table, read_blocks, lambda path: csv(path=path)):
        with pytest.raises(DataError, match=fault) as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_arrays_that_are_no_tables(tmp_path):
    """Of another shape, of no rows, of objects: nothing is unpickled."""
    path = tmp_path / "a.npy"
    for array, fault in (
        (np.zeros(3), r"has the shape \(3,\); expected a structured array"),
        (np.zeros((2, 3, 4)), r"has the shape \(2, 3, 4\)"),
        (np.zeros((0, 3)), "has no rows"),
        (np.zeros((3, 0)), "has no column"),
        (np.array([{}, 1], object), "holds Python objects"),
    ):
        np.save(path, array)
        with pytest.raises(DataError, match=rf"a\.npy {fault}"):
            read_table(path)


def test_parquet_that_is_no_table(tmp_path):
    """Without rows, without columns, cut, and damaged within."""
    arrow = pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    write_parquet(path, {"a": arrow.array([], "int64")})
    with pytest.raises(DataError, match=r"a\.parquet has no rows"):
        read_table(path)
    write_parquet(path, {})
    with pytest.raises(DataError, match=r"a\.parquet has no column"):
        read_table(path)
    write_parquet(path, columns_of(), write_page_checksum=True)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet \(.*\); write it again"):
        read_table(path)
    path.write_bytes(whole[:60] + bytes([whole[60] ^ 255]) + whole[61:])
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet \("):
        read_table(path)


@pytest.mark.parametrize("kind", ["sqlite", "npy", "jsonl"])
def test_damaged_files_give_a_table_or_a_line(tmp_path, kind):
    """A hundred times some bytes changed, or the end cut."""
    draw = np.random.default_rng(4)
    path = write_as(kind, tmp_path, columns_of(40))
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(100):
        damaged = whole.copy()
        damaged[draw.integers(0, len(whole), 3)] = draw.integers(0, 256, 3, np.uint8)
        path.write_bytes(damaged[: len(whole) if draw.random() < 0.7 else draw.integers(1, len(whole))].tobytes())
        with contextlib.suppress(EagerloopError):
            assert len(read_table(path)) > 0


def test_columns_that_are_neither_numbers_nor_texts(tmp_path):
    """They are told of in one line, and have no value: the others are trained on, and excluding them is no fault."""
    arrow = pytest.importorskip("pyarrow")
    columns = columns_of() | {"image": [b"\0"] * 200, "tags": [[row] for row in range(200)]}
    write_parquet(tmp_path / "a.parquet", columns)
    told = r"a\.parquet: columns 'image' \(binary\), 'tags' \(list<element: int64>\) hold neither numbers nor texts"
    with pytest.warns(UserWarning, match=told):
        dataset = csv(path=tmp_path / "a.parquet", target="weight")
    plain = csv(path=write_csv(tmp_path / "a.csv", columns_of()), target="weight")
    assert dataset.features == plain.features == csv(path=tmp_path / "a.parquet", target="weight", exclude=["tags"]).features
    with pytest.raises(DataError, match=r"column 'tags': no cell of the target has a value"):
        csv(path=tmp_path / "a.parquet")
    write_parquet(tmp_path / "b.parquet", {"tags": [[1], [2]], "image": [b"", b""]})
    with pytest.raises(DataError, match="no cell of the target has a value"):
        csv(path=tmp_path / "b.parquet")
    write_sqlite(tmp_path / "a.db", {name: column for name, column in columns.items() if name != "tags"})
    with pytest.warns(UserWarning, match=r"a\.db: column 'image' \(bytes\) holds neither numbers nor texts and is read as"):
        assert csv(path=tmp_path / "a.db", target="weight").features == plain.features
    np.save(tmp_path / "a.npy", np.zeros(3, [("a", "f4"), ("b", "f4", (2,)), ("c", "c8")]))
    with pytest.warns(UserWarning, match=r"columns 'b' \(float32\), 'c' \(complex64\) hold"):
        assert read_table(tmp_path / "a.npy").columns["b"] == ["", "", ""]
    assert arrow.__version__


def test_kinds_of_parquet_columns(tmp_path):
    """Small numbers, decimals, categories, dates, times, zones, durations; two columns of one name."""
    arrow = pytest.importorskip("pyarrow")
    columns = [
        arrow.array([1, None], "uint8"),
        arrow.array([0.1, None], "float32"),
        arrow.array([decimal.Decimal("1.00"), None]),
        arrow.array(["x", None]).dictionary_encode(),
        arrow.array([5, None], "date32"),
        arrow.array([3_600_000_000_001, None], arrow.time64("ns")),
        arrow.array([1, None], arrow.timestamp("ns", "Europe/Berlin")),
        arrow.array([90, None], arrow.duration("s")),
        arrow.array([None, None]),
        arrow.array(["02139", "NA"]),
    ]
    path = tmp_path / "a.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(arrow.Table.from_arrays(columns, names=[*"abcdefghi", "a"]), path)
    with pytest.warns(UserWarning, match=r"a\.parquet: columns 1 and 10 are both called 'a'; the second is 'a\.1' here"):
        table = read_table(path)
    assert [cells[0] for cells in table.columns.values()] == [
        *("1", "0.1", "1.00", "x", "1970-01-06", "01:00:00", "1970-01-01 01:00:00+01:00", "90.0", "", "02139")
    ]
    assert {cells[1] for cells in table.columns.values()} == {"", "NA"}
    assert table.missing("a.1").tolist() == [False, True]


def test_the_index_of_pandas_counts_the_rows(tmp_path):
    """As the column without a name does in CSV: it is carried along, and no feature."""
    draw = np.random.default_rng(0)
    columns = {"size": draw.normal(size=60).tolist(), "y": draw.normal(size=60).tolist(), "__index_level_0__": list(range(60))}
    write_sqlite(tmp_path / "a.db", columns)
    dataset = csv(path=tmp_path / "a.db", target="y")
    assert (dataset.features, list(dataset.carried)) == (("size",), ["__index_level_0__"])
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for told, first in (
        ({"index_columns": ["__index_level_0__"]}, "__index_level_0__"),
        ({"index_columns": [{}]}, "size"),
        ([], "size"),
    ):
        made = arrow.table(columns).replace_schema_metadata({"pandas": json.dumps(told)})
        parquet.write_table(made, tmp_path / "a.parquet")
        assert read_table(tmp_path / "a.parquet").names[0] == first
    parquet.write_table(arrow.table(columns).replace_schema_metadata({"pandas": "{"}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
        read_table(tmp_path / "a.parquet")


def test_the_tables_of_sqlite(tmp_path):
    """One needs no name; several are listed; a name may have quotes; views are not run; the test may be a table beside."""
    path = tmp_path / "a.db"
    columns = columns_of()
    odd = 'it\'s "odd"; DROP TABLE x'
    write_sqlite(path, columns, odd)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW seen AS SELECT 1 AS a")
    assert csv(path=path, target="weight", stream="yes").rows["train"] == 160
    write_sqlite(path, {name: column[:50] for name, column in columns_of(seed=1).items()}, "later")
    with pytest.raises(ConfigError, match=r"a\.db has 2 tables: .*, 'later'; name one with --dataset\.table"):
        csv(path=path, target="weight")
    with pytest.raises(ConfigError, match=r"a\.db has no table 'seen'; "):
        csv(path=path, table="seen")
    dataset = csv(path=path, target="weight", table=odd, test_table="later", stream="yes")
    assert (dataset.rows["train"], dataset.rows["test"]) == (200, 50)
    write_csv(tmp_path / "a.csv", columns)
    write_csv(tmp_path / "b.csv", {name: column[:50] for name, column in columns_of(seed=1).items()})
    apart = csv(path=tmp_path / "a.csv", test_path=tmp_path / "b.csv", target="weight")
    assert same(arrays(dataset.test()), arrays(apart.test()))
    with pytest.raises(ConfigError, match=r"a\.csv is no SQLite file, and has no tables to choose from"):
        csv(path=tmp_path / "a.csv", table="later")
    empty = tmp_path / "b.db"
    write_sqlite(empty, {"a": []})
    with pytest.raises(DataError, match=r"b\.db, table 'pets' has no rows"):
        csv(path=empty)
    with contextlib.closing(sqlite3.connect(empty)) as connection:
        connection.execute("DROP TABLE pets")
    with pytest.raises(DataError, match=r"b\.db has no table"):
        csv(path=empty)


def test_nothing_is_written_beside_an_sqlite_file(tmp_path):
    """Also with a write-ahead log; changes that stand in the log alone, or a lock, are told."""
    path = tmp_path / "a.db"
    write_sqlite(path, columns_of(40))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE pets SET size = 1")
        connection.commit()
        with pytest.raises(DataError, match=r"a\.db has changes that stand in .*a\.db-wal alone; end the program"):
            read_table(path)
    before = path.read_bytes()
    path.chmod(0o444)
    assert set(read_table(path).text("size")) == {"1"}
    assert ([*tmp_path.iterdir()], path.read_bytes()) == ([path], before)


def test_options_of_text_are_refused_for_what_is_none(tmp_path):
    """They would be passed over."""
    path = write_as("npy", tmp_path, columns_of(40))
    with pytest.raises(ConfigError, match=r"pets\.npy is no text, so that delimiter, header must not be given"):
        csv(path=path, delimiter=";", header="no")
    with pytest.raises(ConfigError, match=r"pets\.npy is no text, so that encoding must not be given"):
        csv(path=path, encoding="latin-1", stream="yes")


def test_pyarrow_that_is_not_there(tmp_path, monkeypatch):
    """One line, with the words to type."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + b"\0" * 99)
    with pytest.raises(
        DataError, match=r"a\.parquet is a Parquet file, .* install it with: pip install 'eagerloop\[parquet\]'"
    ):
        csv(path=tmp_path / "a.parquet")


def test_a_copy_lasts_as_long_as_it_is_read(tmp_path, monkeypatch):
    """That of a table in memory is gone at once, that of a streamed one with its dataset; its length decides which is made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = write_as("npy", tmp_path, columns_of())
    assert open_table(path).size > path.stat().st_size // 4
    csv(path=path, target="weight")
    assert not [*(tmp_path / "temporary").glob("*.csv")]
    monkeypatch.setattr(part, "LARGEST_BYTES", 4096)
    stream = csv(path=path, target="weight")
    assert len([*(tmp_path / "temporary").glob("*.csv")]) == 1
    assert stream.rows == {"train": 160, "validation": 0, "test": 40}
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DataError, match="has changed since it was first read"):
        stream.blocks[0]
    del stream
    gc.collect()
    assert not [*(tmp_path / "temporary").glob("*.csv")]


def test_no_room_for_the_copy_is_told(tmp_path, monkeypatch):
    """With the place that has none."""
    path = write_as("npy", tmp_path, columns_of())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"a copy .* cannot be written to .*nowhere \(No such file or directory\); set TMPDIR"):
        csv(path=path)


@ALL
@pytest.mark.long
def test_a_run_lives_on_any_kind(tmp_path, kind):
    """Resumed to the same bits, refused when the file has changed; new rows may be of any kind."""
    columns = columns_of()
    path = write_as(kind, tmp_path, columns)
    table = {"table": "pets"} if kind == "sqlite" else {}
    dataset = eagerloop.use("csv", path=path, target="weight", **table)
    run = eagerloop.train(dataset=dataset, model="linear", epochs=2, directory=tmp_path / "run")
    whole = eagerloop.train(dataset=dataset, model="linear", epochs=3, directory=tmp_path / "whole")
    assert eagerloop.resume(tmp_path / "run", epochs=3).history[-1]["loss"] == whole.history[-1]["loss"]
    assert run.dataset.fingerprint == whole.dataset.fingerprint
    assert open_table(path, **table).digest == sha256(path.read_bytes()).hexdigest()
    texts, figures = set(), set()
    others = [write_csv(tmp_path / "new.csv", columns)]
    others += [write_as(one, tmp_path, columns, "new") for one in KINDS if one != "parquet" or kind == "parquet"]
    for source in others:
        named = "pets" if source.suffix == ".sqlite" else None
        write_predictions(whole, source, tmp_path / "out.csv", table=named)
        texts.add((tmp_path / "out.csv").read_text().replace("true", "True").replace("false", "False"))
        figures.add(evaluate_table(whole, source, named)["loss"])
    assert len(figures) == 1
    assert {text.count("\n") for text in texts} == {201}
    assert len({text.rsplit(",", 1)[-1] for text in texts}) == 1
    path.unlink()
    write_as(kind, tmp_path, {name: column[1:] for name, column in columns.items()})
    with pytest.raises(EagerloopError, match=r"changed|differ|other"):
        eagerloop.resume(tmp_path / "run", epochs=4)


def test_notes_are_few(tmp_path):
    """A table without anything odd is read without a word."""
    for kind in ("sqlite", "npy", "jsonl"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            whole = read_table(write_as(kind, tmp_path, columns_of()))
            blocks = list(read_blocks(tmp_path / f"pets.{kind}"))
        assert whole.names == tuple(columns_of())
        assert sum(map(len, blocks)) == len(whole) > 0
