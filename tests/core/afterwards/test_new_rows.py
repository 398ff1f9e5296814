"""New rows from JSON lines and standard input, and the ids that stand beside predictions."""

import csv
import io
import json
import math

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.evaluation import tables_of
from eagerloop.afterwards.prediction import write_predictions
from eagerloop.cli.flags import words_of
from eagerloop.errors import DataError
from eagerloop_plugins.dataset.csv import csv as csv_dataset

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ROWS = [
    {"id": n, "name": f"Person {n}", "income, net": n * n % 11 + 0.5, "city": ("Rome", "Oslo")[n % 2], "y": n % 7 / 2}
    for n in range(40)
]


def as_csv(rows):
    """The table as Python's own writer has it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a table with row numbers, names, and a comma in a name."""
    folder = tmp_path_factory.mktemp("new-rows")
    (folder / "data.csv").write_text(as_csv(ROWS))
    dataset = eagerloop.use("csv", path=folder / "data.csv", target="y")
    return eagerloop.train(dataset=dataset, epochs=1, model="linear", directory=folder / "run")


def predicted(run, source, target):
    """The rows of the table of predictions."""
    write_predictions(run, source, target)
    return list(csv.DictReader(target.read_text().splitlines()))


def test_ids_stand_beside_predictions(run, tmp_path):
    """Those that were left out as row numbers and names, as they are written; a run without its data knows them, too."""
    (tmp_path / "new.csv").write_text(as_csv(ROWS[:5]))
    rows = predicted(run, tmp_path / "new.csv", tmp_path / "out.csv")
    assert list(rows[0]) == ["id", "name", "income, net", "city", "y", "prediction"]
    assert [row["id"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[3]["name"] == "Person 3"
    alone = eagerloop.load(run.directory, for_predicting=True)
    assert predicted(alone, tmp_path / "new.csv", tmp_path / "alone.csv") == rows
    few = [{key: row[key] for key in ("city", "income, net")} for row in ROWS[:5]]
    (tmp_path / "few.csv").write_text(as_csv(few))
    assert list(predicted(run, tmp_path / "few.csv", tmp_path / "few_out.csv")[0]) == ["income, net", "city", "prediction"]


def test_the_test_rows_have_their_ids(run, tmp_path):
    """In memory and streamed alike; whose target stands in a row is what the id says."""
    rows = predicted(run, None, tmp_path / "test.csv")
    assert len(rows) == 8
    assert all(math.isclose(float(row["y"]), int(row["id"]) % 7 / 2) for row in rows)
    path = run.parts.settings.dataset.options["path"]
    pieces = [next(iter(csv_dataset(path=path, target="y", stream=stream).test_pieces()))[0] for stream in ("yes", "no")]
    assert [list(piece) for piece in pieces] == [["id", "name", "income, net", "city"]] * 2
    assert all(np.array_equal(pieces[0][name], pieces[1][name]) for name in pieces[0])


@pytest.mark.parametrize("piped", [False, True])
def test_json_lines_are_predicted_as_csv(run, tmp_path, monkeypatch, piped):
    """In any order, with gaps and blank lines; by the ending, or by the brace that standard input begins with."""
    given = [dict(reversed(row.items())) for row in ROWS[:6]]
    given[2]["income, net"] = None
    del given[4]["city"]
    text = "\n\n".join(map(json.dumps, given)) + "\n"
    (tmp_path / "new.jsonl").write_text(text)
    as_table = [{**row, "income, net": row["income, net"] or "", "city": row.get("city", "")} for row in given]
    (tmp_path / "new.csv").write_text(as_csv(as_table))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    expected = predicted(run, tmp_path / "new.csv", tmp_path / "csv_out.csv")
    source = type(tmp_path)("-") if piped else tmp_path / "new.jsonl"
    assert predicted(run, source, tmp_path / "out.csv") == expected
    assert float(expected[0]["prediction"]) != float(expected[1]["prediction"])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[1, 2]", r"line 3: expected a JSON object with a value for each column, got \[1, 2\]"),
        ('{"a": [1]}', r"line 3, column 'a': expected a number, a text or a truth value, got \[1\]"),
        ('{"a": 1', r"line 3: this is no JSON"),
        ("[" * 100_000, r"line 3: this is no JSON"),
    ],
)
def test_what_is_no_json_is_named_by_its_line(tmp_path, line, fault):
    """A blank line counts."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"a": true}\n\n' + line + "\n")
    with pytest.raises(DataError, match=rf"new\.jsonl, {fault}"):
        [table.text("a") for table in tables_of(path, None)]


def test_a_text_of_several_lines_is_one_cell(tmp_path):
    """And the rows below keep their lines; half a letter, which JSON can have, is a question mark."""
    path = tmp_path / "new.jsonl"
    path.write_text('{"a": "x\\ny"}\n\n{"a": "\\ud800"}\n')
    (table,) = tables_of(path, None)
    assert (table.text("a"), list(table.lines)) == (["x y", "?"], [1, 3])


def test_names_with_commas_stand_in_quotes():
    """As in CSV, on the command line."""
    assert words_of('"a, b",c') == ["a, b", "c"]
    assert words_of('"a ""x""", c ,d') == ['a "x"', "c ", "d"]
