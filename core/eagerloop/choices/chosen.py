"""A part as it was chosen, or several of a kind by path, however they were given: typed, in TOML, in Python, in a record.

A path is an output of the model (`age`, `head/kind`), or for an optimizer what holds the variables (`generator`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eagerloop.choices.catalog import Entry
from eagerloop.choices.options import Option
from eagerloop.choices.sources import is_file_part
from eagerloop.errors import ConfigError, PluginError, did_you_mean
from eagerloop.parts import SINGLE, Choice

BY_PATH = ("loss", "optimizer", "metric")
"""Kinds of which there may be several by path."""

Chosen = Choice | Sequence[Choice] | None
"""What settings hold of a kind."""

WEIGHT = Option("weight", float, 1.0, "what the loss of this output counts", minimum=0.0)
"""The option that every loss by path has, beside its own."""

KEYS = ("name", "owner", "version", "options", "unset")
"""Keys of a part's table."""


def choices_in(chosen: Chosen) -> list[Choice]:
    """The choices of a kind, one or several or none, as a list.

    Example:
        >>> choices_in(Choice("mse")), choices_in(None)
        ([use('mse')], [])
    """
    return [chosen] if isinstance(chosen, Choice) else list(chosen or ())


def word_of(choice: Choice) -> str:
    """A choice as it is typed.

    Example:
        >>> word_of(Choice("mse", path="age"))
        'age=mse'
    """
    name = choice.part if isinstance(choice.part, str) else type(choice.part).__name__
    return f"{choice.path}={name}" if choice.path else name


def options_at(entry: Entry, path: str) -> Mapping[str, Option]:
    """The options of a part that is chosen for a path, or for no one in particular.

    Raises:
        PluginError: A loss for a path has an option `weight` of its own.
    """
    if entry.kind != "loss" or not path:
        return entry.options
    if WEIGHT.name in entry.options:
        msg = f"{entry.where} has an option 'weight', which by path is what a loss counts; give it another name, or no path"
        raise PluginError(msg)
    return {**entry.options, WEIGHT.name: WEIGHT}


def from_words(kind: str, words: Sequence[str]) -> Choice | list[Choice]:
    """What was typed behind the option of a kind, `NAME` or `PATH=NAME`, as often as it was given.

    Raises:
        ConfigError: Some have a path and some have none, or two have the same one.

    Example:
        >>> from_words("loss", ["age=mse", "kind=mae"])[1].path
        'kind'
    """
    choices = [_from_word(kind, word) for word in words]
    if kind not in SINGLE:
        return choices
    if not any(choice.path for choice in choices):
        return choices[-1]
    return _one_a_path(kind, choices, f"--{kind}")


def _from_word(kind: str, word: str) -> Choice:
    path, equals, name = word.partition("=")
    if kind not in BY_PATH or not equals or (is_file_part(word) and Path(word.rpartition(":")[0]).is_file()):
        return Choice(word)
    if not path or not name:
        msg = f"--{kind} {word}: expected NAME, or PATH=NAME for one of several, such as age=mse"
        raise ConfigError(msg)
    return Choice(name, path=path)


def from_toml(kind: str, value: Any, where: str) -> Choice | list[Choice]:
    """What a config or a record has of a kind: a name, a table, tables by path, or a list.

    Raises:
        ConfigError: It has another form, or a key that is unknown.
    """
    if kind in BY_PATH and _is_by_path(value):
        pairs = [(path, row) for path, rows in value.items() for row in (rows if isinstance(rows, list) else [rows])]
        choices = [_from_table(row, f"{where}, [{kind}.{path}]", KEYS, path) for path, row in pairs]
        return _one_a_path(kind, choices, where) if kind in SINGLE else choices
    if kind in SINGLE:
        return _from_table(value, f"{where}, [{kind}]", KEYS)
    keys = (*KEYS, "path") if kind in BY_PATH else KEYS
    return [_from_table(row, f"{where}, [[{kind}]]", keys) for row in (value if isinstance(value, list) else [value])]


