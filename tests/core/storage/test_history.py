"""The history of a run: two files that grow by a line a row, and manifests that name how many of them are theirs."""

import copy
import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify
from eagerloop.errors import CheckpointError, DamagedError, TrainingError
from eagerloop.storage.history_file import HistoryFile, HistoryLog
from eagerloop.storage.noting import NotedHistory
from eagerloop.storage.rows import Wording
from eagerloop.storage.store import Store

LOG = Path("run", "checkpoints", "history.jsonl")


def figures(*losses):
    """A history of these losses."""
    return [{"epoch": epoch, "steps": 2, "loss": loss} for epoch, loss in enumerate(losses, 1)]


class Written:
    """A store whose checkpoints hold nothing but histories; each process has its own wording, log and store."""

    def __init__(self):
        self.store, self.worded = Store(Path("run", "checkpoints")), Wording()

    def save(self, step, *losses):
        rows = self.worded(figures(*losses), lambda row: None)
        self.store.finish(self.store.begin(step, lambda place: None), step, {}, rows)

    def losses(self, step):
        return [row["loss"] for row in Store(self.store.directory).read(step).manifest["history"]]


@pytest.fixture
def written():
    """Three checkpoints, of one, two and three epochs."""
    Path("run").mkdir()
    made = Written()
    for epoch in (1, 2, 3):
        made.save(epoch, *(1 / one for one in range(1, epoch + 1)))
    return made


def test_a_manifest_names_its_rows(written):
    """Their number, and SHA-256 over each line and the one before it, computed here once more."""
    mark = ""
    for row in figures(1.0, 0.5):
        mark = hashlib.sha256(f"{mark}\n{json.dumps(row)}".encode()).hexdigest()
    manifest = json.loads(Path("run/checkpoints/step-00000002/manifest.json").read_text())
    assert (manifest["format"], manifest["history"]) == (2, {"rows": 2, "sha256": mark})
    assert LOG.read_text().splitlines()[1] == '[1, {"epoch": 2, "steps": 2, "loss": 0.5}]'
    assert [written.losses(step) for step in (1, 2, 3)] == [[1.0], [1.0, 0.5], [1.0, 0.5, 1 / 3]]


def test_a_row_that_was_changed_leaves_the_checkpoints_before_as_they_were(written):
    """The file is added to: what the others need is still in it."""
    size = LOG.stat().st_size
    written.save(4, 1.0, 9.0, 1 / 3, 0.25)
    assert LOG.read_bytes()[:size].count(b"\n") == 3
    assert written.losses(4) == [1.0, 9.0, 1 / 3, 0.25]
    assert [written.losses(step) for step in (2, 3)] == [[1.0, 0.5], [1.0, 0.5, 1 / 3]]


def test_a_checkpoint_that_is_taken_up_again_does_not_spoil_those_after_it(written):
    """A run goes on from epoch 1 by another way, with the later checkpoints still there."""
    other = Written()
    other.save(12, 1.0)
    other.save(13, 1.0, 7.0)
    assert [other.losses(step) for step in (3, 12, 13)] == [[1.0, 0.5, 1 / 3], [1.0], [1.0, 7.0]]


TAILS = [b'[3, {"epoch": 4, "st', b"\0" * 4096, b"\xff\xfe", b"[9, {}]\n", b"[" * 100_000, b"[3, 4]\n"]


@pytest.mark.parametrize("tail", TAILS)
def test_a_torn_end_is_passed_over(written, tail):
    """As a kill or a power loss leaves it: every checkpoint opens, and the next save goes on behind what is whole."""
    with LOG.open("ab") as file:
        file.write(tail)
    assert written.losses(3) == [1.0, 0.5, 1 / 3]
    other = Written()
    other.save(4, 1.0, 0.5, 1 / 3, 0.25)
    assert other.losses(4) == [1.0, 0.5, 1 / 3, 0.25]
    assert len(LOG.read_text().splitlines()) == 4


def test_a_row_that_no_checkpoint_has_gives_way(written):
    """A process that was killed between the row and the checkpoint: the epoch is trained again."""
    HistoryLog().write(LOG.parent, written.worded(figures(1.0, 0.5, 1 / 3, 0.25), lambda row: None))
    other = Written()
    other.save(4, 1.0, 0.5, 1 / 3, 0.2)
    assert [other.losses(step) for step in (3, 4)] == [[1.0, 0.5, 1 / 3], [1.0, 0.5, 1 / 3, 0.2]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6")),
        lambda path: path.write_bytes(path.read_bytes().replace(b"[1,", b"?1,")),
        lambda path: (path.unlink(), os.mkfifo(path)),
        lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    ],
    ids=["gone", "short", "another figure", "no row", "a pipe", "a link"],
)
def test_rows_are_found_in_the_other_file(written, spoil):
    """The run's own file has them as well; where neither has, the checkpoints before are there. A save mends the file."""
    HistoryFile().write(Path("run"), written.worded(figures(1.0, 0.5, 1 / 3), lambda row: None))
    spoil(LOG)
    assert written.losses(3) == [1.0, 0.5, 1 / 3]
    Path("run", "history.jsonl").unlink()
    with pytest.raises(DamagedError, match=rf"{LOG} is damaged: neither it nor run/history.jsonl has the 3 rows .*00000003"):
        written.losses(3)
    for one in (written, Written()):  # the process that has written it, and another one
        one.save(4, 1.0, 0.5, 1 / 3, 0.25)
        assert [one.losses(step) for step in (1, 2, 3, 4)][-1] == [1.0, 0.5, 1 / 3, 0.25]
        assert one.losses(3) == [1.0, 0.5, 1 / 3]


