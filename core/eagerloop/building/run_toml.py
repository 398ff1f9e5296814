"""What run.toml tells of a run's parts: everything that was chosen, and the facts that have a say in the numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from eagerloop.choices.packages import digest_of
from eagerloop.choices.settings import FACTS, FORMAT, Part, Settings, plain_options
from eagerloop.choices.sources import digest, is_file_part
from eagerloop.parts import SINGLE
from eagerloop.process.numerics import parallelism
from eagerloop.process.versions import versions
from eagerloop.storage import trust


def describe(
    settings: Settings,
    resolved: Mapping[str, Sequence[Part]],
    *,
    plugin_files: Mapping[str, str],
    fingerprint: str,
    replicas: int,
) -> dict[str, Any]:
    """The content of run.toml.

    Args:
        settings: What the user chose.
        resolved: Every part as it was resolved, by kind.
        plugin_files: SHA-256 by path of the plugin files.
        fingerprint: The data's.
        replicas: On how many devices each batch is shared out.

    Returns:
        Plain values, tables and lists of tables.
    """
    tables = {kind: _tables(kind, parts) for kind, parts in resolved.items()}
    named = [part.name.rpartition(":")[0] for parts in resolved.values() for part in parts if is_file_part(part.name)]
    files = {**plugin_files, **{path: digest(Path(path)) for path in named}}
    owners = dict.fromkeys(part.owner for parts in resolved.values() for part in parts)
    record = (
        {"format": FORMAT}
        | {name: getattr(settings, name) for name in plain_options()}
        | {"metric": [], "observer": []}
        | tables
        | {
            "files": files,
            "seal": "",
            "versions": versions(),
            "packages": {owner: code for owner in owners if (code := digest_of(owner))},
            "data": {"fingerprint": fingerprint},
            "parallelism": parallelism(),
            "replicas": replicas,
        }
    )
    return record | {"seal": trust.seal(record)}


def _tables(kind: str, parts: Sequence[Part]) -> Any:
    """The parts of a kind: one as a table, several by path as a table of tables, others as a list."""
    if kind not in SINGLE:
        return [part.as_toml() | ({"path": part.path} if part.path else {}) for part in parts]
    return {part.path: part.as_toml() for part in parts} if parts[0].path else parts[0].as_toml()


def config(record: Mapping[str, Any]) -> str:
    """The settings with every option written out, as TOML that `train --config` takes: files of code with their seal."""
    told = {key: value for key, value in record.items() if key not in FACTS or (key in ("files", "seal") and record["files"])}
    return tomli_w.dumps({"format": FORMAT} | told)
