"""Several processes that train one run: the chief keeps it, and all of them stop at the same step.

Every worker goes through the same loop with the same batches. What TensorFlow adds up, it adds up between them, so each waits
for the others in every step: no worker may leave the loop where another one does not.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop.choices.settings import read_toml
from eagerloop.distribution.agreement import missing_a_lost_one
from eagerloop.distribution.cluster import read_cluster
from eagerloop.distribution.replicas import Replicas
from eagerloop.errors import PluginError
from eagerloop.loop import Step
from eagerloop.storage.run_directory import RUNS, RunDirectory
from eagerloop.storage.store import Store

if TYPE_CHECKING:
    from eagerloop.running.run import Run


def directories_of(strategy: Any) -> type[RunDirectory]:
    """What a run's directory is to this process: one to write to; for a worker that is not the chief, one to read at most."""
    several = strategy == "multi-worker" or isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return WorkerDirectory if several and read_cluster().place else RunDirectory


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
    where = RunDirectory.existing(None if directory is None else Path(directory))
    return directories_of(strategy or read_toml(where.record).get("strategy"))(where.path)


class WorkerStore(Store):
    """Checkpoints as a worker has them that is not the chief: to be read."""

    def set_aside_damaged(self) -> None:
        """Nothing: the chief renames."""

    def clean(self) -> None:
        """Nothing: the chief cleans up."""


class WorkerDirectory(RunDirectory):
    """A run's directory as a worker has it that is not the chief: it need not exist unless the run is resumed."""

    @staticmethod
    def refuse_taken(path: Path | None) -> None:
        """Whatever is there: the chief may just have made it."""

    @classmethod
    def new(cls, path: Path | None, model: str, dataset: str) -> RunDirectory:  # noqa: ARG003 - the chief's
        """Nothing is made."""
        return cls(path or RUNS)

    @property
    def store(self) -> Store:
        """The checkpoints, to be read."""
        return WorkerStore(self.checkpoints)

    def write_record(self, content: Mapping[str, Any]) -> bool:  # noqa: ARG002 - the chief's
        """Nothing: the chief writes it."""
        return False

    def discard(self) -> None:
        """Nothing: the chief does."""

    def write_history(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Nothing: the chief writes it."""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The lock is the chief's."""
        yield


class Workers:
    """Stands in for a run's `train`, `stop`, `begin_epoch`, `must_pause`, `step` and `save` where several processes train it.

    Args:
        run: The run, in one of the processes.
        replicas: What they train on.
    """

    def __init__(self, run: "Run", replicas: Replicas) -> None:
        self._run, self._replicas = run, replicas
        self._wish, self._training = "", False
        self._step = run.step
        self._train, self._begin_epoch, self._must_pause = run.train, run.begin_epoch, run.must_pause
        for name in ("train", "stop", "begin_epoch", "must_pause", "step"):
            setattr(run, name, getattr(self, name))
        if not replicas.is_chief:
            setattr(run, "save", lambda: None)  # noqa: B010 - for mypy, a method cannot be assigned to

    def train(self, epochs: int | None = None) -> "Run":
        """As `Run.train`, if all workers stand at one place; when one is lost, the others say so.

        Raises:
            ConfigError: They do not stand at one place.
            TrainingError: A worker is gone.
        """
        run, self._wish, self._training = self._run, "", True
        try:
            with missing_a_lost_one(self._how_far):
                place = {f"the {name} to go on from": count for name, count in asdict(run.position).items()}
                self._replicas.agree(place | {"the epochs": epochs or run.epochs})
                try:
                    return self._train(epochs)
                finally:
                    if run.stopping or run.position.epoch > run.epochs:
                        self._agree()  # nobody leaves before the chief has saved
        finally:
            self._training = False

    def _how_far(self) -> str:
        run, which = self._run, self._run.directory if self._replicas.is_chief else "RUN"
        return (
            f"in epoch {run.position.epoch}, after step {run.position.step}; go on from the last checkpoint with "
            f"'eagerloop resume {which}' for all of them"
        )

    def step(self, x: Any, y: Any) -> Step:
        """As `Run.step`, which all workers have to call.

        Raises:
            PluginError: An observer called it, which the chief alone has.
        """
        if self._training:
            msg = "an observer cannot call run.step() where several workers train: those that have no observers would miss it"
            raise PluginError(msg)
        return self._step(x, y)

    def stop(self, reason: str) -> None:
        """Asks all workers to stop; they do when they have next agreed."""
        self._wish = reason or "somebody called run.stop()"

    def begin_epoch(self, epoch: int) -> Iterator[Any]:
        """As `Run.begin_epoch`; before it, the workers agree whether to go on."""
        self._agree()
        return self._begin_epoch(epoch)

    def must_pause(self) -> bool:
        """As `Run.must_pause`; after every step, the workers agree whether to go on."""
        self._agree()
        return self._must_pause()

    def _agree(self) -> None:
        """Every worker stops if one of them wants to."""
        if self._replicas.total(float(bool(self._wish))):
            self._run.stopping = self._wish or "another worker was asked to stop"
