"""A run's directory alone, copied to where the data are not: what can still be done, and what is said of the rest."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.evaluation import evaluate_table
from eagerloop.afterwards.replaying import record_of_step
from eagerloop.errors import DataError

PRICES = "".join(f'{i % 7},{i * 0.37:.2f},{"red" if i % 3 else "blue"},"${i + 1},{i * 7 % 1000:03d}"\n' for i in range(40))
OWN = '''
import numpy as np
import eagerloop


def dataset(seed: int = 0) -> eagerloop.ArrayDataset:
    """Two columns of a table."""
    table = eagerloop.tables.read_table("table.csv")
    x, y = np.stack([table.numbers("a"), table.numbers("b")], 1), table.numbers("y")[:, None]
    names = {"features": ("a", "b"), "targets": ("y",)}
    return eagerloop.ArrayDataset((x[:30], y[:30]), (x[30:], y[30:]), batch_size=5, seed=seed, **names)
'''

NEW_ROWS = {"classes": "pets.csv", "money": "prices.csv", "own": "table.csv"}

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:.*texts read as numbers", "ignore:EL16")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Runs below `home/runs`, and their copies below `away/runs`, beside new rows and without the data."""
    home, away = (tmp_path_factory.mktemp(name) for name in ("home", "away"))
    rows = [f"{i % 7},{i * 0.37:.2f},{i * 0.5}\n" for i in range(40)]
    (home / "table.csv").write_text("a,b,y\n" + "".join(rows), encoding="utf-8")
    pets = "".join(f"{i % 7},{i * 0.37:.2f},{'cat' if i % 2 else 'dog'}\n" for i in range(40))
    (home / "pets.csv").write_text(f"a,b,kind\n{pets}", encoding="utf-8")
    (home / "prices.csv").write_text(f"a,b,c,price\n{PRICES}", encoding="utf-8")
    (home / "own.py").write_text(OWN, encoding="utf-8")
    data = {
        "classes": eagerloop.use("csv", path="pets.csv"),
        "money": eagerloop.use("csv", path="prices.csv"),
        "own": "own.py:dataset",
    }
    before = Path.cwd()
    os.chdir(home)
    try:
        for name, dataset in data.items():
            how = {"model": "mlp", "epochs": 1, "observers": [eagerloop.use("watch", every=3)], "progress": False}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                eagerloop.train(dataset=dataset, directory=f"runs/{name}", **how)
    finally:
        os.chdir(before)
    shutil.copytree(home / "runs", away / "runs")
    for table in ("pets.csv", "prices.csv", "table.csv"):
        shutil.copy(home / table, away / f"new-{table}")
    return home, away


def command(directory, *words):
    """The command in a process of its own, in a directory: what it prints; it must succeed."""
    program = [sys.executable, "-c", "from eagerloop.cli import main; main()", *words]
    done = subprocess.run(program, cwd=directory, text=True, capture_output=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


@pytest.mark.parametrize("name", ["money", "classes", "own"])
def test_new_rows_are_evaluated_without_the_data(monkeypatch, made, name):
    """The figures are those that the run has with its data, but for the rounding of sums over other batches."""
    home, away = made
    new = f"new-{NEW_ROWS[name]}"
    monkeypatch.chdir(home)
    with_data = evaluate_table(eagerloop.load(f"runs/{name}"), away / new)
    monkeypatch.chdir(away)

    alone = evaluate_table(eagerloop.load(f"runs/{name}", for_evaluating=True), Path(new))

    assert alone == pytest.approx(with_data, rel=1e-5)


def test_a_directory_alone_serves_in_a_process_of_its_own(made):
    """It predicts, is evaluated on new rows, exported and drawn, and a step that was recorded is shown."""
    _home, away = made
    figures = json.loads(command(away, "evaluate", "runs/money", "--input", "new-prices.csv", "--json"))
    assert set(figures) == {"loss"}
    assert np.isfinite(figures["loss"])
    assert command(away, "predict", "runs/money", "--input", "new-prices.csv").count("\n") == 41
    assert command(away, "export", "runs/money", "money.keras").startswith("money.keras: ")
    drawn = command(away, "report", "runs/money")
    assert "note: What it predicts, and what the mean would, are not drawn" in drawn
    page = (away / "runs/money/report.html").read_text("utf-8")
    assert "data file prices.csv does not exist" in page
    assert "What it learnt" in page
    assert "Step by step" in page
    assert json.loads(command(away, "inspect", "step", "runs/money", "--step", "3", "--json"))["step"] == 3


def test_what_needs_the_data_is_told(monkeypatch, made):
    """A step that was not recorded is refused with those that were, an evaluation without rows with how to give some."""
    _home, away = made
    monkeypatch.chdir(away)
    with pytest.raises(DataError, match=r"prices\.csv does not exist; .*; of this run the steps 1, 3, 6 were recorded"):
        record_of_step("runs/money", 2)
    with pytest.warns(UserWarning, match=r"prices\.csv does not exist; .*: step 3 is shown as it was recorded"):
        assert record_of_step("runs/money", 3).step == 3
    with pytest.raises(DataError, match=r"without its data: .*data\.json holds no rows; open it without for_predicting"):
        eagerloop.load("runs/money", for_evaluating=True).evaluate()