def test_a_file_behind_a_link_is_not_written_to(written):
    """Neither by the process that has it open, nor by the next."""
    precious = Path("precious")
    for one in (written, Written()):
        precious.write_text("mine")
        LOG.unlink()
        LOG.symlink_to(precious.absolute())
        one.save(4, 1.0)
        assert precious.read_text() == "mine"
        assert not LOG.is_symlink()


def test_a_copy_of_hard_links_is_another_run(written):
    """As some backups make it: what is added here does not come into the copy."""
    os.link(LOG, "copy")
    before = Path("copy").read_bytes()
    for one in (written, Written()):
        one.save(4, 1.0, 0.5, 1 / 3, 0.25)
        assert Path("copy").read_bytes() == before


def test_a_history_that_is_written_alone_follows_what_changes():
    """Rows are added; where one was changed, or somebody else wrote, the file is made anew."""
    worded, file = Wording(), HistoryFile()
    for losses in ([1.0], [1.0, 0.5], [1.0, 0.6, 0.3], [1.0], []):
        file.write(Path(), worded(figures(*losses), lambda row: None))
        assert [json.loads(line)["loss"] for line in Path("history.jsonl").read_text().splitlines()] == losses
    Path("history.jsonl").write_text("nonsense")
    file.write(Path(), worded(figures(2.0), lambda row: None))
    assert Path("history.jsonl").read_text() == '{"epoch": 1, "steps": 2, "loss": 2.0}\n'


def _set(history):
    history[0]["loss"] = 9.0


def _update(history):
    history[1].update(loss=9.0)


def _drop(history):
    del history[0]["steps"]


def _another(history):
    history[1] = {"epoch": 2, "steps": 2, "loss": 9.0}


def _shorten(history):
    del history[-1]


def _other_twice(history):
    history[0] = dict(history[0])  # equal, but nobody is told of its changes
    yield
    history[0]["loss"] = 9.0


@pytest.mark.parametrize("change", [_set, _update, _drop, _another, _shorten, _other_twice], ids=lambda one: one.__name__)
def test_a_history_that_notes_its_changes_is_worded_as_any_other(change):
    """What an observer may do to a row, or to the list, is seen at the next save; a plain list is compared row by row."""
    worded, history = Wording(), NotedHistory(figures(1.0, 0.5, 0.25))
    assert worded(history, lambda row: None) == Wording()(figures(1.0, 0.5, 0.25), lambda row: None)
    for _ in change(history) or ():
        assert worded(history, lambda row: None) == Wording()([*history], lambda row: None)
    history.append({"epoch": 4, "steps": 2, "loss": 0.125})
    found = worded(history, lambda row: None)
    assert found == Wording()([dict(row) for row in history], lambda row: None)
    assert [row.figures for row in found] == history


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301 - its own
def test_a_copy_of_a_history_is_plain(again):
    """As whoever sends the figures of a run to another process has it."""
    history = NotedHistory(figures(1.0, 0.5))
    for thing, plain in ((history, list), (history[0], dict)):
        made = again(thing)
        assert type(made) is plain
        assert made == thing
    again(history)[0]["loss"] = 9.0
    assert (history[0]["loss"], history.changes) == (1.0, 0)


def bytes_written():
    """How many this process has written, by the count of the operating system."""
    return int(next(line for line in Path("/proc/self/io").read_text().splitlines() if line.startswith("wchar")).split()[1])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trained") / "run"
    return eagerloop.train(directory=directory, model="linear", epochs=3, checkpointer="npz")


