"""A run's directory where several workers train it: the chief writes there, the others read at most."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from eagerloop.choices.settings import read_toml
from eagerloop.distribution.workers.cluster import read_cluster
from eagerloop.storage.naming import directory_named
from eagerloop.storage.read_only import ReadOnlyDirectory
from eagerloop.storage.run_directory import RunDirectory


def directories_of(strategy: Any) -> type[RunDirectory]:
    """What a run's directory is to this process: one to write to; for a worker that is not the chief, one to read at most."""
    several = strategy == "multi-worker" or isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return ReadOnlyDirectory if several and read_cluster().place else RunDirectory


def to_resume(directory: str | Path | None, strategy: Any = None) -> RunDirectory:
    """A run's directory as this process may have it: of the workers of several machines, the chief alone writes there.

    Args:
        directory: The run; by default the newest below `runs/`.
        strategy: How it is to go on; by default as it was recorded.

    Returns:
        The directory.

    Raises:
        ConfigError: There is no run.
    """
    where = RunDirectory.existing(directory_named(directory))
    return directories_of(strategy or read_toml(where.run_toml).get("strategy"))(where.path)
