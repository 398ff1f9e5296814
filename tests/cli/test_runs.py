"""`runs`: what is listed, in which order, what is shown, and what is removed when."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

import eagerloop
from eagerloop.afterwards.runs import find_runs, read_run, remove_runs
from eagerloop.errors import ConfigError


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three runs: the guide's, one of another model, and one with a validation."""
    below = tmp_path_factory.mktemp("three") / "runs"
    eagerloop.train(epochs=3, directory=below / "guide")
    eagerloop.train(epochs=2, model="mlp", metrics=["rmse"], directory=below / "layers")
    validated = eagerloop.use("iris", split="random", validation_fraction=0.25)
    eagerloop.train(epochs=1, dataset=validated, model="linear", loss="huber", directory=below / "huber")
    for age, name in ((7200, "guide"), (60, "layers"), (0, "huber")):
        when = time.time() - age
        os.utime(below / name / "run.toml", (when, when))
    return below


@pytest.fixture
def runs(three):
    """Copies of them below runs/ of the working directory."""
    shutil.copytree(three, "runs")
    return Path("runs")


def cells(out):
    """The lines of a table, cell by cell."""
    return [[cell for cell in line.split("  ") if cell] for line in out.splitlines()]


@pytest.mark.usefixtures("runs")
def test_a_list_has_a_line_a_run(done, monkeypatch):
    """Name, age, epochs, the lowest and the last loss of the history, size, parts; the newest first."""
    monkeypatch.setenv("COLUMNS", "100")
    head, huber, layers, guide = cells(done("runs"))
    assert [cell.strip() for cell in head] == ["run", "age", "epochs", "figure", "best", "last", "size", "parts"]
    history = [json.loads(line) for line in Path("runs/guide/history.jsonl").read_text("utf-8").splitlines()]
    figures = [f"{min(row['loss'] for row in history):.5g}", f"{history[-1]['loss']:.5g}"]
    assert [cell.strip() for cell in guide[:6]] == ["runs/guide", "2 h", "3/3", "loss", *figures]
    assert guide[-1].strip() == "iris on iris, mse, adam"
    assert (layers[1].strip(), huber[3].strip()) == ("1 min", "val_loss")
    assert done("runs", "list") == done("runs")


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--sort", "name"), ["guide", "huber", "layers"]),
        (("--sort", "epochs"), ["guide", "layers", "huber"]),
        (("--sort", "newest"), ["huber", "layers", "guide"]),
        (("--only", "model=mlp"), ["layers"]),
        (("--only", "metric=rmse", "--only", "dataset=iris"), ["layers"]),
        (("--only", "loss=mse", "--sort", "name"), ["guide", "layers"]),
        (("--only", "GUI"), ["guide"]),
        (("--only", "model=mlp", "--only", "guide"), []),
    ],
)
def test_a_list_is_sorted_and_filtered(done, words, names):
    """By what was asked; as JSON, the numbers are those of the history and of the files."""
    rows = json.loads(done("runs", "--json", *words))
    assert [Path(row["directory"]).name for row in rows] == names
    for row in rows:
        place = Path(row["directory"])
        assert row["epochs"] == row["of"] == len((place / "history.jsonl").read_text("utf-8").splitlines())
        assert row["bytes"] == sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
        assert row["checkpoints"] == [12 * epoch for epoch in range(1, row["epochs"] + 1)] or row["figure"] == "val_loss"


def test_best_and_size_sort_by_their_numbers(runs):
    """The lowest figure first, a run without one last; the largest first."""
    shutil.copytree("runs/guide", "runs/begun")
    Path("runs/begun/history.jsonl").unlink()
    best = find_runs(runs, order="best")
    assert [run.best for run in best[:-1]] == sorted(run.best for run in best[:-1])
    assert best[-1].directory.name == "begun"
    sizes = [run.size for run in find_runs(runs, order="size")]
    assert sizes == sorted(sizes, reverse=True)


