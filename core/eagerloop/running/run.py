"""A run as people see it: trained, continued, looked into, asked."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from eagerloop import loop
from eagerloop.building.run_parts import RunParts
from eagerloop.choices.settings import plain_options
from eagerloop.data.arrays import ROWS_AT_ONCE
from eagerloop.errors import DataError, EagerloopError
from eagerloop.inspection.looking.restoring import leaving_no_trace
from eagerloop.inspection.mistakes.findings import first_look
from eagerloop.process.signals import Signals
from eagerloop.running.evaluating import predictor
from eagerloop.running.faults import blame, exits_told, refuse_other_shapes, refuse_undeterministic, refuse_unknown_variables
from eagerloop.running.loop_side import LoopSide
from eagerloop.running.snapshots import say
from eagerloop.running.starting import start_from
from eagerloop.storage.run_directory import RunDirectory

if TYPE_CHECKING:
    from eagerloop.inspection.step_record import StepRecord


class Run(LoopSide):
    """A training run: made by `eagerloop.train`, `load` or `resume`.

    Args:
        parts: The parts.
        directory: Where the run is kept.

    Attributes:
        parts: The parts as one value, and what is known of them.
        store: The checkpoints.
        saver: What writes them; `saver.wait()` returns when the last one is durable.
        stride: How the run advances: `stride.grain` says what is compiled, and `stride.why` the reason.
        position: Where the run stands.
        tally: The figures of the epoch under way.
        history: A row (a dict) per finished epoch.
        epochs: How many epochs it is to have.
        hook: Calls the observers.
    """

    def __init__(self, parts: RunParts, directory: RunDirectory) -> None:
        super().__init__(parts, directory)
        self._predicted = predictor(parts)

    def __repr__(self) -> str:
        done = f"{len(self.history)} of {self.epochs} epochs"
        losses = f", loss {self.history[-1]['loss']:.4g}" if self.history else ""
        names = self.parts.names
        return f"<Run {self.place}: {names['model']} on {names['dataset']}, {done}{losses}>"

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
        with self.stride.training(self.epochs):
            if not self.position.step:
                self._start_from(self.parts.settings.start_from)
                say([str(finding) for finding in first_look(self.parts)])
            with self._place.held():
                self._train()
        return self

    def _start_from(self, source: str) -> None:
        """Begins with the variables of another run, if the user named one."""
        if source:
            try:
                say([start_from(self.parts, Path(source))])
            except EagerloopError:
                if not self._place.run_toml.exists():
                    self._place.discard()  # it was refused before it began
                raise

    def _train(self) -> None:
        new = self._place.write_run_toml({**self.parts.run_toml, "epochs": self.epochs})
        self.saver.tidy(self.history)
        try:
            with Signals(self.stop) as signals, self.saver, exits_told():
                loop.train(self, self.epochs)
        except Exception as error:
            blame(error, self.parts, self.position, saved=bool(self.store.steps()))
            if new and not (self.tally.steps or self.history or self.store.steps()):
                self._place.discard()  # it was refused before it began: leave the place as it was
            refuse_other_shapes(error)
            refuse_undeterministic(error, self.parts)
            refuse_unknown_variables(error)
            raise
        signals.raise_if_any()

    def train_epoch(self, batches: Iterator[Any]) -> bool:
        """The inner loop, `eagerloop.loop.train_epoch`, or its compiled form; returns whether the run has paused."""
        return self.stride.train_epoch(self, batches)

    def step(self, x: Any, y: Any) -> loop.Step:
        """One training step on a batch of one's own: the model changes, the position and the history do not.

        Args:
            x: Features, (n, d).
            y: Targets, (n, k) or (n,).

        Returns:
            x, y, predictions, loss and gradients; print it.
        """
        like = self.parts.first_batch
        return self.stride.single_step(tf.convert_to_tensor(x, like[0].dtype), tf.convert_to_tensor(y, like[1].dtype))

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

        return inspect_step(self.parts, self.position, x, y, **options)

    def predict(self, x: Any = None, *, batch_size: int = ROWS_AT_ONCE) -> Any:
        """What the model answers, with `training=False`.

        Args:
            x: Features, (n, d); by default those of the test data.
            batch_size: Rows at a time.

        Returns:
            Predictions of shape (n, k); of a model that answers with a structure, such as a dictionary or a tuple, the same
            structure of arrays of n rows.

        Raises:
            DataError: The answers to two batches cannot be joined: they are of sequences of two lengths, say.
        """
        if x is None:
            pieces: Iterable[Any] = (features for features, _targets in self.dataset.test())
        else:
            x = tf.convert_to_tensor(x, self.parts.first_batch[0].dtype)
            pieces = (x[first : first + batch_size] for first in range(0, max(1, len(x)), batch_size))
        with leaving_no_trace(self.parts):
            answers = [self._predicted(piece) for piece in pieces]
        return _joined(answers)


def _joined(answers: Sequence[Any]) -> Any:
    """The answers to several batches as those to one."""
    try:
        return tf.nest.map_structure(lambda *leaves: np.concatenate([np.asarray(leaf) for leaf in leaves]), *answers)
    except (ValueError, TypeError) as error:
        msg = (
            f"the answers to {len(answers)} batches cannot be joined row by row ({' '.join(str(error).split())}); "
            "predict each batch on its own, with batches of one length"
        )
        raise DataError(msg) from error
