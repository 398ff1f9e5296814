"""The store: checkpoint directories that are there whole, or not at all."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from eagerloop.errors import CheckpointError, TrainingError
from eagerloop.storage.store import Store


def fill(directory):
    (directory / "numbers").write_bytes(b"0123456789")
    (directory / "more").mkdir()
    (directory / "more" / "letters").write_bytes(b"abc")


@pytest.fixture
def store(tmp_path):
    """Three checkpoints: after 4, 8 and 12 steps."""
    made = Store(tmp_path / "checkpoints")
    for step in (4, 8, 12):
        made.write(step, fill, {"note": step})
    return made


def reseal(directory, **changes):
    """Changes a manifest as somebody would who knows how its checksum is made."""
    path = directory / "manifest.json"
    content = json.loads(path.read_text()) | changes
    content.pop("sha256")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    path.write_text(json.dumps(content | {"sha256": hashlib.sha256(text.encode()).hexdigest()}))


def test_a_checkpoint_tells_what_was_written(store):
    """Sizes and SHA-256 of every file, computed here once more, and the entries that were given."""
    manifest = store.newest().manifest
    assert manifest["files"] == {
        "more/letters": {"size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()},
        "numbers": {"size": 10, "sha256": hashlib.sha256(b"0123456789").hexdigest()},
    }
    assert (manifest["step"], manifest["note"]) == (12, 12)


def test_everything_is_durable_before_it_has_its_name(tmp_path, monkeypatch):
    """First fsync of each file, of the manifest and of the directories; then the rename; then fsync of the parent."""
    events, fsync, rename = [], os.fsync, Path.rename

    def noted_fsync(descriptor):
        events.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def noted_rename(path, target):
        events.append(f"rename to {target.name}")
        return rename(path, target)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("which file a descriptor belongs to is told by /proc only")
    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    Store(tmp_path / "checkpoints").write(4, fill, {})
    at = events.index("rename to step-00000004")
    temporary = f".tmp-step-00000004-{os.getpid()}"
    assert {*events[:at]} == {tmp_path.name, "numbers", "more", "letters", "manifest.json", temporary}
    assert events[at + 1 :] == ["checkpoints"]


def test_a_step_written_again_gives_way(store):
    """The new content is there, nothing else is left."""
    store.write(12, lambda directory: (directory / "other").write_bytes(b"x"), {"note": "again"})
    assert store.newest().manifest["note"] == "again"
    assert sorted(path.name for path in store.directory.iterdir()) == ["step-00000004", "step-00000008", "step-00000012"]


def test_killed_while_a_step_gives_way(store):
    """Between the two renames the checkpoint of before still counts; a later start tidies up."""
    (store.directory / "step-00000012").rename(store.directory / "step-00000012.before")
    assert store.newest().step == 12
    store.clean()
    assert store.newest().step == 12
    shutil.copytree(store.directory / "step-00000012.before", store.directory / "step-00000012")
    store.clean()
    assert sorted(path.name for path in store.directory.iterdir()) == ["step-00000004", "step-00000008", "step-00000012"]


def test_names_that_are_no_checkpoints_are_passed_over(store):
    """Only what the store itself names is looked at."""
    for name in ("step-1", "step-000000012", "step-0000001x", "checkpoint", "latest"):
        (store.directory / name).mkdir()
    assert store.steps() == [4, 8, 12]


def test_a_failed_write_leaves_nothing(store):
    """Neither of an error of the operating system, which is told in one line, nor of any other."""

    def no_space(directory):
        fill(directory)
        raise OSError(28, "No space left on device")

    with pytest.raises(
        TrainingError, match=r"step-00000016 could not be written .* the disk is full.* the ones before are kept"
    ):
        store.write(16, no_space, {})
    with pytest.raises(ZeroDivisionError, match="by zero"):
        store.write(16, lambda _directory: 1 / 0, {})
    assert sorted(path.name for path in store.directory.iterdir()) == ["step-00000004", "step-00000008", "step-00000012"]


def test_the_damaged_newest_is_named_and_the_one_before_is_used(store):
    """A checksum, a size, a missing file: each is told with the file."""
    newest = store.directory / "step-00000012"
    (newest / "numbers").write_bytes(b"0123456780")
    assert store.newest().step == 8
    assert store.damaged == [f"{newest / 'numbers'} is damaged: its checksum does not match"]
    (newest / "numbers").write_bytes(b"01234")
    store.newest()
    assert store.damaged == [f"{newest / 'numbers'} is damaged: 5 bytes, 10 were written"]
    (newest / "numbers").unlink()
    store.newest()
    assert store.damaged == [f"{newest / 'numbers'} is damaged: No such file"]
    with pytest.raises(CheckpointError, match=r"numbers is damaged: No such file"):
        store.newest(strict=True)


def test_a_damaged_manifest(store):
    """Not JSON, no manifest, a changed entry, none at all."""
    path = store.directory / "step-00000012" / "manifest.json"
    whole = path.read_text()
    for text, match in (
        (whole[:50], "it is not the JSON that was written"),
        ("[1]", "it is no manifest"),
        (whole.replace('"note": 12', '"note": 13'), "its own checksum does not match"),
        ("[" * 100_000, "it is not the JSON that was written"),
    ):
        path.write_text(text)
        with pytest.raises(CheckpointError, match=match):
            store.read(12)
    path.unlink()
    with pytest.raises(CheckpointError, match="No such file"):
        store.read(12)


def test_every_checkpoint_damaged_is_the_end(store):
    """All are named, and nothing is begun afresh."""
    for step in store.steps():
        (store.path_of(step) / "numbers").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole \(.*12.*08.*04.*restore one from a backup"):
        store.newest()


def test_a_newer_format_is_no_damage(store):
    """It is not passed over: an older checkpoint in its place would lose work that is there."""
    reseal(store.directory / "step-00000012", format=3)
    with pytest.raises(CheckpointError, match="has the format 3, this eagerloop reads 2; install a newer eagerloop"):
        store.newest()


def test_a_checkpoint_of_another_step_is_refused(store):
    """A directory that was copied under another name."""
    shutil.copytree(store.path_of(8), store.directory / "step-00000099")
    with pytest.raises(CheckpointError, match="it speaks of step 8"):
        store.read(99)


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"../../../etc/passwd": {"size": 1, "sha256": "0"}}, "outside the checkpoint"),
        ({"/etc/passwd": {"size": 1, "sha256": "0"}}, "outside the checkpoint"),
        ({"more/../../x": {"size": 1, "sha256": "0"}}, "outside the checkpoint"),
        ({"a\0b": {"size": 1, "sha256": "0"}}, "outside the checkpoint"),
        ({"": {"size": 1, "sha256": "0"}}, "outside the checkpoint"),
        ({"numbers": {"size": 10**30, "sha256": "0"}}, "10 bytes, 1000000000000000000000000000000 were written"),
        ({"numbers": {"size": "10", "sha256": "0"}}, "10 bytes"),
        ({"numbers": 10}, "does not give size and sha256 of 'numbers'"),
        ({"more": {"size": 3, "sha256": "0"}}, "No such file"),
        ({}, "it was not written with the checkpoint"),
    ],
    ids=["up", "absolute", "up inside", "nul", "nothing", "absurd size", "size as text", "no table", "a directory", "left out"],
)
def test_a_hostile_manifest(store, files, match):
    """One with a right checksum of its own, and entries that no run writes."""
    reseal(store.directory / "step-00000012", files=files)
    with pytest.raises(CheckpointError, match=match):
        store.read(12)


def test_an_absurdly_large_manifest_is_not_read(store):
    """A sparse file of 100 MB: refused by its size."""
    with (store.directory / "step-00000012" / "manifest.json").open("r+b") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(CheckpointError, match="104857600 bytes are no manifest"):
        store.read(12)


@pytest.mark.parametrize("name", ["numbers", "manifest.json", "more"])
def test_links_are_not_followed(store, tmp_path, name):
    """A file, the manifest, a directory that is a symbolic link, even to the very content."""
    path = store.directory / "step-00000012" / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=r"symbolic link|neither a file nor a directory"):
        store.read(12)


def test_a_pipe_is_not_opened(store):
    """Opening one would wait for ever."""
    path = store.directory / "step-00000012" / "numbers"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match="neither a file nor a directory"):
        store.read(12)


def test_checkpoints_of_another_run_are_not_removed_through_a_link(store, tmp_path):
    """A linked `checkpoints` directory is refused for reading, writing, pruning and cleaning."""
    linked = Store(tmp_path / "linked")
    linked.directory.symlink_to(store.directory)
    for act in (linked.newest, lambda: linked.prune(1), linked.clean, lambda: linked.write(16, fill, {})):
        with pytest.raises(CheckpointError, match="is a symbolic link"):
            act()
    assert store.steps() == [4, 8, 12]


def test_pruning_keeps_the_newest_and_the_best(store):
    """The named one stays whatever its age; 0 keeps all."""
    store.prune(0)
    assert store.steps() == [4, 8, 12]
    store.prune(1, best=4)
    assert store.steps() == [4, 12]
    assert sorted(path.name for path in store.directory.iterdir()) == ["step-00000004", "step-00000012"]


def test_pruning_stays_inside(store, tmp_path):
    """A checkpoint that is a link goes; what it leads to stays."""
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "thesis").write_text("all of it")
    (store.directory / "step-00000001").symlink_to(outside)
    store.prune(1)
    assert (outside / "thesis").read_text() == "all of it"
    assert store.steps() == [12]


def test_leftovers_are_cleaned(store, tmp_path):
    """Half-written and half-removed directories go; a link of such a name is not followed."""
    (store.directory / ".tmp-step-00000016-77" / "more").mkdir(parents=True)
    (store.directory / ".tmp-old-00000001-77").mkdir()
    (store.directory / ".tmp-history.jsonl").write_text("[0, {")
    (tmp_path / "precious").mkdir()
    (store.directory / ".tmp-link").symlink_to(tmp_path / "precious")
    store.clean()
    assert (tmp_path / "precious").is_dir()
    assert sorted(path.name for path in store.directory.iterdir() if not path.is_symlink()) == [
        "step-00000004",
        "step-00000008",
        "step-00000012",
    ]


def test_damaged_ones_are_set_aside_not_removed(store):
    """The step will be written anew; the evidence stays, under a name that is free."""
    for _ in range(2):
        (store.path_of(12) / "numbers").write_bytes(b"x")
        store.newest()
        store.set_aside_damaged()
        assert store.steps() == [4, 8]
        store.write(12, fill, {})
    assert {"damaged-step-00000012", "damaged-step-00000012.1"} <= {path.name for path in store.directory.iterdir()}
