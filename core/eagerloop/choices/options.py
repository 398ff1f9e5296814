"""From a factory's signature to options: what they are called, what they may be, what the user gave.

An option is an annotated keyword parameter of type int, float, bool, str, Path, Literal, Optional of those or list of
those. `Annotated[int, typer.Option(min=1, help="hidden units")]` adds a range and a help text; a plain string in
`Annotated` is a help text too. The metadata is read by its attributes, so that nothing here imports typer.
"""

import inspect
import math
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from eagerloop.errors import ConfigError, PluginError, did_you_mean, told

RESERVED = ("seed", "dataset", "model", "answer_meaning")
"""Parameters that the engine fills in: `model` for what is made after it, `answer_meaning` (such as `logits`) for metrics."""

SCALARS = (int, float, bool, str, Path)
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Option:
    """One option of a part.

    Attributes:
        name: The parameter's name, snake_case.
        type: The annotation without its metadata, such as `int | None`.
        default: The default value, or `REQUIRED`.
        help: One sentence, or nothing.
        minimum: The smallest value allowed, or None.
        maximum: The largest value allowed, or None.
    """

    name: str
    type: Any
    default: Any = REQUIRED
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None

    @property
    def flag(self) -> str:
        """The name as it is typed on a command line, kebab-case."""
        return self.name.replace("_", "-")

    @property
    def type_name(self) -> str:
        """The type in words, for help and errors."""
        names = [_type_name(part) for part in _alternatives(self.type)]
        return " or ".join(names) + (f" ({self.limits})" if self.limits else "")

    @property
    def limits(self) -> str:
        """The range in words, or nothing."""
        bounds = {"at least": self.minimum, "at most": self.maximum}
        # `.15g`: the largest seed is 4294967295, and not 4.29497e+09.
        return ", ".join(f"{words} {bound:.15g}" for words, bound in bounds.items() if bound is not None)

    def convert(self, value: object, where: str) -> Any:
        """Checks a value given from Python or TOML.

        Args:
            value: What the user gave.
            where: Which part it was given to, for the message.

        Returns:
            The value, an int turned into a float and a str into a Path where the option wants that.

        Raises:
            ConfigError: It has another type, is outside the range, or is not a number (nan, inf); or a text is none.
        """
        for wanted in _alternatives(self.type):
            converted = _convert(value, wanted)
            if converted is not _NO:
                return self._in_range(converted, where)
        msg = f"{where}: option '{self.flag}' must be {self.type_name}, got {told(value)} ({type(value).__name__})"
        raise ConfigError(msg)

    def _in_range(self, value: Any, where: str) -> Any:
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, (str, Path)) and str(number) != str(number).encode(errors="replace").decode():
                msg = f"{where}: option '{self.flag}' must be text that UTF-8 can write, got {str(number)!r:.200}; rename it"
                raise ConfigError(msg)
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                continue
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            huge = isinstance(number, int) and number.bit_length() > 63  # noqa: PLR2004 - no program of ours holds it
            if huge or not math.isfinite(number) or not low <= number <= high:
                msg = f"{where}: option '{self.flag}' must be {self.type_name}, got {told(number)}"
                raise ConfigError(msg)
        return value


_NO = object()


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; anything else alone."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _type_name(annotation: Any) -> str:
    if annotation is type(None):
        return "none"
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is list:
        return f"list of {_type_name(get_args(annotation)[0])}"
    return {Path: "path", int: "int", float: "float", bool: "bool", str: "text"}.get(annotation, str(annotation))


def _convert(value: Any, wanted: Any) -> Any:
    """The value as the wanted type, or `_NO`. A bool is no number, and text is no number either."""
    if get_origin(wanted) is Literal:
        return value if any(value == choice and type(value) is type(choice) for choice in get_args(wanted)) else _NO
    if get_origin(wanted) is list:
        if not isinstance(value, (list, tuple)):
            return _NO
        items = [_convert(item, get_args(wanted)[0]) for item in value]
        return _NO if any(item is _NO for item in items) else items
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if value.bit_length() < 1024 else math.inf if value > 0 else -math.inf  # noqa: PLR2004
    if wanted is Path and isinstance(value, str):
        return Path(value) if value else _NO  # which would be the working directory
    return value if type(value) is wanted or (wanted in (Path, type(None)) and isinstance(value, wanted)) else _NO


