"""What a user chooses for a run, and its form in TOML: the same for a config and for a run's record."""

import codecs
import functools
import inspect
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from eagerloop.choices.chosen import from_python, from_toml
from eagerloop.choices.options import options_of
from eagerloop.data.beside import BESIDE, together
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.parts import KINDS, Choice

FORMAT = 1
LARGEST_RECORD = 16 * 2**20
FACTS = ("format", "versions", "packages", "data", "parallelism", "files", "seal", "replicas")
"""What a record tells besides the settings; as a config it is passed over."""


class Note(NamedTuple):
    """Help and range of an option, as `typer.Option` has them; the record must not wait for typer to be imported."""

    help: str
    min: float | None = None
    max: float | None = None


@dataclass
class Settings:
    """Everything that a user chooses for a run. `None` for a part follows the data. Of several by path, each choice has one.

    The annotated fields are the options of `eagerloop train` that belong to no part, and keywords of `eagerloop.train`.
    """

    epochs: Annotated[int, Note("how often to go through the training data", min=1)] = 10
    seed: Annotated[int, Note("where every random number comes from", min=0, max=2**32 - 1)] = 0
    save_every: Annotated[int, Note("also save every so many steps; 0: only after each epoch", min=0)] = 0
    save_async: Annotated[bool, Note("write the variables in a thread too, from a copy of them")] = False
    keep: Annotated[int, Note("keep this many of the newest checkpoints, and the best one; 0: all", min=0)] = 3
    compile: Annotated[bool, Note("run the loop as a tf.function")] = False
    strategy: Annotated[
        Literal["one", "mirrored", "multi-worker"], Note("train on one device, on several, or on several machines")
    ] = "one"
    devices: Annotated[list[str], Note("the devices of 'mirrored', such as cpu:0,cpu:1; none: all GPUs")] = field(
        default_factory=list
    )
    jit: Annotated[bool, Note("compile the step with XLA as well")] = False
    precision: Annotated[
        Literal["float32", "mixed_float16", "mixed_bfloat16"], Note("what the layers compute in; their variables are float32")
    ] = "float32"
    threads: Annotated[int, Note("how many threads TensorFlow may use; 0: one a core", min=0, max=1024)] = 0
    deterministic: Annotated[bool, Note("the same bits again on a GPU, too, where that costs time")] = True
    device_policy: Annotated[
        Literal["silent", "explicit", "warn"], Note("what to do when a tensor is on another device than its operation")
    ] = "silent"
    on_nonfinite: Annotated[Literal["stop", "skip"], Note("what to do when a loss is nan or infinite")] = "stop"
    start_from: Annotated[str, Note("a run whose variables the model begins with, as far as they fit")] = ""
    checkpoint: Annotated[
        str, Note("which checkpoint of --start-from: newest, best or a step; none: newest, or what early-stopping restores")
    ] = ""
    freeze: Annotated[list[str], Note("layers that are not trained, by name: base, encoder/*")] = field(default_factory=list)
    plugins: Annotated[list[str], Note("plugin files")] = field(default_factory=list)
    dataset: Choice = field(default_factory=lambda: Choice("iris"))
    model: Choice | None = None
    loss: Choice | Sequence[Choice] | None = None
    schedule: Choice | None = None
    optimizer: Choice | Sequence[Choice] = field(default_factory=lambda: Choice("adam"))
    step: Choice = field(default_factory=lambda: Choice("tape"))
    checkpointer: Choice = field(default_factory=lambda: Choice("tf"))
    metric: Sequence[Choice] | None = None
    observer: Sequence[Choice] = ()

    def checked(self) -> "Settings":
        """Itself, every plain option checked for type and range.

        Raises:
            ConfigError: An option has the wrong type or is out of range.
        """
        for name, option in plain_options().items():
            value = getattr(self, name)
            if name != "strategy" or not hasattr(value, "num_replicas_in_sync"):  # such an object is looked at later
                setattr(self, name, option.convert(value, "this run"))
        return self


@functools.cache
def plain_options() -> dict[str, Any]:
    """The options of a run that belong to no part, by name."""

    def signature(**options: Any) -> None: ...

    parameters = [
        inspect.Parameter(
            item.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=item.type,
            default=[] if item.default_factory is list else item.default,
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
        return tomllib.loads(_text_of(path.read_bytes()))
    except OSError as error:
        msg = f"config {path} cannot be read: {error.strerror or error}"
        raise ConfigError(msg) from error
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of an integer with thousands of digits
        msg = f"config {path} is not valid TOML: {error}"
        raise ConfigError(msg) from error


def _text_of(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its byte-order mark, which PowerShell writes."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if marked else "utf-8-sig")


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
    chosen: dict[str, Any] = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        if name in options:
            chosen[name] = options[name].convert(value, where)
        elif name in KINDS:
            chosen[name] = from_toml(name, value, where)
        elif name not in FACTS:
            msg = f"{where}: unknown key '{key}'; {did_you_mean(name, [*options, *KINDS])}"
            raise ConfigError(msg)
    return Settings(**chosen)


class Part(NamedTuple):
    """A part as it was resolved: what the record says of it."""

    name: str
    owner: str
    version: str
    options: Mapping[str, Any]
    path: str = ""

    @property
    def told(self) -> str:
        """As it is typed: `mse`, or `age=mse`."""
        return f"{self.path}={self.name}" if self.path else self.name

    def as_toml(self) -> dict[str, Any]:
        """A table for run.toml; the path stands outside of it."""
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in self.options.items()}
        table = {"name": self.name, "owner": self.owner, "version": self.version}
        unset = [name for name, value in plain.items() if value is None]
        return table | ({"unset": unset} if unset else {}) | {"options": {k: v for k, v in plain.items() if v is not None}}


KEYWORDS = {"metrics": "metric", "observers": "observer"}
"""Keywords of `train` that take several parts, and their kind."""

_KEYWORD = {kind: keyword for keyword, kind in KEYWORDS.items()}


_PLAINLY: Mapping[str, Callable[[Any], Any]] = {
    "plugins": lambda paths: [str(path) for path in paths],
    "start_from": lambda run: str(getattr(run, "directory", run)),  # a run, or where it is
    "checkpoint": lambda step: str(step) if type(step) is int else step,
}
"""How keywords are taken that may be more than an option of a command can."""


def settings_of(keywords: Mapping[str, Any]) -> Settings:
    """The keywords of `train` as settings.

    Raises:
        ConfigError: There is no such keyword (with the nearest one), or its value has the wrong type.
    """
    names = [_KEYWORD.get(item.name, item.name) for item in fields(Settings)]
    chosen: dict[str, Any] = {}
    for key, value in together(keywords).items():
        if key not in names:
            msg = f"there is no keyword '{key}'; {did_you_mean(key, [*names, *BESIDE, 'directory', 'overwrite', 'progress'])}"
            raise ConfigError(msg)
        name = KEYWORDS.get(key, key)
        if name not in KINDS:
            chosen[name] = _PLAINLY.get(name, lambda given: given)(value)
        elif value is not None:
            chosen[name] = from_python(name, value)
    return Settings(**chosen).checked()


def with_progress(settings: Settings) -> Settings:
    """Adds the observer that shows how far the run is, unless it is there."""
    if "progress" not in [choice.part for choice in settings.observer if isinstance(choice.part, str)]:
        settings.observer = [Choice("progress"), *settings.observer]
    return settings


def keyword_of(kind: str) -> str:
    """What the keyword for a kind of part is called in Python."""
    return _KEYWORD.get(kind, kind)
