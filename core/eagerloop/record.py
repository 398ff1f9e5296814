"""The run directory: what is in it, how it is written so that a crash cannot tear it, who may write to it.

::

    run.toml         every choice, as it was resolved; also the format of `train --config`
    history.jsonl    a row per epoch
    checkpoints/     see `eagerloop.store`
    run.lock         held while a process trains here
"""

import contextlib
import inspect
import json
import os
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import filelock
import tomli_w

from eagerloop.errors import CheckpointError, ConfigError, TrainingError, did_you_mean
from eagerloop.options import options_of
from eagerloop.parts import KINDS, SINGLE, Choice
from eagerloop.store import reason, sync

FORMAT = 1
RUNS = Path("runs")
RECORD = "run.toml"
HISTORY = "history.jsonl"
CHECKPOINTS = "checkpoints"
LOCK = "run.lock"
LARGEST_RECORD = 16 * 2**20
FACTS = ("format", "versions", "data", "parallelism", "files", "seal")
"""What a record tells besides the settings; as a config it is passed over."""


class Note(NamedTuple):
    """Help and range of an option, as `typer.Option` has them; the record must not wait for typer to be imported."""

    help: str
    min: float | None = None
    max: float | None = None


@dataclass
class Settings:
    """Everything that a user chooses for a run. `None` for a part follows the data.

    The annotated fields are the options of `eagerloop train` that belong to no part, and keywords of `eagerloop.train`.
    """

    epochs: Annotated[int, Note("how often to go through the training data", min=1)] = 10
    seed: Annotated[int, Note("where every random number comes from", min=0, max=2**32 - 1)] = 0
    save_every: Annotated[int, Note("also save every so many steps; 0: only after each epoch", min=0)] = 0
    save_async: Annotated[bool, Note("write the checkpoints in a thread, while the training goes on")] = False
    keep: Annotated[int, Note("keep this many checkpoints, and the best by val_loss; 0: all", min=0)] = 0
    compile: Annotated[bool, Note("run the loop as a tf.function")] = False
    jit: Annotated[bool, Note("compile the step with XLA as well")] = False
    precision: Annotated[
        Literal["float32", "mixed_float16", "mixed_bfloat16"], Note("what the layers compute in; their variables are float32")
    ] = "float32"
    threads: Annotated[int, Note("how many threads TensorFlow may use; 0: one a core", min=0)] = 0
    device_policy: Annotated[
        Literal["silent", "explicit", "warn"], Note("what to do when a tensor is on another device than its operation")
    ] = "silent"
    on_nonfinite: Annotated[Literal["stop", "skip"], Note("what to do when a loss is nan or infinite")] = "stop"
    plugins: Annotated[list[str], Note("plugin files")] = field(default_factory=list)
    dataset: Choice = field(default_factory=lambda: Choice("iris"))
    model: Choice | None = None
    loss: Choice | None = None
    optimizer: Choice = field(default_factory=lambda: Choice("adam"))
    checkpointer: Choice = field(default_factory=lambda: Choice("tf"))
    metric: Sequence[Choice] | None = None
    observer: Sequence[Choice] = ()

    def checked(self) -> "Settings":
        """Itself, every plain option checked for type and range.

        Raises:
            ConfigError: An option has the wrong type or is out of range.
        """
        for name, option in plain_options().items():
            setattr(self, name, option.convert(getattr(self, name), "this run"))
        return self


def plain_options() -> dict[str, Any]:
    """The options of a run that belong to no part, by name."""

    def signature(**options: Any) -> None: ...

    parameters = [
        inspect.Parameter(
            item.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=item.type,
            default=item.default if item.name != "plugins" else [],
        )
        for item in fields(Settings)
        if item.name not in KINDS
    ]
    signature.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return options_of(signature, leave_out=())


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a config or a record.

    Raises:
        ConfigError: It cannot be read, or its syntax is wrong (with line and column).
    """
    try:
        if path.stat().st_size > LARGEST_RECORD:
            msg = f"{path} has {path.stat().st_size} bytes: that is no config"
            raise ConfigError(msg)
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"config {path} cannot be read: {error.strerror or error}"
        raise ConfigError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"config {path} is not valid TOML: {error}"
        raise ConfigError(msg) from error


def settings_from(content: Mapping[str, Any], where: str) -> Settings:
    """Turns the content of a config or a record into settings.

    Args:
        content: What `read_toml` returned.
        where: The file, for messages.

    Returns:
        Settings; the options of the parts are checked when the parts are found.

    Raises:
        ConfigError: A key is unknown (with the nearest one) or has the wrong type.
    """
    options = plain_options()
    given: dict[str, Any] = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        if name in options:
            given[name] = options[name].convert(value, where)
        elif name in SINGLE:
            given[name] = _choice(value, f"{where}, [{key}]")
        elif name in KINDS:
            rows = value if isinstance(value, list) else [value]
            given[name] = [_choice(row, f"{where}, [[{key}]]") for row in rows]
        elif name not in FACTS:
            msg = f"{where}: unknown key '{key}'; {did_you_mean(name, [*options, *KINDS])}"
            raise ConfigError(msg)
    return Settings(**given)


def _choice(value: Any, where: str) -> Choice:
    """A part in TOML: its name alone, or a table with name, options and what the record adds to them."""
    if isinstance(value, str):
        return Choice(value)
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not _is_options(value):
        msg = f"{where} must be a name, or a table with 'name' and 'options', got {value!r}"
        raise ConfigError(msg)
    known = ("name", "owner", "version", "options", "unset")
    for key in value:
        if key not in known:
            msg = f"{where}: unknown key '{key}'; {did_you_mean(key, known)}"
            raise ConfigError(msg)
    unset = dict.fromkeys(value.get("unset", ()))  # TOML has no null: the options that are None are listed
    return Choice(value.get("name"), unset | value.get("options", {}))


def _is_options(value: Mapping[str, Any]) -> bool:
    """Whether `options` is a table, and `unset` a list of names."""
    unset = value.get("unset", [])
    return isinstance(value.get("options", {}), dict) and isinstance(unset, list) and all(isinstance(n, str) for n in unset)


class Part(NamedTuple):
    """A part as it was resolved: what the record says of it."""

    name: str
    owner: str
    version: str
    options: Mapping[str, Any]

    def as_toml(self) -> dict[str, Any]:
        """A table for run.toml."""
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in self.options.items()}
        table = {"name": self.name, "owner": self.owner, "version": self.version}
        unset = [name for name, value in plain.items() if value is None]
        return table | ({"unset": unset} if unset else {}) | {"options": {k: v for k, v in plain.items() if v is not None}}


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file's text: a reader, or a crash, sees the old one or the new one.

    Raises:
        TrainingError: It could not be written; the old one is as it was.
    """
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        temporary.unlink(missing_ok=True)  # what a killed process left; or a link that leads out of the run
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        msg = f"{path} could not be written: {reason(error)}; what was there is kept"
        raise TrainingError(msg) from error


