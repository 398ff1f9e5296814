"""Reads a checkpoint: it is there with every name, size and checksum that its manifest gives, or it is refused."""

import contextlib
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.manifests import MANIFEST, damage, read_manifest, verify_files
from eagerloop.storage.reading import held


def read_whole(directory: Path, step: int, history: Callable[[Path, Any], Any]) -> Checkpoint:
    """One checkpoint, verified. No other process removes it while somebody here has it.

    Args:
        directory: The checkpoint's.
        step: Which step it must speak of.
        history: Finds its rows: `history_of`, or a `Histories` for many checkpoints.

    Returns:
        The checkpoint, its history among the entries of its manifest.

    Raises:
        CheckpointError: The file that is wrong, and how.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(directory / MANIFEST))
        manifest = read_manifest(directory)
        if manifest.get("step") != step:
            raise damage(directory / MANIFEST, f"it speaks of step {manifest.get('step')!r}")
        verify_files(directory, manifest["files"])
        if "history" in manifest:
            manifest["history"] = history(directory, manifest["history"])
        checkpoint = Checkpoint(directory, manifest)
        weakref.finalize(checkpoint, stack.pop_all().close)
    return checkpoint
