"""Commands whose options depend on the chosen parts: they are made anew for each command line.

A first pass over the words finds out which parts are chosen; then typer gets a function whose signature has their options,
so that they are typed, completed, documented and checked like any others.
"""

import argparse
import contextlib
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import typer

from eagerloop.choices.catalog import Catalog
from eagerloop.choices.defaults import default_loss, default_model
from eagerloop.choices.options import Option
from eagerloop.choices.settings import Settings, plain_options, read_toml, settings_from
from eagerloop.choices.sources import is_file_part
from eagerloop.cli.flags import completion, dimmed, given, parameter, parameters_of
from eagerloop.cli.saying import quiet
from eagerloop.errors import ConfigError
from eagerloop.parts import KINDS, SINGLE, Choice
from eagerloop.storage.trust import check, files_named

FLAGS = {kind: "observe" if kind == "observer" else kind for kind in KINDS}
"""What the option of each kind is called."""

DEFAULTS = {
    "dataset": "iris", "model": "by the data", "loss": "by the data", "schedule": "none", "optimizer": "adam",
    "step": "tape", "checkpointer": "tf",
}  # fmt: skip
"""What the help says of a kind that is not chosen."""

Action = Callable[[Settings, Catalog, Mapping[str, Any]], None]
"""What a command does: it gets the settings, the catalog, and the values of its own options."""


class _Unreadable(Exception):  # noqa: N818 - no fault: the second pass tells it better
    """The first pass could not read the line."""


