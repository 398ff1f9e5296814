"""What a word of the command line stands for: a number, a path, one of a few names.

From 0.26 on, typer asks pydantic, and every command would wait 70 ms for its import. Here that is done without, in the same
sentences, and the help calls things by the same names. Older versions of typer do it themselves.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

KINDS = {int: "integer", float: "float"}
PLACES = {int: "INTEGER", float: "FLOAT", str: "TEXT", Path: "PATH"}
"""What stands in the help for a word that is to be typed."""
NO_NAME = "expected a path, got an empty name; a variable of the shell may not be set."
"""What is said of the path that is no text. `Path` takes it for the working directory."""


def without_pydantic(command: Any) -> Any:
    """Has every parameter of a command and of those below it read by a `Reader`, where typer would take pydantic."""
    for below in getattr(command, "commands", {}).values():
        without_pydantic(below)
    command.get_params = _Prepared(command.get_params)
    return command


class _Prepared:
    """The parameters of a command, prepared when they are asked for: the option for help is made no earlier."""

    def __init__(self, listed: Callable[[Any], list[Any]]) -> None:
        self._listed = listed

    def __call__(self, ctx: Any) -> list[Any]:
        found = self._listed(ctx)
        for parameter in found:
            described = getattr(parameter, "type_descriptor", None)
            if described is not None and "get_runtime_param" not in vars(parameter):
                _prepare(parameter, _one_of(described.annotation), described.parameter_info)
            if described is None and hasattr(parameter.type, "dir_okay"):
                parameter.type_cast_value = _Named(parameter, parameter.type_cast_value)
        return found


def _prepare(parameter: Any, kind: Any, info: Any) -> None:
    parameter.metavar = words = parameter.metavar or _metavar(parameter, kind, info)
    if parameter.param_type_name == "argument":
        parameter.get_usage_pieces = Answer([words])
        parameter.display_type_rich = Answer("")  # it would stand behind the name
    if kind in (*PLACES, bool) or get_origin(kind) is Literal or info.parser is not None:
        parameter.get_runtime_param = Answer(Reader(kind, info))


class _Named:
    """How a parameter of an older typer reads paths: an empty one is refused."""

    def __init__(self, parameter: Any, read: Callable[..., Any]) -> None:
        self._parameter, self._read = parameter, read

    def __call__(self, ctx: Any, value: Any) -> Any:
        """The path, or the paths."""
        if "" in (value if isinstance(value, list | tuple) else [value]):
            raise typer.BadParameter(NO_NAME, ctx=ctx, param=self._parameter)
        return self._read(ctx, value)


class Answer:
    """What a parameter of typer answers to one question, whoever asks."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self, ctx: Any = None) -> Any:
        """The answer."""
        del ctx
        return self._value


def _metavar(parameter: Any, kind: Any, info: Any) -> str:
    """What the help shows in the place of the word."""
    if parameter.param_type_name == "argument":
        name = str(parameter.name).upper()
        return name if parameter.required else f"[{name}]"
    if get_origin(kind) is Literal:
        return f"[{'|'.join(map(str, get_args(kind)))}]"
    ranged = kind in KINDS and (info.min is not None or info.max is not None)
    return f"{PLACES.get(kind, 'TEXT')}{' RANGE' if ranged else ''}"


def _one_of(annotation: Any) -> Any:
    """What each of several values is to be."""
    return get_args(annotation)[0] if get_origin(annotation) is list else annotation


class Reader:
    """Makes the value of a parameter out of the word, or of the words, that were typed.

    Args:
        kind: `int`, `float`, `str`, `bool`, `Path` or a `Literal`.
        info: What `typer.Option` or `typer.Argument` was told: `parser`, `min` and `max`.
    """

    def __init__(self, kind: Any, info: Any) -> None:
        self._kind, self._info = kind, info

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value.

        Raises:
            typer.BadParameter: A word does not stand for one.
        """
        several = param.multiple or param.nargs == -1
        if value is None:
            return [] if several else None
        try:
            return [self._one(word, ctx) for word in value] if several else self._one(value, ctx)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from None

    def _one(self, word: Any, ctx: Any) -> Any:
        if self._info.parser is not None:
            return self._info.parser(word)
        if get_origin(self._kind) is Literal:
            return _choice(word, get_args(self._kind), ctx.token_normalize_func or str)
        if self._kind is Path and not str(word):
            raise ValueError(NO_NAME)
        if self._kind not in KINDS:
            return self._kind(word)
        try:
            number = self._kind(word)
        except ValueError:
            msg = f"{word!r} is not a valid {KINDS[self._kind]}."
            raise ValueError(msg) from None
        low, high = self._info.min, self._info.max
        if (low is not None and number < low) or (high is not None and number > high):
            msg = f"{number} is not in the range {''.join(_range(low, high))}."
            raise ValueError(msg)
        return number


def _range(low: Any, high: Any) -> Iterator[str]:
    if low is not None and high is not None:
        yield f"{low}<=x<={high}"
    else:
        yield f"x<={high}" if low is None else f"x>={low}"


def _choice(word: Any, choices: tuple[Any, ...], same: Any) -> Any:
    """The one of the choices that is meant: `-` and `_` may be the same."""
    for choice in choices:
        if choice == word or same(str(choice)) == same(str(word)):
            return choice
    msg = f"{word!r} is not one of {', '.join(map(repr, choices))}."
    raise ValueError(msg)
