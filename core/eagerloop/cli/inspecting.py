"""`inspect data`, `inspect batch` and `inspect model`: what goes into a step, before there is a run."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from eagerloop.choices.catalog import Catalog
from eagerloop.choices.options import resolve
from eagerloop.choices.settings import Settings
from eagerloop.cli.choosing import command_of, config_parameters
from eagerloop.cli.flags import dimmed, parameter
from eagerloop.cli.saying import quiet_tensorflow, write_out
from eagerloop.errors import ConfigError

PLAIN = ("seed", "plugins")


def data(words: Sequence[str]) -> Callable[..., None]:
    """The function behind `eagerloop inspect data` for this command line."""
    file = typer.Argument(metavar="FILE", help="The table.", show_default=False)
    own = [
        parameter("file", Path, file),
        parameter("target", str, typer.Option("--target", help="The column to predict. The same as --dataset.target.")),
        parameter("all_columns", bool, typer.Option("--all", help="Show every column, however many there are.")),
        *config_parameters(),
    ]
    named = any(word.partition("=")[0] in ("--dataset", "--config") for word in words)
    return command_of(words if named else ["--dataset", "csv", *words], _show_data, own, kinds=("dataset",), plain=PLAIN)


def _show_data(settings: Settings, catalog: Catalog, values: Mapping[str, Any]) -> None:
    """Makes the dataset without TensorFlow, as reading a table needs none."""
    from eagerloop.inspection.views.data import inspect_data  # noqa: PLC0415 - it needs NumPy

    entry = catalog.find("dataset", str(settings.dataset.part))
    typed = {name: values[word] for name, word in (("path", "file"), ("target", "target")) if values[word] is not None}
    if set(typed) - set(entry.options):
        msg = f"{entry.where} reads no file of the user's; inspect data takes csv"
        raise ConfigError(msg)
    if "path" in entry.options and "path" not in {**settings.dataset.options, **typed}:
        msg = "no table was named; give its file: eagerloop inspect data FILE"
        raise ConfigError(msg)
    options = resolve(entry.options, {**settings.dataset.options, **typed}, entry.where)
    seed = {"seed": settings.seed} if "seed" in inspect.signature(entry.factory).parameters else {}
    write_out(str(inspect_data(entry.factory(**options, **seed), all_columns=bool(values["all_columns"]))))


def batch(words: Sequence[str]) -> Callable[..., None]:
    """The function behind `eagerloop inspect batch` for this command line."""
    number = typer.Option("--number", help=f"Which batch, counted from 0. {dimmed('default 0')}")
    own = [parameter("number", int, number), *config_parameters()]
    return command_of(words, _show_batch, own, kinds=("dataset",), plain=PLAIN)


def model(words: Sequence[str]) -> Callable[..., None]:
    """The function behind `eagerloop inspect model` for this command line."""
    return command_of(words, _show_model, config_parameters(), kinds=("dataset", "model"), plain=PLAIN)


def _show_batch(settings: Settings, catalog: Catalog, values: Mapping[str, Any]) -> None:
    quiet_tensorflow()
    from eagerloop.building.assembly import assemble_dataset  # noqa: PLC0415
    from eagerloop.inspection.views.batch import inspect_batch  # noqa: PLC0415

    write_out(str(inspect_batch(assemble_dataset(settings, catalog), values["number"] or 0)))


def _show_model(settings: Settings, catalog: Catalog, _values: Mapping[str, Any]) -> None:
    quiet_tensorflow()
    from eagerloop.building.assembly import assemble_model  # noqa: PLC0415
    from eagerloop.inspection.views.model import inspect_model  # noqa: PLC0415

    dataset, model, x = assemble_model(settings, catalog)
    write_out(str(inspect_model(model, x, dataset.features)))