def test_a_narrow_screen_gets_the_parts_on_a_line_of_their_own(done, runs, monkeypatch):
    """No name is cut."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = done("runs", "--only", "guide").splitlines()
    assert lines[-1] == "    iris on iris, mse, adam"
    assert lines[-2].startswith(f"{runs / 'guide'}  2 h")


def test_a_run_that_cannot_be_read_is_listed_with_its_fault(done, runs):
    """And steers no terminal; a history that is damaged counts as far as it is whole."""
    Path("runs/broken").mkdir()
    Path("runs/broken/run.toml").write_text("x = [")
    Path("runs/odd").mkdir()
    Path("runs/odd/run.toml").write_text('epochs = "many"\nmodel = 3\nloss = [1, { name = "a\\u001b[2J" }]\n')
    with (runs / "guide/history.jsonl").open("a") as file:
        file.write("{")
    out = done("runs")
    assert "config runs/broken/run.toml is not valid TOML" in out
    assert "\x1b" not in out
    assert len(read_run(runs / "guide").history) == 3
    assert "model 3" in done("runs", "show", "runs/odd")


def test_there_may_be_no_run(done, refused):
    """A sentence, an empty list, and a line for what cannot be meant."""
    assert done("runs") == "there is no run below runs/; make one with 'eagerloop train'\n"
    assert json.loads(done("runs", "--json")) == []
    assert "did you mean 'model'?" in refused("runs", "--only", "modl=mlp")
    assert "Invalid value for '--sort'" in refused("runs", "--sort", "loss")
    assert "there is no run below runs/" in refused("runs", "show")


@pytest.mark.usefixtures("runs")
def test_a_run_is_shown_with_its_options_and_epochs(done):
    """The newest one if none is named."""
    out = done("runs", "show", "runs/guide")
    assert "  model iris units=32 rate=0.5\n" in out
    assert "  seed 0, epochs 3 of 3\n" in out
    assert "  checkpoints at the steps 12, 24, 36\n" in out
    assert [line[:1] for line in cells(out)[-3:]] == [["1"], ["2"], ["3"]]
    assert "model linear" in done("runs", "show")
    told = json.loads(done("runs", "show", "runs/guide", "--json"))
    assert (told["record"]["model"]["options"]["units"], len(told["history"])) == (32, 3)


def test_looking_at_runs_imports_no_tensorflow(runs):
    """A fresh interpreter lists, shows and removes."""
    program = (
        "import sys\nfrom eagerloop.cli import main\ntry:\n    main()\nfinally:\n"
        "    print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)), file=sys.stderr)\n"
    )
    for words in (["runs"], ["runs", "show", "runs/guide"], ["runs", "remove", "runs/guide", "--yes"]):
        found = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, timeout=60)
        assert found.stderr == "[]\n"
    assert not (runs / "guide").exists()


class Terminal(io.StringIO):
    """A standard input at which somebody sits."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, ["huber", "layers"]), ("n", 1, ["guide", "huber", "layers"])])
def test_it_asks_before_it_removes(cli, runs, monkeypatch, answer, code, left):
    """What would go is shown with its size first."""
    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    outcome = cli("runs", "remove", "runs/guide")
    assert (outcome.code, sorted(path.name for path in runs.iterdir())) == (code, left)
    assert "runs/guide" in outcome.out.splitlines()[1]


@pytest.mark.usefixtures("runs")
def test_nobody_is_there_to_be_asked(cli, monkeypatch):
    """Nothing is removed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    outcome = cli("runs", "remove", "runs/guide")
    assert (outcome.code, Path("runs/guide/run.toml").is_file()) == (2, True)
    assert "add --yes to remove without asking" in outcome.err


def test_the_best_on_each_dataset_with_each_loss_is_kept(done, runs):
    """A huber loss of a validation is not compared with an mse; what cannot be read is left alone."""
    Path("runs/broken").mkdir()
    Path("runs/broken/run.toml").write_text("x = [")
    figures = {run.directory.name: run.best for run in find_runs(runs)}
    out = done("runs", "remove", "--keep", "best", "--yes")
    best = min(("guide", "layers"), key=figures.__getitem__)
    assert sorted(path.name for path in runs.iterdir()) == sorted([best, "huber", "broken"])
    assert f"kept: runs/{best}, loss {figures[best]:.5g} by " in out
    assert "left alone: runs/broken, which cannot be read" in out
    assert "there is nothing to remove" in done("runs", "remove", "--keep", "best", "--yes")


def test_of_several_runs_none_is_removed_if_one_cannot_be(refused, runs, monkeypatch):
    """One that is trained at the moment, one that is none, one behind a link, the place where one is."""
    with filelock.FileLock("runs/layers/run.lock"):
        assert "another process is writing to runs/layers" in refused("runs", "remove", "runs/guide", "runs/layers", "--yes")
    Path("mine").mkdir()
    assert "mine is no run: it has no run.toml" in refused("runs", "remove", "runs/guide", "mine", "--yes")
    Path("link").symlink_to(runs / "guide")
    assert "link is a symbolic link: nothing is removed" in refused("runs", "remove", "runs/huber", "link", "--yes")
    assert "no run is named" in refused("runs", "remove", "--yes")
    monkeypatch.chdir("runs/guide")
    with pytest.raises(ConfigError, match="is where you are, or above: nothing is removed"):
        remove_runs([Path("../huber"), Path()])
    assert Path("../huber/run.toml").is_file()
