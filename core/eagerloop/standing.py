"""Where a run stands, and the little that the loop and an observer may ask of a run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass
class Position:
    """Where a run stands: so many batches into an epoch (counted from 1), so many steps in all."""

    epoch: int = 1
    batch: int = 0
    step: int = 0

    def advance(self, steps: int = 1) -> None:
        """So many steps were done in this epoch."""
        self.batch += steps
        self.step += steps

    def begin_epoch(self, epoch: int) -> None:
        """The batches of an epoch are next, from the first on."""
        self.epoch, self.batch = epoch, 0

    def take_up(self, saved: Mapping[str, int]) -> None:
        """Stands where a checkpoint says."""
        self.epoch, self.batch, self.step = saved["epoch"], saved["batch"], saved["step"]


class ObservedRun(Protocol):
    """What an observer may ask of a run. `eagerloop.Run` says more of each."""

    history: list[dict[str, Any]]
    epochs: int

    @property
    def model(self) -> Any:
        """What is trained."""

    @property
    def loss(self) -> Any:
        """What is minimised."""

    @property
    def optimizer(self) -> Any:
        """What changes the model."""

    @property
    def dataset(self) -> Any:
        """The data, always a `Dataset`."""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The metrics by name."""

    @property
    def position(self) -> Position:
        """Where the run stands."""

    @property
    def stopping(self) -> str:
        """Why the run is to end early, or an empty text."""

    @property
    def steps_per_epoch(self) -> int | None:
        """How many batches an epoch has; None while nobody knows."""

    @property
    def directory(self) -> Path:
        """Where the run is kept."""

    @property
    def records(self) -> Path:
        """Where the records of single steps are kept."""

    @property
    def loss_so_far(self) -> float:
        """The mean loss over the rows of the epoch under way."""

    @property
    def figures_so_far(self) -> Mapping[str, float]:
        """The means over the rows of the epoch under way of the step's own figures."""

    def stop(self, reason: str) -> None:
        """Ends the run after this step, or after this epoch if called between two; the state is saved."""

    def before_each_step(self, look: Any) -> None:
        """Has `look(x, y)` called before each step, until the training ends."""

    def inspect(self, x: Any, y: Any, **options: Any) -> Any:
        """A training step in slow motion: recorded, and taken back."""

    def predict(self, x: Any = None, *, batch_size: int = ...) -> Any:
        """What the model answers, with `training=False`."""

    def evaluate(self, batches: Any = None) -> dict[str, float]:
        """The loss and the metrics on batches that are not trained on."""


class LoopedRun(ObservedRun, Protocol):
    """What the loop asks of a run besides, in the order in which it does."""

    @property
    def hook(self) -> Any:
        """Calls the observers, in the order that the user gave."""

    def begin_epoch(self, epoch: int) -> Iterator[Any]:
        """The batches of the epoch that have not been trained on yet."""

    def train_epoch(self, batches: Iterator[Any]) -> bool:
        """`eagerloop.loop.train_epoch`, or its compiled form."""

    @property
    def train_step(self) -> Any:
        """The step, such as `eagerloop.loop.train_step`, or its compiled or distributed form."""

    def count(self, step: Any) -> None:
        """Moves the position on and takes the step into the epoch's figures."""

    def must_pause(self) -> Any:
        """Whether the loop has to let go of the batches for a moment."""

    def save_if_due(self) -> None:
        """Saves in the middle of an epoch, as often as the user asked."""

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """Closes the epoch: evaluates on the validation data and adds a row to the history."""

    def save(self) -> None:
        """Adds a checkpoint of this very moment."""
