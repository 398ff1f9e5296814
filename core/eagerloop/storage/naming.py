"""Directories for runs: those that the user names, and those whose place nobody names."""

import itertools
import time
from pathlib import Path

from eagerloop.errors import ConfigError
from eagerloop.storage.files import make_directory


def directory_named(directory: str | Path | None) -> Path | None:
    """The directory that a user named; None if there was none.

    Raises:
        ConfigError: The name is empty. `Path` would take it for the working directory.

    Example:
        >>> directory_named("runs/mine").name, directory_named(None)
        ('mine', None)
    """
    if directory == "":
        msg = "expected a directory, got an empty name; name one, or leave it out"
        raise ConfigError(msg)
    return None if directory is None else Path(directory)


def name_now(model: str, dataset: str) -> str:
    """What the directory of a run is called that begins at this moment: the time, and the names of two parts."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{_plain(model)}-{_plain(dataset)}"


def made_unused(path: Path) -> Path:
    """A directory of this or a similar name, which nobody had before: of two starts in a second, each makes its own."""
    make_directory(path.parent)
    for number in itertools.count(1):
        made = path if number == 1 else path.with_name(f"{path.name}-{number}")
        try:
            make_directory(made, exist_ok=False)
        except FileExistsError:
            continue
        break
    return made


def _plain(name: str) -> str:
    """A part's name as a piece of a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name.rsplit("/", maxsplit=1)[-1])[:40]
