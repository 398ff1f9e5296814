"""When and how a run's state is written.

A save has two halves. The checkpointer writes the variables, which must not change meanwhile: that holds the training up. The
checksums, the fsyncs, the manifest and the rename need the files alone: a thread does them while the training goes on. Until
the rename, the checkpoint before is the newest; a kill costs at most the steps since that one, and never exactness.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from eagerloop.choices.settings import Settings
from eagerloop.errors import TrainingError
from eagerloop.parts import Checkpointer
from eagerloop.running.readable import Readable
from eagerloop.running.which_checkpoint import best_saved, best_step
from eagerloop.storage.rows import Row
from eagerloop.storage.run_directory import RunDirectory

LARGE = 1_000_000
"""Elements of all variables together from which on a graph to check them is worth its making."""


class FiniteCheck:
    """Looks for nan and inf in variables: the same ones, again and again."""

    def __init__(self) -> None:
        self._variables: list[tf.Variable] = []
        self._all_finite: Any = None

    def __call__(self, state: Mapping[str, tf.Variable]) -> str | None:
        """The name of the first variable that holds nan or inf, or None."""
        floating = {name: variable for name, variable in state.items() if variable.dtype.is_floating}
        elements = sum(variable.shape.num_elements() or 0 for variable in floating.values())
        if elements > LARGE and bool(self._graph(floating)()):
            return None
        return next((name for name, value in floating.items() if not bool(tf.reduce_all(tf.math.is_finite(value)))), None)

    def _graph(self, floating: Mapping[str, tf.Variable]) -> Any:
        """Adds everything up: a sum with nan or inf in it is not finite.

        Nor is a sum that is too large for its dtype: then each element is looked at.
        """
        variables = list(floating.values())
        if [*map(id, variables)] != [*map(id, self._variables)]:
            self._variables = variables
            self._all_finite = tf.function(
                lambda: tf.math.is_finite(tf.add_n([tf.cast(tf.reduce_sum(value), tf.float64) for value in variables]))
            )
        return self._all_finite


class Saver:
    """Writes checkpoints of a run, and its history after each. Entered as a context while the run trains.

    One save at a time: the next one waits for it. The last one of a training, and any outside of one, is whole and durable
    when `save` returns.

    Args:
        directory: Where the run is kept.
        checkpointer: What writes the variables' files.
        settings: What the user chose: how many checkpoints stay, and whether a thread does the first half as well, from a
            copy of the variables.
        readable: Refuses what nobody could open again.
    """

    def __init__(self, directory: RunDirectory, checkpointer: Checkpointer, settings: Settings, readable: Readable) -> None:
        self._directory, self._checkpointer = directory, checkpointer
        self._keep, self._background = settings.keep, settings.save_async
        self._readable = readable
        self._training = False
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._copies: dict[str, tf.Variable] = {}
        self._not_finite = FiniteCheck()

    def __enter__(self) -> Self:
        """From here on, the run goes on after a save."""
        self._training = True
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Waits for the save that is under way, for the run's lock is about to be let go; raises what it ended with, unless
        another error is on its way already.
        """
        self._training = False
        if error is None:
            self.wait()
        elif self._thread is not None:
            self._thread.join()
            self._thread = None

    def tidy(self, history: list[dict[str, Any]], record: Mapping[str, Any], observers: Iterable[Sequence[Any]] = ()) -> None:
        """Puts the run's directory in order, whatever moment a process before was killed at. Only for the holder of its lock.

        Args:
            history: The rows of the checkpoint that was taken up; the files may be ahead of them, behind, or damaged.
            record: The run's, for messages.
            observers: Their states in that checkpoint, by which the best one is known.
        """
        self._directory.store.set_aside_damaged()
        self._directory.clean()
        if history:
            rows = self._readable.rows(history, record)
            self._directory.store.keep_history(rows)
            self._directory.write_history(rows)
        self._directory.prune(self._keep, best_step(history, observers))

    def save_history(self, history: list[dict[str, Any]], record: Mapping[str, Any]) -> None:
        """Writes the history alone, for a run that keeps no checkpoints.

        Raises:
            TrainingError: It could not be written, or a row is none.
        """
        self._directory.write_history(self._readable.rows(history, record))

    def save(
        self, step: int, variables: Mapping[str, tf.Variable], snapshot: Callable[[], dict[str, Any]], *, last: bool
    ) -> None:
        """Adds a checkpoint of this very moment.

        Args:
            step: How many steps the run has done.
            variables: What it is to hold, by name.
            snapshot: Makes everything else that it is to hold; see `eagerloop.running.snapshots.snapshot`.
            last: Whether the training ends with it.

        Raises:
            TrainingError: This save failed, or the one before it, which was under way; the run's directory is not there any
                more; a variable is not finite: such a state is not worth keeping; or nobody could open it again.
        """
        self.wait()
        self._directory.stay()
        content, rows = self._readable(snapshot())
        bad = self._not_finite(variables)
        if bad:
            msg = f"{bad} is not finite after step {step}; nothing was saved: lower the learning rate, then resume"
            raise TrainingError(msg)
        if self._background:
            copies = self._copied(variables)
            self._behind(lambda: self._finish(self._begin(step, copies), step, content, rows))
        else:
            temporary = self._begin(step, variables)
            self._behind(lambda: self._finish(temporary, step, content, rows))
        if last or not self._training:
            self.wait()

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

    def _behind(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._guarded, args=(work,), name="eagerloop-save")
        self._thread.start()

    def _copied(self, variables: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
        """The values of now in variables of their own, which are made once."""
        for name, variable in variables.items():
            if name not in self._copies:
                self._copies[name] = tf.Variable(variable, trainable=False)
            else:
                self._copies[name].assign(variable)
        return self._copies

    def _begin(self, step: int, variables: Mapping[str, tf.Variable]) -> Path:
        def fill(directory: Path) -> None:
            self._checkpointer.write(directory, variables)

        return self._directory.store.begin(step, fill)

    def _finish(self, temporary: Path, step: int, content: dict[str, Any], rows: Sequence[Row]) -> None:
        self._directory.stay()
        self._directory.store.finish(temporary, step, content, rows)
        # After the checkpoint: a history ahead of every checkpoint would speak of work that is lost.
        self._directory.write_history(rows)
        if self._keep:
            self._directory.prune(self._keep, best_saved(rows, content["observers"]))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that trains
            self._error = error
