"""Commands whose options depend on the chosen parts: they are made anew for each command line.

A first pass finds out which parts are chosen; then typer gets a function whose signature has their options, like any others.
"""

import argparse
import contextlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import typer

from eagerloop.choices.catalog import Catalog, Entry
from eagerloop.choices.chosen import BY_PATH, choices_in, from_words, options_at, word_of
from eagerloop.choices.defaults import default_loss, default_model
from eagerloop.choices.options import Option
from eagerloop.choices.settings import Settings, plain_options, read_toml, settings_from
from eagerloop.choices.sources import is_file_part
from eagerloop.cli.config_paths import Beside
from eagerloop.cli.first_pass import FLAGS, chosen_parts
from eagerloop.cli.flags import NOT_GIVEN, completion, described, dimmed, given, parameter, parameters_of
from eagerloop.errors import ConfigError
from eagerloop.parts import KINDS, SINGLE, Choice
from eagerloop.process.screen import quiet
from eagerloop.storage.trust import check, files_named

DEFAULTS = {
    "dataset": "iris", "model": "by the data", "loss": "by the data", "schedule": "none", "optimizer": "adam",
    "step": "tape", "checkpointer": "tf",
}  # fmt: skip
"""What the help says of a kind that is not chosen."""
Action = Callable[[Settings, Catalog, Mapping[str, Any]], None]
"""What a command does: it gets the settings, the catalog, and the values of its own options."""


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
    chosen = chosen_parts(words)
    beside = Beside("".join(chosen.config))
    settings = _settings(chosen, kinds, beside)
    with quiet() if files_named(settings) else contextlib.nullcontext():  # which may import TensorFlow
        catalog = Catalog.load(settings.plugins)
        part_options = list(_part_options(settings, catalog, kinds))
    for one in part_options:
        _set_option(settings, one, beside.path(one.option, one.choice.options))
    options = {name: option for name, option in plain_options().items() if plain is None or name in plain}

    def command(**values: Any) -> None:
        for name, option in options.items():
            value = NOT_GIVEN if name == "plugins" else given(values, name, option, "the command line")
            if value is not NOT_GIVEN:
                setattr(settings, name, value)
        for one in part_options:
            _set_option(settings, one, given(values, one.key, one.option, one.where))
        with beside.both_told():
            act(settings, catalog, values)

    of_parts = [parameter for one in part_options for parameter in one.parameters()]
    parameters = [*_plain_parameters(options, settings), *own, *_kind_parameters(catalog, kinds), *of_parts]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def config_parameters() -> list[inspect.Parameter]:
    """The parameters `--config` and `--trust`, which the first pass reads."""
    trusted = typer.Option("--trust", metavar="FILE", help="A file of code that the config names, and that may be run.")
    return [
        parameter("config", Path, typer.Option("--config", help="A config file, such as a run's run.toml.")),
        parameter("trust", list[Path], trusted),
    ]


def _settings(chosen: argparse.Namespace, kinds: Sequence[str], beside: Beside) -> Settings:
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
    settings = beside.files(settings_from(content, where))
    typed = Settings(plugins=[file for file in chosen.plugin if file])  # an empty name is refused by the second pass
    _choose(typed, chosen, kinds)
    settings.plugins = list(dict.fromkeys([*settings.plugins, *typed.plugins]))
    _choose(settings, chosen, kinds)
    if "_EAGERLOOP_COMPLETE" in os.environ:  # a shell asks at every press of a key, for a line that nobody has sent off
        return _without_files(settings)
    check(content, files_named(settings), [*chosen.trust, *files_named(typed)], where)
    return settings


def _without_files(settings: Settings) -> Settings:
    """The settings without plugin files, and without the parts that come from files."""
    settings.plugins = []
    for kind in KINDS:
        chosen = getattr(settings, kind)
        kept = [choice for choice in choices_in(chosen) if not is_file_part(choice.part)]
        if isinstance(chosen, Choice) or not kept:
            setattr(settings, kind, chosen if kept else getattr(Settings(), kind))
        else:
            setattr(settings, kind, kept)
    return settings


def _choose(settings: Settings, chosen: argparse.Namespace, kinds: Sequence[str]) -> None:
    """The command line's parts over the config's. A part that the config has, too, keeps its options."""
    for kind in kinds:
        words = getattr(chosen, FLAGS[kind])
        if words:
            known = {word_of(choice): choice for choice in choices_in(getattr(settings, kind))}
            typed = from_words(kind, words)
            one = isinstance(typed, Choice)
            found = [known.get(word_of(choice), choice) for choice in choices_in(typed)]
            setattr(settings, kind, found[0] if one else found)


