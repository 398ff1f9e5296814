"""The `train` command, made anew for each command line: the options of the chosen parts stand in its signature.

A first pass over the words finds out which parts are chosen; then typer gets a function whose signature has their options,
so that they are typed, completed, documented and checked like any others.
"""

import argparse
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin

import typer

from eagerloop.catalog import Catalog
from eagerloop.errors import ConfigError
from eagerloop.options import REQUIRED, Option, options_of
from eagerloop.parts import KINDS, SINGLE, Choice
from eagerloop.record import Settings, plain_options, read_toml, settings_from

FLAGS = {kind: "observe" if kind == "observer" else kind for kind in KINDS}
"""What the option of each kind is called."""


class _Chosen(Exception):  # noqa: N818 - no fault: the second pass tells it better
    """The first pass could not read the line."""


class _FirstPass(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Chosen(message)


def chosen_parts(words: Sequence[str]) -> argparse.Namespace:
    """Which parts, plugin files and config a command line names, whatever else it holds."""
    parser = _FirstPass(add_help=False, allow_abbrev=False)
    for kind in SINGLE:
        parser.add_argument(f"--{kind}")
    for flag in ("metric", "observe", "plugin"):
        parser.add_argument(f"--{flag}", action="append", default=[])
    parser.add_argument("--config")
    try:
        return parser.parse_known_args(list(words))[0]
    except _Chosen:
        return parser.parse_args([])


def train_command(words: Sequence[str]) -> Callable[..., None]:
    """The function behind `eagerloop train` for this command line.

    Args:
        words: What stands behind `train`.

    Returns:
        A function for typer, the chosen parts' options in its signature.

    Raises:
        EagerloopError: A chosen part, plugin file or config cannot be read.
    """
    chosen = chosen_parts(words)
    settings = settings_from(read_toml(Path(chosen.config)), chosen.config) if chosen.config else Settings()
    catalog = Catalog.load([*settings.plugins, *chosen.plugin])
    part_options = dict(_part_options(_selection(chosen, settings), catalog))

    def train(**values: Any) -> None:
        from eagerloop.cli.training import train_run  # noqa: PLC0415

        train_run(_merged(settings, values, part_options), catalog, values)

    parameters = [*_kind_parameters(catalog), *_plain_parameters(), *_train_parameters()]
    parameters += [parameter for _, parameter in part_options.values()]
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return train


def _selection(chosen: argparse.Namespace, settings: Settings) -> dict[str, list[Choice]]:
    """The parts of each kind whose options the command line may set."""
    found: dict[str, list[Choice]] = {}
    for kind in KINDS:
        named = getattr(chosen, FLAGS[kind])
        kept = getattr(settings, kind)
        if kind in SINGLE:
            choice = Choice(named) if named else kept
            if choice is None and kind == "model":
                from eagerloop.defaults import default_model  # noqa: PLC0415

                choice = Choice(default_model(str(chosen.dataset or settings.dataset.part)))
            if choice is None and kind == "loss" and (chosen.dataset or settings.dataset.part) == "iris":
                choice = Choice("mse")
            found[kind] = [choice] if choice else []
        else:
            found[kind] = [Choice(name) for name in named] or list(kept or ())
    return found


Place = tuple[str, str, str]
"""Where an option belongs: kind, part, name."""


def _part_options(selection: Mapping[str, list[Choice]], catalog: Catalog) -> Any:
    for kind, choices in selection.items():
        entries = [catalog.find(kind, choice.part) for choice in choices]
        shared = [name for entry in entries for name in options_of(entry.factory, entry.where)]
        for choice, entry in zip(choices, entries, strict=True):
            for option in options_of(entry.factory, entry.where).values():
                short = entry.name.rpartition(":")[2]
                flags = [f"--{FLAGS[kind]}.{option.flag}"] if kind in SINGLE or shared.count(option.name) == 1 else []
                if kind not in SINGLE:
                    flags.append(f"--{FLAGS[kind]}.{short}.{option.flag}")
                current = choice.options.get(option.name, option.default)
                key = f"{kind}__{len(flags) and short}__{option.name}".replace("-", "_")
                panel = f"{kind}: {entry.name}"
                yield key, ((kind, choice.part, option), _parameter(key, option, flags, panel, current))


def _parameter(key: str, option: Option, flags: Sequence[str], panel: str | None, current: Any) -> inspect.Parameter:
    """An option of a part, or of the run, as a parameter that typer understands. Its default None means: not given."""
    base = next(
        kind for kind in (get_args(option.type) if _is_union(option.type) else (option.type,)) if kind is not type(None)
    )
    annotation: Any = list[str] if get_origin(base) is list else base
    declared = [f"{flag}/--no-{flag.removeprefix('--')}" for flag in flags] if base is bool else list(flags)
    shown = "required" if current is REQUIRED else "none" if current is None else _words(current)
    ranged = {"min": option.minimum, "max": option.maximum} if base in (int, float) else {}
    if base is int:
        ranged = {name: None if value is None else int(value) for name, value in ranged.items()}
    details = typer.Option(
        *declared,
        help=option.help or None,
        rich_help_panel=panel,
        show_default=shown,
        **ranged,  # type: ignore[arg-type]
        metavar=option.type_name.upper() if get_origin(base) is list else None,
    )
    return inspect.Parameter(
        key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[annotation | None, details]
    )


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) is types.UnionType or str(get_origin(annotation)) == "typing.Union"


