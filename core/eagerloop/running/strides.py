"""How a run advances: by single steps, eager or compiled, alone or with other workers (here), or in stretches (`compiling`).

A run holds one stride, which is chosen in one place, `eagerloop.running.compiling.choose_stride`. The loop asks the run, and
the run its stride; what a stride needs of the run it is given: the parts, the position, the tally, and when a save is due.
"""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, NamedTuple

from eagerloop import loop
from eagerloop.building.run_parts import RunParts
from eagerloop.distribution.workers.agreement import telling_of_a_lost_worker
from eagerloop.errors import PluginError, TrainingError
from eagerloop.running.faults import not_finite
from eagerloop.running.skipping import Skipping
from eagerloop.running.tally import Tally
from eagerloop.standing import LoopedRun, Position

Grain = Literal["eager", "step", "stretch"]

Look = Callable[..., object]
"""Is shown x and y of a batch, and the rows' weights where there are some, before the step on it."""


class Footing(NamedTuple):
    """What a stride stands on.

    Attributes:
        parts: The parts of the run.
        position: Where the run stands; the stride moves it on.
        tally: The figures of the epoch; the stride adds each step to them.
        save_is_due: Whether a save is due at this position.
        directory: Where the run is kept, for messages.
    """

    parts: RunParts
    position: Position
    tally: Tally
    save_is_due: Callable[[], bool]
    directory: Path


def eager_step(parts: RunParts) -> Callable[..., loop.Step]:
    """The run's step, or that of the replicas around it; neither is compiled."""
    return functools.partial(parts.replicas.train_step, step=parts.step) if parts.replicas else parts.step


def batch_of(step: loop.Step) -> tuple[Any, ...]:
    """The batch that a step was made on, as the dataset gave it."""
    return (step.x, step.y) if step.sample_weight is None else (step.x, step.y, step.sample_weight)


class Stride:
    """One step at a time, each counted as soon as it is done.

    Args:
        footing: What it stands on.
        step: The run's step, such as `eagerloop.loop.train_step`, or its compiled or distributed form.
        grain: What is compiled.
        why: The reason, in a few words.

    Attributes:
        stopping: Why the run is to end early, or an empty text.
    """

    def __init__(self, footing: Footing, step: Callable[..., loop.Step], grain: Grain, why: str) -> None:
        self._parts, self._position, self._tally, self._save_is_due, self._directory = footing
        self._step, self.grain, self.why = step, grain, why
        self._lookers: list[Look] = []
        self._skipping = Skipping(self._parts.model) if self._parts.settings.on_nonfinite == "skip" else None
        self.stopping = ""

    @property
    def train_step(self) -> Callable[..., loop.Step]:
        """The step as the loop calls it: whoever wants to see the batch first, does."""
        return self._looked_at if self._lookers else self._step

    def _looked_at(self, model: Any, loss: Any, optimizer: Any, *batch: Any) -> loop.Step:
        for look in self._lookers:
            look(*batch)
        return self._step(model, loss, optimizer, *batch)

    def before_each_step(self, look: Look) -> None:
        """Has `look(x, y)`, or with weights `look(x, y, sample_weight)`, called before each step, until the training ends."""
        self._lookers.append(look)

    @contextlib.contextmanager
    def training(self, epochs: int) -> Iterator[None]:  # noqa: ARG002 - workers compare it
        """A training to the end of an epoch takes place while this lasts."""
        self.stopping = ""
        try:
            yield
        finally:
            self._lookers.clear()

    def begin_epoch(self) -> None:
        """The batches of an epoch are about to come."""

    def train_epoch(self, run: LoopedRun, batches: Iterator[Any]) -> bool:
        """`loop.train_epoch`: steps until the batches end (False) or the run has to pause (True)."""
        return bool(loop.train_epoch(run, batches))

    def count(self, step: loop.Step) -> None:
        """Moves the position on and takes the step into the epoch's figures.

        Raises:
            TrainingError: The loss or a gradient is not finite, and such a step is not to be skipped.
        """
        self._position.advance()
        loss = self._tally.add(step)
        if self._skipping:
            self._skipping.after(loss)
        elif not math.isfinite(loss):
            raise TrainingError(not_finite(self._position, self._parts, float(step.loss), batch_of(step)))

    def must_pause(self) -> Any:
        """Whether the loop has to let go of the batches for a moment."""
        return bool(self.stopping) or self._save_is_due()

    def stop(self, reason: str) -> None:
        """Ends the run after this step, or after this epoch if called between two."""
        self.stopping = reason

    def single_step(self, *batch: Any) -> loop.Step:
        """A step for looking at its values: it is never compiled, and does not count."""
        return eager_step(self._parts)(self._parts.model, self._parts.loss, self._parts.optimizer, *batch)


class InStep(Stride):
    """One step at a time, in several processes that train one run: all of them go on, or stop, at the same step.

    Every worker goes through the same loop with the same batches. What TensorFlow adds up, it adds up between them, so each
    waits for the others in every step: no worker may leave the loop where another one does not.
    """

    def __init__(self, footing: Footing, step: Callable[..., loop.Step], grain: Grain, why: str) -> None:
        super().__init__(footing, step, grain, why)
        self._wish, self._training = "", False

    @contextlib.contextmanager
    def training(self, epochs: int) -> Iterator[None]:
        """As `Stride.training`, if all workers stand at one place; when one is lost, the others say so.

        Raises:
            ConfigError: They do not stand at one place.
            TrainingError: A worker is gone.
        """
        self._wish, self._training = "", True
        try:
            with telling_of_a_lost_worker(self._how_far), super().training(epochs):
                place = {f"the {name} to go on from": count for name, count in asdict(self._position).items()}
                self._replicas.agree(place | {"the epochs": epochs})
                try:
                    yield
                finally:
                    if self.stopping or self._position.epoch > epochs:
                        self._agree()  # nobody leaves before the chief has saved
        finally:
            self._training = False

    def begin_epoch(self) -> None:
        """Before an epoch, the workers agree whether to go on."""
        self._agree()

    def must_pause(self) -> Any:
        """After every step, the workers agree whether to go on."""
        self._agree()
        return super().must_pause()

    def stop(self, reason: str) -> None:
        """Asks all workers to stop; they do when they have next agreed."""
        self._wish = reason

    def single_step(self, *batch: Any) -> loop.Step:
        """As `Stride.single_step`, which all workers have to call.

        Raises:
            PluginError: An observer called it, which the chief alone has.
        """
        if self._training:
            msg = "an observer cannot call run.step() where several workers train: those that have no observers would miss it"
            raise PluginError(msg)
        return super().single_step(*batch)

    @property
    def _replicas(self) -> Any:
        return self._parts.replicas

    def _agree(self) -> None:
        """Every worker stops if one of them wants to."""
        if self._replicas.total(float(bool(self._wish))):
            self.stopping = self._wish or "another worker was asked to stop"

    def _how_far(self) -> str:
        which = self._directory if self._parts.is_chief else "RUN"
        return (
            f"in epoch {self._position.epoch}, after step {self._position.step}; go on from the last checkpoint with "
            f"'eagerloop resume {which}' for all of them"
        )
