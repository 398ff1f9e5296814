"""Whether a run's record may name files of code to be run.

A record comes with a run, and a run may come from a stranger: a hand-in, a download. Its files of code are run again without
a word only on the machine where the user named them, which a seal shows: an HMAC over the files' digests with a key that no
other machine has. Elsewhere the user names them once more (`--trust FILE`).
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from eagerloop.choices.sources import digest
from eagerloop.errors import CheckpointError

_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def _key() -> bytes:
    """A secret of this machine and user; empty where there is none, and then no seal holds."""
    for path in _MACHINE:
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return f"eagerloop {text} {os.getuid() if hasattr(os, 'getuid') else ''}".encode()
    return b""


def seal(files: Mapping[str, str]) -> str:
    """The mark that these files, at these digests, were named by a user of this machine.

    Args:
        files: SHA-256 by path.

    Returns:
        Hexadecimal text; empty where the machine has no identity.

    Source: RFC 2104.
    """
    key = _key()
    message = json.dumps(dict(files), sort_keys=True).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest() if key and files else ""


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
    unsealed = not hmac.compare_digest(mark.encode(), seal(files).encode()) or not mark
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
