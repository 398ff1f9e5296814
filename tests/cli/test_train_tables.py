"""`train` on a user's table: what it says before and after."""

import tomllib
from pathlib import Path

import numpy as np


def test_a_table_that_tells_nothing(done, cli):
    """One line on the data; the last line has both figures and what to try; the record has the batch size.

    A quiet training keeps the last one, as a note on stderr.
    """
    draw = np.random.default_rng(1)
    rows = [",".join(f"{value:.3f}" for value in draw.normal(size=4)) for _ in range(40)]
    Path("noise.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    table = ("--dataset", "csv", "--dataset.path", "noise.csv", "--optimizer.learning-rate", "0.1", "--checkpointer", "none")
    lines = done("train", *table, "--epochs", "2", "--run", "noise").splitlines()
    assert lines[2] == "data: regression of y: 32 training, 8 test rows, 3 features, batches of 4"
    assert lines[-1].startswith("done: 2 epochs, 16 steps, kept in noise; no better than always the mean of the training rows")
    assert lines[-1].endswith("; try eagerloop resume noise --epochs 20, or other features")
    assert tomllib.loads(Path("noise/run.toml").read_text())["dataset"]["options"]["batch_size"] == 4

    quiet = cli("train", *table, "--epochs", "2", "--run", "quiet", "--quiet")
    assert quiet.out == ""
    worse = lines[-1].partition("; ")[2].replace("resume noise", "resume quiet")
    assert quiet.err.splitlines()[-1] == f"note: {worse}"
