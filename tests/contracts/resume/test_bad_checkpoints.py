"""Whatever is wrong with a saved run: one clear sentence, nothing lost, nothing begun afresh."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import flips
import numpy as np
import pytest

import eagerloop
from eagerloop.cli import main
from eagerloop.errors import CheckpointError, ConfigError

HOLDER = """
import sys
from pathlib import Path
from eagerloop.storage.run_directory import RunDirectory
with RunDirectory(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of three epochs, and its state at each checkpoint."""
    directory = tmp_path_factory.mktemp("trained") / "run"
    run = eagerloop.train(directory=directory, epochs=3)
    return directory, flips.states_of(run)


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(trained[0], tmp_path / "run"))


def newest(run):
    return run / "checkpoints" / "step-00000036"


def data_file(run):
    return newest(run) / "variables.data-00000-of-00001"


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda path: path.unlink(), "is damaged: No such file; step-00000024 is used instead"),
        (lambda path: os.truncate(path, 100), r"is damaged: 100 bytes, \d+ were written; step-00000024 is used instead"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
            "is damaged: its checksum does not match; step-00000024 is used instead",
        ),
    ],
    ids=["missing", "truncated", "flipped"],
)
def test_a_damaged_file_is_named_and_the_checkpoint_before_is_used(run, trained, damage, match):
    """The state is exactly that of the checkpoint before; --strict stops instead; a resume reaches the uninterrupted end."""
    damage(data_file(run))
    with pytest.warns(UserWarning, match=rf"variables\.data-00000-of-00001 {match}"):
        loaded = eagerloop.load(run)
    assert flips.state_of(loaded) == trained[1][24]
    with pytest.raises(CheckpointError, match="is damaged"):
        eagerloop.load(run, strict=True)
    with pytest.warns(UserWarning, match=match):
        resumed = eagerloop.resume(run)
    assert flips.state_of(resumed) == trained[1][36]
    assert (run / "checkpoints" / "damaged-step-00000036").is_dir()


def test_a_damaged_manifest_is_passed_over(run, trained):
    """Like any other damage."""
    (newest(run) / "manifest.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"manifest\.json is damaged: it is no manifest; step-00000024 is used instead"):
        assert flips.state_of(eagerloop.load(run)) == trained[1][24]


def test_a_newer_format_stops(run, rewrite):
    """Of a checkpoint, and of the record."""
    rewrite(newest(run), format=3)
    with pytest.raises(CheckpointError, match="has the format 3, this eagerloop reads 2; install a newer eagerloop"):
        eagerloop.resume(run)
    shutil.rmtree(newest(run))
    record = run / "run.toml"
    record.write_text(record.read_text().replace("format = 1", "format = 2"))
    with pytest.raises(CheckpointError, match=r"run\.toml has the format 2, this eagerloop reads 1"):
        eagerloop.resume(run)


def test_every_checkpoint_damaged_stops(run):
    """Nothing is trained afresh over a run that cannot be read: not even the history changes."""
    history = (run / "history.jsonl").read_text()
    for manifest in run.glob("checkpoints/*/manifest.json"):
        manifest.unlink()
    for act in (eagerloop.load, eagerloop.resume):
        with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole .*restore one from a backup"):
            act(run)
    assert (run / "history.jsonl").read_text() == history


def test_no_checkpoint_but_a_history_stops(run):
    """Work was done here, and is gone: that is not the same as nothing done yet."""
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(CheckpointError, match="has a history and no checkpoint: it cannot be continued, and is not begun anew"):
        eagerloop.resume(run)
    with pytest.raises(CheckpointError, match="has no checkpoint"):
        eagerloop.load(run)


def test_a_second_process_is_refused_by_name(run):
    """A real one holds the lock; after its end the run can be resumed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CheckpointError, match=rf"another process is writing to {run}; wait for it to end"):
            eagerloop.resume(run, epochs=4)
        holder.communicate()
    assert eagerloop.resume(run, epochs=4).position.step == 48