@dataclass
class RunDirectory:
    """One run on disk."""

    path: Path
    _lock: filelock.FileLock | None = None

    @staticmethod
    def refuse_taken(path: Path | None) -> None:
        """Refuses a directory that holds a run, or a path that is no directory.

        Raises:
            ConfigError: With the command that continues the run.
        """
        if path is not None and ((path / RECORD).exists() or (path / CHECKPOINTS).exists()):
            msg = f"{path} holds a run already; continue it with 'eagerloop resume {path}', or choose another directory"
            raise ConfigError(msg)
        if path is not None and path.exists() and not path.is_dir():
            msg = f"run directory {path} is a file; choose another with --run"
            raise ConfigError(msg)

    @classmethod
    def new(cls, path: Path | None, model: str, dataset: str) -> "RunDirectory":
        """Chooses and makes the directory of a new run.

        Raises:
            ConfigError: It holds a run already, is a file, or cannot be written.
        """
        cls.refuse_taken(path)
        base = f"{time.strftime('%Y%m%d-%H%M%S')}-{_plain(model)}-{_plain(dataset)}"
        names = (RUNS / f"{base}{suffix}" for suffix in ("", *map("-{}".format, range(2, 1000))))
        chosen = path or next(name for name in names if not name.exists())
        try:
            chosen.mkdir(parents=True, exist_ok=True)
            probe = chosen / ".tmp-probe"
            probe.touch()
            probe.unlink()
        except OSError as error:
            msg = f"run directory {chosen} cannot be written: {error.strerror or error}; choose another with --run"
            raise ConfigError(msg) from error
        return cls(chosen)

    @classmethod
    def existing(cls, path: Path | None) -> "RunDirectory":
        """Finds a run; with no path, the newest below `runs/`.

        Raises:
            ConfigError: There is none.
        """
        if path is None:
            found = [record for record in RUNS.glob(f"*/{RECORD}") if record.is_file()]
            if not found:
                msg = f"there is no run below {RUNS}/; make one with 'eagerloop train', or name its directory"
                raise ConfigError(msg)
            return cls(max(found, key=lambda record: (record.stat().st_mtime_ns, str(record))).parent)
        if not (path / RECORD).is_file():
            if path.is_file():
                hint = "; 'eagerloop train --model keras-file' trains a .keras file further" if path.suffix == ".keras" else ""
                msg = f"{path} is no run: it is a file, and a run is the directory that 'eagerloop train' makes{hint}"
                raise ConfigError(msg)
            missing = f"it has no {RECORD}" if path.exists() else "it does not exist"
            msg = f"{path} is no run: {missing}; 'eagerloop train --run {path}' makes one"
            raise ConfigError(msg)
        return cls(path)

    @property
    def record(self) -> Path:
        """The file that says what the run is."""
        return self.path / RECORD

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints are."""
        return self.path / CHECKPOINTS

    def write_record(self, content: Mapping[str, Any]) -> bool:
        """Writes run.toml; returns whether there was none before.

        Raises:
            ConfigError: It could not be written, so the run cannot start.
        """
        new = not self.record.exists()
        try:
            write_atomically(self.record, tomli_w.dumps(content))
        except TrainingError as error:
            raise ConfigError(str(error)) from error
        return new

    def discard(self) -> None:
        """Takes the record of a run back that never began, and its directory if nothing else is in it."""
        self.record.unlink(missing_ok=True)
        (self.path / LOCK).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()
            if self.path.parent == RUNS:
                RUNS.rmdir()

    def write_history(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes history.jsonl anew."""
        write_atomically(self.path / HISTORY, "".join(json.dumps(row) + "\n" for row in rows))

    def has_history(self) -> bool:
        """Whether an epoch has ever been finished here."""
        path = self.path / HISTORY
        return path.is_file() and path.stat().st_size > 0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Takes the run for this process while the context lasts; it may be entered again inside.

        Raises:
            CheckpointError: Another process has it.
        """
        try:
            self._lock = self._lock or filelock.FileLock(self.path / LOCK)
            self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            msg = f"another process is writing to {self.path}; wait for it to end, or stop it, then try again"
            raise CheckpointError(msg) from error
        except OSError as error:
            msg = f"run directory {self.path} cannot be written: {error.strerror or error}"
            raise ConfigError(msg) from error
        try:
            yield
        finally:
            self._lock.release()


def _plain(name: str) -> str:
    """A part's name as a piece of a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name.rsplit("/", maxsplit=1)[-1])[:40]
