"""Streaming a CSV file: the numbers of the in-memory dataset, any position without replay, and every fault named."""

import itertools

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError, DataError
from eagerloop.tables import blocks
from eagerloop_plugins.csv_files import stream as streaming
from eagerloop_plugins.csv_files.split import Split
from eagerloop_plugins.dataset.csv import csv
from eagerloop_plugins.dataset.iris import FILE


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of about 1 KiB, mixed four at a time."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1024)
    monkeypatch.setattr(streaming, "WINDOW_BYTES", 4096)


def table(count=1000, seed=0):
    """Lines of a row number, a number, a text and a target."""
    random = np.random.default_rng(seed)
    numbers, texts = random.normal(5, 3, count), random.choice(["short", "long", "curly"], count)
    lines = [
        f"{row},{number:.6f},{text},{2 * number:.6f}\n" for row, (number, text) in enumerate(zip(numbers, texts, strict=True))
    ]
    return "serial,size,coat,weight\n" + "".join(lines)


def arrays(batches):
    """All batches, as pairs of arrays."""
    return [(x.numpy(), y.numpy()) for x, y in batches]


def same(one, other):
    """Whether two lists of batches are the same bits."""
    return len(one) == len(other) and all(
        np.array_equal(a, c) and np.array_equal(b, d) for (a, b), (c, d) in zip(one, other, strict=True)
    )


def test_blocks_of_blank_lines(write, small_blocks):
    """They change no row: each is seen once, encoded as in memory, and a fault behind them is told with its line."""
    head, *lines = table(100).splitlines(keepends=True)
    text = head + 3000 * "\n" + "".join(lines[:60]) + 3000 * "\n" + "".join(lines[60:]) + 3000 * "\n"
    dataset = csv(path=write(text), target="weight", stream="yes", batch_size=10, seed=0)
    assert dataset.rows == {"train": 80, "validation": 0, "test": 20}
    memory = csv(path=write("".join([head, *lines]), "whole.csv"), target="weight", stream="yes", batch_size=10, seed=0)
    both = [
        sorted(float(value) for part in (one.train(1), one.test()) for _, y in part for value in np.ravel(y))
        for one in (dataset, memory)
    ]
    assert both[0] == both[1]
    with pytest.raises(DataError, match=r"line 9102, column 'size': 'bad' is not a number"):
        csv(path=write(text + "1,bad,long,2\n"), target="weight", stream="yes", seed=0)
    with pytest.raises(DataError, match=r"line 3002, column 'weight': no cell of the target has a value"):
        csv(path=write(head + 3000 * "\n" + 90 * "1,2,long,\n"), target="weight", stream="yes", seed=0)


def test_a_file_of_one_block_is_as_in_memory(write):
    """Split, standardization, categories, order of every epoch, validation, test, fingerprint: the same bits."""
    path = write(table())
    options = {"path": path, "batch_size": 32, "validation_fraction": 0.1, "seed": 7}
    memory, stream = csv(**options, stream="no"), csv(**options, stream="yes")
    assert isinstance(memory, eagerloop.ArrayDataset)
    for name in ("features", "targets", "task", "classes", "outputs", "fingerprint", "columns"):
        assert getattr(memory, name) == getattr(stream, name)
    for epoch, start in ((1, 0), (2, 0), (3, 20), (1, 22)):
        assert same(arrays(memory.train(epoch, start)), arrays(stream.train(epoch, start)))
    assert same(arrays(memory.test()), arrays(stream.test()))
    assert same(arrays(memory.validation()), arrays(stream.validation()))
    assert memory.train(1).element_spec[0].dtype == stream.train(1).element_spec[0].dtype


def test_iris_streamed_is_iris_in_memory():
    """Classes by name, and y int32 of shape (n,)."""
    memory, stream = csv(path=FILE, stream="no"), csv(path=FILE, stream="yes")
    assert stream.classes == memory.classes == ("setosa", "versicolor", "virginica")
    assert same(arrays(memory.train(1)), arrays(stream.train(1)))


@pytest.mark.usefixtures("small_blocks")
def test_many_blocks_have_the_numbers_of_memory(write):
    """Every row is encoded as in memory, whatever part it is in, but for the last digit; each is in one part, once an epoch."""
    path = write(table())
    stream = csv(path=path, batch_size=32, validation_fraction=0.1, standardize=False, stream="yes")
    assert len(stream.blocks) > 20
    drawn = {"train": arrays(stream.train(2)), "test": arrays(stream.test()), "validation": arrays(stream.validation())}
    rows = {part: [int(row) for x, _ in batches for row in x[:, 0]] for part, batches in drawn.items()}
    assert {part: len(found) for part, found in rows.items()} == {"train": 720, "test": 200, "validation": 80}
    assert sorted(itertools.chain(*rows.values())) == list(range(1000))
    assert rows["test"] == sorted(rows["test"])
    assert rows["train"] != sorted(rows["train"])
    whole = eagerloop.tables.read_table(path)
    expected, targets = csv(path=path, standardize=False, stream="no").encode(whole), whole.numbers("weight")
    for part, batches in drawn.items():
        assert np.array_equal(np.concatenate([x for x, _ in batches]), expected[rows[part]])
        assert np.array_equal(np.concatenate([y for _, y in batches])[:, 0], targets[rows[part]])


