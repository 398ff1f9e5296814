"""What run.toml tells of a run's parts: everything that was chosen, and the facts that have a say in the numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from eagerloop.choices.settings import FACTS, FORMAT, Part, plain_options
from eagerloop.choices.sources import digest, is_file_part
from eagerloop.process.numerics import threads, versions
from eagerloop.storage import trust

if TYPE_CHECKING:
    from eagerloop.building.assembly import Assembly


def describe(assembly: "Assembly") -> dict[str, Any]:
    """The content of run.toml."""
    plain = {name: getattr(assembly.settings, name) for name in plain_options()}
    tables = {
        kind: part.as_toml() if isinstance(part, Part) else [row.as_toml() for row in part]
        for kind, part in assembly.made.items()
    }
    files = files_of(assembly)
    facts = {
        "files": files,
        "seal": trust.seal(files),
        "versions": versions(),
        "data": {"fingerprint": assembly.dataset.fingerprint},
        "parallelism": threads(),
        "replicas": assembly.replicas.count if assembly.replicas else 1,
    }
    return {"format": FORMAT} | plain | {"metric": [], "observer": []} | tables | facts


def files_of(assembly: "Assembly") -> dict[str, str]:
    """The files of code that the user named, with their digests."""
    parts = [part for kind in assembly.made.values() for part in ([kind] if isinstance(kind, Part) else kind)]
    named = [part.name.rpartition(":")[0] for part in parts if is_file_part(part.name)]
    return {**assembly.catalog.files, **{path: digest(Path(path)) for path in named}}


def config(assembly: "Assembly") -> str:
    """The settings with every option written out, as TOML that `train --config` takes."""
    told = {key: value for key, value in assembly.record().items() if key not in FACTS}
    return tomli_w.dumps({"format": FORMAT} | told)
