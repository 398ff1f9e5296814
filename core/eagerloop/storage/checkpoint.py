"""One checkpoint: what its directory is called, and what is in it."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eagerloop.errors import CheckpointError, reason
from eagerloop.storage.files import sync

NAME = re.compile(r"(step-([0-9]{8,}))(\.before)?")
BEFORE = ".before"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that passed its manifest."""

    directory: Path
    manifest: dict[str, Any]

    @property
    def step(self) -> int:
        """How many steps had been done."""
        return int(self.manifest["step"])


def name_of(step: int) -> str:
    """The name of a step's directory."""
    return f"step-{step:08d}"


def put_in_place(temporary: Path, final: Path) -> None:
    """Gives a checkpoint that is whole its name; the one that has it waits under another name until then.

    Raises:
        OSError: It cannot be renamed.
    """
    before = final.with_name(final.name + BEFORE)
    again = final.exists()
    if again:
        # An interruption may have saved this step already, at another position: the end of an epoch is such a case.
        shutil.rmtree(before, ignore_errors=True)
        final.rename(before)
    temporary.rename(final)
    sync(final.parent)
    if again:
        shutil.rmtree(before, ignore_errors=True)


def set_aside(path: Path) -> None:
    """Renames a damaged checkpoint: the evidence is kept.

    Raises:
        CheckpointError: It cannot be renamed.
    """
    aside = (path.with_name(f"damaged-{path.name}{suffix}") for suffix in ("", *map(".{}".format, range(1, 1000))))
    try:
        path.rename(next(name for name in aside if not name.exists()))
    except OSError as error:
        msg = f"{path} is damaged and could not be set aside: {reason(error)}; move it away yourself, then resume"
        raise CheckpointError(msg) from error