@pytest.mark.usefixtures("small_blocks")
def test_standardization_over_many_blocks(write):
    """Mean and deviation of the training rows, merged block by block, are those of all of them at once."""
    path = write(table())
    raw = csv(path=path, batch_size=32, standardize=False, stream="yes")
    sizes = np.concatenate([x[:, 1] for x, _ in arrays(raw.train(1))]).astype(float)
    mean, deviation = csv(path=path, batch_size=32, stream="yes").encoder.scales["size"]
    np.testing.assert_allclose([mean, deviation], [sizes.mean(), sizes.std()], rtol=1e-6)


@pytest.mark.sweep(1)
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("shuffle", [True, False])
def test_any_position_is_reached(write, shuffle):
    """From any batch on, an epoch goes on as it would have; batches go across blocks and only the last is short."""
    stream = csv(path=write(table()), batch_size=30, shuffle=shuffle, stream="yes")
    for epoch in (1, 2):
        whole = arrays(stream.train(epoch))
        assert [len(x) for x, _ in whole] == [30] * 26 + [20]
        assert len(whole) == stream.batches_per_epoch == int(stream.train(epoch).cardinality())
        for start in (0, 1, 4, 13, 26, 27):
            assert same(arrays(stream.train(epoch, start)), whole[start:])
    assert same(arrays(stream.train(1)), arrays(stream.train(2))) is not shuffle


@pytest.mark.usefixtures("small_blocks")
def test_a_window_mixes_blocks_from_all_over_the_file(write):
    """In a sorted file, the first batch has rows from more than one end of it."""
    stream = csv(path=write(table()), batch_size=60, standardize=False, stream="yes")
    first = next(iter(stream.train(1)))[0].numpy()[:, 0]
    assert first.max() - first.min() > 200


@pytest.mark.usefixtures("small_blocks")
def test_a_position_is_reached_without_reading_what_came_before(write, monkeypatch):
    """The last batch of 27 needs the blocks of one window, not those of the epoch."""
    stream = csv(path=write(table()), batch_size=30, stream="yes")
    read = []
    lines = type(stream.blocks).lines
    monkeypatch.setattr(
        type(stream.blocks), "lines", lambda self, number, *places: read.append(number) or lines(self, number, *places)
    )
    assert len(arrays(stream.train(1, 26))) == 1
    assert len(read) <= len(stream.blocks) // 3


@pytest.mark.usefixtures("small_blocks")
def test_quoted_blank_and_odd_rows_are_read_slowly_but_alike(write):
    """Quotes, blank lines, `3.0` for class `3`: what is not for the fast parser gives the same numbers."""
    clean = "a,b,kind\n" + "".join(f"{row},{row / 4},{1 + row % 3}\n" for row in range(400))
    odd = clean.replace("\n40,10.0,", '\n\n"40"," 10.0 ",').replace("\n301,75.25,2\n", "\n301, 75.25,2.0\n")
    assert odd.count("\n") == clean.count("\n") + 1
    found = []
    for name, text in (("clean", clean), ("odd", odd)):
        stream = csv(path=write(text, name), batch_size=20, standardize=False, stream="yes")
        assert stream.classes == ("1", "2", "3")
        rows = [(*x, y) for batch in arrays(stream.train(1)) + arrays(stream.test()) for x, y in zip(*batch, strict=True)]
        found.append(sorted(rows))
    assert found[0] == found[1] == [(row, row / 4, row % 3) for row in range(400)]


def test_large_files_are_streamed_by_themselves(write, monkeypatch):
    """`auto` streams what is above the limit, and reads the rest into memory."""
    path = write(table())
    assert isinstance(csv(path=path), eagerloop.ArrayDataset)
    monkeypatch.setattr("eagerloop_plugins.dataset.csv.LARGEST_BYTES", 1000)
    assert isinstance(csv(path=path), streaming.StreamDataset)
    assert isinstance(csv(path=path, stream="no"), eagerloop.ArrayDataset)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n700,", "\nmany,", r"data\.csv, line 702, column 'serial': 'many' is not a number"),
        ("\n700,", "\ninf,", r"data\.csv, line 702, column 'serial': 'inf' is not finite"),
        ("\n700,", "\n7,700,", r"data\.csv, line 702: 5 cells, expected 4 as in line 1"),
    ],
)
def test_faults_are_named_before_training(write, old, new, message):
    """File, line and column, in the words that a file in memory gets."""
    text = table().replace(old, new)
    for stream in ("yes", "no"):
        with pytest.raises(DataError, match=message):
            csv(path=write(text), stream=stream)


