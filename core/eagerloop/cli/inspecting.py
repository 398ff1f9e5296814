"""`inspect batch` and `inspect model`: what goes into a step, before there is a run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer

from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import Settings
from eagerloop.cli.choosing import command_of, config_parameters
from eagerloop.cli.flags import dimmed, parameter
from eagerloop.cli.saying import quiet_tensorflow, write_out

PLAIN = ("seed", "plugins")


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
    from eagerloop.building.assembly import assemble  # noqa: PLC0415
    from eagerloop.inspection.views.model import inspect_model  # noqa: PLC0415

    parts = assemble(settings, catalog)
    write_out(str(inspect_model(parts.model, parts.first_batch[0], parts.dataset.features)))
