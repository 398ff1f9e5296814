"""Everything that eagerloop raises for a fault which is not its own.

::

    EagerloopError          the user can mend it; the command line prints one line and exits with 2
    ├── ConfigError         an option, a config file, a run directory
    ├── PluginError         a part that is missing, broken, or does not do what its kind must
    │   └── NotAStepError   a step function that returns something else than a Step
    ├── DataError           a file or a batch that cannot be trained on
    │   └── NotUtf8Error    a text file with a byte that UTF-8 does not have
    ├── CheckpointError     a saved run that is foreign, or not there
    │   ├── DamagedError    a checkpoint that is not as it was written: the one before may be taken instead
    │   └── LacksObjectError    a part was given as an object, which no record can hold: it is to be given again
    └── TrainingError       the run itself failed (numbers, disk); exits with 1

Every message says what was expected, what was received, where, and what to do next.
"""

import difflib
import errno
import os
import re
import shlex
import traceback
from collections.abc import Iterable
from pathlib import Path

DEBUG = "EAGERLOOP_DEBUG"
"""Environment variable: show every traceback, and what TensorFlow says."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""Those that Keras puts into its messages."""


class EagerloopError(Exception):
    """The root of the tree: catch it to catch every fault that a user can mend."""

    exit_code = 2

    def __str__(self) -> str:
        """The message in a line that steers no terminal: it may quote a name from a file, or the text of another error."""
        text = super().__str__()
        return text if text.isprintable() else printable(" ".join(COLOURS.sub("", text).split()))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the message in a line, and what else is known, not the way through the engine.

        Source: "Custom exception tracebacks" in IPython's "Integrating your objects with IPython".
        """
        if os.environ.get(DEBUG):
            return traceback.format_exception(self)
        notes = [f"note: {note.removeprefix('eagerloop: ')}" for note in getattr(self, "__notes__", ())]
        return [printable(" ".join(line.split())) for line in (f"{type(self).__name__}: {self}", *notes)]


class ConfigError(EagerloopError):
    """An option, a config file or a run directory is not what it must be."""


class PluginError(EagerloopError):
    """A part is unknown, could not be loaded, or breaks the contract of its kind."""


class NotAStepError(PluginError):
    """A step function of one's own returned something else than it must."""


class DataError(EagerloopError):
    """A data file or a batch cannot be trained on."""


class NotUtf8Error(DataError):
    """A text file has a byte that UTF-8 does not have: it may be written in something older."""


class CheckpointError(EagerloopError):
    """A saved run is missing, or belongs to other parts."""


class DamagedError(CheckpointError):
    """Something is not as it was written: the checkpoint before may be taken instead."""


class LacksObjectError(CheckpointError):
    """A part was given as an object, which no record can hold: it is to be given again."""


class TrainingError(EagerloopError):
    """The run started well and failed: a loss that is not finite, a disk that is full."""

    exit_code = 1


USUAL = {"lr": "learning-rate", "bs": "batch-size", "acc": "accuracy", "num-epochs": "epochs", "wd": "weight-decay"}
"""What people call things elsewhere, and what they are called here."""


def meant(name: str) -> str:
    """A name in the words that are used here: `--optimizer.lr` is `--optimizer.learning-rate`.

    Example:
        >>> meant("lr"), meant("--optimizer.lr"), meant("--seed")
        ('learning-rate', '--optimizer.learning-rate', '--seed')
    """
    start = name[: name.rfind(".") + 1 or 2 * name.startswith("--")]
    end = name[len(start) :]
    return start + USUAL.get(end.replace("_", "-"), end)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Ends an error message about an unknown name: the nearest known one, then all of them.

    Args:
        name: What the user wrote.
        known: The names that exist.

    Returns:
        One clause, to be appended to a sentence.

    Example:
        >>> did_you_mean("adm", ["sgd", "adam"])
        "did you mean 'adam'? Known: adam, sgd"
        >>> did_you_mean("SGD", ["sgd", "adam"])
        "did you mean 'sgd'? Known: adam, sgd"
        >>> did_you_mean("acc", ["accuracy", "auc"])
        "did you mean 'accuracy'? Known: accuracy, auc"

    Source: the close matches of click's `NoSuchOption`.
    """
    names = sorted(set(known))
    usual = meant(name)
    same = [known for known in names if known.replace("_", "-") == usual]
    folded = {known.lower(): known for known in names}  # `SGD` is what Keras calls its class
    close = [folded[near] for near in difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)]
    near = same if usual != name and same else close
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(names) or 'none'}"


def read_by(file: str) -> str:
    """Ends an error message about a file that was given as a dataset: how it is given to the dataset that reads it.

    Args:
        file: What the user wrote.

    Returns:
        One clause, or nothing where no dataset is known to read it.

    Example:
        >>> read_by("pets.csv")
        'a file is given to the dataset that reads it: --dataset csv --dataset.path pets.csv'
    """
    tables = (".csv", ".tsv", ".parquet", ".sqlite", ".sqlite3", ".db", ".npy", ".jsonl", ".ndjson")
    reader = {".npz": "arrays", **dict.fromkeys(tables, "csv")}.get(Path(file).suffix.lower())
    if reader is None:
        return ""
    return f"a file is given to the dataset that reads it: --dataset {reader} --dataset.path {shlex.quote(file)}"


def told(value: object) -> str:
    """A value in a message; Python itself does not write an integer of thousands of digits.

    Example:
        >>> told(12), told(10**5000)
        ('12', 'a huge integer')
    """
    return "a huge integer" if isinstance(value, int) and value.bit_length() > 1024 else repr(value)  # noqa: PLR2004


def printable(text: str) -> str:
    r"""One line without what would steer a terminal: names come from files, runs and configs, which may be a stranger's.

    Args:
        text: Any text.

    Returns:
        The text; a control character, a line's end included, is shown as a mark.

    Example:
        >>> printable("weight\x1b[2J")
        'weight�[2J'
    """
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def reason(error: OSError) -> str:
    """Why the operating system refused, in plain words and with a way out where there is one."""
    known = {
        errno.ENOSPC: "the disk is full; free some space and resume",
        errno.EDQUOT: "the disk quota is used up; free some space and resume",
        errno.EFBIG: "a file would be larger than the limit (ulimit -f); raise it and resume",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission denied",
    }
    return known.get(error.errno or 0, error.strerror or str(error))
