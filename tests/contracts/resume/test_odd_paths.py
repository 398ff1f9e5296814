"""Whatever the directory of a run is called: what was saved is opened, resumed and verified."""

import shutil
from pathlib import Path

import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify

NAMES = ["x[b]y", "x[", "x*y", "x?y", "x\\y", "{a,b}", "[1]/r[2]", "%s $x ~", "s3:/b", "new\nline", "\udc80", "-é", "x:y"]


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory):
    """A run that is none of those below."""
    directory = tmp_path_factory.mktemp("neighbour") / "run"
    return eagerloop.train(directory=directory, model="linear", epochs=1, seed=7).directory


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    ("name", "checkpointer"), [*((name, "tf") for name in NAMES), ("x[b]y", "npz"), ("\udc80", "npz")], ids=ascii
)
def test_a_run_of_an_odd_name_opens(neighbour, name, checkpointer):
    """Relative and absolute; the run beside it, which a pattern would match as well, is left out."""
    for other in ("xay", "xby"):
        shutil.copytree(neighbour, other)
    trained = eagerloop.train(directory=name, model="linear", epochs=1, checkpointer=checkpointer)
    for directory in (Path(name), Path(name).absolute()):
        loaded = eagerloop.load(directory)
        assert loaded.position == trained.position
        assert (loaded.predict() == trained.predict()).all()
    assert verify(name).faults == 0
    assert len(eagerloop.resume(name, epochs=2).history) == 2


def test_the_directory_for_temporary_files_has_an_odd_name_too(tmp_path, monkeypatch):
    """No link can be made there that TensorFlow would follow."""
    odd = tmp_path / "t[1]"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    eagerloop.train(directory="x[b]y", model="linear", epochs=1)
    assert eagerloop.load("x[b]y").position.step == 12
    assert not list(odd.iterdir())


def test_a_directory_is_reached_by_a_link_no_longer_than_it_is_read(tmp_path, monkeypatch):
    """Nothing is left; where no link can be made, the error says so in one line."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    eagerloop.train(directory="x[b]y", model="linear", epochs=1)
    eagerloop.load("x[b]y")
    assert not list(place.iterdir())
    shutil.rmtree(place)
    with pytest.raises(eagerloop.errors.CheckpointError, match=r"cannot be read: .*No such file or directory"):
        eagerloop.load("x[b]y")
