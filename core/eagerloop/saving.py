"""When and how a run's state is written: at once, or by a thread while the training goes on."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from eagerloop.snapshots import snapshot

if TYPE_CHECKING:
    from eagerloop.run import Run


class Saver:
    """Writes checkpoints of a run, and its history after each.

    Args:
        run: The run.
        background: Copy the variables and let a thread write them. One save at a time: the next one waits for it.
    """

    def __init__(self, run: "Run", *, background: bool) -> None:
        self._run = run
        self._background = background
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._copies: dict[str, tf.Variable] = {}

    @property
    def keeps_nothing(self) -> bool:
        """Whether the checkpointer writes no files at all, and so there is nothing to come back to."""
        return bool(getattr(self._run.checkpointer, "keeps_nothing", False))

    def save(self) -> None:
        """Adds a checkpoint of this very moment; in the background, the moment is still this one.

        Raises:
            TrainingError: This save failed, or the one before it, which was under way.
        """
        run = self._run
        if self.keeps_nothing:
            run.place.write_history(run.history)
            return
        self.wait()
        content = snapshot(run)
        if not self._background:
            self._write(content, run.variables())
            return
        variables = self._copied(run.variables())
        self._thread = threading.Thread(
            target=self._guarded, args=(lambda: self._write(content, variables),), name="eagerloop-save"
        )
        self._thread.start()

    def wait(self) -> None:
        """Waits for the save that is under way.

        Raises:
            TrainingError: It failed.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def drain(self) -> None:
        """Waits for the save that is under way, when another error is on its way already."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _copied(self, variables: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
        """The values of now in variables of their own, which are made once."""
        for name, variable in variables.items():
            if name not in self._copies:
                self._copies[name] = tf.Variable(variable, trainable=False)
            else:
                self._copies[name].assign(variable)
        return self._copies

    def _write(self, content: dict[str, Any], variables: Mapping[str, tf.Variable]) -> None:
        run, history = self._run, list(content["history"])

        def fill(directory: Path) -> None:
            run.checkpointer.write(directory, variables)

        run.store.write(content["position"]["step"], fill, content)
        # After the checkpoint: a history ahead of every checkpoint would speak of work that is lost.
        run.place.write_history(history)
        run.store.prune(run.settings.keep, best_step(history))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that trains
            self._error = error


def best_step(history: list[dict[str, Any]]) -> int | None:
    """How many steps had been done after the epoch with the lowest val_loss; None without a validation.

    Example:
        >>> best_step([{"steps": 12, "val_loss": 2.0}, {"steps": 12, "val_loss": 1.0}, {"steps": 12, "val_loss": 3.0}])
        24
    """
    losses = [row["val_loss"] for row in history if "val_loss" in row]
    if not losses:
        return None
    return sum(int(row["steps"]) for row in history[: losses.index(min(losses)) + 1])
