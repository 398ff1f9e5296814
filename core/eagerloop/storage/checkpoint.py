"""One checkpoint: what its directory is called, and what is in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
