"""Each study by each way: it learns, and it is compiled, loaded, resumed, replayed and looked at as any run is.

`EAGERLOOP_WRITE_STUDIES=1 pytest` writes the page of the docs anew.
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from table import STUDIES, own, words_of

import eagerloop
from eagerloop.cli import main

PAGE = Path(__file__).resolve().parents[3] / "howto" / "studies.md"
BEGIN, END = "<!-- made by the tests of eagerloop-studies: begin -->\n", "<!-- end -->\n"

WAYS = ("train", "load", "--compile", "resume", "verify --replay", "predict", "evaluate", "inspect step", "report")
MIDDLE = 2
"""The step after which a run is resumed: one of six, three of which make an epoch."""


def command(*words):
    """What a command prints; it must end well."""
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as leaving:
        main([str(word) for word in words])
    assert leaving.value.code in (None, 0), out.getvalue()
    return out.getvalue()


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    """Runs are made where nobody else makes any."""
    monkeypatch.chdir(tmp_path)


def begin(study):
    """The first phase of a study that has two."""
    if "start_from" in study.chosen:
        command("train", *words_of(first_phase()), "--run", study.chosen["start_from"])


def first_phase():
    """The parts of the run that fine-tuning starts from."""
    return own("fine-tuning") | {"epochs": 15, "compile": True}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_study_learns(study):
    """By the command line of the docs, the figure of the test data comes below its bar."""
    begin(study)
    command("train", *words_of(full(study)), "--run", "runs/learns")
    figure, bar = study.has_learnt(eagerloop.load("runs/learns"))

    assert figure < bar


def full(study):
    """All that the command line of a study says."""
    freezing = {"freeze": "body*"} if "start_from" in study.chosen else {}
    return study.chosen | freezing | {"epochs": study.epochs, "compile": True}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_study_goes_every_way(study):
    """Each way works; a tolerance is asserted as it is told."""
    begin(study)
    chosen = study.made_small() | {"epochs": 2, "save_every": MIDDLE, "keep": 0}
    run = eagerloop.train(**chosen, directory="run")
    command("train", *words_of(chosen), "--compile", "--run", "compiled")

    found = {
        "train": run.position.step == 6 and np.isfinite(run.history[-1]["loss"]),
        "load": difference(eagerloop.load("run"), run) == 0,
        "resume": difference(eagerloop.resume(cut_off("run", MIDDLE)), run) == 0,
        "verify --replay": "replay: same bits" in command("verify", "run", "--replay"),
        "predict": predicts(run),
        "evaluate": evaluates(run),
    }
    assert [way for way, well in found.items() if not well] == []
    assert difference(eagerloop.load("compiled"), run) <= study.tolerance
    command("report", "run")
    command("inspect", "step", "run", "--step", 2, "--html", "step.html")


def evaluates(run):
    """Whether the command says the loss that the run says."""
    said = re.search(r"\bloss[\s=:]+([-+.\de]+)", command("evaluate", "run"))
    return said is not None and float(said[1]) == pytest.approx(run.evaluate()["loss"], rel=1e-3)


def difference(one, other):
    """The largest difference of a variable or the history, relative to its largest value; 0 for the same bits."""
    values, others = ({name: item.numpy() for name, item in run.parts.variables.items()} for run in (one, other))
    assert values.keys() == others.keys()
    values["history"], others["history"] = (
        np.array([[value for name, value in row.items() if name != "seconds"] for row in run.history]) for run in (one, other)
    )
    return max(
        0.0 if value.tobytes() == others[name].tobytes() else float(np.abs(value - others[name]).max() / np.abs(value).max())
        for name, value in values.items()
    )


def cut_off(directory, step):
    """The copy of a run as a crash would have left it after a step."""
    shutil.copytree(directory, "resumed")
    for checkpoint in Path("resumed", "checkpoints").glob("step-*"):
        if int(checkpoint.name.removeprefix("step-")) > step:
            shutil.rmtree(checkpoint)
    return "resumed"


def predicts(run):
    """Whether the command writes a row for each row of the test."""
    command("predict", "run", "--output", "predictions.csv")
    x = run.dataset.test_arrays[0]
    rows = len(next(iter(x.values())) if isinstance(x, dict) else x)
    return len(Path("predictions.csv").read_text(encoding="utf-8").splitlines()) == rows + 1


def test_listing_the_parts_is_light():
    """Whoever lists parts does not wait for TensorFlow."""
    code = "import eagerloop_studies, sys; print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def page():
    """What the docs show of the studies."""
    heads = (f"`{way}`" if "--" in way else way for way in WAYS)  # a dash would be made of two
    lines = [f"| study | {' | '.join(heads)} |", f"|{'---|' * (len(WAYS) + 1)}"]
    for study in STUDIES:
        cells = ["yes"] * len(WAYS)
        cells[2] = f"within {study.tolerance:g}" if study.tolerance else "same bits"
        cells[3] = cells[4] = "same bits"
        lines.append(f"| [{study.name}](#{study.name}) | {' | '.join(cells)} |")
    for study in STUDIES:
        runs = [first_phase() | {"run": study.chosen["start_from"]}] if "start_from" in study.chosen else []
        typed = [f"    eagerloop train {' '.join(words_of(chosen))}" for chosen in [*runs, full(study)]]
        lines += ["", f"## {study.name}", "", study.why, "", *typed, "", f"It has learnt if this is low: {study.measured()}"]
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are elsewhere")
def test_the_docs_show_the_studies_as_they_are():
    """Table and command lines of the page are those that were tested."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    shown, _, after = rest.partition(END)
    if os.environ.get("EAGERLOOP_WRITE_STUDIES"):
        PAGE.write_text(f"{before}{BEGIN}\n{page()}\n{END}{after}", encoding="utf-8")
    else:
        assert shown == f"\n{page()}\n"
