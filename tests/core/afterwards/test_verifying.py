"""`verify`: whether a run is what it claims to be."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import eagerloop
from eagerloop.afterwards.replay_comparing import first_difference
from eagerloop.afterwards.verifying import verify
from eagerloop.storage.history_file import entries
from eagerloop.storage.store import Store


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trained") / "run"
    return eagerloop.train(directory=directory, epochs=3, checkpointer="npz", save_every=5, keep=0).directory


@pytest.fixture
def run(trained, tmp_path):
    return Path(shutil.copytree(trained, tmp_path / "run"))


def forge(directory, **changes):
    """Changes a manifest and makes all checksums anew, those of the files too."""
    path = directory / "manifest.json"
    content = json.loads(path.read_text()) | changes
    for name in content["files"]:
        data = (directory / name).read_bytes()
        content["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    content.pop("sha256")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    path.write_text(json.dumps(content | {"sha256": hashlib.sha256(text.encode()).hexdigest()}))


def test_a_run_as_it_was_made(run):
    """A line for each checkpoint, for the record and for the history; the replay gives the same bits in every checkpoint."""
    verdict = verify(run, replay=True)
    assert verdict.faults == 0
    assert verdict.lines[0] == "step 5: ok, 1 files, 15 variables"
    assert verdict.lines[-1].startswith("replay: same bits in 10 of 10 checkpoints")
    assert [line.split(": ok")[0] for line in verdict.lines[10:12]] == [f"{run}/run.toml", f"{run}/history.jsonl"]


def test_looking_changes_nothing(run):
    """Every file is as it was, and no file was added."""
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    verify(run, replay=True)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_the_history_is_read_once(run, monkeypatch):
    """Not once for each of the ten checkpoints, nor by the replay; the log is looked at once more by itself."""
    read = []

    def counted(path):
        for entry in entries(path):
            read.append(path.parent.name)
            yield entry

    for module in ("histories", "history_file"):
        monkeypatch.setattr(f"eagerloop.storage.{module}.entries", counted)
    assert verify(run).faults == 0
    assert read == ["checkpoints"] * 6
    read.clear()
    assert verify(run, replay=True).faults == 0
    assert read == ["checkpoints"] * 15  # and for the epoch to train to, and by the two that are compared


def test_what_is_verified_is_read(run):
    """Checksums that are right for files that nobody can read are a fault of their own."""
    checkpoint = run / "checkpoints" / "step-00000010"
    (checkpoint / "variables.npz").write_bytes(b"no archive")
    forge(checkpoint)
    verdict = verify(run)
    assert verdict.faults == 1
    assert verdict.lines[1].startswith(f"step 10: the checkpoint {checkpoint / 'variables.npz'} cannot be read: ")


def test_damage_is_named(run):
    """The file, in the line of its step; the other checkpoints are still looked at."""
    path = run / "checkpoints" / "step-00000010" / "variables.npz"
    path.write_bytes(path.read_bytes()[:-3])
    verdict = verify(run)
    assert verdict.faults == 1
    assert f"step 10: {path} is damaged" in verdict.lines[1]


def test_a_forged_variable_is_found_by_the_replay(run):
    """All checksums fit; the replay names epoch, step, variable and element."""
    directory = run / "checkpoints" / "step-00000020"
    with np.load(directory / "variables.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = "model/0000/iris/dense1/kernel"
    arrays[name][1, 2] += 1
    np.savez(directory / "variables.npz", **arrays)
    forge(directory)
    assert verify(run).faults == 0
    verdict = verify(run, replay=True)
    assert verdict.faults == 1
    assert f"replay: {name} differs first in epoch 2, step 20: " in verdict.lines[-1]
    assert verdict.lines[-1].endswith("came out at [1, 2]")


def test_a_forged_history_is_found_by_the_replay(run):
    """A loss that was never reached, in all the places that tell it; or an epoch that never was."""
    store = Store(run / "checkpoints")
    for step in store.steps():
        directory, rows = store.path_of(step), store.read(step).manifest["history"]
        forge(directory, history=[row | {"loss": 0.001} for row in rows])
    (run / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [row | {"loss": 0.001} for row in rows]))
    assert verify(run).faults == 0
    line = verify(run, replay=True).lines[-1]
    assert line.startswith("replay: loss of epoch 1 differs: 0.001 was recorded, ")


@pytest.mark.long
def test_a_replay_says_that_the_run_was_made_elsewhere(run):
    """Other bits are still a fault, and what may have made them others is named: here, a GPU that the recorded run had."""
    directory = run / "checkpoints" / "step-00000012"
    manifest = json.loads((directory / "manifest.json").read_text())
    history = Store(run / "checkpoints").read(12).manifest["history"]
    record = manifest["record"] | {"parallelism": manifest["record"]["parallelism"] | {"gpu": "NVIDIA H100"}}
    forge(directory, record=record, history=[row | {"loss": 0.001} for row in history])
    verdict = verify(run, replay=True)
    assert verdict.faults == 1
    where = "it was made where rounding may differ: parallelism.gpu: 'NVIDIA H100' was saved, None now"
    assert verdict.lines[-1].endswith(where)


def test_a_history_that_is_shorter_is_found_by_the_replay(run):
    """No traceback where there is nothing to compare with."""
    forge(run / "checkpoints" / "step-00000036", history=[])
    (run / "history.jsonl").write_text("")
    assert verify(run, replay=True).lines[-1].startswith("replay: epoch of epoch 1 differs: None was recorded, 1 came out")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (np.float32([[1, 0]]), np.float32([[1, -0.0]]), "np.float32(0.0) was recorded, np.float32(-0.0) came out at [0, 1]"),
        (np.float32([np.nan, 1]), np.float32([np.nan, 1]), ""),
        (np.int64(3), np.int64(4), "np.int64(3) was recorded, np.int64(4) came out at []"),
        (np.array([b"a", b"bc"], object), np.array([b"a", b"bd"], object), "b'bc' was recorded, b'bd' came out at [1]"),
        (np.array([b"a"], object), np.array([b"a"], object), ""),
        (np.zeros((0, 2)), np.zeros((0, 2)), ""),
    ],
)
def test_bits_are_compared_not_values(old, new, told):
    """A negative zero is another number, the same nan the same one; strings are compared as such; nothing equals nothing."""
    assert first_difference(np.asarray(old), np.asarray(new)) == told


def test_a_changed_record_is_named(run):
    """With the old and the new value; what no step depends on is a note, what a step depends on is a fault."""
    record = run / "run.toml"
    whole = record.read_text()
    record.write_text(whole.replace("epochs = 3", "epochs = 7"))
    verdict = verify(run)
    assert (verdict.faults, verdict.lines[10]) == (
        0,
        f"{record} differs from {run}/checkpoints/step-00000036: epochs: 3 was saved, 7 now",
    )
    record.write_text(whole.replace("seed = 0", "seed = 1"))
    verdict = verify(run)
    assert verdict.faults == 1
    assert f"{record} was changed" in verdict.lines[10]
    assert "seed: 0 was saved, 1 now" in verdict.lines[10]


def test_a_record_that_was_cut_short_is_named(run):
    """What is left is valid TOML and describes another run: its checkpoints do not fit it, and that is why."""
    record = run / "run.toml"
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(line for line in lines[: lines.index("[dataset]\n")] if not line.startswith("metric")))
    verdict = verify(run)
    assert f"{record} was changed: {run}/checkpoints/step-00000036 belongs to another run" in str(verdict)
    assert verdict.faults


def test_a_damaged_history_is_named(run):
    """The line; and a file that is merely an epoch behind, as a kill leaves it, is no fault."""
    path = run / "history.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[1].replace('"steps": 12', '"steps": 13') + lines[2])
    assert f"{path} is damaged: line 2 is not the history of step-00000036" in str(verify(run))
    path.write_text("".join(lines[:2]))
    verdict = verify(run)
    assert verdict.faults == 0
    assert f"{path} is an epoch behind of step-00000036" in str(verdict)
    path.write_bytes(b"\xff")
    assert f"{path} is damaged" in str(verify(run))


STOP = """
class Stop:
    '''Stops the first run that it sees.'''
    seen = []
    def on_step_end(self, run):
        self.seen.append(run.directory)
        if run.position.step == 3 and run.directory == self.seen[0]:
            run.stop("now")
"""


def test_nothing_to_compare_is_no_success(tmp_path):
    """Where every checkpoint stands at a step where only an interruption saves, the replay says that it compared nothing."""
    (tmp_path / "stop.py").write_text(STOP)
    eagerloop.train(directory="run", epochs=1, observers=["stop.py:Stop"])
    verdict = verify("run", replay=True)
    assert verdict.faults == 1
    assert "nothing was compared" in verdict.lines[-1]


def test_a_run_without_checkpoints(run):
    """That is a fault."""
    shutil.rmtree(run / "checkpoints")
    verdict = verify(run)
    assert (verdict.faults, verdict.lines) == (1, [f"{run} has no checkpoint"])