def test_leftovers_of_a_killed_process_are_cleaned(run, trained):
    """A temporary directory and temporary files are gone after a resume, and count for nothing."""
    (run / "checkpoints" / ".tmp-step-00000048-1").mkdir()
    (run / ".tmp-history.jsonl").write_text("{")
    (run / ".tmp-run.toml").write_text("[")
    assert flips.state_of(eagerloop.load(run)) == trained[1][36]
    eagerloop.resume(run, epochs=4)
    assert not list(run.rglob(".tmp-*"))


@pytest.mark.parametrize("name", ["model.keras", "weights.h5", "state.pkl"])
def test_files_that_are_no_run_are_refused(tmp_path, name):
    """A run is a directory; a file is not read, and what it is is said."""
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ConfigError, match="is no run: it is a file, and a run is the directory that 'eagerloop train' makes"):
        eagerloop.load(path)


class Trap:
    """Unpickling it would be noticed."""

    def __reduce__(self):
        return (os.mkdir, ("unpickled",))


@pytest.mark.parametrize("name", ["model.keras", "weights.h5", "state.pkl"])
def test_files_that_are_no_checkpoint_are_refused(run, name, tmp_path):
    """As a checkpoint, or inside one: no manifest names it, so it is not read."""
    (newest(run) / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match=rf"{name} is damaged: it was not written with the checkpoint"):
        eagerloop.load(run, strict=True)
    shutil.rmtree(newest(run))
    newest(run).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match=r"manifest\.json is damaged: Not a directory"):
        eagerloop.load(run, strict=True)
    assert not (tmp_path / "unpickled").exists()


def test_a_pickle_in_an_archive_is_not_unpickled(tmp_path, rewrite):
    """The archive of checkpointer npz with an array of objects in it, and a manifest that names it."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=3, checkpointer="npz").directory
    path = newest(run) / "variables.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    first = next(iter(arrays))
    np.savez(path, **{**arrays, first: np.array([Trap()], dtype=object)})
    rewrite(newest(run))
    with pytest.raises(CheckpointError, match=r"variables\.npz cannot be read: Object arrays cannot be loaded"):
        eagerloop.load(run)
    assert not (tmp_path / "unpickled").exists()


def test_history_is_derived(run, trained):
    """A history file that is damaged or ahead hurts nobody: the checkpoint has it too, and a resume writes it anew."""
    (run / "history.jsonl").write_text("nonsense\n" * 9)
    assert flips.state_of(eagerloop.load(run)) == trained[1][36]
    resumed = eagerloop.resume(run, epochs=3)
    assert [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()] == resumed.history


def test_a_resume_of_a_finished_run_puts_its_directory_in_order(run, trained, capsys):
    """A process killed right after its last checkpoint leaves the history a row behind, and files that are half written."""
    rows = (run / "history.jsonl").read_text()
    (run / "history.jsonl").write_text("".join(rows.splitlines(keepends=True)[:2]))
    (run / ".tmp-run.toml").write_text("[")
    (run / "checkpoints" / ".tmp-step-00000048-1").mkdir()
    shutil.copytree(newest(run), newest(run).with_name("step-00000036.before"))
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["resume", str(run)])
    assert "has 3 epochs already" in capsys.readouterr().out
    assert (run / "history.jsonl").read_text() == rows
    assert [path for path in run.rglob("*") if path.name.startswith(".tmp-") or path.name.endswith(".before")] == []


def test_a_damaged_checkpoint_does_not_push_out_the_whole_ones(run, trained):
    """A run that was loaded from the one before, and is trained on: the damaged one is set aside before the oldest go."""
    os.truncate(data_file(run), 100)
    with pytest.warns(UserWarning, match="step-00000024 is used instead"):
        loaded = eagerloop.load(run)
    again = loaded.train()
    assert flips.state_of(again) == trained[1][36]
    assert "damaged-step-00000036" in [path.name for path in (run / "checkpoints").iterdir()]
