"""A run: its parts, where it stands, and what it does around the loop."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from eagerloop import loop
from eagerloop.building.assembly import Assembly
from eagerloop.choices.settings import plain_options
from eagerloop.distribution.workers import Workers
from eagerloop.errors import TrainingError
from eagerloop.hooks import Observers
from eagerloop.inspection.mistakes.findings import first_look
from eagerloop.process.signals import Signals
from eagerloop.running.compiling import compile_loop
from eagerloop.running.evaluating import Evaluation
from eagerloop.running.faults import blame, not_finite, refuse_other_shapes
from eagerloop.running.saving import Saver
from eagerloop.running.skipping import Skipping
from eagerloop.running.snapshots import say
from eagerloop.running.tally import Tally
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.variables import flat_variables

if TYPE_CHECKING:
    from eagerloop.inspection.step_record import StepRecord

ROWS_AT_ONCE = 8192
"""Rows that a prediction holds in memory at a time."""


@dataclass
class Position:
    """Where a run stands: so many batches into an epoch (counted from 1), so many steps in all."""

    epoch: int = 1
    batch: int = 0
    step: int = 0


class Run:
    """A training run: made by `eagerloop.train`, `load` or `resume`.

    Args:
        assembly: The parts.
        directory: Where the run is kept.

    Attributes:
        dataset: The data, always a `Dataset`.
        model: What is trained.
        loss: What is minimised.
        optimizer: What changes the model.
        checkpointer: What writes the checkpoints' files.
        metrics: The metrics by name.
        history: A row (a dict) per finished epoch.
        position: Where the run stands.
        epochs: How many epochs it is to have.
        stopping: Why the run is to end early, or an empty text.
    """

    def __init__(self, assembly: Assembly, directory: RunDirectory) -> None:
        self.assembly, self.settings, self.place = assembly, assembly.settings, directory
        self.dataset, self.model, self.loss = assembly.dataset, assembly.model, assembly.loss
        self.optimizer, self.checkpointer = assembly.optimizer, assembly.checkpointer
        self.metrics, self.observers = assembly.metrics, assembly.observers
        self.hook: Any = Observers(self.observers).hook
        self.store = directory.store
        self.saver = Saver(self, background=self.settings.save_async)
        self.tally = Tally(self.metrics)
        self.position = Position()
        self.history: list[dict[str, Any]] = []
        self.epochs = self.settings.epochs
        self.stopping = ""
        self.train_step, self.train_epoch = loop.train_step, loop.train_epoch
        if assembly.replicas:
            self.train_step = assembly.replicas.train_step
        self._eager_step = self.train_step  # `step` is for looking at values: it is never compiled
        self._evaluation = Evaluation(self)
        self.answer: Any = lambda x: self.model(x, training=False)
        self.grain, self.why_grain = compile_loop(self)
        if self.settings.on_nonfinite == "skip":
            self._skipping = Skipping(self.model)
        if assembly.replicas and assembly.replicas.here:
            Workers(self, assembly.replicas)
        self._epoch_began = 0.0

    def __repr__(self) -> str:
        done = f"{len(self.history)} of {self.epochs} epochs"
        losses = f", loss {self.history[-1]['loss']:.4g}" if self.history else ""
        made = self.assembly.made
        return f"<Run {self.directory}: {made['model'].name} on {made['dataset'].name}, {done}{losses}>"

    @property
    def directory(self) -> Path:
        """Where the run is kept."""
        return self.place.path

    @property
    def steps_per_epoch(self) -> int | None:
        """How many batches an epoch has; None while nobody knows."""
        if self.history:
            return int(self.history[-1]["steps"])
        return self.assembly.batches

    # What the loop asks for, in the order in which it does.

    def begin_epoch(self, epoch: int) -> Iterator[Any]:
        """The batches of the epoch that have not been trained on yet."""
        self._epoch_began = time.perf_counter()
        return iter(self.dataset.train(epoch, self.position.batch))

    def count(self, step: loop.Step) -> None:
        """Moves the position on and takes the step into the epoch's figures."""
        self.position.batch += 1
        self.position.step += 1
        loss = self.tally.add(step)
        if self.settings.on_nonfinite == "skip":
            self._skipping.after(loss)
        elif not math.isfinite(loss):
            raise TrainingError(not_finite(self, loss, step.x, step.y))

    def must_pause(self) -> bool:
        """Whether the loop has to let go of the batches for a moment."""
        return bool(self.stopping) or self._save_is_due()

    def _save_is_due(self) -> bool:
        every = self.settings.save_every
        return bool(every) and self.position.step % every == 0 and self.position.batch != self.steps_per_epoch

    def save_if_due(self) -> None:
        """Saves in the middle of an epoch: as often as the user asked, and when the run is to end."""
        if self.stopping or self._save_is_due():
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
            row |= {f"val_{name}": value for name, value in self.evaluate(batches).items()}
        if self.tally.skipped:
            row["skipped"] = self.tally.skipped
        row["seconds"] = round(time.perf_counter() - self._epoch_began, 3)
        self.history.append(row)
        self.tally.reset()
        self.position.epoch, self.position.batch = epoch + 1, 0
        return row

    def stop(self, reason: str) -> None:
        """Ends the run after this step, or after this epoch if called between two; the state is saved."""
        self.stopping = reason or "somebody called run.stop()"

    def variables(self) -> dict[str, tf.Variable]:
        """Everything that a checkpoint holds, by name."""
        metrics = {f"metric/{name}": metric for name, metric in self.metrics.items()}
        return flat_variables({"model": self.model, "optimizer": self.optimizer, **metrics})

    def save(self) -> None:
        """Adds a checkpoint of this very moment, unless the checkpointer keeps nothing."""
        self.saver.save()

    # What people ask for.

    def train(self, epochs: int | None = None) -> "Run":
        """Trains to the end of the given epoch; the run's lock is held meanwhile, and signals end it in good order.

        Args:
            epochs: By default what the run was made for.

        Returns:
            Itself.

        Raises:
            KeyboardInterrupt: SIGINT came; the state was saved first.
            SystemExit: SIGTERM came; the state was saved first.
        """
        if epochs is not None:
            self.epochs = plain_options()["epochs"].convert(epochs, "this run")
        self.settings.epochs = self.epochs
        self.stopping = ""
        if not self.position.step:
            say([str(finding) for finding in first_look(self)])
        with self.place.held():
            new = self.place.write_record(self.assembly.record())
            self.store.clean()
            if self.history:
                self.place.write_history(self.history)  # the file may be ahead of the checkpoint that was taken up, or damaged
            try:
                with Signals(self) as signals, self.saver:
                    loop.train(self, self.epochs)
            except Exception as error:
                blame(error, self)
                if new and not self.position.step:
                    self.place.discard()  # it was refused before it began: leave the place as it was
                refuse_other_shapes(error)
                raise
        signals.raise_if_any()
        return self

    def step(self, x: Any, y: Any) -> loop.Step:
        """One training step on a batch of one's own: the model changes, the position and the history do not.

        Args:
            x: Features, (n, d).
            y: Targets, (n, k) or (n,).

        Returns:
            x, y, predictions, loss and gradients; print it.
        """
        x, y = (tf.convert_to_tensor(given, like.dtype) for given, like in zip((x, y), self.assembly.first_batch, strict=True))
        return self._eager_step(self.model, self.loss, self.optimizer, x, y)

    def inspect(self, x: Any, y: Any, **options: Any) -> "StepRecord":
        """A training step in slow motion: everything of it recorded, then taken back. The run is as it was.

        Args:
            x: Features, (n, d).
            y: Targets, (n, k) or (n,).
            **options: As for `eagerloop.inspection.recording.recorder.inspect_step`.

        Returns:
            The record; print it, or ask it for a layer or a variable: `record["dense1"].output`.
        """
        from eagerloop.inspection.recording.recorder import inspect_step  # noqa: PLC0415 - training does not need it

        return inspect_step(self, x, y, **options)

    def predict(self, x: Any = None, *, batch_size: int = ROWS_AT_ONCE) -> np.ndarray[Any, Any]:
        """What the model answers, with `training=False`.

        Args:
            x: Features, (n, d); by default those of the test data.
            batch_size: Rows at a time.

        Returns:
            Predictions of shape (n, k).
        """
        if x is None:
            pieces: Iterable[Any] = (features for features, _targets in self.dataset.test())
        else:
            x = tf.convert_to_tensor(x, self.assembly.first_batch[0].dtype)
            pieces = (x[first : first + batch_size] for first in range(0, max(1, len(x)), batch_size))
        return np.concatenate([np.asarray(self.answer(piece)) for piece in pieces])

    def evaluate(self, batches: Any = None) -> dict[str, float]:
        """The loss and the metrics on batches that are not trained on.

        Args:
            batches: Batches of `(x, y)`; by default the test data.

        Returns:
            `loss` (mean over rows, penalties included, as Keras reports it) and every metric.
        """
        return self._evaluation(self.dataset.test() if batches is None else batches)
