"""The disk of the proof of power loss: what may be there is worked out by hand here."""

import ctypes
import os

import disk
import pytest
import supervising
from supervising import Call

ALL, NOTHING = (lambda _kind: True), (lambda _kind: False)

pytestmark = pytest.mark.skipif(not supervising.can_supervise(), reason="system calls are seen on Linux on x86-64 alone")


@pytest.fixture
def after(tmp_path):
    """What may be there of some calls below a directory: each a name and its words."""
    kept = []

    def rebuild(*calls, is_there):
        recorded = disk.Disk(tmp_path)
        for number, (name, path, *words) in enumerate(calls):
            other, arguments = "", (0,) * 6
            if name == "rename":
                other = str(tmp_path / words[0])
            elif name == "openat":
                arguments = (0, 0, os.O_CREAT | os.O_WRONLY | (words[0] if words else 0), 0, 0, 0)
            elif name == "pwrite64":
                kept.append(ctypes.create_string_buffer(words[1], len(words[1])))
                arguments = (0, ctypes.addressof(kept[-1]), len(words[1]), words[0], 0, 0)
            elif name == "ftruncate":
                arguments = (0, words[0], 0, 0, 0, 0)
            recorded.note(number, Call(name, str(tmp_path / path), other, os.getpid(), arguments))
        return recorded.after(len(calls), is_there)

    return rebuild


WRITTEN = (("mkdir", "d"), ("openat", "d/new"), ("pwrite64", "d/new", 0, b"abc"), ("pwrite64", "d/new", 5, b"f"))


def test_what_is_not_synced_may_be_gone(after):
    """All of it; the names without the data; the data of a file that has no name are nowhere."""
    assert after(*WRITTEN, is_there=ALL) == {"d": None, "d/new": b"abc\0\0f"}
    assert after(*WRITTEN, is_there=NOTHING) == {}
    assert after(*WRITTEN, is_there=lambda kind: kind == "names") == {"d": None, "d/new": b""}
    assert after(*WRITTEN, is_there=lambda kind: kind == "data") == {}


def test_a_sync_makes_what_came_before_it_durable(after):
    """A file's content, a directory's names; a file in a directory whose own name is lost is lost with it."""
    synced = (("fsync", "d/new"), ("fsync", "d"), ("pwrite64", "d/new", 0, b"X"))
    assert after(*WRITTEN, *synced, is_there=NOTHING) == {}
    assert after(*WRITTEN, *synced, ("fsync", "."), is_there=NOTHING) == {"d": None, "d/new": b"abc\0\0f"}


def test_a_rename_is_one_change(after):
    """What it replaces is there until then; a file that was renamed before it was removed is gone from both names."""
    begun = (("openat", "a"), ("pwrite64", "a", 0, b"old"), ("fsync", "a"), ("fsync", "."))
    more = (*begun, ("openat", "b"), ("pwrite64", "b", 0, b"new"), ("fsync", "b"), ("rename", "b", "a"))
    assert after(*more, is_there=NOTHING) == {"a": b"old"}
    assert after(*more, ("fsync", "."), is_there=NOTHING) == {"a": b"new"}
    assert after(*more, ("unlink", "a"), is_there=ALL) == {}


def test_what_the_kernel_refuses_changes_nothing(after):
    """A file in no directory, a second directory of a name, the removal of nothing; cutting is a write."""
    refused = (("openat", "none/a"), ("mkdir", "none/d"), ("mkdir", "d"), ("mkdir", "d"), ("unlink", "d/b"))
    assert after(*refused, is_there=ALL) == {"d": None}
    cut = (*WRITTEN, ("ftruncate", "d/new", 2))
    assert after(*cut, is_there=ALL) == {"d": None, "d/new": b"ab"}
    assert after(*WRITTEN, ("openat", "d/new", os.O_TRUNC), is_there=ALL) == {"d": None, "d/new": b""}
