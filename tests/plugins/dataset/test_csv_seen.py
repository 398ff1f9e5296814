"""`inspect data`: a table column by column, before anything is trained."""

import subprocess
import sys

import numpy as np
import pytest

from eagerloop.cli import main
from eagerloop.errors import ConfigError
from eagerloop.inspection.views.data import inspect_data
from eagerloop.tables import blocks
from eagerloop_plugins.dataset.csv import csv
from eagerloop_plugins.dataset.iris import iris

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
STREAMS = pytest.mark.parametrize("stream", ["yes", "no"])

TABLE = "id,name,born,city,age,smokes,visits,sure\n" + "".join(
    f"{n},Person {n},{1950 + n % 40}-03-0{n % 9 + 1},{('Rome', 'Oslo', 'NA')[n % 3]},{'NA' if n % 10 == 0 else n % 50},"
    f"{('TRUE', 'False')[n % 2]},{n * n % 13},{n % 4 or ''}\n"
    for n in range(60)
)


def out_of(capsys, *words):
    """What the command wrote, and its exit code."""
    with pytest.raises(SystemExit) as left:
        main(["inspect", "data", *map(str, words)])
    return left.value.code, capsys.readouterr()


@STREAMS
def test_every_column_is_seen(write, stream, monkeypatch):
    """Its use, what it is read as, its gaps, its values: counted by hand; in one block and in many."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 256)
    dataset = csv(path=write(TABLE), target="visits", exclude=["sure"], stream=stream)
    seen = {column.name: column for column in dataset.columns_seen()}
    assert [(column.use, column.read_as, column.missing) for column in seen.values()] == [
        ("left out", "numbers", 0),
        ("left out", "60 texts", 0),
        ("feature", "dates", 0),
        ("feature", "2 texts", 20),
        ("feature", "numbers", 6),
        ("feature", "truth values", 0),
        ("target", "numbers", 0),
        ("excluded", "numbers", 15),
    ]
    assert seen["id"].decided == "counts the rows"
    assert seen["age"].decided == "gaps get the median, and a column says so"
    assert dict(seen["city"].texts) == {"Rome": 20, "Oslo": 20}
    assert np.nansum(seen["age"].numbers) == sum(n % 50 for n in range(60) if n % 10)
    assert sorted(seen["visits"].numbers.tolist()) == sorted(n * n % 13 for n in range(60))


def test_the_command_draws_a_line_a_column(write, capsys):
    """The picture stands between the ends; what was decided stands behind; TensorFlow is not needed."""
    code, said = out_of(capsys, write("year,grade,kind\n" + "1999,1,a\n2000,1,b\n2010,4,a\n2011,,a\n" * 10))
    assert code == 0
    assert [line.rstrip() for line in said.out.splitlines()] == [
        "classification of kind, 2 classes (a, b): 32 training, 8 test rows, 3 features, batches of 4",
        "",
        "column  use      read as    missing    from                    to      decided",
        "year    feature  numbers               1999  ██            ██  2011",
        "grade   feature  numbers         10       1  █              ▄  4       gaps get the median, and a column says so",
        "kind    target   2 classes           a (30)  █▃                b (10)",
    ]


def test_wide_tables_are_cut_and_faults_are_one_line(write, capsys):
    """The target stays in sight; `--all` shows the rest."""
    wide = write(",".join(f"n{place}" for place in range(200)) + "\n" + (",".join(["1", "2.5"] * 100) + "\n") * 5)
    code, said = out_of(capsys, wide, "--target", "n199", "--dataset.features", ",".join(f"n{place}" for place in range(80)))
    assert (code, len(said.out.splitlines())) == (0, 3 + 60 + 1)
    assert said.out.splitlines()[-1].startswith("... and 140 more columns (21 feature, 119 left out)")
    code, said = out_of(capsys, wide, "--target", "n199", "--dataset.features", "n1", "--all")
    assert len(said.out.splitlines()) == 3 + 200
    for words, fault in (
        ([], "no table was named; give its file: eagerloop inspect data FILE"),
        (["absent.csv"], "data file absent.csv does not exist; check the path"),
        ([wide, "--target", "m"], "has no column 'm'; Known: n0"),
        ([wide, "--dataset", "iris"], "reads no file of the user's; inspect data takes csv"),
    ):
        code, said = out_of(capsys, *words)
        assert (code, said.out, said.err.count("\n")) == (2, "", 1)
        assert fault in said.err


def test_a_table_is_looked_at_without_tensorflow(write):
    """Importing it would take longer than the rest."""
    code = "import sys\nfrom eagerloop.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
    code += "print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "inspect", "data", str(write(TABLE))], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_a_dataset_without_a_table_is_refused():
    """By the way that there is."""
    with pytest.raises(ConfigError, match="look at a batch with inspect batch"):
        inspect_data(iris())
