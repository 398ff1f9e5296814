"""`predict`, `evaluate` and `verify` on runs that exist."""

import contextlib
import csv
import io
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import eagerloop


def rows(text):
    """CSV as a list of dicts."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def run(done):
    """A run of two epochs on iris."""
    done("train", "--epochs", 2, "--run", "mine", "-q")
    return "mine"


@pytest.fixture
def classifier(done, table):
    """A run on a table of cats and dogs."""
    done("train", "--dataset", "csv", "--dataset.path", table(classes=True), "--epochs", 2, "--run", "pets", "-q")
    return "pets"


def test_the_test_data_are_predicted_by_default(done, run):
    """Features, the known target and the prediction that Python gets, for each of the thirty flowers of the test."""
    found = rows(done("predict", run))
    loaded = eagerloop.load(run)

    assert list(found[0]) == ["Petal.Length", "Sepal.Length", "Petal.Width", "Sepal.Width", "prediction"]
    assert len(found) == 30
    np.testing.assert_array_equal(np.float32([row["prediction"] for row in found]), loaded.predict()[:, 0])
    assert (found[0]["Petal.Length"], found[0]["Sepal.Width"]) == ("5.7", "3.2")  # R's row 121


def test_a_table_in_another_order_gets_the_same_predictions(done, run):
    """Order, further columns, the delimiter and the presence of the target change a prediction by its rounding at most."""
    expected = pytest.approx([float(row["prediction"]) for row in rows(done("predict", run))][:2], rel=1e-6)
    known = rows(done("predict", run))[:2]
    names = ["Petal.Width", "colour", "Petal.Length", "Sepal.Width", "Sepal.Length"]
    with_target = [[{"colour": "blue", **row}[name] for name in names] for row in known]
    Path("new.tsv").write_text("\n".join("\t".join(row) for row in [names, *with_target]), encoding="utf-8")
    without = [[row[name] for name in ("Sepal.Length", "Petal.Width", "Petal.Length")] for row in known]
    Path("new.csv").write_text(
        "\n".join(";".join(row) for row in [["Sepal.Length", "Petal.Width", "Petal.Length"], *without]), encoding="utf-8"
    )

    found = rows(done("predict", run, "--input", "new.tsv"))
    assert [float(row["prediction"]) for row in found] == expected
    assert list(found[0]) == ["Petal.Length", "Sepal.Length", "Petal.Width", "Sepal.Width", "prediction"]
    found = rows(done("predict", run, "--input", "new.csv"))
    assert [float(row["prediction"]) for row in found] == expected
    assert list(found[0]) == ["Petal.Length", "Sepal.Length", "Petal.Width", "prediction"]


def test_predictions_go_to_a_file(done, run):
    """The same text as on the screen, and a line that says how many."""
    text = done("predict", run)
    assert done("predict", run, "--output", "out.csv") == "30 predictions in out.csv\n"
    assert Path("out.csv").read_text("utf-8") == text


def test_classes_are_predicted_by_name_with_a_probability_each(done, classifier):
    """The likeliest class, then probabilities that sum to 1."""
    found = rows(done("predict", classifier))

    assert list(found[0]) == ["a", "b", "y", "prediction", "probability_cat", "probability_dog"]
    for row in found:
        chances = {name: float(row[f"probability_{name}"]) for name in ("cat", "dog")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-12)
        assert row["prediction"] == max(chances, key=chances.get)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("aa,b\n1,2\n", "new.csv has no column 'a'; did you mean 'aa'? Known: aa, b"),
        ("a,b\n1,x\n", "new.csv, line 2, column 'b': 'x' is not a number"),
        ("a,b\n", "new.csv has a header in line 1 and no rows"),
        (None, "data file new.csv does not exist"),
    ],
)
def test_a_table_that_cannot_be_predicted_is_refused(refused, classifier, content, told):
    """A missing column with the nearest, cells that are no numbers, no rows, no file; no output is made."""
    if content is not None:
        Path("new.csv").write_text(content, encoding="utf-8")
    assert told in refused("predict", classifier, "--input", "new.csv", "--output", "out.csv")


def test_a_target_is_written_as_it_stands(done, classifier):
    """Known, missing or unheard of: nobody needs it to predict."""
    Path("new.csv").write_text("y,a,b\ncat,1,2\n,3,4\ncow,5,6\n", encoding="utf-8")
    found = rows(done("predict", classifier, "--input", "new.csv"))
    assert list(found[0])[:3] == ["a", "b", "y"]
    assert [row["y"] for row in found] == ["cat", "", "cow"]


def test_new_rows_stand_in_a_table_of_a_database(done, refused, classifier, table, monkeypatch):
    """Which is named, if there are several; the answers are those of CSV, also through a pipe."""
    expected = done("predict", classifier, "--input", "table.csv")
    figures = done("evaluate", classifier, "--input", "table.csv")
    known = rows(Path("table.csv").read_text("utf-8"))
    with contextlib.closing(sqlite3.connect("new.db")) as connection:
        connection.execute("CREATE TABLE pets (a INTEGER, b, y TEXT)")
        connection.executemany("INSERT INTO pets VALUES (:a, :b, :y)", known)
        connection.execute("CREATE TABLE other (a)")
        connection.commit()
    assert done("predict", classifier, "--input", "new.db", "--table", "pets") == expected
    assert done("evaluate", classifier, "--input", "new.db", "--table", "pets") == figures
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("new.db").read_bytes())))
    assert done("predict", classifier, "--input", "-", "--table", "pets") == expected
    told = "new.db has 2 tables: 'pets', 'other'; name one with --dataset.table, or of new rows with --table"
    for command in ("predict", "evaluate"):
        assert refused(command, classifier, "--input", "new.db") == told
    assert refused("predict", classifier, "--input", "table.csv", "--table", "pets").startswith("table.csv is no SQLite file")


def test_an_output_that_cannot_be_written_is_named(refused, run):
    """With the system's reason."""
    line = refused("predict", run, "--output", "none/out.csv")
    assert line == "none/out.csv cannot be written: No such file or directory; choose another with --output"


