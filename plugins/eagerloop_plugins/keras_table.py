"""Parts made from a table of Keras classes, so that listing them with all their options imports no Keras.

The tables (`loss/keras_losses.py`, `optimizer/keras_optimizers.py`, `metric/keras_metrics.py`) are compared with the installed
Keras by a test, class by class and option by option.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from eagerloop.errors import ConfigError

MODULES = {"loss": "losses", "optimizer": "optimizers", "metric": "metrics"}

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


def factories(kind: str, table: Mapping[str, Row], aliases: Mapping[str, str] | None = None) -> dict[str, Callable[..., Any]]:
    """A factory for each row of a table.

    Args:
        kind: `loss`, `optimizer` or `metric`.
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

        # A name of its own keeps what Keras would number (adam, adam_1, ...) the same from run to run.
        make_class = getattr(getattr(keras, MODULES[kind]), class_name)
        try:
            return make_class(name=name, **values)
        except (ValueError, TypeError) as error:
            msg = f"{kind} '{name}': {' '.join(str(error).split())}"
            raise ConfigError(msg) from error

    make.__name__ = make.__qualname__ = name
    make.__doc__ = _docstring(kind, class_name, summary, options)
    make.__signature__ = inspect.Signature(list(options))  # type: ignore[attr-defined]
    return make


def _docstring(kind: str, class_name: str, summary: str, options: Sequence[inspect.Parameter]) -> str:
    lines = [f"    {one.name}: {one.annotation.__metadata__[0].help}." for one in options]
    arguments = "\n".join(["", "Args:", *lines, ""]) if lines else ""
    return f"{summary}\n{arguments}\nSource: `keras.{MODULES[kind]}.{class_name}`.\n"