class _FirstPass(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Unreadable(message)


def chosen_parts(words: Sequence[str]) -> argparse.Namespace:
    """Which parts, plugin files and config a command line names, whatever else it holds."""
    parser = _FirstPass(add_help=False, allow_abbrev=False)
    for kind in SINGLE:
        parser.add_argument(f"--{kind}")
    for flag in ("metric", "observe", "plugin", "trust"):
        parser.add_argument(f"--{flag}", action="append", default=[])
    parser.add_argument("--config", action="append", default=[])
    try:
        return parser.parse_known_args(list(words))[0]
    except _Unreadable:
        return parser.parse_args([])


def command_of(
    words: Sequence[str],
    act: Action,
    own: Sequence[inspect.Parameter],
    *,
    kinds: Sequence[str] = KINDS,
    plain: Sequence[str] | None = None,
) -> Callable[..., None]:
    """The function behind a command, for one command line.

    Args:
        words: What stands behind the command.
        act: What the command does.
        own: The parameters that belong to no part and to no setting; their values are handed to `act`.
        kinds: Which kinds of part can be chosen.
        plain: Which of the settings that belong to no part can be set; by default all of them.

    Returns:
        A function for typer, the chosen parts' options in its signature.

    Raises:
        EagerloopError: A chosen part, plugin file or config cannot be read, or the config names a file of code that is not
            to be trusted.
    """
    settings = _settings(chosen_parts(words), kinds)
    with quiet() if files_named(settings) else contextlib.nullcontext():  # which may import TensorFlow
        catalog = Catalog.load(settings.plugins)
        part_options = list(_part_options(settings, catalog, kinds))
    options = {name: option for name, option in plain_options().items() if plain is None or name in plain}

    def command(**values: Any) -> None:
        for name, option in options.items():
            value = None if name == "plugins" else given(values, name, option, "the command line")
            setattr(settings, name, getattr(settings, name) if value is None else value)
        for one in part_options:
            _set_option(settings, one, given(values, one.key, one.option, one.where))
        act(settings, catalog, values)

    parameters = [*_plain_parameters(options, settings), *own, *_kind_parameters(catalog, kinds)]
    parameters += [parameter for one in part_options for parameter in one.parameters()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def config_parameters() -> list[inspect.Parameter]:
    """The parameters `--config` and `--trust`, which the first pass reads."""
    trusted = typer.Option("--trust", metavar="FILE", help="A file of code that the config names, and that may be run.")
    return [
        parameter("config", Path, typer.Option("--config", help="A config file, such as a run's run.toml.")),
        parameter("trust", list[str], trusted),
    ]


def _settings(chosen: argparse.Namespace, kinds: Sequence[str]) -> Settings:
    """The config's settings with the command line's parts over them; no file of code of theirs has been imported.

    Raises:
        ConfigError: There are several configs, or it cannot be read.
        CheckpointError: The config names a file of code that is neither sealed by the user nor named on the command line.
    """
    if len(chosen.config) > 1:
        msg = f"--config is given {len(chosen.config)} times ({', '.join(chosen.config)}); one config is read: put all into one"
        raise ConfigError(msg)
    where = "".join(chosen.config)
    content = read_toml(Path(where)) if where else {}
    settings = settings_from(content, where)
    typed = Settings(plugins=chosen.plugin)
    _choose(typed, chosen, kinds)
    settings.plugins = list(dict.fromkeys([*settings.plugins, *chosen.plugin]))
    _choose(settings, chosen, kinds)
    if "_EAGERLOOP_COMPLETE" in os.environ:  # a shell asks at every press of a key, for a line that nobody has sent off
        return _without_files(settings)
    check(content, files_named(settings), [*chosen.trust, *files_named(typed)], where)
    return settings


def _without_files(settings: Settings) -> Settings:
    """The settings without plugin files, and without the parts that come from files."""
    settings.plugins = []
    for kind in KINDS:
        kept = getattr(settings, kind)
        if isinstance(kept, Choice):
            setattr(settings, kind, getattr(Settings(), kind) if is_file_part(kept.part) else kept)
        elif kept:
            setattr(settings, kind, [choice for choice in kept if not is_file_part(choice.part)])
    return settings


def _choose(settings: Settings, chosen: argparse.Namespace, kinds: Sequence[str]) -> None:
    """The command line's parts over the config's. A part that the config has, too, keeps its options."""
    for kind in kinds:
        named, kept = getattr(chosen, FLAGS[kind]), getattr(settings, kind)
        known = {choice.part: choice for choice in ([kept] if isinstance(kept, Choice) else kept or ())}
        if named and kind in SINGLE:
            setattr(settings, kind, known.get(named, Choice(named)))
        elif named:
            setattr(settings, kind, [known.get(name, Choice(name)) for name in named])


class PartOption(NamedTuple):
    """An option of a chosen part, and how it is typed."""

    kind: str
    part: str
    name: str
    where: str
    option: Option
    flags: Sequence[str]
    current: Any

    @property
    def key(self) -> str:
        """The name of its parameter."""
        return re.sub(r"\W", "_", f"{self.kind}__{self.part}__{self.option.name}")

    def parameters(self) -> Iterator[inspect.Parameter]:
        """What typer needs to know."""
        return parameters_of(self.key, self.option, self.flags, f"{self.kind}: {self.name}", self.current)


def _part_options(settings: Settings, catalog: Catalog, kinds: Sequence[str]) -> Iterator[PartOption]:
    """Every option of every chosen part. With two parts of a kind, `--observe.patience` is the one part's that has it."""
    for kind in kinds:
        choices = {choice.part: choice for choice in _choices(settings, kind)}.values()
        entries = [catalog.find(kind, choice.part) for choice in choices]
        shared = [name for entry in entries for name in entry.options]
        for choice, entry in zip(choices, entries, strict=True):
            values = {name.replace("-", "_"): value for name, value in choice.options.items()}
            for option in entry.options.values():
                short = f"--{FLAGS[kind]}.{option.flag}"
                full = f"--{FLAGS[kind]}.{entry.name.rpartition(':')[2]}.{option.flag}"
                flags = [short] if kind in SINGLE else [short, full] if shared.count(option.name) == 1 else [full]
                current = values.get(option.name, option.default)
                yield PartOption(kind, choice.part, entry.name, entry.where, option, flags, current)


def _choices(settings: Settings, kind: str) -> Sequence[Choice]:
    """The parts of a kind whose options can be set: those chosen, and those that will be, as far as that is known."""
    kept = getattr(settings, kind)
    guide = default_model(str(settings.dataset.part)) == "iris"
    if kept is None and kind == "model":
        return [Choice(default_model(str(settings.dataset.part)))]
    if kept is None and kind == "loss" and guide:
        return [Choice(default_loss("regression"))]
    return [kept] if isinstance(kept, Choice) else list(kept or ())


def _set_option(settings: Settings, one: PartOption, value: Any) -> None:
    if value is None:
        return
    options = {one.option.name: value}
    changed = [
        Choice(choice.part, {**choice.options, **options}) if choice.part == one.part else choice
        for choice in _choices(settings, one.kind)
    ]
    setattr(settings, one.kind, changed[0] if one.kind in SINGLE else changed)


def _kind_parameters(catalog: Catalog, kinds: Sequence[str]) -> Iterator[inspect.Parameter]:
    for kind in kinds:
        many = kind not in SINGLE
        default = f" {dimmed(f'default {DEFAULTS[kind]}')}" if kind in DEFAULTS else ""
        details = typer.Option(
            f"--{FLAGS[kind]}",
            help=f"NAME, DISTRIBUTION/NAME or file.py:NAME{', repeatable' if many else ''}.{default}",
            autocompletion=completion([entry.name for entry in catalog.of_kind(kind)]),
            show_default=False,
            metavar="NAME",
            rich_help_panel="Parts",
        )
        yield parameter(kind, list[str] if many else str, details)


def _plain_parameters(options: Mapping[str, Option], settings: Settings) -> Iterator[inspect.Parameter]:
    for name, option in options.items():
        if name == "plugins":
            details = typer.Option("--plugin", help="A Python file with hook implementations, repeatable.", metavar="FILE")
            yield parameter(name, list[str], details)
        else:
            yield from parameters_of(name, option, [f"--{option.flag}"], None, getattr(settings, name))
