"""Parts made from a table of Keras classes, so that listing them with all their options imports no Keras.

The tables stand in `keras_tables/`: classes, types, defaults and ranges, and the words that Keras has not. A test compares them
with the installed Keras, class by class and option by option.
"""

import inspect
import json
import operator
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from eagerloop.errors import ConfigError

MODULES = {"loss": "losses", "schedule": "optimizers.schedules", "optimizer": "optimizers", "metric": "metrics"}

Row = tuple[str, str, Sequence[inspect.Parameter]]
"""Class name in Keras, summary, options."""


def option(
    name: str, annotation: Any, default: Any, text: str, *, minimum: float | None = None, maximum: float | None = None
) -> inspect.Parameter:
    """One option of a Keras class.

    Args:
        name: As in the class's `__init__`.
        annotation: The type of the values.
        default: The default value, or `inspect.Parameter.empty`.
        text: The help text.
        minimum: The smallest value allowed, or None.
        maximum: The largest value allowed, or None.

    Returns:
        A keyword parameter for a signature.

    Example:
        >>> option("delta", float, 1.0, "where the square ends").default
        1.0
    """
    note = typer.Option(min=minimum, max=maximum, help=text)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, note])


TYPES = {"int": int, "float": float, "bool": bool, "text": str}


def table(name: str) -> dict[str, Row]:
    """The rows of one of the tables in `keras_tables/`, by the name that the user types.

    Args:
        name: `losses`, `metrics`, `optimizers` or `schedules`.

    Returns:
        Rows. An option that several rows share stands once, at the top of the file; one without a default must be given.

    Example:
        >>> class_name, summary, options = table("losses")["huber"]
        >>> class_name, options[0].name, options[0].default
        ('Huber', 'delta', 1.0)
    """
    content = json.loads((Path(__file__).parent / "keras_tables" / f"{name}.json").read_text(encoding="utf-8"))
    shared = {key: _option(described) for key, described in content["shared"].items()}
    return {
        part: (row["class"], row["summary"], [shared[one] if isinstance(one, str) else _option(one) for one in row["options"]])
        for part, row in content["parts"].items()
    }


def _option(described: Mapping[str, Any]) -> inspect.Parameter:
    """One option, as a table has it."""
    default = described.get("default", inspect.Parameter.empty)
    limits = {"minimum": described.get("min"), "maximum": described.get("max")}
    return option(described["name"], _type_of(described["type"]), default, described["help"], **limits)


def _type_of(words: str) -> Any:
    """The type that a table names: `float`, `int or none`, `list of text`, `one of sum, mean`."""
    if words.endswith(" or none"):
        return _type_of(words.removesuffix(" or none")) | None
    if words.startswith("list of "):
        return types.GenericAlias(list, (_type_of(words.removeprefix("list of ")),))
    if words.startswith("one of "):
        literal: Any = Literal
        return literal[tuple(words.removeprefix("one of ").split(", "))]
    return TYPES[words]


def factories(kind: str, table: Mapping[str, Row], aliases: Mapping[str, str] | None = None) -> dict[str, Callable[..., Any]]:
    """A factory for each row of a table.

    Args:
        kind: `loss`, `schedule`, `optimizer` or `metric`.
        table: Rows by the name that the user types.
        aliases: Further names, each for a name of the table.

    Returns:
        Factories by name.

    Example:
        >>> factories("loss", {"huber": ("Huber", "Squares small errors.", [])})["huber"].__doc__.splitlines()[0]
        'Squares small errors.'
    """
    by_name = {name: _factory(kind, name, row) for name, row in table.items()}
    for alias, name in (aliases or {}).items():
        by_name[alias] = _factory(kind, alias, table[name])
    return by_name


def _factory(kind: str, name: str, row: Row) -> Callable[..., Any]:
    class_name, summary, options = row

    def make(**values: Any) -> Any:
        import keras  # noqa: PLC0415 - listing parts must not wait for Keras

        try:
            make_class = operator.attrgetter(f"{MODULES[kind]}.{class_name}")(keras)
        except AttributeError as error:
            msg = f"{kind} '{name}': Keras {keras.__version__}, which is installed here, has no {class_name}; a newer one has"
            raise ConfigError(msg) from error
        try:
            # A name of its own keeps what Keras would number (adam, adam_1, ...) the same from run to run.
            return make_class(name=name, **_known(make_class, options, values))
        except (ValueError, TypeError) as error:
            msg = f"{kind} '{name}': {' '.join(str(error).split())}"
            raise ConfigError(msg) from error

    make.__name__ = make.__qualname__ = name
    make.__doc__ = _docstring(kind, class_name, summary, options)
    make.__signature__ = inspect.Signature(list(options))  # type: ignore[attr-defined]
    return make


def _known(make_class: Any, options: Sequence[inspect.Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The options; those are left out at their defaults that an older Keras does not have."""
    theirs = inspect.signature(make_class).parameters
    open_ended = any(one.kind is one.VAR_KEYWORD for one in theirs.values())
    defaults = {one.name: one.default for one in options}
    return {key: value for key, value in values.items() if open_ended or key in theirs or value != defaults.get(key, value)}


def _docstring(kind: str, class_name: str, summary: str, options: Sequence[inspect.Parameter]) -> str:
    lines = [f"    {one.name}: {one.annotation.__metadata__[0].help}." for one in options]
    arguments = "\n".join(["", "Args:", *lines, ""]) if lines else ""
    return f"{summary}\n{arguments}\nSource: `keras.{MODULES[kind]}.{class_name}`.\n"
