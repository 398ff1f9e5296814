"""Whether a place is free for a new run, and how a new run takes the place of an old one."""

import shutil
from pathlib import Path

from eagerloop.errors import ConfigError, reason
from eagerloop.storage.files import TEMPORARY
from eagerloop.storage.history_file import HISTORY

RUN_TOML = "run.toml"
CHECKPOINTS = "checkpoints"
RECORDS = "records"
REPORT = "report.html"

REPLACED = f"{TEMPORARY}replaced-"
"""What the names of directories begin with that are on their way out."""


def refuse_taken(path: Path | None, *, overwrite: bool = False, typed: bool = False) -> None:
    """Refuses a directory that holds a run, unless it is to be replaced, or a path that is no directory.

    Args:
        path: Where a new run is to be kept, if the user has said so.
        overwrite: A run that is there may be replaced; nothing else may.
        typed: Whether the path was typed on a command line: what can be done is told in its words, else in Python's.

    Raises:
        ConfigError: With what can be done instead.
    """
    if path is None:
        return
    if (path / RUN_TOML).exists() or (path / CHECKPOINTS).exists():
        if not overwrite:
            on, over = (
                (f"'eagerloop resume {path}'", "--overwrite")
                if typed
                else (f"eagerloop.resume({str(path)!r})", "overwrite=True")
            )
            msg = f"{path} holds a run already; continue it with {on}, replace it with {over}, or choose another directory"
            raise ConfigError(msg)
        if not (path / RUN_TOML).is_file():
            msg = f"{path} has {CHECKPOINTS} and no {RUN_TOML}: it is no run that could be replaced; move it away yourself"
            raise ConfigError(msg)
    elif path.exists() and not path.is_dir():
        msg = f"run directory {path} is a file; choose another with --run"
        raise ConfigError(msg)


def clear(directory: Path) -> None:
    """Removes what a run has written, but for its run.toml, which a new one replaces. Only for the holder of the lock.

    What else lies there is the user's, and stays. At each moment there is a run in the directory: whoever is killed in here
    leaves one that has not begun yet.

    Args:
        directory: A run's.

    Raises:
        ConfigError: Something of it could not be removed.
    """
    for name in (HISTORY, REPORT, RECORDS, CHECKPOINTS):
        path = directory / name
        try:
            if path.is_dir() and not path.is_symlink():
                doomed = directory / f"{REPLACED}{name}"
                shutil.rmtree(doomed, ignore_errors=True)
                path.rename(doomed)  # at once gone, however long the removal takes
                shutil.rmtree(doomed)
            else:
                path.unlink(missing_ok=True)  # of a link, what it leads to is not the run's
        except OSError as error:
            msg = f"{path} could not be replaced: {reason(error)}; choose another directory"
            raise ConfigError(msg) from error


def clean(directory: Path) -> None:
    """Removes what a process left that was killed while it replaced a run. Only for the holder of the lock."""
    for path in directory.glob(f"{REPLACED}*"):
        if not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