def test_a_failed_prediction_leaves_the_old_output(refused, run):
    """The file of yesterday is not emptied by a table that cannot be read."""
    Path("out.csv").write_text("yesterday", encoding="utf-8")
    refused("predict", run, "--input", "none.csv", "--output", "out.csv")
    assert Path("out.csv").read_text("utf-8") == "yesterday"


def test_evaluate_prints_the_loss_and_the_metrics_of_the_test_data(done, table):
    """The numbers that Python gets."""
    done("train", "--metric", "rmse", "--epochs", 2, "--run", "mine", "-q")
    figures = dict(line.split() for line in done("evaluate", "mine").splitlines())
    in_json = json.loads(done("evaluate", "mine", "--json"))
    assert {name: f"{value:.7g}" for name, value in in_json.items()} == figures

    assert list(figures) == ["loss", "rmse"]
    assert float(figures["rmse"]) == pytest.approx(float(figures["loss"]) ** 0.5, rel=1e-5)
    assert float(figures["loss"]) == pytest.approx(eagerloop.load("mine").evaluate()["loss"], rel=1e-6)


def test_verify_lists_the_checkpoints_and_replays_them(done, run):
    """Both are whole, and training again gives the same bits."""
    out = done("verify", run, "--replay").splitlines()
    assert [line.partition(",")[0] for line in out[:2]] == ["step 12: ok", "step 24: ok"]
    assert out[-1].startswith("replay: same bits in 2 of 2 checkpoints")


def test_verify_ends_with_1_where_a_checkpoint_is_damaged(cli, run):
    """The damaged file is named on the screen."""
    (data,) = Path(run, "checkpoints", "step-00000012").glob("*data*")
    data.write_bytes(b"\0" + data.read_bytes()[1:])
    outcome = cli("verify", run)
    assert outcome.code == 1
    assert data.name in outcome.out


def test_a_model_of_several_heads_is_predicted_and_reported(done):
    """Two heads of width 4: a row for each of the 30 test rows, and eight columns, by name; the page says nothing of them."""
    Path("heads.py").write_text(
        "import tensorflow as tf\n"
        "def heads():\n"
        "    '''Two answers.'''\n"
        "    import keras\n"
        "    first = keras.Input((3,))\n"
        "    return keras.Model(first, {name: keras.layers.Dense(4)(first) for name in ('low', 'high')})\n"
        "def both(y_true, y_pred):\n"
        "    '''The error of both.'''\n"
        "    return tf.add_n([tf.reduce_mean(tf.square(y_true - answer)) for answer in y_pred.values()])\n",
        encoding="utf-8",
    )
    done("train", "--model", "heads.py:heads", "--loss", "heads.py:both", "--epochs", "1", "--compile", "--run", "two")
    found = rows(done("predict", "two"))
    assert len(found) == 30
    assert list(found[0])[4:] == [f"prediction_{name}_{number}" for name in ("high", "low") for number in range(4)]
    assert "two" in done("report", "two")


def formulas(done):
    """A run whose table has cells that a spreadsheet would run: in a name, in features, in classes."""
    rows = [f"{('=cmd|0', '@b', '-7', '+1e3')[i % 4]},{i * -0.5},{('-no', 'yes')[i % 2]}\n" for i in range(40)]
    Path("sheet.csv").write_text("=a,b,c\n" + "".join(rows), encoding="utf-8")
    done("train", "--dataset", "csv", "--dataset.path", "sheet.csv", "--epochs", 1, "--run", "sheet", "-q")


def test_a_formula_is_written_as_it_is_and_told(cli, done):
    """It is the user's data; a note says what to do for a spreadsheet."""
    formulas(done)
    outcome = cli("predict", "sheet", "--output", "out.csv")
    assert (outcome.code, outcome.err) == (
        0,
        "note: a spreadsheet would run '=a' as a formula; --for-spreadsheet puts ' before such cells\n",
    )
    assert Path("out.csv").read_text(encoding="utf-8").startswith("=a,b,c,prediction,")


def test_a_formula_for_a_spreadsheet(cli, done):
    """Each cell that would be run has a sign before it, and no number has; nothing needs to be told."""
    formulas(done)
    done("predict", "sheet", "--input", "sheet.csv", "--output", "plain.csv")
    outcome = cli("predict", "sheet", "--input", "sheet.csv", "--output", "out.csv", "--for-spreadsheet")
    assert (outcome.code, outcome.err) == (0, "")
    quoted, plain = (list(csv.reader(Path(name).read_text(encoding="utf-8").splitlines())) for name in ("out.csv", "plain.csv"))
    dangerous = {"=a", "=cmd|0", "@b", "-no"}
    assert quoted == [[f"'{cell}" if cell in dangerous else cell for cell in row] for row in plain]
    assert dangerous <= {cell for row in plain for cell in row}
    assert any(cell.startswith("-") and cell not in dangerous for row in quoted for cell in row)


def test_another_table_is_evaluated(done, classifier, table):
    """On its own table the figures are those of Python; a pipe gives the same as the file."""
    out = done("evaluate", classifier, "--input", table(classes=True))
    assert [line.split()[0] for line in out.splitlines()] == ["loss", "accuracy"]