class PartOption(NamedTuple):
    """An option of a chosen part, and how it is typed."""

    kind: str
    choice: Choice
    key: str
    name: str
    where: str
    option: Option
    flags: Sequence[str]
    current: Any

    def parameters(self) -> Iterator[inspect.Parameter]:
        """What typer needs to know."""
        return parameters_of(self.key, self.option, self.flags, f"{self.kind}: {self.name}", self.current)


def _part_options(settings: Settings, catalog: Catalog, kinds: Sequence[str]) -> Iterator[PartOption]:
    """Every option of every chosen part. With two parts of a kind, `--observe.patience` is the one part's that has it."""
    for kind in kinds:
        choices = {word_of(choice): choice for choice in _choices(settings, kind)}.values()
        entries = [catalog.find(kind, choice.part) for choice in choices]
        rows = [(choice, entry, options_at(entry, choice.path)) for choice, entry in zip(choices, entries, strict=True)]
        shared = [(choice.path, name) for choice, _entry, options in rows for name in options]
        for number, (choice, entry, options) in enumerate(rows):
            values = {name.replace("-", "_"): value for name, value in choice.options.items()}
            where = f"{entry.where} at '{choice.path}'" if choice.path else entry.where
            title = f"{choice.path}={entry.name}" if choice.path else entry.name
            for name, option in options.items():
                flags = _flags(kind, choice, entry, option, alone=shared.count((choice.path, name)) == 1)
                current, key = values.get(name, option.default), f"{kind}_{number}__{name}"
                yield PartOption(kind, choice, key, title, where, option, flags, current)


def _flags(kind: str, choice: Choice, entry: Entry, option: Option, *, alone: bool) -> list[str]:
    """How an option is typed, its path before it. A `/` in a path is typed as `.`: click takes it for two spellings."""
    start = f"--{FLAGS[kind]}" + (f".{choice.path}".replace("/", ".") if choice.path else "")
    short, full = f"{start}.{option.flag}", f"{start}.{entry.name.rpartition(':')[2]}.{option.flag}"
    return [short] if kind in SINGLE else [short, full] if alone else [full]


def _choices(settings: Settings, kind: str) -> Sequence[Choice]:
    """The parts of a kind whose options can be set: those chosen, and those that will be, as far as that is known."""
    kept = getattr(settings, kind)
    guide = default_model(str(settings.dataset.part)) == "iris"
    if kept is None and kind == "model":
        return [Choice(default_model(str(settings.dataset.part)))]
    if kept is None and kind == "loss" and guide:
        return [Choice(default_loss("regression"))]
    return choices_in(kept)


def _set_option(settings: Settings, one: PartOption, value: Any) -> None:
    if value is NOT_GIVEN:
        return
    choices, word = _choices(settings, one.kind), word_of(one.choice)
    given_here = {one.option.name: value}
    changed = [replace(old, options={**old.options, **given_here}) if word_of(old) == word else old for old in choices]
    setattr(settings, one.kind, changed if changed[0].path or one.kind not in SINGLE else changed[0])


def _kind_parameters(catalog: Catalog, kinds: Sequence[str]) -> Iterator[inspect.Parameter]:
    for kind in kinds:
        many, by_path = kind not in SINGLE, kind in BY_PATH
        default = f" {dimmed(f'default {DEFAULTS[kind]}')}" if kind in DEFAULTS else ""
        more = ", repeatable" * many + "; PATH=NAME for one of several" * by_path
        details = typer.Option(
            f"--{FLAGS[kind]}",
            help=f"NAME, DISTRIBUTION/NAME or file.py:NAME{more}.{default}",
            autocompletion=completion([entry.name for entry in catalog.of_kind(kind)], by_path=by_path),
            show_default=False,
            metavar="NAME",
            rich_help_panel="Parts",
        )
        yield parameter(kind, list[str] if many or by_path else str, details)


def _plain_parameters(options: Mapping[str, Option], settings: Settings) -> Iterator[inspect.Parameter]:
    plugins = typer.Option("--plugin", help="A Python file with hook implementations, repeatable.", metavar="FILE")
    for name, option in options.items():
        if name == "plugins":
            yield parameter(name, list[Path], plugins)
        elif name == "start_from":  # a path, and not any text
            about = described(option, settings.start_from)
            yield parameter(name, Path, typer.Option("--start-from", metavar="RUN", help=about))
        else:
            yield from parameters_of(name, option, [f"--{option.flag}"], None, getattr(settings, name))
