"""Whether a run's record may name files of code to be run.

A record comes with a run, and a run may come from a stranger: a hand-in, a download. Its files of code are run again without
a word only where the user named them. A seal shows that: an HMAC over the files' digests, with a random key that nobody else
can read. Elsewhere the user names them once more (`--trust FILE`).
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

from eagerloop.choices.settings import Settings
from eagerloop.choices.sources import digest, is_file_part
from eagerloop.errors import CheckpointError, ConfigError, reason
from eagerloop.parts import KINDS, Choice

KEY = Path("eagerloop", "seal.key")
"""Below the user's directory of configurations."""

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


def seal(files: Mapping[str, str], *, make: bool = True) -> str:
    """The mark that these files, at these digests, were named by this user.

    Args:
        files: SHA-256 by path.
        make: Draw the secret if there is none yet.

    Returns:
        Hexadecimal text; empty where there are no files, or no secret can be kept.

    Source: RFC 2104.
    """
    key = _key(make=make) if files else b""
    message = json.dumps(dict(files), sort_keys=True).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest() if key else ""


def check(files: Mapping[str, str], mark: str, trusted: Iterable[str], where: str) -> None:
    """Refuses to run files that nobody here has named, and files that are not the ones that were named.

    Args:
        files: What the record names: SHA-256 by path.
        mark: The record's seal.
        trusted: Files that the user names now: they may have changed, too.
        where: The record, for the message.

    Raises:
        CheckpointError: A file is missing, was changed, or comes from elsewhere.
    """
    named = {str(Path(path)) for path in trusted}
    unsealed = not hmac.compare_digest(mark.encode(), seal(files, make=False).encode()) or not mark
    for path, recorded in files.items():
        if str(Path(path)) in named:
            continue
        if unsealed:
            what = f"{where} names a file of code, {path}, and was not sealed by you on this machine"
            msg = f"{what}; to run it, add --trust {path}"
            raise CheckpointError(msg)
        present = digest(Path(path))
        if present != recorded:
            msg = (
                f"{path} was changed since {where} was made ({recorded[:12]} then, {present[:12]} now); "
                f"to run it all the same, add --trust {path}"
            )
            raise CheckpointError(msg)


def files_named(settings: Settings) -> list[str]:
    """The files of code that would run: plugin files, and those of parts."""
    chosen = [getattr(settings, kind) for kind in KINDS]
    choices = [choice for one in chosen for choice in ([one] if isinstance(one, Choice) else one or ())]
    parts = [choice.part for choice in choices if isinstance(choice.part, str) and is_file_part(choice.part)]
    return [*settings.plugins, *(part.rpartition(":")[0] for part in parts)]


def check_config(content: Mapping[str, Any], settings: Settings, trusted: Iterable[str], where: str) -> None:
    """Refuses files of code that a config brings: it may be a stranger's, as a run may.

    Args:
        content: The config; a run's record, or one that was printed, has `files` and their `seal`.
        settings: What would run: the config's choices, and the command line's over them.
        trusted: Files that the command line names.
        where: The config, for the message.

    Raises:
        CheckpointError: As `check`; or `files` is no table.
    """
    listed = content.get("files", {})
    if not isinstance(listed, dict):
        msg = f"{where}: 'files' must be a table of SHA-256 by path, got {listed!r:.80}"
        raise CheckpointError(msg)
    known = {str(Path(path)) for path in trusted}
    asked = [path for path in files_named(settings) if str(Path(path)) not in known]
    files = dict.fromkeys(asked, "") | {str(path): str(recorded) for path, recorded in listed.items()}
    check(files, str(content.get("seal", "")), [*known, *(path for path in files if path not in asked)], where)
