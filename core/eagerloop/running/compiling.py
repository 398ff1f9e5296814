"""`compile=True`: a `tf.function` of the loop's own source, as coarse as the observers allow.

Nothing of the loop is written again. In the grain `step`, `train_step` is compiled and called by the Python loop, because
somebody wants to see every step. In the grain `stretch`, `train_epoch` itself is compiled, with the iterator of the batches as
its argument, and runs until something has to happen in Python: a save, a signal, news for the screen.
"""

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import tensorflow as tf

from eagerloop import loop
from eagerloop.errors import TrainingError
from eagerloop.running.faults import not_finite

if TYPE_CHECKING:
    from eagerloop.running.run import Run

NEWS_EVERY = 0.1
"""Seconds that a stretch is to take: as long as a person or a signal may be kept waiting."""

Grain = Literal["eager", "step", "stretch"]


def grain_of(run: "Run") -> tuple[Grain, str]:
    """What is compiled, and why.

    Args:
        run: A run whose observers and metrics are known.

    Returns:
        The grain, and the reason in a few words.
    """
    if not run.settings.compile:
        return ("step", "the step alone is compiled, with XLA") if run.settings.jit else ("eager", "--compile was not given")
    if _in_step(run):
        return "step", "the workers agree after every step whether to go on"
    if run.hook.on_step_end.get_hookimpls():
        watching = ", ".join(type(implementation.plugin).__name__ for implementation in run.hook.on_step_end.get_hookimpls())
        return "step", f"{watching} looks at every step"
    if run.settings.on_nonfinite == "skip":
        return "step", "on_nonfinite 'skip' looks at every loss"
    alone = [name for name, metric in run.metrics.items() if not hasattr(metric, "variables")]
    if alone:
        return "step", f"metric {', '.join(alone)} keeps its figures in Python"
    return "stretch", "nobody looks at every step"


def compile_loop(run: "Run") -> tuple[Grain, str]:
    """Puts compiled functions in place of those that the run calls, as coarse as possible.

    Args:
        run: A run whose observers and metrics are known.

    Returns:
        The grain, and the reason in a few words.
    """
    grain, why = grain_of(run)
    if grain == "step" or run.settings.jit:
        run.train_step = _compiled(run)
    if grain == "stretch":
        stretches = Stretches(run)
        run.train_epoch, run.count, run.must_pause = stretches.train_epoch, stretches.count, stretches.must_pause  # type: ignore[method-assign]
    if run.settings.compile:
        first = run.assembly.first_batch[0]
        signature = [tf.TensorSpec((None, *first.shape[1:]), first.dtype)]  # any number of rows is one trace
        run.answer = tf.function(run.answer, input_signature=signature)
    return grain, why


def refine_loop(run: "Run") -> tuple[Grain, str]:
    """Goes over from stretches to single steps, if an observer has come that looks at them.

    Args:
        run: A run that `compile_loop` has seen, its `hook` that of all its observers.

    Returns:
        The grain, and the reason in a few words.
    """
    before, (grain, why) = run.grain, grain_of(run)
    if (before, grain) == ("stretch", "step"):
        run.train_epoch = loop.train_epoch
        for name in ("count", "must_pause"):
            vars(run).pop(name)  # the methods of the class come to light again
        if not run.settings.jit:
            run.train_step = _compiled(run)
    return grain, why


def _in_step(run: "Run") -> bool:
    """Whether other processes train the same run, and wait for this one in every step."""
    return run.assembly.replicas is not None and run.assembly.replicas.here is not None


def _compiled(run: "Run") -> Any:
    # What workers add up must have one shape in one graph: there, a short last batch has a graph of its own.
    return tf.function(run.train_step, reduce_retracing=not _in_step(run), jit_compile=run.settings.jit or None)


class Stretches:
    """Stands in for a run's `train_epoch`, `count` and `must_pause` where whole stretches of an epoch are compiled.

    Args:
        run: The run.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._function: Any = tf.function(loop.train_epoch)
        self._left = tf.Variable(0, dtype=tf.int64, trainable=False)
        # steps, rows, sum of the losses, sum of the losses times rows: float64, as Python's own floats in the eager loop
        self._sums = tf.Variable(tf.zeros(4, tf.float64), trainable=False)
        self._last_loss = tf.Variable(0.0, dtype=tf.float64, trainable=False)
        self._rate = 0.0

    @property
    def traces(self) -> int:
        """How often the loop has been turned into a graph."""
        return int(self._function.experimental_get_tracing_count())

    def count(self, step: loop.Step) -> None:
        """Takes a step into the figures: operations of the graph."""
        loss = tf.cast(step.loss, tf.float64)
        rows = tf.cast(tf.shape(step.y)[0], tf.float64)
        self._last_loss.assign(loss)
        self._left.assign_sub(1)
        if tf.math.is_finite(loss):
            self._sums.assign_add(tf.stack([tf.constant(1.0, tf.float64), rows, loss, loss * rows]))
            for metric in self._run.metrics.values():
                metric.update_state(step.y, step.predictions)

    def must_pause(self) -> Any:
        """Whether the stretch is done, or a loss was not finite."""
        return tf.logical_or(self._left <= 0, tf.logical_not(tf.math.is_finite(self._last_loss)))

    def train_epoch(self, run: "Run", batches: Iterator[Any]) -> bool:
        """One stretch. Like `loop.train_epoch`, it returns whether the run has paused."""
        steps = self._steps_until_news()
        self._left.assign(steps)
        self._sums.assign(self._before())
        begin = time.perf_counter()
        paused = bool(self._function(run, batches))
        self._after(steps - int(self._left), time.perf_counter() - begin)
        return paused

    def _steps_until_news(self) -> int:
        """As many steps as fit into the time, but none beyond the next save. The first stretch is one step: it traces."""
        steps = max(1, int(self._rate * NEWS_EVERY))
        every = self._run.settings.save_every
        return min(steps, every - self._run.position.step % every) if every else steps

    def _before(self) -> list[float]:
        tally = self._run.tally
        return [tally.steps, tally.rows, tally.total_loss, tally.loss_sum]

    def _after(self, done: int, seconds: float) -> None:
        """Brings position and tally up to date; refuses a loss that was not finite."""
        run = self._run
        run.position.batch += done
        run.position.step += done
        steps, rows, total_loss, loss_sum = (float(value) for value in self._sums.numpy())
        run.tally.restore({"steps": int(steps), "rows": int(rows), "total_loss": total_loss, "loss_sum": loss_sum})
        loss = float(self._last_loss)
        if done and not math.isfinite(loss):
            x, y = next(iter(run.dataset.train(run.position.epoch, run.position.batch - 1)))
            raise TrainingError(not_finite(run, loss, x, y))
        if done:
            self._rate = min(done / max(seconds, 1e-9), 10 * self._rate or done / max(seconds, 1e-9))
