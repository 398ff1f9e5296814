"""No checkpoints at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eagerloop.errors import CheckpointError

if TYPE_CHECKING:
    from eagerloop.parts import Checkpointer


class NoCheckpointer:
    """Writes nothing, and so has nothing to read."""

    keeps_nothing = True  # the run makes no checkpoint directory at all

    def write(self, directory: Path, state: Mapping[str, Any]) -> None:
        """Leaves the directory empty."""

    def read(self, directory: Path, state: Mapping[str, Any]) -> None:  # noqa: ARG002 - the Protocol's arguments
        """Cannot be done.

        Raises:
            CheckpointError: Always.
        """
        msg = f"this run kept no checkpoints (checkpointer 'none'), so {directory} holds no variables; train it again with 'tf'"
        raise CheckpointError(msg)


def none() -> "Checkpointer":
    """Keeps nothing: for trying things out. The run cannot be resumed, nor used for predictions later.

    Returns:
        A checkpointer that writes no file.

    Example:
        >>> none().write(Path("anywhere"), {})
    """
    return NoCheckpointer()
