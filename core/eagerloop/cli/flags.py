"""From an option of a part, or of a run, to parameters that typer understands, and back to the value that was given."""

import csv
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from eagerloop.choices.options import REQUIRED, Option
from eagerloop.errors import ConfigError, printable

TYPES = {"int": "INTEGER", "float": "FLOAT", "str": "TEXT", "Path": "PATH"}
"""What stands behind an option in the help. The range stands in its text: the options' names need the room."""

NONE = "none"
"""What is typed for an option that may be None."""

QUIET = "Print nothing but warnings and errors."
"""The help of `--quiet`."""

NOT_GIVEN = object()
"""What `given` says where the command line says nothing: None may be a value."""

NEGATED, SPELT_OUT = "no__", "full__"
"""How the parameters of `--no-shuffle` and `--observe.csv.path` begin; the rest is that of `--shuffle`, `--observe.path`."""


def parameter(name: str, annotation: Any, details: Any, default: Any = None) -> inspect.Parameter:
    """A parameter for typer; the default None means: not given."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation | None, details]
    )


def parameters_of(
    key: str, option: Option, flags: Sequence[str], panel: str | None = None, current: Any = REQUIRED
) -> Iterator[inspect.Parameter]:
    """The parameters of an option: one, with another one to switch a bool off, and a hidden one for a second spelling.

    Typer could hold all of these in one. But then its help would give them columns of their own, and cut the names.

    Args:
        key: The parameter's name.
        option: The option.
        flags: What is typed, such as `--model.units`: one or two spellings.
        panel: The panel of the help that it stands in.
        current: The value that counts if nothing is given.

    Yields:
        Parameters whose default None means: not given.
    """
    for prefix, flag in zip(("", SPELT_OUT), flags, strict=False):
        shown: dict[str, Any] = {"rich_help_panel": panel, "show_default": False}
        help_text = described(option, current)
        yield parameter(
            prefix + key,
            _annotation(option),
            typer.Option(flag, help=help_text, hidden=bool(prefix), metavar=_metavar(option), **shown),
        )
        if _base(option) is bool:
            off = f"--no-{flag.removeprefix('--')}"
            hidden = bool(prefix) or current is not True
            yield parameter(NEGATED + prefix + key, bool, typer.Option(off, help=f"Turn {flag} off.", hidden=hidden, **shown))


def _annotation(option: Option) -> Any:
    """What typer is told of the type: one that may be `none`, too, is text to it."""
    base = _base(option)
    if get_origin(base) is list:
        return list[str]
    if not _may_be_none(option) or base is bool:
        return base
    return Literal[(*get_args(base), NONE)] if get_origin(base) is Literal else str


def _metavar(option: Option) -> str | None:
    base = _base(option)
    return None if base is bool else f"{_type(get_args(base)[0])},..." if get_origin(base) is list else _type(base)


def described(option: Option, current: Any) -> str:
    """The help of an option: its sentence, its range and its default, as rich markup."""
    base = _base(option)
    limits = (
        [" or ".join(map(str, get_args(base)))] if get_origin(base) is Literal else [option.limits] if option.limits else []
    )
    limits += ["or none"] if _may_be_none(option) and current is not None else []
    told = "required" if current is REQUIRED else f"default {in_words(current)}"
    return f"{_escaped(option.help)} {dimmed(', '.join([*limits, told]))}".strip()


def dimmed(text: str) -> str:
    """A remark behind a help text."""
    return f"[dim]{_escaped(f'[{text}]')}[/dim]"


def in_words(value: Any) -> str:
    """A value as a person would type it; it may come from a config."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in (None, [], (), ""):
        return "none"
    return printable(",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def given(values: Mapping[str, Any], key: str, option: Option, where: str) -> Any:
    """What the command line says of an option, checked; `NOT_GIVEN` if it says nothing.

    Raises:
        ConfigError: The value has another type or is out of range.
    """
    if values.get(NEGATED + key) or values.get(NEGATED + SPELT_OUT + key):
        return False
    value = values[key] if values[key] not in (None, []) else values.get(SPELT_OUT + key)
    if value is None or value == []:
        return NOT_GIVEN
    if _may_be_none(option) and value in (NONE, [NONE]):
        return None
    return option.convert(_typed(option, value, where), where)


def completion(names: Sequence[str], *, by_path: bool = False) -> Callable[[str], list[str]]:
    """Offers those of the names that begin with what was typed, if there may be a path before it, behind the path."""

    def complete(incomplete: str) -> list[str]:
        path, equals, begun = incomplete.partition("=") if by_path and "=" in incomplete else ("", "", incomplete)
        return [f"{path}{equals}{name}" for name in names if name.startswith(begun)]

    return complete


def _base(option: Option) -> Any:
    """The type of an option that may also be None, without the None."""
    kinds = get_args(option.type) if get_origin(option.type) in (Union, types.UnionType) else (option.type,)
    return next(kind for kind in kinds if kind is not type(None))


def is_path(option: Option) -> bool:
    """Whether an option is a file or a directory."""
    return _base(option) is Path


def _may_be_none(option: Option) -> bool:
    return type(None) in get_args(option.type)


def _type(kind: Any) -> str:
    return TYPES.get(getattr(kind, "__name__", ""), "TEXT")


def _escaped(text: str) -> str:
    """Text that rich must not take for markup."""
    return text.replace("[", "\\[")


def words_of(text: str) -> list[str]:
    """The words of a list as it is typed, with commas between them; one that has a comma itself stands in quotes, as in CSV.

    Example:
        >>> words_of("age,city"), words_of('"income, net",age')
        (['age', 'city'], ['income, net', 'age'])
    """
    lines = text.splitlines() or [""]
    return [word for cells in csv.reader(lines, skipinitialspace=True) for word in cells]


def _typed(option: Option, value: Any, where: str) -> Any:
    """Text as the option's type. `--model.hidden 64,32` and `--model.hidden 64 --model.hidden 32` are the same list."""
    base = _base(option)
    item = get_args(base)[0] if isinstance(value, list) else base
    make = str if get_origin(item) is Literal else item
    try:
        if isinstance(value, list):
            return [make(word.strip()) for text in value for word in words_of(text) if word.strip()]
        return make(value) if isinstance(value, str | Path) else value
    except ValueError as error:
        words = value if isinstance(value, str) else ",".join(value)
        msg = f"{where}: option '{option.flag}' must be {option.type_name}, got {words!r}"
        raise ConfigError(msg) from error
