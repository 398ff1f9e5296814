"""A run as the loop sees it: its parts, where it stands, and what is done around each step and each epoch."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from eagerloop import loop
from eagerloop.building.assembly import with_observer
from eagerloop.building.run_parts import RunParts
from eagerloop.errors import TrainingError
from eagerloop.hooks import Observers
from eagerloop.parts import Choice, Dataset
from eagerloop.running.averaging import averaged
from eagerloop.running.compiling import choose_stride
from eagerloop.running.evaluating import Evaluation
from eagerloop.running.readable import Readable
from eagerloop.running.saving import Saver
from eagerloop.running.snapshots import snapshot
from eagerloop.running.strides import Footing, Look, Stride
from eagerloop.running.tally import Tally
from eagerloop.standing import Position
from eagerloop.storage.noting import NotedHistory
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Store


class LoopSide:
    """What the loop and the observers ask of a run. `eagerloop.Run` adds what people ask of it.

    Args:
        parts: The parts.
        directory: Where the run is kept.
    """

    def __init__(self, parts: RunParts, directory: RunDirectory) -> None:
        self.parts, self._place = parts, directory
        self.position, self.tally = Position(), Tally(parts.metrics)
        self.history: list[dict[str, Any]] = NotedHistory()
        self.epochs = parts.settings.epochs
        self.saver = Saver(directory, parts.checkpointer, parts.settings, Readable(parts, directory.checkpoints))
        self._evaluation = Evaluation(parts)
        self._epoch_began = 0.0
        self._set_out()

    def _set_out(self) -> None:
        """Chooses how to advance, by the parts and the observers that look at every step."""
        self.hook: Any = Observers(self.parts.observers).hook
        self.footing = Footing(self.parts, self.position, self.tally, self._save_is_due, self.place)
        self.advance_by(choose_stride(self.footing, self.hook.on_step_end))

    def advance_by(self, stride: Stride) -> None:
        """Goes on by another stride. The run is not training at this moment."""
        self.stride = stride

    @property
    def dataset(self) -> Dataset:
        """The data, always a `Dataset`."""
        return self.parts.dataset

    @property
    def model(self) -> Any:
        """What is trained."""
        return self.parts.model

    @property
    def loss(self) -> Any:
        """What is minimised."""
        return self.parts.loss

    @property
    def optimizer(self) -> Any:
        """What changes the model."""
        return self.parts.optimizer

    @property
    def checkpointer(self) -> Any:
        """What writes the checkpoints' files."""
        return self.parts.checkpointer

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics by name."""
        return dict(self.parts.metrics)

    @property
    def observers(self) -> Sequence[Any]:
        """The observers, in the order that the user gave."""
        return self.parts.observers

    @property
    def directory(self) -> Path:
        """Where the run is kept: the absolute path, for a program may change its working directory."""
        return self._place.home.absolute

    @property
    def place(self) -> Path:
        """The same for messages: as short as the user named it, as long as that leads there."""
        return self._place.path

    @property
    def store(self) -> Store:
        """The checkpoints."""
        return self._place.store

    @property
    def records(self) -> Path:
        """Where the records of single steps are kept, `step-00000012.json` each.

        Raises:
            ConfigError: A symbolic link leads there.
        """
        return self.directory / self._place.records.name

    @property
    def steps_per_epoch(self) -> int | None:
        """How many batches an epoch has; None while nobody knows."""
        return int(self.history[-1]["steps"]) if self.history else self.parts.dataset.batches_per_epoch

    @property
    def stopping(self) -> str:
        """Why the run is to end early, or an empty text."""
        return self.stride.stopping

    @property
    def loss_so_far(self) -> float:
        """The mean loss over the rows of the epoch under way; nan before its first step."""
        return self.tally.loss

    @property
    def figures_so_far(self) -> dict[str, float]:
        """The means over the rows of the epoch under way of the step's own figures; none before its first step."""
        return self.tally.figures

    # What the loop asks for, in the order in which it does.

    def begin_epoch(self, epoch: int) -> Iterator[Any]:
        """The batches of the epoch that have not been trained on yet."""
        self.stride.begin_epoch()
        self._epoch_began = time.perf_counter()
        return iter(self.dataset.train(epoch, self.position.batch))

    @property
    def train_step(self) -> Callable[..., loop.Step]:
        """The step, such as `eagerloop.train_step`, or its compiled or distributed form."""
        return self.stride.train_step

    def count(self, step: loop.Step) -> None:
        """Moves the position on and takes the step into the epoch's figures."""
        self.stride.count(step)

    def must_pause(self) -> Any:
        """Whether the loop has to let go of the batches for a moment."""
        return self.stride.must_pause()

    def _save_is_due(self) -> bool:
        every = self.parts.settings.save_every
        return bool(every) and self.position.step % every == 0 and self.position.batch != self.steps_per_epoch

    def save_if_due(self) -> None:
        """Saves in the middle of an epoch, as often as the user asked. A run that is to end is saved then."""
        if not self.stopping and self._save_is_due():
            self.save()

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """Closes the epoch: evaluates on the validation data and adds a row to the history."""
        if not self.tally.steps:
            msg = f"epoch {epoch} had no batch; the dataset must give at least one in every epoch"
            raise TrainingError(msg)
        figures = self.tally.results()
        row = {"epoch": epoch, "steps": self.tally.steps, "loss": figures.pop("loss"), "total_loss": self.tally.total_loss}
        row |= figures
        batches = self.dataset.validation()
        if batches is not None:
            row |= {f"val_{name}": value for name, value in self._evaluation(batches).items()}  # as `fit`, of no average
        if self.tally.skipped:
            row["skipped"] = self.tally.skipped
        row["seconds"] = round(time.perf_counter() - self._epoch_began, 3)
        self.history.append(row)
        self.tally.reset()
        self.position.begin_epoch(epoch + 1)
        return self.history[-1]

    def save(self) -> None:
        """Adds a checkpoint of this very moment, unless the checkpointer keeps nothing."""
        if getattr(self.checkpointer, "keeps_nothing", False) or not self._place.writes:
            self.saver.save_history(self.history, self.parts.run_toml)
            return
        last = bool(self.stopping) or self.position.epoch > self.epochs
        with self._place.held():  # as it is already while the run trains
            self.saver.save(self.position.step, self.variables(), self._snapshot, last=last)

    def _snapshot(self) -> dict[str, Any]:
        return snapshot(self.parts, self.position, self.tally, self.history, self.epochs)

    # What observers ask for, and whoever opens a run.

    def stop(self, reason: str) -> None:
        """Ends the run after this step, or after this epoch if called between two; the state is saved."""
        self.stride.stop(reason or "somebody called run.stop()")

    def before_each_step(self, look: Look) -> None:
        """Has `look(x, y)` called before each step, until the training ends. For observers with the hook `on_step_end`."""
        self.stride.before_each_step(look)

    def observe(self, choice: Choice) -> None:
        """Adds an observer, in place of the one of that name if there is one. The run is not training at this moment."""
        self.parts = with_observer(self.parts, choice)
        self._set_out()

    def variables(self) -> dict[str, tf.Variable]:
        """Everything that a checkpoint holds, by name."""
        return self.parts.variables

    def evaluate(self, batches: Any = None) -> dict[str, float]:
        """The loss and the metrics on batches that are not trained on.

        Args:
            batches: Batches of `(x, y)`; by default the test data.

        Returns:
            `loss` (mean over rows, penalties included, as Keras reports it) and every metric; with the moving average of the
            weights, where the optimizer keeps one.
        """
        with averaged(self.parts):
            return self._evaluation(self.dataset.test() if batches is None else batches)
