"""A column of a CSV file that says how much each row counts: in memory, streamed, and not in new rows."""

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.errors import ConfigError, DataError
from eagerloop.tables import blocks
from eagerloop_plugins.csv_files import stream as streaming
from eagerloop_plugins.dataset.csv import csv

ROWS = 47
DRAWS = np.random.default_rng(4)
SIZES, WEIGHTS = DRAWS.normal(size=ROWS).round(4), DRAWS.uniform(0, 3, size=ROWS).round(3)
COATS = DRAWS.choice(["long", "short"], size=ROWS)
AGES = (2 * SIZES + (COATS == "long") + 0.1 * DRAWS.normal(size=ROWS)).round(4)


@pytest.fixture
def table(tmp_path):
    """A table with a column of weights, whose cells can be given."""

    def write(weights=WEIGHTS, name="data.csv"):
        rows = zip(SIZES, COATS, AGES, weights, strict=True)
        path = tmp_path / name
        path.write_text("size,coat,age,often\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows))
        return path

    return write


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of about 256 bytes, mixed four at a time."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 256)
    monkeypatch.setattr(streaming, "WINDOW_BYTES", 1024)


def same(one, other):
    """Whether two sequences of batches have the same bits."""
    pairs = list(zip(one, other, strict=True))
    return bool(pairs) and all(np.array_equal(a, b) for both in pairs for a, b in zip(*both, strict=True))


@pytest.mark.parametrize("stream", ["no", "yes"])
def test_the_weights_go_with_their_rows(table, stream):
    """Each row of training, validation and test has the weight of its line; the column is no feature, nor the target."""
    data = csv(path=table(), weight="often", stream=stream, batch_size=9, validation_fraction=0.2)
    assert (data.features, data.targets, data.columns) == (("size", "coat=long", "coat=short"), ("age",), ("size", "coat"))
    known = {np.float32(age): np.float32(weight) for age, weight in zip(AGES, WEIGHTS, strict=True)}
    count = 0
    for part in (data.train(1), data.validation(), data.test()):
        for _x, y, weights in part:
            assert weights.shape == (len(y),)
            assert [known[age] for age in y.numpy()[:, 0]] == weights.numpy().tolist()
            count += len(y)
    assert count == ROWS


def test_a_streamed_file_of_one_block_gives_the_same_batches(table):
    """The same bits in memory and streamed, and the same batches from any start."""
    memory, streamed = (csv(path=table(), weight="often", stream=stream, batch_size=5) for stream in ("no", "yes"))
    assert same(memory.train(2), streamed.train(2))
    assert same(memory.test(), streamed.test())
    assert same(memory.train(2, 3), streamed.train(2, 3))


def test_small_blocks_reach_any_position(table, small_blocks):
    """What comes from batch 4 on is what came after three batches."""
    data = csv(path=table(), weight="often", stream="yes", batch_size=5, seed=3)
    assert len(data.blocks) > 3
    assert same(list(data.train(2))[4:], data.train(2, 4))


@pytest.mark.sweep(1)
@pytest.mark.parametrize("stream", ["no", "yes"])
def test_weights_of_a_table_count_as_in_fit(table, tmp_path, stream):
    """Loss, a metric and validation are those of `fit` with the same rows and weights, the short last batch included."""
    data = csv(path=table(), weight="often", stream=stream, batch_size=8, shuffle=False, validation_fraction=0.2)

    def dense():
        keras.utils.set_random_seed(5)
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])

    options = {"metrics": ["mae"], "checkpointer": "none", "optimizer": keras.optimizers.SGD(0.05), "epochs": 3}
    ours = eagerloop.train(dataset=data, model=dense(), loss="mse", directory=tmp_path / "run", **options)
    model = dense()
    model.compile(keras.optimizers.SGD(0.05), "mse", weighted_metrics=["mae"])
    theirs = model.fit(data.train(1), validation_data=data.validation(), epochs=3, shuffle=False, verbose=0).history
    for name in ("loss", "mae", "val_loss", "val_mae"):
        np.testing.assert_allclose([row[name] for row in ours.history], theirs[name], rtol=1e-6)
    x, y, weights = (np.concatenate(part) for part in zip(*data.test(), strict=True))
    by_hand = np.mean(weights * (ours.predict(x) - y)[:, 0] ** 2)
    assert ours.evaluate()["loss"] == pytest.approx(by_hand, rel=1e-6)
    new = tmp_path / "new.csv"
    new.write_text("coat,size\nlong,0.5\nshort,-1\n")
    assert write_predictions(ours, new, tmp_path / "out.csv") == 2
    assert (tmp_path / "out.csv").read_text().startswith("size,coat,prediction\n0.5,long,")


