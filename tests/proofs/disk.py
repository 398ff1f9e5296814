"""A disk that has lost its power: what of recorded system calls is there, if only what was synced has to be.

A file's content is durable once the file is synced, the names in a directory once that is. Everything else is there or not,
each write and each name for itself, whatever was called first. A rename is one change: it is durable if either directory is.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from supervising import Call, memory_of

ROOT = 0
IS_TEMPORARY = 0x400000
"""In the flags of an open: the file gets no name."""


class Write(NamedTuple):
    """A change of a file's content.

    Attributes:
        number: Of the call.
        place: From where on, in bytes; what is cut begins there.
        data: None if the file is cut.
    """

    number: int
    place: int
    data: bytes | None


class Naming(NamedTuple):
    """A change of names.

    Attributes:
        number: Of the call.
        removed: Directory and name that are no more.
        added: Directory and name that are new.
        what: The file or directory.
    """

    number: int
    removed: tuple[int, str] | None
    added: tuple[int, str] | None
    what: int


@dataclass
class Disk:
    """Files and directories by number, and all that was done to them.

    Args:
        root: The directory that they are in, which is durable.
    """

    root: Path
    writes: dict[int, list[Write]] = field(default_factory=dict)
    """By the number of a file; a directory has none."""
    names: list[Naming] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    _now: dict[str, int] = field(default_factory=dict)
    _made: int = ROOT

    def __post_init__(self) -> None:
        self._now[str(self.root)] = ROOT

    def note(self, number: int, call: Call) -> None:
        """Records a call, of which it is supposed that it succeeds if it can."""
        path = call.path
        if os.path.dirname(path) not in self._now and path not in self._now:  # noqa: PTH120
            return  # the kernel refuses it
        if call.name in ("open", "openat"):
            flags = call.arguments[1 if call.name == "open" else 2]
            if not flags & IS_TEMPORARY:
                self._open(number, path, flags)
        elif call.name in ("mkdir", "mkdirat") and path not in self._now:
            self._add(number, path)
        elif call.name in ("unlink", "unlinkat", "rmdir") and path in self._now:
            self.names.append(Naming(number, self._place(path), None, self._now.pop(path)))
        elif call.name.startswith("rename") and path in self._now:
            self._rename(number, path, call.other)
        elif call.name in ("fsync", "fdatasync"):
            self.syncs.append((number, self._now[path]))
        elif call.name in ("write", "pwrite64", "truncate", "ftruncate"):
            self._write(number, self._now.get(path, ROOT), call)
        elif call.name not in ("flock", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "fallocate"):
            msg = f"no rule for {call}"
            raise NotImplementedError(msg)

    def _place(self, path: str) -> tuple[int, str]:
        directory, name = os.path.split(path)
        return self._now[directory], name

    def _add(self, number: int, path: str) -> int:
        self._made += 1
        self._now[path] = self._made
        self.names.append(Naming(number, None, self._place(path), self._made))
        return self._made

    def _open(self, number: int, path: str, flags: int) -> None:
        if path not in self._now and flags & os.O_CREAT:
            self.writes[self._add(number, path)] = []
        elif path in self._now and flags & os.O_TRUNC and not flags & os.O_EXCL:
            self.writes[self._now[path]].append(Write(number, 0, None))

    def _rename(self, number: int, path: str, other: str) -> None:
        removed = self._place(path)
        for name in [name for name in self._now if name == path or name.startswith(f"{path}/")]:
            self._now[other + name[len(path) :]] = self._now.pop(name)
        self.names.append(Naming(number, removed, self._place(other), self._now[other]))

    def _write(self, number: int, file: int, call: Call) -> None:
        if file not in self.writes:
            return
        if call.name.endswith("truncate"):
            self.writes[file].append(Write(number, call.arguments[1], None))
            return
        data = memory_of(call.process, call.arguments[1], call.arguments[2])
        place = call.arguments[3] if call.name == "pwrite64" else self._place_of(file, call)
        self.writes[file].append(Write(number, place, data))

    def _place_of(self, file: int, call: Call) -> int:
        """Where a plain write goes: to the end of a file that is opened for that, else where the descriptor stands."""
        told = Path(f"/proc/{call.process}/fdinfo/{call.arguments[0] & 0xFFFFFFFF}").read_text()
        fields = dict(line.split(":\t") for line in told.splitlines()[:2])
        return len(content(self.writes[file])) if int(fields["flags"], 8) & os.O_APPEND else int(fields["pos"])

    def after(self, last: int, is_there: Callable[[str], bool]) -> dict[str, bytes | None]:
        """What may be there if the power fails after a call.

        Args:
            last: The number of the call.
            is_there: Whether a change that is not durable is there: of `names` or of `data`.

        Returns:
            The content by path, None for a directory.
        """
        synced = {what: number for number, what in self.syncs if number <= last}
        directories: dict[int, dict[str, int]] = {ROOT: {}}
        for naming in self.names:
            places = [place for place in (naming.removed, naming.added) if place]
            durable = any(naming.number <= synced.get(directory, -1) for directory, _ in places)
            if naming.number > last or not (durable or is_there("names")):
                continue
            if naming.removed and directories.setdefault(naming.removed[0], {}).get(naming.removed[1]) == naming.what:
                del directories[naming.removed[0]][naming.removed[1]]
            if naming.added:
                directories.setdefault(naming.added[0], {})[naming.added[1]] = naming.what
        contents = {
            file: content(
                [
                    write
                    for write in writes
                    if write.number <= last and (write.number <= synced.get(file, -1) or is_there("data"))
                ]
            )
            for file, writes in self.writes.items()
        }
        found: dict[str, bytes | None] = {}
        pending = [("", ROOT)]
        while pending:
            path, directory = pending.pop()
            for name, what in directories.get(directory, {}).items():
                inner = f"{path}/{name}" if path else name
                found[inner] = contents.get(what)
                pending += [] if what in self.writes or inner.count("/") > 20 else [(inner, what)]
        return found


def content(writes: list[Write]) -> bytes:
    """What a file holds after these."""
    data = bytearray()
    for write in writes:
        data.extend(bytes(max(0, write.place - len(data))))
        if write.data is None:
            del data[write.place :]
        else:
            data[write.place : write.place + len(write.data)] = write.data
    return bytes(data)


def put(files: dict[str, bytes | None], directory: Path) -> None:
    """Makes these files below a directory."""
    for name, data in sorted(files.items()):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(exist_ok=True) if data is None else path.write_bytes(data)
