"""What is asked of a checkpointer when things go wrong: full disks, damaged files, hostile ones."""

import contextlib
import pickletools
from pathlib import Path
from typing import Any

from eagerloop.testing.checks import Fault, Subject, contract, require
from eagerloop.testing.trying.failing_disk import largest, limited, watched
from eagerloop.testing.trying.saved_states import (
    State,
    blank,
    compare,
    read_back,
    require_kept,
    small,
    store_in,
    temporary_directory,
)

MOST_FAILURES = 12
"""At how many writes the disk fails, one after another."""


@contract(
    "checkpointer-survives",
    "checkpointer",
    why="disks fill up and processes are killed: the checkpoint before must stay, and no broken one may look whole",
    fix="let OSErrors out of write: the store removes what is half-written",
    weight=2,
    needs=("made", "checkpointer-round-trip"),
)
def survives(subject: Subject) -> None:
    """Where any write fails, the checkpoint before is the newest one, and whole."""
    require_kept(subject)
    with temporary_directory() as directory, watched() as opened:
        store_in(directory).write(1, lambda place: subject.make().write(place, small(1.0)), {})
        count, size = len(opened), largest(directory)
    failures: list[tuple[str, Any]] = [
        (f"file {number + 1} that it opens", watched(number)) for number in range(min(count, MOST_FAILURES))
    ]
    failures += [(f"a write beyond {limit} bytes", limited(limit)) for limit in (0, size // 2)]
    for words, failure in failures:
        with temporary_directory() as directory:
            _fail(subject, directory, words, failure)


def _fail(subject: Subject, directory: Path, words: str, failure: Any) -> None:
    """Writes a good checkpoint, then one on a failing disk, and looks at what there is."""
    store, old, new = store_in(directory), small(1.0), small(2.0)
    store.write(1, lambda place: subject.make().write(place, old), {})
    checkpointer = subject.make()
    complained = False
    try:
        with failure as can:
            store.write(2, lambda place: checkpointer.write(place, new), {})
    except Exception:  # noqa: BLE001 - any error will do: the run ends, nothing is lost
        complained = True
    if can is False:
        return
    try:
        compare(old if complained else new, read_back(subject, store))
    except Exception as error:
        silent = "the checkpoint before is lost" if complained else "it says nothing, and the checkpoint cannot be read"
        msg = f"where {words} fails, {silent}"
        raise Fault(msg) from error


@contract(
    "checkpointer-refuses-damage",
    "checkpointer",
    why="a run that goes on from a half-read checkpoint is worse than one that stops",
    fix="raise where a file is missing or shorter than it should be; do not catch it and go on",
    needs=("made", "checkpointer-round-trip"),
)
def refuses_damage(subject: Subject) -> None:
    """A file that is missing or cut short raises an error, instead of leaving or inventing values."""
    require_kept(subject)
    with temporary_directory() as directory:
        written = small(3.0)
        subject.make().write(directory, written)
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            content = path.read_bytes()
            for words, damage in (("is missing", None), ("is cut to half its length", content[: len(content) // 2])):
                path.unlink()
                if damage is not None:
                    path.write_bytes(damage)
                _refused(subject, directory, written, f"{path.relative_to(directory)} {words}")
                path.write_bytes(content)


def _refused(subject: Subject, directory: Path, written: State, words: str) -> None:
    read = blank(written)
    try:
        subject.make().read(directory, read)
    except Exception:  # noqa: BLE001 - how it refuses is its own affair
        return
    with contextlib.suppress(Fault):
        compare(written, read)  # a file that is not needed may be missing
        return
    msg = f"where {words}, read says nothing and the variables are wrong"
    raise Fault(msg)


@contract(
    "checkpointer-no-code",
    "checkpointer",
    why="reading a pickle runs whatever code it holds: nobody could open a stranger's run",
    fix="use a format of plain numbers: tf.train.Checkpoint, .npz with allow_pickle=False, JSON, safetensors",
    weight=2,
)
def no_code(subject: Subject) -> None:
    """No file is a pickle."""
    require_kept(subject)
    with temporary_directory() as directory:
        subject.make().write(directory, small(1.0))
        for path in (path for path in directory.rglob("*") if path.is_file()):
            require(not _is_pickle(path.read_bytes()), f"{path.relative_to(directory)} is a pickle")


def _is_pickle(content: bytes) -> bool:
    begin = content.find(b"\x80", 0, 4096)
    while begin != -1:
        with contextlib.suppress(Exception):
            if content[begin + 1] in range(2, 6) and len([*pickletools.genops(content[begin:])]) > 3:  # noqa: PLR2004
                return True
        begin = content.find(b"\x80", begin + 1, 4096)
    return False