@pytest.mark.parametrize("stream", ["no", "yes"])
def test_bad_weights_are_named_by_line_and_column(table, small_blocks, stream):
    """Missing, text, below 0, not finite: all in one line, the first five with what they say."""
    cells = [*WEIGHTS]
    for place, cell in {3: "", 30: "much", 7: -0.5, 20: "nan", 21: "inf", 40: "1e39", 41: "NA"}.items():
        cells[place] = cell
    words = (
        r"data\.csv, column 'often': a row's weight must be a number, 0 or more; got '' in line 5, '-0\.5' in line 9, "
        r"'nan' in line 22, 'inf' in line 23, 'much' in line 32 and 2 more; mend the cells$"
    )
    with pytest.raises(DataError, match=words):
        csv(path=table(cells), weight="often", stream=stream, batch_size=5)


@pytest.mark.parametrize("stream", ["no", "yes"])
def test_a_part_in_which_no_row_counts_is_refused(table, stream):
    """Its loss would be 0, whatever the model says."""
    drawn = np.random.Generator(np.random.PCG64([0, 0])).permutation(ROWS)
    weights = np.ones(ROWS)
    weights[drawn[-9:]] = 0
    words = r"data\.csv, column 'often': the weight is 0 in each of the 9 rows of the test part, so that none counts; take"
    with pytest.raises(DataError, match=words):
        csv(path=table(weights), weight="often", stream=stream, batch_size=5)


def test_a_column_has_one_purpose(table):
    """The weight is neither the target nor a feature, and must be there."""
    with pytest.raises(ConfigError, match="the weight 'age' is the target as well; choose another column for one of them"):
        csv(path=table(), weight="age", target="age")
    with pytest.raises(ConfigError, match="the weight 'size' is among the features as well"):
        csv(path=table(), weight="size", features=["size", "coat"])
    with pytest.raises(DataError, match=r"data\.csv has no column 'oftn'; did you mean 'often'\?"):
        csv(path=table(), weight="oftn")


def test_another_weight_is_other_data(table):
    """The fingerprint tells: a run is not resumed with other weights."""
    prints = {csv(path=table(), target="age", features=["coat"], weight=name).fingerprint for name in (None, "often")}
    assert len(prints) == 2


@pytest.mark.parametrize("stream", ["no", "yes"])
def test_weights_go_with_the_rows_that_are_left(table, tmp_path, stream):
    """Rows without a target are left out with their weights, whatever these say; a test file has weights of its own."""
    lines = table().read_text().splitlines(keepends=True)
    gone = {3: "0.5,long,NA,-7\n", 11: "0.25,short,,much\n"}
    path, test = tmp_path / "gaps.csv", tmp_path / "test.csv"
    path.write_text("".join(gone.get(number, line) for number, line in enumerate(lines)))
    test.write_text("often,age,coat,size\n2.5,1,long,3\n0.5,2,short,4\n")
    known = {np.float32(age): np.float32(weight) for age, weight in zip(AGES, WEIGHTS, strict=True)}
    with pytest.warns(UserWarning, match=r"gaps\.csv: 2 of 47 rows have no value in the target 'age' and are left out"):
        data = csv(path=path, test_path=test, weight="often", target="age", stream=stream, batch_size=9)
    pairs = [(age, weight) for _x, y, weights in data.train(1) for age, weight in zip(y.numpy()[:, 0], weights, strict=True)]
    assert len(pairs) == ROWS - 2
    assert all(known[age] == weight for age, weight in pairs)
    assert [weights.numpy().tolist() for _x, _y, weights in data.test()] == [[2.5, 0.5]]
    test.write_text("often,age,coat,size\n2.5,1,long,3\n-1,2,short,4\n")
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(DataError, match=r"test\.csv, column 'often': .* got '-1' in line 3; mend"),
    ):
        csv(path=path, test_path=test, weight="often", target="age", stream=stream, batch_size=9)