def _is_by_path(value: Any) -> bool:
    """Whether it is `[loss.age]` and the like: a table of names and of tables with names."""
    if not isinstance(value, dict) or not value or isinstance(value.get("name"), str):
        return False
    rows = [row for one in value.values() for row in (one if isinstance(one, list) else [one])]
    return all(isinstance(row, str) or (isinstance(row, dict) and isinstance(row.get("name"), str)) for row in rows)


def _from_table(value: Any, where: str, keys: Sequence[str], path: str = "") -> Choice:
    """A part in TOML: its name alone, or a table with name, options and what the record adds to them."""
    if isinstance(value, str):
        return Choice(value, path=path)
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not _is_options(value):
        msg = f"{where} must be a name, or a table with 'name' and 'options', got {value!r}"
        raise ConfigError(msg)
    for key in value:
        if key not in keys:
            msg = f"{where}: unknown key '{key}'; {did_you_mean(key, keys)}"
            raise ConfigError(msg)
    unset = dict.fromkeys(value.get("unset", ()))  # TOML has no null: the options that are None are listed
    return Choice(value.get("name"), unset | value.get("options", {}), _path(value.get("path", path), where))


def _is_options(value: Mapping[str, Any]) -> bool:
    """Whether `options` is a table, and `unset` a list of names."""
    unset = value.get("unset", [])
    return isinstance(value.get("options", {}), dict) and isinstance(unset, list) and all(isinstance(n, str) for n in unset)


def from_python(kind: str, value: Any) -> Choice | list[Choice]:
    """A keyword of `train`: a part however it was given, a list of them, or a dict of either by path.

    Raises:
        ConfigError: A path is no text, or a dict holds no part.

    Example:
        >>> from_python("metric", {"age": ["mae", "mse"]})[1].path
        'age'
    """
    several = [value] if isinstance(value, (str, Choice, Mapping)) or kind in SINGLE else value
    choices: list[Choice] = []
    for one in several:
        by_path = kind in BY_PATH and isinstance(one, Mapping)
        choices += _at_paths(one, kind) if by_path else [as_choice(one)]
    if kind not in SINGLE:
        return choices
    return _one_a_path(kind, choices, kind) if isinstance(value, Mapping) and kind in BY_PATH else choices[0]


def _at_paths(value: Mapping[Any, Any], where: str) -> list[Choice]:
    rows = [(path, one) for path, given in value.items() for one in (given if isinstance(given, list | tuple) else [given])]
    return [replace(as_choice(one), path=_path(str(path) if type(path) is int else path, where)) for path, one in rows]


def as_choice(part: Any) -> Choice:
    """A part however it was given: a name, `use(...)`, or an object."""
    return part if isinstance(part, Choice) else Choice(part)


def _path(path: Any, where: str) -> str:
    if isinstance(path, str):
        return path
    msg = f"{where}: a path must be a text such as 'age', got {path!r}"
    raise ConfigError(msg)


def _one_a_path(kind: str, choices: Sequence[Choice], where: str) -> list[Choice]:
    """Several parts of a kind of which each path has one."""
    paths = [choice.path for choice in choices]
    without = [word_of(choice) for choice in choices if not choice.path]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if not choices:
        msg = f"{where}: a dict by path must name at least one {kind}"
    elif without:
        msg = f"{where}: {', '.join(without)} has no path, and of several each {kind} needs one: PATH=NAME"
    elif twice is not None:
        given = ", ".join(word_of(choice) for choice in choices if choice.path == twice)
        msg = f"{where}: '{twice}' has {paths.count(twice)} of them ({given}); a path has one {kind}"
    else:
        return list(choices)
    raise ConfigError(msg)


def tables_in(value: Any) -> Iterable[Mapping[str, Any]]:
    """The tables of the parts of a kind, as a record has them."""
    rows = value if isinstance(value, list) else value.values() if _is_by_path(value) else [value]
    return [row for row in rows if isinstance(row, Mapping)]
