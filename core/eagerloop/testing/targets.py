"""What `eagerloop check` is asked to look at: the parts behind a name, a file or a distribution."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eagerloop.choices.catalog import Catalog, Entry
from eagerloop.choices.options import options_of, reserved
from eagerloop.choices.sources import as_factory, digest, import_file
from eagerloop.errors import ConfigError, PluginError, did_you_mean
from eagerloop.parts import KINDS
from eagerloop.testing.checks import Result, small_model
from eagerloop.testing.suite import check
from eagerloop.testing.trying.trials import BATCHES

STEP_ARGUMENTS = ("model", "loss", "optimizer", "x", "y")
"""How the arguments of a step are called, by which it is told from a factory."""


@dataclass
class Target:
    """Something to check.

    Attributes:
        kind: The kind of part, or `plugin` for one that does not load.
        name: Its name.
        owner: Distribution and version, or file and digest.
        factory: Its factory; None if there is none to be had.
        cause: Why there is none.
    """

    kind: str
    name: str
    owner: str
    factory: Callable[..., Any] | None = None
    cause: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def check(self, dataset: Any = None) -> list[Result]:
        """Runs the checks of its kind; of what could not be loaded there is one, and it has failed."""
        if self.factory is not None:
            return check(self.kind, self.factory, options=self.options, dataset=dataset)
        why = "all parts of a plugin are left out where one of them cannot be read"
        return [Result("loads", "failed", self.cause, why, "mend the line that is named, and check again", 2)]


def find(text: str, kind: str | None = None, files: Iterable[Path] = ()) -> list[Target]:
    """Everything that a name stands for.

    Args:
        text: `NAME`, `KIND/NAME`, `DISTRIBUTION/NAME`, a distribution, `file.py` or `file.py:NAME`.
        kind: Only parts of this kind.
        files: Plugin files to look in besides what is installed.

    Returns:
        At least one target.

    Raises:
        ConfigError: Nothing has that name, or nobody can tell of which kind it is.
    """
    if kind is not None and kind not in KINDS:
        msg = f"there is no kind '{kind}'; {did_you_mean(kind, KINDS)}"
        raise ConfigError(msg)
    path, _, name = text.rpartition(":") if ".py:" in text else (text, "", "")
    if path.endswith(".py"):
        return _of_file(Path(path), name, kind)
    catalog = Catalog.load(files)
    broken = [
        Target("plugin", one.owner.plugin, str(one.owner), cause=one.cause) for one in catalog.broken if _is(one.owner, text)
    ]
    targets = [_target(entry) for entry in catalog.entries if _named(entry, text) and kind in (None, entry.kind)]
    if not targets:
        targets = [_target(entry) for entry in catalog.entries if _is(entry.owner, text) and kind in (None, entry.kind)]
    if not targets and not broken:
        names = [entry.name for entry in catalog.entries] + [entry.owner.distribution for entry in catalog.entries]
        left_out = "".join(f"; {one}" for one in catalog.broken)
        msg = f"there is no part, distribution or file '{text}'; {did_you_mean(text, names)}{left_out}"
        raise ConfigError(msg)
    return broken + targets


def _is(owner: Any, text: str) -> bool:
    return bool(owner.distribution.lower().replace("_", "-") == text.lower().replace("_", "-"))


def _named(entry: Entry, text: str) -> bool:
    before, _, name = text.rpartition("/")
    same = entry.name.replace("_", "-") == name.replace("_", "-")
    return same and before in ("", entry.kind, entry.owner.distribution)


def _target(entry: Entry) -> Target:
    return Target(entry.kind, entry.name, str(entry.owner), entry.factory)


def _of_file(path: Path, name: str, kind: str | None) -> list[Target]:
    if not path.is_file():
        msg = f"there is no file {path}; check the path"
        raise ConfigError(msg)
    owner = f"{path} {digest(path)[:12]}"
    try:
        module = import_file(path)
    except PluginError as error:
        return [Target("plugin", path.name, owner, cause=str(error))]
    if name:
        return [_one(module, path, name, kind, owner)]
    targets = _offered(module, path, owner, kind)
    known = {id(inspect.unwrap(target.factory)) for target in targets if target.factory}
    targets += [target for target in _plain(module, owner, kind) if id(inspect.unwrap(target.factory or print)) not in known]
    if not targets:
        msg = f"{path} holds no part: no function marked with @eagerloop.hookimpl, and none that makes a part"
        raise ConfigError(msg)
    return targets


def _offered(module: Any, path: Path, owner: str, kind: str | None) -> list[Target]:
    """What the file's hooks provide."""
    if not any(hasattr(value, "eagerloop_impl") for value in vars(module).values()):
        return []
    try:
        catalog = Catalog.load([path])
    except PluginError as error:
        return [Target("plugin", path.name, owner, cause=str(error))]
    return [_target(entry) for entry in catalog.entries if entry.owner.plugin == str(path) and kind in (None, entry.kind)]


