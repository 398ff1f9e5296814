"""The key of the seals: drawn once, the user's alone, and nothing else is taken for one."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from eagerloop.errors import ConfigError
from eagerloop.storage import trust

FILES = {"files": {"code.py": "0"}}


@pytest.fixture
def key(tmp_path, monkeypatch):
    """The file of a key that has been drawn."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    trust.seal(FILES)
    return trust.key_file()


def test_the_key_is_secret_and_stays(key):
    """64 random digits that the user alone can read, drawn once; what they seal, another key does not."""
    assert (stat.S_IMODE(key.stat().st_mode), len(key.read_text())) == (0o600, 64)
    before, mark = key.read_text(), trust.seal(FILES)
    assert (key.read_text(), trust.seal(FILES)) == (before, mark)
    key.unlink()
    assert trust.seal(FILES) != mark


def test_it_is_drawn_when_something_is_to_be_sealed(key):
    """A run without files of code needs none."""
    key.unlink()
    assert trust.seal({"files": {}}) == ""
    assert trust.seal(FILES, make=False) == ""
    assert not key.exists()


def test_those_who_draw_it_at_once_have_one(key):
    """Workers begin together. Each of them reads what the first has drawn, whole; nothing else is left."""
    key.unlink()
    with ThreadPoolExecutor(8) as pool:
        marks = set(pool.map(lambda _: trust.seal(FILES), range(8)))
    assert marks == {trust.seal(FILES)}
    assert [path.name for path in key.parent.iterdir()] == ["seal.key"]


def somebody_elses(_key, monkeypatch):
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)


def a_link(key, _monkeypatch):
    key.symlink_to(key.rename(key.with_name("elsewhere")))


def a_link_to_nothing(key, _monkeypatch):
    key.unlink()
    key.symlink_to("nothing")


def a_pipe(key, _monkeypatch):
    key.unlink()
    os.mkfifo(key, 0o600)


def a_directory(key, _monkeypatch):
    key.unlink()
    key.mkdir(0o700)


def written(path):
    """What a write would change of a file; when it was read last is nobody's affair."""
    status = path.lstat()
    return status.st_mode, status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda key, _: key.chmod(0o640), r"mode 0640, owner \d+"),
        (somebody_elses, r"mode 0600, owner \d+"),
        (a_link, "a link"),
        (a_link_to_nothing, "a link"),
        (a_pipe, "0 bytes"),
        (a_directory, "Is a directory"),
        (lambda key, _: key.write_text("ab"), "2 bytes"),
    ],
)
@pytest.mark.parametrize("make", [True, False])
def test_what_is_no_secret_is_refused(key, monkeypatch, spoil, told, make):
    """A seal made with it would mean nothing. One line says what is there; nothing is followed, waited for or written over."""
    spoil(key, monkeypatch)
    before = written(key)
    with pytest.raises(ConfigError, match=rf"seal\.key must be a file of 64 bytes that is yours.*, got {told}; remove it: a "):
        trust.seal(FILES, make=make)
    assert written(key) == before