def _check_type(annotation: Any, where: str) -> None:
    for part in _alternatives(annotation):
        inner = get_args(part)[0] if get_origin(part) is list and get_args(part) else part
        if inner not in (*SCALARS, type(None)) and get_origin(inner) is not Literal:
            msg = (
                f"{where} has the type {annotation}; an option is int, float, bool, str, Path, Literal, "
                "Optional of those or list of those"
            )
            raise PluginError(msg)


def _hints(factory: Callable[..., Any], parameters: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """The annotations of these parameters alone: a return type may exist for type checkers only."""
    function = factory.__init__ if inspect.isclass(factory) else inspect.unwrap(factory)
    present = {name: one.annotation for name, one in parameters.items() if one.annotation is not REQUIRED}
    holder = type("_Annotations", (), {"__annotations__": present})
    return get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)


def options_of(
    factory: Callable[..., Any], where: str = "this factory", *, leave_out: Collection[str] = RESERVED
) -> dict[str, Option]:
    """Reads the options of a factory from its signature.

    Args:
        factory: A function or class with annotated keyword parameters.
        where: What to call it in an error.
        leave_out: Parameters that are no options.

    Returns:
        The options by name, in the order of the signature.

    Raises:
        PluginError: A parameter has no annotation, or one that no option can have.

    Example:
        >>> def mlp(*, units: Annotated[int, "hidden units"] = 64, dataset: object = None): ...
        >>> options_of(mlp)["units"].help
        'hidden units'
    """
    try:
        signature = inspect.signature(factory).parameters.items()
        parameters = {name: parameter for name, parameter in signature if name not in leave_out}
        hints = _hints(factory, parameters)
    except (
        ValueError,
        TypeError,
        NameError,
        AttributeError,
        SyntaxError,
    ) as error:  # whatever an annotation written as text can raise
        msg = f"{where}: its signature cannot be read ({error})"
        raise PluginError(msg) from error
    options = {}
    for name, parameter in parameters.items():
        if inspect.isclass(factory) and parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue  # a class without an __init__ of its own, such as a subclass of keras.Model
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            msg = f"{where}: parameter '{parameter}' cannot be given by name; use annotated keyword parameters"
            raise PluginError(msg)
        if name not in hints:
            msg = f"{where}: parameter '{name}' has no annotation, so its type is unknown; write '{name}: float = ...'"
            raise PluginError(msg)
        options[name] = _option(name, hints[name], parameter.default, f"{where}: parameter '{name}'")
    return options


def _option(name: str, hint: Any, default: Any, where: str) -> Option:
    annotation, *metadata = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    _check_type(annotation, where)
    notes: dict[str, Any] = {"help": "", "minimum": None, "maximum": None}
    for note in metadata:
        if isinstance(note, str):
            notes["help"] = note
        for attribute, key in (("help", "help"), ("min", "minimum"), ("max", "maximum")):
            value = getattr(note, attribute, None)
            if value is not None and not callable(value):
                notes[key] = value
    return Option(name, annotation, default, **notes)


def resolve(options: Mapping[str, Option], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Completes and checks the options that a user gave for a part.

    Args:
        options: Those that its factory has, by name.
        given: Values by option name; `-` and `_` are the same.
        where: The part in words, such as `model 'mlp'`.

    Returns:
        A value for every option, defaults included.

    Raises:
        ConfigError: An option is unknown, missing, of another type, or out of range.
    """
    values = {name.replace("-", "_"): value for name, value in given.items()}
    for name in values:
        if name not in options:
            msg = f"{where} has no option '{name}'; {did_you_mean(name, options)}"
            raise ConfigError(msg)
    for name, option in options.items():
        if name in values:
            values[name] = option.convert(values[name], where)
        elif option.default is REQUIRED:
            msg = f"{where} needs the option '{option.flag}' ({option.type_name}); {option.help or 'it has no default'}"
            raise ConfigError(msg)
    return {name: values.get(name, option.default) for name, option in options.items()}


def reserved(factory: Callable[..., Any]) -> set[str]:
    """Which of the reserved parameters the factory wants from the engine."""
    return set(RESERVED) & set(inspect.signature(factory).parameters)


def summary_of(factory: Callable[..., Any]) -> str:
    """The first line of the factory's docstring."""
    lines = (inspect.getdoc(factory) or "").strip().splitlines()
    return lines[0] if lines else ""
