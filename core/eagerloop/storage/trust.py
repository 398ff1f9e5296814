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
from collections.abc import Iterable, Mapping
from pathlib import Path

from eagerloop.choices.sources import digest
from eagerloop.errors import CheckpointError, ConfigError

KEY = Path("eagerloop", "seal.key")
"""Below the user's directory of configurations."""


def key_file() -> Path:
    """Where the user's secret is kept."""
    home = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / KEY


def _key(*, make: bool) -> bytes:
    """The user's secret, which is drawn at its first use; empty where there is none, and then no seal holds.

    Raises:
        ConfigError: Somebody else could know it.
    """
    path = key_file()
    try:
        if make and not path.exists():
            _draw(path)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:  # no home, or one that cannot be written: nothing is sealed there
        return b""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077):
            mode = f"mode {stat.S_IMODE(status.st_mode):04o}, owner {status.st_uid}"
            msg = f"{path} must be yours and readable by you alone, got {mode}; remove it: a new one will be made"
            raise ConfigError(msg)
        return file.read(1024)


def _draw(path: Path) -> None:
    """Makes the secret: whole or not at all, and never over one that is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
            msg = (
                f"{where} names a file of code, {path}, and was not made by you on this machine; to run it, add --trust {path}"
            )
            raise CheckpointError(msg)
        present = digest(Path(path))
        if present != recorded:
            msg = (
                f"{path} was changed since {where} was made ({recorded[:12]} then, {present[:12]} now); "
                f"to run it all the same, add --trust {path}"
            )
            raise CheckpointError(msg)
