"""Sees every system call with which a child changes files, and decides what becomes of it: done, failed, or the child's end.

The kernel asks before each of them (`seccomp`, user notification; Linux 5.6 or later on x86-64). The child needs no right for
that, and knows nothing of it: TensorFlow's own writes are asked for like Python's.
"""

import array
import ctypes
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import warm

NUMBERS = {
    "write": 1, "open": 2, "pwrite64": 18, "writev": 20, "sendfile": 40, "flock": 73, "fsync": 74, "fdatasync": 75,
    "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87,
    "symlink": 88, "openat": 257, "mkdirat": 258, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266,
    "fallocate": 285, "pwritev": 296, "renameat2": 316, "copy_file_range": 326,
}  # fmt: skip
"""The calls that change files, as x86-64 numbers them."""

NAMES = {number: name for name, number in NUMBERS.items()}

BY_DESCRIPTOR = ("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "flock", "sendfile")
CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
HERE = -100
"""AT_FDCWD: relative to the working directory."""

RECEIVE, SEND, GO_ON = 0xC0502100, 0xC0182101, 1
SIZE_OF_NOTICE, PLACE_OF_ARGUMENTS = 80, 32


def can_supervise() -> bool:
    """Whether this machine can: the numbers above are those of one processor, and the kernel must be new enough."""
    release = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdigit())
    return sys.platform == "linux" and platform.machine() == "x86_64" and release >= (5, 6)


@dataclass(frozen=True)
class Call:
    """A system call that changes a file.

    Attributes:
        name: As the kernel calls it.
        path: The file, or what is renamed.
        other: Its new name, where it is renamed or linked.
        process: Who called.
        arguments: Six numbers.
    """

    name: str
    path: str
    other: str
    process: int
    arguments: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.path, self.other)))


Answer = int | None
"""An error's number; `KILL`; or None: the call is done."""

KILL = -1


def supervised(
    work: Callable[[], Any], below: Path, output: Path, answer: Callable[[int, Call], Answer], limit: float = 120
) -> tuple[int, int]:
    """Does the work in a child, and is asked before each change of a file below a directory.

    Args:
        work: As for `warm.child`.
        below: The directory, as an absolute path without links.
        output: Where the child's stdout and stderr go.
        answer: Gets the number of the call, from 0, and the call; says what becomes of it.
        limit: Seconds after which the child hangs.

    Returns:
        The child's exit code, as `warm.child` returns it, and how many calls there were.

    Raises:
        TimeoutError: It hung.
    """
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if not process:
        ours.close()
        _ask_before_each(theirs)
        warm._work(work, output)
    theirs.close()
    _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    (listener,) = array.array("i", ancillary[0][2][:4])
    ours.send(b".")
    ours.close()
    try:
        return _answer_all(process, listener, str(below), answer, limit)
    finally:
        os.close(listener)


def _ask_before_each(parent: socket.socket) -> None:
    """Installs the filter in this process, and gives the parent what it is asked by."""
    wanted = [*NUMBERS.values()]
    program = [(0x20, 0, 0, 0)]  # load the number of the call
    program += [(0x15, len(wanted) - place, 0, number) for place, number in enumerate(wanted)]  # this one: to the end
    program += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FC00000)]  # else allow; ask the parent
    packed = b"".join(struct.pack("<HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    header = struct.pack("<H6xQ", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges: who may not gain any may filter
    listener = libc.syscall(317, 1, 8, ctypes.c_char_p(header))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp refuses")
    parent.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
    parent.recv(1)
    os.close(listener)
    parent.close()


def _answer_all(
    process: int, listener: int, below: str, answer: Callable[[int, Call], Answer], limit: float
) -> tuple[int, int]:
    """The loop of the parent."""
    latest, count = time.monotonic() + limit, 0
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        if not any(event & select.POLLIN for _, event in poll.poll(20)):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status), count
            if time.monotonic() > latest:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                msg = f"a child hung for {limit} seconds"
                raise TimeoutError(msg)
            continue
        notice = bytearray(SIZE_OF_NOTICE)
        try:
            fcntl.ioctl(listener, RECEIVE, notice, True)
        except OSError:
            continue  # the caller has ended meanwhile
        identity, caller, _, number = struct.unpack_from("<QIIi", notice)
        call = _call(caller, NAMES[number], struct.unpack_from("<6Q", notice, PLACE_OF_ARGUMENTS))
        said: Answer = None
        if call and any(path == below or path.startswith(f"{below}/") for path in (call.path, call.other)):
            said, count = answer(count, call), count + 1
        if said == KILL:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return -signal.SIGKILL, count
        reply = struct.pack("<QqiI", identity, 0, -said, 0) if said else struct.pack("<QqiI", identity, 0, 0, GO_ON)
        try:
            fcntl.ioctl(listener, SEND, bytearray(reply), True)
        except OSError:
            continue


def _call(process: int, name: str, arguments: tuple[int, ...]) -> Call | None:
    """What is asked for; None if it changes nothing, or its caller has ended."""
    first, second, third, fourth = arguments[:4]
    try:
        if name in BY_DESCRIPTOR or name == "copy_file_range":
            paths = [_of_descriptor(process, third if name == "copy_file_range" else first)]
        elif name in ("open", "openat"):
            flags, paths = (second, [(HERE, first)]) if name == "open" else (third, [(first, second)])
            if not flags & CHANGES:
                return None
        elif name in ("mkdirat", "unlinkat"):
            paths = [(first, second)]
        elif name in ("rename", "link"):
            paths = [(HERE, first), (HERE, second)]
        elif name in ("renameat", "renameat2", "linkat"):
            paths = [(first, second), (third, fourth)]
        elif name in ("symlink", "symlinkat"):
            paths = [(HERE, second)] if name == "symlink" else [(second, third)]
        else:
            paths = [(HERE, first)]
        found = [path if isinstance(path, str) else _of_pointer(process, *path) for path in paths]
    except (OSError, ValueError):
        return None
    return Call(name, found[0], found[1] if len(found) > 1 else "", process, arguments)


def _of_descriptor(process: int, descriptor: int) -> str:
    return str(Path(f"/proc/{process}/fd/{descriptor & 0xFFFFFFFF}").readlink())


def _of_pointer(process: int, directory: int, address: int) -> str:
    """A path that stands in the memory of a process."""
    path = os.fsdecode(_until_zero(process, address))
    here = ctypes.c_int32(directory & 0xFFFFFFFF).value == HERE
    base = str(Path(f"/proc/{process}/cwd").readlink()) if here else _of_descriptor(process, directory)
    return os.path.normpath(os.path.join(base, path))  # noqa: PTH118 - an absolute one replaces it


def memory_of(process: int, address: int, size: int) -> bytes:
    """What stands in the memory of a process that waits for an answer."""
    with open(f"/proc/{process}/mem", "rb", 0) as file:  # noqa: PTH123
        file.seek(address)
        return file.read(size)


def _until_zero(process: int, address: int, page: int = 4096) -> bytes:
    found = b""
    while b"\0" not in found:
        found += memory_of(process, address + len(found), page - (address + len(found)) % page)
    return found[: found.index(b"\0")]
