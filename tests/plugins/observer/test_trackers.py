"""The trackers of others: with the real packages, offline; `.ci/run` installs them."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

import eagerloop
from eagerloop.errors import ConfigError

REPLAYED = "assert not verify('mine', replay=True).faults"  # the run that is made again is not told of


def trained_and_resumed(name, program, **options):
    """Two epochs, and a third after a resume in another process; its history and the identity that it kept."""
    words = json.dumps({"name": name, "options": options})
    begin = "import eagerloop, json, sys; told = json.loads(sys.argv[1])\n"
    how = "observers=[eagerloop.use(told['name'], **told['options'])], optimizer=eagerloop.use('adam', learning_rate=0.01)"
    assert not (done := program(f"{begin}eagerloop.train(epochs=2, directory='mine', {how})", words)).returncode, done.stderr
    identity = Path("mine", f"{name}.id").read_text("utf-8").strip()
    done = program(
        f"{begin}eagerloop.resume('mine', epochs=3)\nfrom eagerloop.afterwards.verifying import verify\n{REPLAYED}", words
    )
    assert not done.returncode, done.stderr
    assert Path("mine", f"{name}.id").read_text("utf-8").strip() == identity
    return eagerloop.load("mine").history, identity


@pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed")
def test_mlflow_has_the_options_and_the_history_of_a_run_that_was_resumed(program):
    """One run, finished; parameters by the words of the record, each figure at the number of steps, from the real store."""
    history, identity = trained_and_resumed("mlflow", program, experiment="flowers", uri="sqlite:///mlflow.db")
    code = """
import json, mlflow
client = mlflow.MlflowClient("sqlite:///mlflow.db")
place = client.get_experiment_by_name("flowers").experiment_id
(run,) = client.search_runs([place])
losses = [(one.step, one.value) for one in client.get_metric_history(run.info.run_id, "loss")]
print(json.dumps([run.info.run_id, run.info.run_name, run.info.status, run.data.params, losses]))
"""
    done = program(code)
    run_id, name, status, parameters, losses = json.loads(done.stdout.splitlines()[-1])

    assert (run_id, name, status) == (identity, "mine", "FINISHED")
    assert losses == [[12 * row["epoch"], pytest.approx(row["loss"])] for row in history]
    assert len(losses) == 3
    assert (parameters["optimizer"], parameters["optimizer.learning_rate"], parameters["seed"]) == ("adam", "0.01", "0")


@pytest.mark.skipif(find_spec("wandb") is None, reason="Weights & Biases is not installed")
def test_wandb_keeps_the_history_of_a_run_that_was_resumed_in_files(program, monkeypatch):
    """Offline: a directory for each start below the run's, all of one identity, whose records hold the losses."""
    monkeypatch.setenv("WANDB_DATA_DIR", str(Path.cwd()))
    history, identity = trained_and_resumed("wandb", program)
    code = """
import json, pathlib, struct
from wandb.proto import wandb_internal_pb2

def records(file):
    data, at, part = file.read_bytes(), 7, b""  # LevelDB's log format: pieces in blocks of 32 KiB, behind a head of 7 bytes
    while at + 7 <= len(data):
        _check, length, kind = struct.unpack("<IHB", data[at : at + 7])
        if kind == 0 or 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        part += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield wandb_internal_pb2.Record.FromString(part)
            part = b""

found = []
for file in sorted(pathlib.Path("mine/wandb").glob("offline-run-*/*.wandb")):
    for record in records(file):
        row = {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
        found += [[file.stem, row["_step"], row["loss"]]] if "loss" in row else []
print(json.dumps(found))
"""
    found = json.loads(program(code).stdout.splitlines()[-1])

    assert {name for name, *_ in found} == {f"run-{identity}"}
    assert sorted(row[1:] for row in found) == [[12 * row["epoch"], pytest.approx(row["loss"])] for row in history]


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_tracker_that_is_not_installed_is_asked_for(monkeypatch, name):
    """One line with what to install, before there is a run."""
    module = f"eagerloop_plugins.observer.{name}"
    monkeypatch.setattr(f"{module}.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=rf"^observer '{name}' needs .*: pip install 'eagerloop\[{name}\]'"):
        eagerloop.train(epochs=1, observers=[name])


def test_a_tracker_is_told_of_parts_options_and_versions(tmp_path):
    """The record, flat: kinds have their names, options stand behind them; several observers are told apart by name."""
    from eagerloop_plugins.observer.tracked import configuration, figures

    run = eagerloop.train(epochs=1, observers=[eagerloop.use("csv", every=5), "print-loss"], directory=tmp_path / "run")
    told = configuration(run)

    assert (told["model"], told["dataset.batch_size"], told["epochs"], told["observer.csv.every"]) == ("iris", 10, 1, 5)
    assert told["versions.eagerloop"] == eagerloop.__version__
    assert not [name for name, value in told.items() if isinstance(value, dict | list)]
    assert figures(run.history[0]).keys() == {"loss", "total_loss", "seconds"}
