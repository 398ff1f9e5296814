"""Which packages a record's parts come from that are not installed here: the record knows their names and versions."""

import importlib.metadata
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from eagerloop.choices.chosen import tables_in
from eagerloop.choices.sources import is_file_part
from eagerloop.errors import EagerloopError
from eagerloop.parts import KINDS


def packages_lacking(record: Mapping[str, Any], kinds: Iterable[str] = KINDS) -> list[str]:
    """A sentence for each package that is not there.

    Args:
        record: What run.toml tells.
        kinds: The kinds of part that are needed.

    Returns:
        Which part it had, and the command that installs the version that was used.

    Example:
        >>> packages_lacking({"loss": {"name": "pinball", "owner": "no-such-package", "version": "1.2"}})
        ["loss 'pinball' is of no-such-package 1.2, which is not installed: pip install no-such-package==1.2"]
    """
    found: dict[str, str] = {}
    for kind in kinds:
        for row in tables_in(record.get(kind, [])):
            name, owner, version = (str(row.get(key, "")) for key in ("name", "owner", "version"))
            if owner in ("", "object", *found) or is_file_part(name) or _is_installed(owner):
                continue
            install = f"pip install {shlex.quote(f'{owner}=={version}' if version else owner)}"
            found[owner] = f"{kind} '{name}' is of {f'{owner} {version}'.strip()}, which is not installed: {install}"
    return list(found.values())


def with_packages(error: EagerloopError, record: Mapping[str, Any], kinds: Iterable[str] = KINDS) -> str:
    """What an error says, and which packages would help.

    Args:
        error: What was raised when the parts of a record were made.
        record: As above.
        kinds: As above.
    """
    return "; ".join([str(error), *packages_lacking(record, kinds)])


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False
    return True
