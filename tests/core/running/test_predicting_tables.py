"""A run without its table reads new rows as it did with it: gaps, dates, numbers with units, rare texts."""

import csv
import json
import warnings

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.exporting import export
from eagerloop.afterwards.prediction import pieces_of
from eagerloop.data.learnt import LearntData
from eagerloop.errors import CheckpointError
from eagerloop.parts import use
from eagerloop.tables import Encoder

DRAWS = np.random.default_rng(3)
TOWNS = [*"aaaabbbccd"]
OPTIONS = {"max_categories": 2, "missing_values": ["NA", "-999"], "exclude": ["row"]}

NUMBERS = ("age", "tall", "size")

NEW = """town,seen,price,age,tall,size,vip
a,2024-02-29,"$1,100",NA,1.5,3,TRUE
z,2023-12-31,$7.50,-999,NA,-999,false
-,NA,,20,1.75,2,NA
,2024-07-01,NA,30,,,True
"""


def row(number):
    """A line of the table: each column but `size` has a gap somewhere."""
    cells = [
        str(number),
        "NA" if number % 13 == 4 else TOWNS[number % 10],
        "" if number % 17 == 5 else f"2024-{1 + number % 12:02}-{1 + number % 28:02}",
        "NA" if number % 11 == 6 else f'"$1,{100 + number * 7 % 900}.50"',
        "-999" if number % 7 == 2 else str(20 + number * 3 % 50),
        f"{1 + number * 5 % 17 / 10}",
        str(number * 7 % 5 / 4),
        ("true", "False")[number % 3 > 0],
        f"{number * 11 % 23}.5",
    ]
    return ",".join(cells)


TABLE = "row,town,seen,price,age,tall,size,vip,t\n" + "\n".join(map(row, range(80))) + "\n"


def quiet():
    """What is told of the table is not what is looked at here."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)


def predicted(run, place):
    """The table of predictions of the new rows, as it would be written."""
    with quiet():
        return [{name: list(map(str, column)) for name, column in piece.items()} for piece in pieces_of(run, place / "new.csv")]


@pytest.fixture(scope="module", params=["yes", "no"])
def trained(request, tmp_path_factory):
    """A run on a table that is gone; what it predicted before; and where it is."""
    place = tmp_path_factory.mktemp("tables")
    (place / "table.csv").write_text(TABLE)
    (place / "new.csv").write_text(NEW)
    with quiet():
        dataset = use("csv", path=place / "table.csv", stream=request.param, batch_size=16, **OPTIONS)
        run = eagerloop.train(dataset=dataset, model="mlp", epochs=1, directory=place / "run")
    expected = predicted(run, place)
    (place / "table.csv").unlink()
    return run, expected, place


def test_it_predicts_as_it_did(trained):
    """Every cell is read as with the table, the same numbers come out; a gap in a column that had none gets its median."""
    run, expected, place = trained
    opened = eagerloop.load(place / "run", for_predicting=True)
    assert predicted(opened, place) == expected
    assert len(expected[0]["prediction"]) == 4
    assert run.dataset.features == opened.dataset.features
    known = {"seen=weekday", "seen=missing", "price", "price=missing", "town=missing", "town=other", "age=missing", "vip"}
    assert known <= set(opened.dataset.features)
    assert "tall=missing" not in opened.dataset.features
    tables = eagerloop.tables.read_table(place / "new.csv")
    with quiet():
        np.testing.assert_array_equal(run.dataset.encode(tables), opened.dataset.encode(tables))


def test_what_it_keeps_is_plain_and_comes_back(trained):
    """Written and read again it is the same."""
    run, _expected, place = trained
    kept = json.loads((place / "run" / "data.json").read_text())["encoder"]
    assert kept == json.loads(json.dumps(run.dataset.encoder.as_json()))
    assert Encoder.from_json(kept).as_json() == kept
    assert kept["reading"]["forms"]["price"] == {"kind": "numbers", "decimal": "."}
    assert kept["reading"]["missing"] == ["NA", "-999"]
    assert {*kept["fills"]} == {*kept["scales"]}


@pytest.mark.parametrize(
    "change",
    [
        {"fills": {"age": 1}},
        {"fills": {}},
        {"gaps": ["town"]},
        {"gaps": "age"},
        {"gappy": ["nobody"]},
        {"pooled": ["age"]},
        {"pooled": ["town"], "categories": {"town": ["a", "b"]}},
        {"reading": {"missing": "NA", "forms": {}}},
        {"reading": {"missing": None, "forms": {}}},
        {"reading": {"forms": {"price": {"kind": "numbers", "decimal": ".*"}}}},
        {"reading": {"forms": {"price": "import os"}}},
        {"reading": []},
        {"columns": ["town"]},
    ],
    ids=str,
)
def test_forged_readings_are_refused(trained, change):
    """One line, before anything is read so."""
    content = json.loads((trained[2] / "run" / "data.json").read_text())
    assert LearntData(content, "here").columns
    with pytest.raises(CheckpointError, match=r"^here is not what a run writes there; remove it"):
        LearntData({**content, "encoder": {**content["encoder"], **change}}, "here")


def test_a_fill_that_is_no_number_is_refused(trained):
    """It would make all of a row's answer one."""
    content = json.loads((trained[2] / "run" / "data.json").read_text())
    content["encoder"]["fills"]["age"] = float("nan")
    with pytest.raises(CheckpointError, match=r"^here is not what a run writes there; remove it"):
        LearntData(content, "here")


def test_a_saved_model_reads_new_rows_as_predict_does(trained, tmp_path):
    """Gaps, dates, prices, truth values and rare texts, from the run alone; Keras's own format starts at x."""
    _run, expected, place = trained
    opened = eagerloop.load(place / "run", for_predicting=True)
    rows = [*csv.reader((place / "new.csv").read_text().splitlines())]
    cells = {name: column for name, *column in zip(*rows, strict=True)}
    with quiet():
        export(opened, tmp_path / "served")
    numbers = {name: [float(cell) if cell not in ("", "NA", "-999") else np.nan for cell in cells[name]] for name in NUMBERS}
    columns = {name: tf.constant(numbers[name], tf.float64) if name in NUMBERS else tf.constant(cells[name]) for name in cells}
    found = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"](**columns)
    np.testing.assert_allclose(found["prediction"], np.array(expected[0]["prediction"], float), rtol=1e-5)
    assert export(opened, tmp_path / "model.keras").path.is_file()
