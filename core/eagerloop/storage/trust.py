"""Whether a run's record may name files of code to be run.

A record comes with a run, and a run may come from a stranger: a hand-in, a download. Its files of code are run again without
a word only where the user named them. A seal shows that: an HMAC over the files' digests, the parts and their options, with a
random key that nobody else can read. Elsewhere the user names them once more (`--trust FILE`).
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eagerloop.choices.chosen import choices_in
from eagerloop.choices.settings import Settings
from eagerloop.choices.sources import digest, is_file_part
from eagerloop.errors import CheckpointError, ConfigError, reason
from eagerloop.parts import KINDS

KEY = Path("eagerloop", "seal.key")
"""Below the user's directory of configurations."""

NOT_SEALED = "was not sealed by you on this machine, as it stands"
"""What is said of a record from elsewhere, or of one that was changed since."""

LENGTH = 64
"""Hexadecimal digits of the key: 256 random bits."""


def key_file() -> Path:
    """Where the user's secret is kept. A relative XDG_CONFIG_HOME is passed over: it would be in whatever directory one is.

    Raises:
        RuntimeError: The user has no home.

    Source: the XDG Base Directory Specification.
    """
    home = Path(os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".config") / KEY


def _key(*, make: bool) -> bytes:
    """The user's secret, which is drawn at its first use; empty where there is none, and then no seal holds.

    Raises:
        ConfigError: What is there is no secret.
    """
    try:
        path = key_file()
        if make and not os.path.lexists(path):
            _draw(path)
    except (OSError, RuntimeError):  # no home, or one that cannot be written: nothing is sealed there
        return b""
    return _read(path) if os.path.lexists(path) else b""


def _read(path: Path) -> bytes:
    """The secret, if it is whole and nobody else could know it."""
    if path.is_symlink():
        raise _refusal(path, "a link")
    try:
        with open(path, "rb", opener=_opened) as file:
            status = os.fstat(file.fileno())
            key = file.read(LENGTH + 1) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise _refusal(path, reason(error)) from error
    mode = stat.S_IMODE(status.st_mode)
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or mode & 0o077):
        raise _refusal(path, f"mode {mode:04o}, owner {status.st_uid}")
    if len(key) != LENGTH:
        raise _refusal(path, f"{len(key)} bytes")
    return key


def _opened(path: str, flags: int) -> int:
    """Neither through a link that has just been made, nor waiting for somebody to write into a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _refusal(path: Path, found: str) -> ConfigError:
    expected = f"must be a file of {LENGTH} bytes that is yours, and that you alone can read"
    return ConfigError(f"{path} {expected}, got {found}; remove it: a new one will be made")


def _draw(path: Path) -> None:
    """Makes the secret: whole or not at all, and never over one that is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(LENGTH // 2).encode())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def seal(record: Mapping[str, Any], *, make: bool = True) -> str:
    """The mark that this user named these files, at these digests, for these parts with these options.

    Args:
        record: What run.toml tells: of it, `files` (SHA-256 by path) and the tables of the parts are sealed.
        make: Draw the secret if there is none yet.

    Returns:
        Hexadecimal text; empty where there are no files, or no secret can be kept.

    Source: RFC 2104.
    """
    sealed = {"files": dict(record["files"])} | {kind: record.get(kind) for kind in KINDS}
    return _mark(sealed, make=make) if record["files"] else ""


def _earlier_seal(record: Mapping[str, Any]) -> str:
    """As earlier versions made it: of the files alone, whatever was to be done with them."""
    return _mark(dict(record["files"]), make=False) if record["files"] else ""


def _mark(sealed: Mapping[str, Any], *, make: bool) -> str:
    key = _key(make=make)
    message = json.dumps(sealed, sort_keys=True, default=str).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest() if key else ""


def check(record: Mapping[str, Any], needed: Iterable[str], trusted: Iterable[str | Path], where: str) -> None:
    """Refuses to run files that nobody here has named, and files that are not the ones that were named.

    Args:
        record: What run.toml or a config tells: the parts, `files` and their `seal`.
        needed: The files that would run.
        trusted: Files that the user names now: they may have changed, too.
        where: The record, for the message.

    Raises:
        CheckpointError: A file is missing, was changed, or comes from elsewhere; or the record was.
    """
    files = files_of(record, where)
    known = {str(Path(path)) for path in trusted}
    unknown = [path for path in needed if str(Path(path)) not in known]
    fault = _fault_of_the_seal({**record, "files": files}) if unknown else ""
    for path in unknown:
        if fault or path not in files:
            msg = f"{where} names a file of code, {path}, and {fault or NOT_SEALED}; to run it, add --trust {path}"
            raise CheckpointError(msg)
        present = digest(Path(path))
        if present != files[path]:
            msg = (
                f"{path} was changed since {where} was made ({files[path][:12]} then, {present[:12]} now); "
                f"to run it all the same, add --trust {path}"
            )
            raise CheckpointError(msg)


def _fault_of_the_seal(record: Mapping[str, Any]) -> str:
    """Why a record's seal does not hold; empty if it does."""
    mark = str(record.get("seal", ""))
    if _is(mark, seal(record, make=False)):
        return ""
    if _is(mark, _earlier_seal(record)):
        return "its seal, which an earlier eagerloop made, does not cover the parts and their options: look at them"
    return NOT_SEALED


def _is(mark: str, expected: str) -> bool:
    return bool(mark) and hmac.compare_digest(mark.encode(), expected.encode())


def files_of(record: Mapping[str, Any], where: str) -> dict[str, str]:
    """The files that a record lists, SHA-256 by path.

    Raises:
        CheckpointError: `files` is no table.
    """
    listed = record.get("files", {})
    if not isinstance(listed, dict):
        msg = f"{where}: 'files' must be a table of SHA-256 by path, got {listed!r:.80}"
        raise CheckpointError(msg)
    return {str(path): str(recorded) for path, recorded in listed.items()}


def files_named(settings: Settings) -> list[str]:
    """The files of code that would run: plugin files, and those of parts."""
    choices = [choice for kind in KINDS for choice in choices_in(getattr(settings, kind))]
    parts = [choice.part for choice in choices if isinstance(choice.part, str) and is_file_part(choice.part)]
    return [*settings.plugins, *(part.rpartition(":")[0] for part in parts)]