def _one(module: Any, path: Path, name: str, kind: str | None, owner: str) -> Target:
    part = getattr(module, name, None)
    if not callable(part):
        public = (key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        msg = f"{path} has no function or class '{name}'; {did_you_mean(name, public)}"
        raise ConfigError(msg)
    kind = kind or kind_of(part)
    if kind is None:
        msg = f"of which kind is {path}:{name}? It could not be told by making it; give --kind {'|'.join(KINDS)}"
        raise ConfigError(msg)
    return Target(kind, name, owner, part)


def _plain(module: Any, owner: str, kind: str | None) -> Iterator[Target]:
    """Public functions of the file that make a part, or are one, without any hook."""
    hooked = any(hasattr(value, "eagerloop_impl") for value in vars(module).values())
    for name, value in vars(module).items():
        own = inspect.isfunction(value) and value.__module__ == module.__name__ and not hasattr(value, "eagerloop_impl")
        if not own or name.startswith(("_", "test_")) or name == "main" or (hooked and not _bare_kind(value)):
            continue
        its_kind = kind_of(value)
        if its_kind and kind in (None, its_kind):
            yield Target(its_kind, name, owner, value)


def _bare_kind(part: Callable[..., Any]) -> str | None:
    """The kind of which a plain function is a part itself: two arguments are a loss's; a schedule's one is called `step`."""
    if as_factory("step", part) is not part and tuple(inspect.signature(part).parameters)[:5] == STEP_ARGUMENTS:
        return "step"
    if as_factory("loss", part) is not part:
        return "loss"
    is_schedule = as_factory("schedule", part) is not part and next(iter(inspect.signature(part).parameters)) == "step"
    return "schedule" if is_schedule else None


def kind_of(part: Callable[..., Any]) -> str | None:
    """Of which kind a part is, by its arguments or by what it makes.

    Args:
        part: A factory, or a plain function that is a loss, a schedule or a step.

    Returns:
        The kind; None if it cannot be told. The factory is called.

    Example:
        >>> kind_of(lambda y_true, y_pred: 0.0)
        'loss'
    """
    if not inspect.isclass(part) and (kind := _bare_kind(part)):
        return kind
    try:
        needs = reserved(part)
        required = [option for option in options_of(part).values() if option.default is inspect.Parameter.empty]
        given = {
            "seed": 0,
            "dataset": BATCHES[0]().dataset if "dataset" in needs else None,
            "answer_meaning": "logits",
            "model": small_model() if "model" in needs else None,
        }
        made = None if required else part(**{name: given[name] for name in needs})
    except Exception:  # noqa: BLE001 - anybody's code
        return None
    return _kind_made(made)


def _kind_made(made: Any) -> str | None:
    if isinstance(made, (tuple, list)) and len(made) == 2:  # noqa: PLR2004
        return "dataset"
    marks = {
        "dataset": ("train", "test"), "checkpointer": ("write", "read"), "optimizer": ("apply_gradients",),
        "metric": ("update_state",), "model": ("trainable_variables", "__call__"),
    }  # fmt: skip
    for kind, methods in marks.items():
        if all(hasattr(made, method) for method in methods):
            return kind
    if any(name.startswith("on_") for name in dir(made)):
        return "observer"
    if callable(made):
        takes = [one.name for one in inspect.signature(made).parameters.values() if one.default is one.empty]
        return "step" if tuple(takes) == STEP_ARGUMENTS else "schedule" if takes == ["step"] else "loss"
    return None
