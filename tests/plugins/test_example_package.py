"""The example package of the docs, installed as a stranger's, with each of its parts swapped in turn.

Installing, training, resuming and predicting happen once, in a fresh interpreter that can see the installed package; the tests
look at what it reports.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "eagerloop-example"
PARTS = {"dataset": "wave", "model": "polynomial", "loss": "pinball", "optimizer": "signum", "checkpointer": "json"}

DRIVER = """
import contextlib, io, json, sys
import numpy as np
import pytest
import eagerloop, eagerloop_example
from eagerloop.cli import main

def command(*arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main(arguments)
        except SystemExit as leaving:
            return {"code": leaving.code, "out": out.getvalue()}

report = {"file": eagerloop_example.__file__, "listing": command("plugins", "--json")["out"]}
for kind, name in json.loads(sys.argv[1]).items():
    run = f"runs/{kind}"
    trained = command("train", f"--{kind}", name, "--epochs", "1", "--run", run)
    resumed = command("resume", run, "--epochs", "2")
    predicted = command("predict", run, "--output", f"{kind}.csv")
    given = {kind: name} if kind == "model" else {kind: name, "model": eagerloop.load(run).parts.names["model"]}
    unbroken = eagerloop.train(**given, epochs=2, directory=f"runs/{kind}-in-python")
    report[kind] = {
        "codes": [trained["code"], resumed["code"], predicted["code"]],
        "losses": [row["loss"] for row in eagerloop.load(run).history],
        "unbroken": [row["loss"] for row in unbroken.history],
        "equal": bool(np.array_equal(eagerloop.load(run).predict(), unbroken.predict())),
        "rows": len(open(f"{kind}.csv").readlines()) - 1,
    }
report["own tests"] = int(pytest.main(["-q", "-c", "/dev/null", "-p", "no:cacheprovider", "-p", "no:randomly", sys.argv[2]]))
json.dump(report, open("report.json", "w"))
"""


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What the fresh interpreter saw."""
    directory = tmp_path_factory.mktemp("example")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(directory / "site"), str(EXAMPLE)], check=True, capture_output=True)
    loop = Path(importlib.util.find_spec("eagerloop").origin).with_name("loop.py")
    before = hashlib.sha256(loop.read_bytes()).hexdigest()
    command = [sys.executable, "-c", DRIVER, json.dumps(PARTS), str(EXAMPLE / "tests")]
    outcome = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(directory / "site")},
        text=True,
        capture_output=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    found = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    return found | {"site": str(directory / "site"), "loop": [before, hashlib.sha256(loop.read_bytes()).hexdigest()]}


def test_the_installed_package_is_found_by_its_entry_point(report):
    """Its five parts are listed with the distribution's name and version, and come from where it was installed."""
    rows = {row["kind"]: row for row in json.loads(report["listing"])["parts"] if row["distribution"] == "eagerloop-example"}

    assert {kind: row["name"] for kind, row in rows.items()} == PARTS
    assert {row["version"] for row in rows.values()} == {"0.1.0"}
    assert report["file"].startswith(report["site"])


@pytest.mark.parametrize("kind", PARTS)
def test_each_part_trains_resumes_and_predicts(report, kind):
    """With one part swapped by name, train, resume and predict end well, and each test row gets a prediction."""
    expected_rows = {"dataset": 40}

    assert report[kind]["codes"] == [0, 0, 0]
    assert report[kind]["rows"] == expected_rows.get(kind, 30)


@pytest.mark.parametrize("kind", PARTS)
def test_each_part_resumes_exactly(report, kind):
    """One epoch and a resume give the losses and predictions of two epochs at a stretch, from Python as from the shell."""
    assert report[kind]["losses"] == report[kind]["unbroken"]
    assert report[kind]["equal"]


@pytest.mark.parametrize("kind", PARTS)
def test_each_part_lets_the_model_learn(report, kind):
    """The loss of the second epoch is lower than that of the first."""
    first, second = report[kind]["losses"]

    assert second < first


def test_swapping_leaves_the_loop_alone(report):
    """`loop.py` has the same bytes after all of this."""
    before, after = report["loop"]

    assert before == after


def test_the_example_passes_its_own_tests(report):
    """The tests that the package ships, to be copied with it, pass."""
    assert report["own tests"] == 0
