"""What trackers of experiments are told of a run, whichever tracker it is."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eagerloop.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import eagerloop

LONGEST = 250
"""Letters of a value; trackers refuse longer ones."""

NO_FIGURE = ("epoch", "steps")
"""Columns of the history that count, and measure nothing."""


def configuration(run: "eagerloop.Run") -> dict[str, Any]:
    """Parts, their options, seed, epochs and versions, as `model.hidden` and so on; empty for a run that keeps no record."""
    record = run.directory / "run.toml"
    if not record.is_file():  # it is made again to be looked at
        return {}
    content = tomllib.loads(record.read_text("utf-8"))
    return dict(_flat("", {key: value for key, value in content.items() if key not in ("seal", "files", "format")}))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and key == "options":
            yield from _flat(prefix, value)
        elif isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            for one in value:
                yield from _flat(
                    f"{prefix}{key}.{one.get('name', '')}.", {name: own for name, own in one.items() if name != "name"}
                )
        elif key == "name" and prefix:
            yield prefix.removesuffix("."), value
        else:
            yield f"{prefix}{key}", value if isinstance(value, bool | int | float) else str(value)[:LONGEST]


def figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The figures of an epoch."""
    return {name: float(value) for name, value in metrics.items() if name not in NO_FIGURE}


def remembered(file: "Path") -> str:
    """By what the tracker knows this run, since an earlier start of it; an empty text if it does not."""
    return file.read_text("utf-8").strip() if file.is_file() else ""


def remember(file: "Path", name: str) -> None:
    """Has a resume go on in the tracker's run.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        file.write_text(f"{name}\n", encoding="utf-8")
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror or error}; free some space, or mend its rights"
        raise ConfigError(msg) from error
