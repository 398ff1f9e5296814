"""Real tables, each with its path and its target alone: which train, what is learnt, how far from a linear model.

    python benchmarks/tables.py
    python benchmarks/tables.py --count 10 --epochs 0
    python benchmarks/tables.py --only mtcars,titanic --json

Needs scikit-learn; of statsmodels, vega_datasets and pydataset it takes the tables if they are installed. A table that is
refused is tried again with the first option that the refusal says to type. `mean` always predicts the mean of the training
rows, or their most frequent class. `linear` is scikit-learn's LinearRegression, or LogisticRegression, on the same rows and
columns, standardized. `default` is what ten epochs give, `longer` what `--epochs` in all give, both compiled, which is quicker.
Figures are R2, or accuracy, on the test rows.

Bars: all but 3 of 60 train with path and target alone, each other one as it is told to; default settings beat the mean, or
the run says that they do not; the median of (ours with 100 epochs minus linear) is at least -0.02.
"""

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import statistics
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import real_tables

import eagerloop
from eagerloop.cli.flags import words_of
from eagerloop.errors import EagerloopError

ADVICE = re.compile(r"--dataset\.([a-z-]+) (.+)")


def train(path, target, folder, **settings):
    """A run and what it said; the options that a refusal advised are tried once."""
    options, said, advised = {}, io.StringIO(), None
    while True:
        dataset = eagerloop.use("csv", path=path, target=target, **options)
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(said):
                warnings.simplefilter("ignore")
                run = eagerloop.train(dataset=dataset, directory=folder, overwrite=True, progress=True, **settings)
        except EagerloopError as error:
            advice = ADVICE.search(str(error))
            if options or not advice:
                return None, str(error), advised
            options, advised = {advice[1].replace("-", "_"): _as_typed(advice[1], shlex.split(advice[2])[0])}, str(error)
        else:
            return run, said.getvalue(), advised


def _as_typed(option, value):
    return words_of(value) if option in ("exclude", "features", "missing-values") else value


def score(run):
    """R2, or accuracy, on the test rows."""
    _x, y = run.dataset.test_arrays
    predictions = run.predict()
    if run.dataset.classes:
        return float(np.mean(predictions.argmax(axis=1) == y))
    return r2(y, predictions)


def r2(y, predictions):
    """1 for perfect predictions, 0 for the test rows' own mean."""
    return float(1 - np.sum((y - predictions) ** 2.0) / max(np.sum((y - y.mean(dtype="float64")) ** 2.0), 1e-300))


def of_mean(dataset):
    """What the mean of the training rows, or their most frequent class, would score."""
    (_x, y), (_test_x, test_y) = dataset.train_arrays, dataset.test_arrays
    if dataset.classes:
        return float(np.mean(test_y == np.bincount(y).argmax()))
    return r2(test_y, y.mean(dtype="float64"))


def of_linear(dataset):
    """What scikit-learn's linear model scores on the same rows and columns."""
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    (x, y), (test_x, test_y) = dataset.train_arrays, dataset.test_arrays
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000) if dataset.classes else LinearRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x.astype("float64"), y.ravel())
    predictions = model.predict(test_x.astype("float64")).reshape(test_y.shape)
    return float(np.mean(predictions == test_y)) if dataset.classes else r2(test_y, predictions)


def measure(table, folder, epochs):
    """A row of the printed table."""
    path, begin = real_tables.write(table, folder), time.perf_counter()
    run, said, advised = train(path, table.target, Path(folder) / "run", checkpointer="none", compile=True)
    row = {"name": table.name, "target": table.target, "refused": advised, "said": said.strip().splitlines()[-1]}
    if run is None:
        return row
    dataset = run.dataset
    row |= {"rows": dataset.rows, "columns": len(dataset.features), "classes": len(dataset.classes)}
    row |= {"batch": dataset.batch_size, "mean": of_mean(dataset), "default": score(run), "linear": of_linear(dataset)}
    row |= {"told": "no better than" in said}
    if epochs:
        with contextlib.redirect_stdout(io.StringIO()):
            row["longer"] = score(run.train(epochs=epochs))
    return row | {"seconds": round(time.perf_counter() - begin, 1)}


def line(row):
    """A row as it is printed."""
    if "rows" not in row:
        return f"{row['name']:22} REFUSED: {row['said']}"
    what = f"{row['classes']} classes" if row["classes"] else "regression"
    figures = "".join(f"{row.get(name, float('nan')):9.3f}" for name in ("mean", "default", "longer", "linear"))
    words = (" at first refused: " + row["refused"] if row["refused"] else "") + (" told" if row["told"] else "")
    sizes = f"{row['rows']:6} x {row['columns']:<4} {row['batch']:4}"
    return f"{row['name']:22} {what:11} {sizes} {figures} {row['seconds']:6.1f} s{words}"


def verdict(rows):
    """The bars in words."""
    trained = [row for row in rows if "rows" in row]
    alone = [row for row in trained if not row["refused"]]
    silent = [row["name"] for row in trained if row["default"] <= row["mean"] and not row["told"]]
    longer = [row["longer"] - row["linear"] for row in trained if "longer" in row]
    words = [f"{len(alone)} of {len(rows)} train with path and target alone, {len(trained) - len(alone)} more as told"]
    beaten = sum(row["default"] > row["mean"] for row in trained)
    words.append(f"default settings beat the mean on {beaten} of {len(trained)}; not told of: {', '.join(silent) or 'none'}")
    if longer:
        words.append(f"median of (ours with more epochs minus linear): {statistics.median(longer):+.3f}")
    return words


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=len(real_tables.TABLES), help="how many tables, spread over the list")
    parser.add_argument("--only", default="", help="these tables: mtcars,titanic")
    parser.add_argument("--epochs", type=int, default=100, help="of the longer training; 0: none")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tables = [table for table in real_tables.TABLES if real_tables.is_there(table)]
    only = arguments.only.split(",") if arguments.only else [table.name for table in tables]
    tables = [table for table in tables if table.name in only]
    tables = [tables[round(place)] for place in np.linspace(0, len(tables) - 1, min(arguments.count, len(tables)))]
    rows = []
    if not arguments.json:
        print(f"{'table':22} {'task':11} {'training rows':13} batch     mean  default   longer   linear")
    for table in tables:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(table, folder, arguments.epochs))
        if not arguments.json:
            print(line(rows[-1]), flush=True)
    print(json.dumps(rows, indent=1) if arguments.json else "\n".join(verdict(rows)))


if __name__ == "__main__":
    main()
