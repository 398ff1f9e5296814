"""Where an observer may write: below the directory of its run, and not over what the run itself keeps there."""

from pathlib import Path
from typing import TYPE_CHECKING

from eagerloop.errors import ConfigError

if TYPE_CHECKING:
    import eagerloop

OWN_FILES = ("run.toml", "history.jsonl", "run.lock", "checkpoints", "records")
"""What a run itself keeps in its directory."""


def checked(path: Path, observer: str, example: str) -> Path:
    """Refuses the option `path` of an observer before there is a run.

    Args:
        path: Relative to the run directory.
        observer: Its name.
        example: A path that would do.

    Returns:
        The path.

    Raises:
        ConfigError: The path is absolute, leads upwards, or is one of the run's own files.
    """
    if path.anchor or ".." in path.parts or not path.parts:
        raise ConfigError(_outside(path, observer, example))
    if path.parts[0] in OWN_FILES:
        msg = f"observer '{observer}': option 'path' is '{path}', which the run itself writes; take another, such as {example}"
        raise ConfigError(msg)
    return path


def located(run: "eagerloop.Run", path: Path, observer: str, example: str) -> Path:
    """The path below the directory of a run.

    Raises:
        ConfigError: A link on the way leads out of the run directory.
    """
    place = run.directory / path
    if not place.resolve().is_relative_to(run.directory.resolve()):
        raise ConfigError(_outside(path, observer, example))
    return place


def _outside(path: Path, observer: str, example: str) -> str:
    return f"observer '{observer}': option 'path' must lead to a place inside the run directory, got '{path}'; {example} does"