def _words(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _completion(names: Sequence[str]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _kind_parameters(catalog: Catalog) -> list[inspect.Parameter]:
    defaults = {"dataset": "iris", "model": "by the data", "loss": "by the data", "optimizer": "adam", "checkpointer": "tf"}
    found = []
    for kind in KINDS:
        names = [entry.name for entry in catalog.of_kind(kind)]
        many = kind not in SINGLE
        details = typer.Option(
            f"--{FLAGS[kind]}",
            help=f"{kind.capitalize()}: NAME, DISTRIBUTION/NAME or file.py:NAME" + (", repeatable." if many else "."),
            autocompletion=_completion(names),
            show_default=defaults.get(kind, False),
            metavar="NAME",
            rich_help_panel="Parts",
        )
        annotation = Annotated[(list[str] if many else str) | None, details]
        found.append(inspect.Parameter(kind, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))
    return found


def _plain_parameters() -> list[inspect.Parameter]:
    found = []
    for name, option in plain_options().items():
        if name == "plugins":
            details = typer.Option("--plugin", help="A Python file with hook implementations, repeatable.", metavar="FILE")
            found.append(
                inspect.Parameter(
                    name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[list[str] | None, details]
                )
            )
        else:
            flag = [f"--{option.flag}"]
            found.append(_parameter(name, option, flag, None, option.default))
    return found


def _train_parameters() -> list[inspect.Parameter]:
    options: dict[str, Any] = {
        "run": Annotated[
            Path | None,
            typer.Option("--run", help="Where to keep the run.", show_default="runs/<date>-<time>-<model>-<dataset>"),
        ],
        "config": Annotated[Path | None, typer.Option("--config", help="A config file, such as a run's run.toml.")],
        "print_config": Annotated[bool, typer.Option("--print-config", help="Print the config instead of training.")],
        "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")],
    }
    defaults = {"print_config": False, "quiet": False}
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=annotation)
        for name, annotation in options.items()
    ]


def _merged(settings: Settings, values: Mapping[str, Any], part_options: Mapping[str, Any]) -> Settings:
    """The config's settings with the command line's over them."""
    for name, option in plain_options().items():
        if values[name] is not None and values[name] != []:
            setattr(
                settings,
                name,
                option.convert(values[name], "the command line") if name != "plugins" else [*settings.plugins, *values[name]],
            )
    for kind in KINDS:
        given = values[kind]
        if kind in SINGLE and given:
            setattr(settings, kind, Choice(given))
        elif given:
            setattr(settings, kind, [Choice(name) for name in given])
    for key, ((kind, part, option), _) in part_options.items():
        value = values[key]
        if value is not None and value != []:
            _set_option(settings, kind, part, option, _typed_list(option, value) if isinstance(value, list) else value)
    return settings


def _set_option(settings: Settings, kind: str, part: str, option: Option, value: Any) -> None:
    if kind in SINGLE:
        choice = getattr(settings, kind) or Choice(part)
        setattr(settings, kind, Choice(choice.part, {**choice.options, option.name: value}))
        return
    choices = [
        Choice(choice.part, {**choice.options, option.name: value}) if choice.part == part else choice
        for choice in getattr(settings, kind)
    ]
    setattr(settings, kind, choices)


def _typed_list(option: Option, words: Sequence[str]) -> list[Any]:
    """`--model.hidden 64,32` and `--model.hidden 64 --model.hidden 32` are the same list."""
    lists = [kind for kind in (get_args(option.type) if _is_union(option.type) else (option.type,)) if get_origin(kind) is list]
    item = get_args(lists[0])[0]
    make = str if get_origin(item) is Literal else item
    try:
        return [make(word.strip()) for text in words for word in text.split(",") if word.strip()]
    except ValueError as error:
        msg = f"option '{option.flag}' must be {option.type_name}, got {','.join(words)!r}"
        raise ConfigError(msg) from error