@pytest.mark.usefixtures("small_blocks")
def test_a_target_too_large_for_float32_is_named(write):
    """A target is not standardized, so float32 must hold it."""
    text = table().splitlines(keepends=True)
    text[500] = "499,1,long,1e39\n"
    with pytest.raises(DataError, match=r"line 501, column 'weight': '1e39' is too large for float32"):
        csv(path=write("".join(text)), stream="yes")


@pytest.mark.usefixtures("small_blocks")
def test_a_column_that_looks_numeric_in_some_blocks_is_text_in_all(write):
    """Texts of blocks in which every cell is a number are counted as texts, as written."""
    lines = [f"{row},{'1.50' if row < 300 else 'abc'[row % 3]},{row / 2}\n" for row in range(1000)]
    stream = csv(path=write("serial,code,t\n" + "".join(lines)), batch_size=32, standardize=False, stream="yes")
    assert stream.features == ("serial", "code=1.50", "code=a", "code=b", "code=c")
    for x, _ in arrays(stream.train(1)):
        for row, *code in x.tolist():
            assert code.index(1) == (0 if row < 300 else 1 + int(row) % 3)


@pytest.mark.usefixtures("small_blocks")
def test_the_target_decides_the_task(write):
    """Few whole numbers from 0 or 1 on are classes, others are a regression, a fraction among classes is refused."""
    small = write("a,b,k\n" + "".join(f"{row},{row / 2},{row % 4}\n" for row in range(900)), "small.csv")
    assert csv(path=small, stream="yes").classes == ("0", "1", "2", "3")
    assert csv(path=small, stream="yes", task="regression").task == "regression"
    assert csv(path=small, stream="yes", target="a").task == "regression"
    with pytest.raises(DataError, match=r"small\.csv, line 3, column 'b': 0\.5 is no class"):
        csv(path=small, stream="yes", target="b", task="classification", features=["a"])


@pytest.mark.usefixtures("small_blocks")
def test_a_constant_and_an_empty_column_are_told(write):
    """Both are left out, in one line."""
    text = "a,same,none,t\n" + "".join(f"{row},5,,{row / 2}\n" for row in range(900))
    with pytest.warns(UserWarning, match=r"nothing: 'same' \(5 in every training row\), 'none' \(no value in any row\);"):
        assert csv(path=write(text), stream="yes").features == ("a",)


@pytest.mark.parametrize("fractions", [{"test_fraction": 1.0}, {"validation_fraction": 1.0}, {"batch_size": 900}])
def test_options_that_leave_nothing_are_refused(write, fractions):
    """As for a file in memory."""
    with pytest.raises(ConfigError, match=r"(must be at least 0 and below 1|batch size must be from 1 to 800), "):
        csv(path=write(table()), stream="yes", **fractions)


def test_parts_add_up_over_blocks():
    """However the rows fall into blocks, the parts have as many rows as those of `split_rows`, and no row is in two."""
    split, ends = Split(0.23, 0.11, seed=5), [3, 50, 51, 400, 997]
    counts = np.zeros(3, int)
    for number, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        parts = split(number, begin, end)
        assert sorted(np.concatenate(parts).tolist()) == list(range(end - begin))
        counts += [len(part) for part in parts]
    whole = eagerloop.split_rows(997, test_fraction=0.23, validation_fraction=0.11, seed=5)
    assert counts.tolist() == [len(part) for part in whole]


@pytest.mark.long
@pytest.mark.usefixtures("small_blocks")
def test_a_streamed_run_resumes_exactly(write, tmp_path):
    """Stopped in the middle of the second epoch and resumed, eager or compiled: the weights of a run that was not."""
    dataset = eagerloop.use("csv", path=write(table()), batch_size=30, stream="yes")
    options = {"dataset": dataset, "model": "linear", "metrics": [], "save_every": 40}
    whole = eagerloop.train(**options, epochs=2, directory=tmp_path / "whole", compile=True)

    class Stop:
        @eagerloop.hookimpl
        def on_step_end(self, run, step):
            if run.position.step == 40:
                run.stop("enough")

    eagerloop.train(**options, epochs=2, directory=tmp_path / "cut", observers=[Stop()])
    resumed = eagerloop.resume(tmp_path / "cut", observers=[])
    assert resumed.history[-1]["loss"] == pytest.approx(whole.history[-1]["loss"], rel=1e-6)
    for one, other in zip(resumed.model.variables, whole.model.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5)
