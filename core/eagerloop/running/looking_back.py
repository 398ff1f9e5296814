"""A run that answers with another state than its newest one: a checkpoint of the past, or an average of its weights."""

from eagerloop.building.run_parts import RunParts
from eagerloop.errors import CheckpointError
from eagerloop.running.averaging import keeps_average
from eagerloop.running.loop_side import LoopSide
from eagerloop.running.snapshots import restore, restore_variables
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.noting import NotedHistory
from eagerloop.storage.run_directory import RunDirectory


class LookingBack(LoopSide):
    """What a run takes over of its checkpoints. `eagerloop.Run` adds what people ask of it.

    Args:
        parts: The parts.
        directory: Where the run is kept.
    """

    def __init__(self, parts: RunParts, directory: RunDirectory) -> None:
        super().__init__(parts, directory)
        self._answers_with = self._fixed = ""

    @property
    def answers_with(self) -> str:
        """What it predicts with where that is not its newest state, such as `the checkpoint of step 24`; else empty."""
        average = "the moving average of its weights (use-ema)" if keeps_average(self.optimizer) else ""
        return ", ".join(filter(None, (average, self._answers_with)))

    def refuse_to_look_back(self) -> None:
        """Refuses to go on from a checkpoint that newer ones follow: two trainings would be mixed in one directory.

        Raises:
            CheckpointError: The run answers with such a checkpoint.
        """
        if self._fixed:
            ways = f"go on from the newest with eagerloop.resume('{self.place}'), or start a new run with start_from"
            msg = f"{self.place} {self._fixed} and cannot be trained from there; {ways}"
            raise CheckpointError(msg)

    def answer_with(self, checkpoint: Checkpoint) -> None:
        """Takes over the variables of another checkpoint of this run, to predict with them; all else stays.

        Raises:
            CheckpointError: It belongs to another run; nothing was changed.
        """
        self.saver.wait()
        restore_variables(self.parts, checkpoint)
        self._look_back_to(checkpoint)

    def take_up(self, checkpoint: Checkpoint, *, of_the_past: bool = False) -> list[str]:
        """Goes on from a checkpoint: variables, position, figures, observers, random numbers.

        Args:
            checkpoint: A verified one.
            of_the_past: Whether newer ones follow it, so that the run is to be looked at alone.

        Returns:
            What may make the rest of the run differ in rounding, a sentence each.

        Raises:
            CheckpointError: It belongs to another run; nothing was changed.
        """
        inexact = restore(self.parts, checkpoint)
        self.history = NotedHistory(checkpoint.manifest["history"])
        self.position.take_up(checkpoint.manifest["position"])
        self.tally.restore(checkpoint.manifest["tally"])
        self._answers_with = self._fixed = ""
        if of_the_past:
            self._look_back_to(checkpoint)
        return inexact

    def _look_back_to(self, checkpoint: Checkpoint) -> None:
        self._answers_with = f"the checkpoint of step {checkpoint.step}"
        self._fixed = f"answers with {self._answers_with}"

    def predict_alone(self, checkpoint: Checkpoint, answers_with: str) -> None:
        """Stands at a checkpoint whose variables the model has, to predict with them and nothing else.

        Args:
            checkpoint: A verified one.
            answers_with: What it predicts with, where that is not the trained variables of the newest checkpoint.
        """
        self.history = NotedHistory(checkpoint.manifest["history"])
        self.position.take_up(checkpoint.manifest["position"])
        self._answers_with, self._fixed = answers_with, "was opened for predicting alone"

    def save(self) -> None:
        """Adds a checkpoint of this very moment, unless the checkpointer keeps nothing."""
        self.refuse_to_look_back()
        super().save()