@pytest.mark.long
def test_a_save_after_3000_epochs_writes_what_one_after_10_does(monkeypatch):
    """Bytes of the manifest, and of the save in all; the rows stand in their two files, once in each."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # 12,000 of them, which are not what is counted here
    run = eagerloop.train(directory="run", model="linear", epochs=1, checkpointer="npz", keep=2)
    row, sizes, written = run.history[0], {}, {}
    for epoch in range(2, 3001):
        run.history.append(row | {"epoch": epoch})
        run.position.step += 12
        if epoch < 20 or epoch % 100 == 0 or epoch > 2990:  # the others are written with the next one that is saved
            before = bytes_written()
            run.save()
            written[epoch] = bytes_written() - before
            sizes[epoch] = run.store.path_of(run.position.step).joinpath("manifest.json").stat().st_size
    assert max(sizes.values()) - min(sizes.values()) < 30
    assert max(written[epoch] for epoch in range(2992, 3001)) < written[10] + 100
    assert LOG.stat().st_size + Path("run/history.jsonl").stat().st_size < 3000 * 300
    assert len(eagerloop.load("run").history) == 3000


@pytest.fixture
def run(trained):
    return Path(shutil.copytree(trained.directory, Path("run")))


def test_a_run_whose_log_is_lost_or_damaged_loses_nothing(run, trained):
    """It loads, `verify` names the file, a resume mends it."""
    for spoil in (LOG.unlink, lambda: LOG.write_bytes(LOG.read_bytes()[:90] + b"9" + LOG.read_bytes()[91:])):
        spoil()
        assert eagerloop.load(run).history == trained.history
        verdict = verify(run)
        assert verdict.faults == 1
        assert f"{LOG} is damaged: it lacks the 3 rows of step-00000036, which the run's own file has" in str(verdict)
        eagerloop.resume(run, epochs=3)
        assert verify(run).faults == 0


def test_a_run_whose_files_are_both_damaged_falls_back(run, trained):
    """To the newest checkpoint whose rows are whole, and says so; without any row there is none, and nothing is begun anew."""
    Path("run/history.jsonl").unlink()
    LOG.write_bytes(b"".join(LOG.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.warns(UserWarning, match=rf"{LOG} is damaged: .*; step-00000024 is used instead"):
        assert eagerloop.load(run).history == trained.history[:2]
    LOG.unlink()
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole .*restore one from a backup"):
        eagerloop.resume(run)


def as_it_was_written_before(run):
    """Makes a run what version 1 of the format was: every manifest has its rows itself."""
    store = Store(run / "checkpoints")
    for step in store.steps():
        content = store.read(step).manifest | {"format": 1}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        sealed = content | {"sha256": hashlib.sha256(text.encode()).hexdigest()}
        (store.path_of(step) / "manifest.json").write_text(json.dumps(sealed))
    LOG.unlink()


def test_a_run_of_the_earlier_form_goes_on(run, trained):
    """It loads, verifies and resumes; its old checkpoints stay what they are, its new ones are of the new form."""
    as_it_was_written_before(run)
    assert eagerloop.load(run).history == trained.history
    assert verify(run, replay=True).faults == 0
    resumed = eagerloop.resume(run, epochs=4)
    assert len(resumed.history) == 4
    store = Store(run / "checkpoints")
    assert [len(store.read(step).manifest["history"]) for step in store.steps()] == [2, 3, 4]  # three are kept
    assert verify(run).faults == 0


def test_a_checkpointer_that_keeps_nothing_has_one_history():
    """And no directory of checkpoints."""
    eagerloop.train(directory="run", model="linear", epochs=2, checkpointer="none")
    assert len(Path("run/history.jsonl").read_text().splitlines()) == 2
    assert not LOG.parent.exists()


class Removing:
    """Removes both files while the run trains."""

    def on_epoch_begin(self, run, epoch):
        if epoch == 3:
            run.saver.wait()
            LOG.unlink()
            Path("run/history.jsonl").unlink()


def test_files_that_are_removed_while_a_run_trains_are_made_anew():
    """With all the rows."""
    run = eagerloop.train(directory="run", model="linear", epochs=4, observers=[Removing()])
    assert eagerloop.load("run", observers=[Removing()]).history == run.history
    assert verify_rows() == run.history


def verify_rows():
    return [json.loads(line) for line in Path("run/history.jsonl").read_text().splitlines()]


class Rewriting:
    """Changes a row of the epoch before, which is saved already."""

    def on_epoch_end(self, run, epoch):
        if epoch > 1:
            run.history[-2]["note"] = float(epoch)


def test_a_row_that_an_observer_changes_later():
    """Both files follow, each checkpoint has what was said when it was written, and a resume goes on from there."""
    eagerloop.train(directory="run", model="linear", epochs=3, observers=[Rewriting()])
    store = Store(LOG.parent)
    notes = [[row.get("note") for row in store.read(step).manifest["history"]] for step in store.steps()]
    assert notes == [[None], [2.0, None], [2.0, 3.0, None]]
    run = eagerloop.resume("run", epochs=4, observers=[Rewriting()])
    assert [row.get("note") for row in run.history] == [2.0, 3.0, 4.0, None]
    assert verify_rows() == run.history


def test_a_disk_that_fails_at_the_row_keeps_the_checkpoints_before(written, monkeypatch):
    """One line; the next save begins behind what is whole."""
    write = os.write

    def failing(descriptor, data):
        write(descriptor, data[:7])
        raise OSError(28, "No space left on device")

    told = r"step-00000004 could not be written to .*: the disk is full; free some space"
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing)
        with pytest.raises(TrainingError, match=told):
            written.save(4, 1.0, 0.5, 1 / 3, 0.25)
    assert written.losses(3) == [1.0, 0.5, 1 / 3]
    written.save(4, 1.0, 0.5, 1 / 3, 0.25)
    assert written.losses(4) == [1.0, 0.5, 1 / 3, 0.25]
