"""`compile=True`: a `tf.function` of the loop's own source, as coarse as the observers allow.

Nothing of the loop is written again. In the grain `step`, `train_step` is compiled and called by the Python loop, because
somebody wants to see every step. In the grain `stretch`, `train_epoch` itself is compiled, with the iterator of the batches as
its argument, and runs until something has to happen in Python: a save, a signal, news for the screen.
"""

import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

import pluggy
import tensorflow as tf

from eagerloop import loop
from eagerloop.building.run_parts import RunParts
from eagerloop.errors import PluginError, TrainingError
from eagerloop.running.faults import not_finite
from eagerloop.running.following import Following
from eagerloop.running.strides import Footing, Grain, InStep, Look, Stride, eager_step
from eagerloop.running.tally import GraphTally
from eagerloop.standing import LoopedRun

NEWS_EVERY = 0.1
"""Seconds that a stretch is to take: as long as a person or a signal may be kept waiting."""


def grain_of(parts: RunParts, watching: list[str]) -> tuple[Grain, str]:
    """What is compiled, and why.

    Args:
        parts: The parts of a run.
        watching: The observers that look at every step.

    Returns:
        The grain, and the reason in a few words.
    """
    settings = parts.settings
    if not settings.compile:
        return ("step", "the step alone is compiled, with XLA") if settings.jit else ("eager", "--compile was not given")
    if parts.in_step:
        return "step", "the workers agree after every step whether to go on"
    if watching:
        return "step", f"{', '.join(watching)} looks at every step"
    if settings.on_nonfinite == "skip":
        return "step", "on_nonfinite 'skip' looks at every loss"
    alone = [name for name, metric in parts.metrics.items() if not hasattr(metric, "variables")]
    if alone:
        return "step", f"metric {', '.join(alone)} keeps its figures in Python"
    return "stretch", "nobody looks at every step"


def choose_stride(footing: Footing, on_step_end: pluggy.HookCaller) -> Stride:
    """How a run advances.

    Args:
        footing: What the stride stands on.
        on_step_end: The hook, which tells who looks at every step.

    Returns:
        A stride, as coarse as possible.
    """
    parts = footing.parts
    grain, why = grain_of(parts, [type(implementation.plugin).__name__ for implementation in on_step_end.get_hookimpls()])
    step = eager = eager_step(parts)
    if grain == "step" or parts.settings.jit:
        # Workers add up tensors of one shape in one graph. So a short last batch has a graph of its own there.
        how: dict[str, Any] = {"reduce_retracing": not parts.in_step, "jit_compile": parts.settings.jit or None}
        step = Following(lambda: tf.function(_function_of(eager), **how), parts)
    kind = InStep if parts.in_step else Stretches if grain == "stretch" else Stride
    return kind(footing, step, grain, why)


def _function_of(step: Callable[..., loop.Step]) -> Callable[..., loop.Step]:
    """A step as `tf.function` takes it: an object that can be called has no signature that it would read."""
    if inspect.isroutine(step):
        return step

    def called(*arguments: Any) -> loop.Step:
        return step(*arguments)

    return called


class Stretches(Stride):
    """Whole stretches of an epoch at a time, each of them one call of a graph.

    `count` and `must_pause` are operations of that graph, and speak to Python when the stretch is done.
    """

    def __init__(self, footing: Footing, step: Any, grain: Grain, why: str) -> None:
        super().__init__(footing, step, grain, why)
        self._function = Following(lambda: tf.function(loop.train_epoch), footing.parts)
        self._graph_tally = GraphTally(self._tally)
        self._rate = 0.0

    @property
    def traces(self) -> int:
        """How often the loop has been turned into a graph."""
        return self._function.traces

    def before_each_step(self, look: Look) -> None:  # noqa: ARG002 - as of other strides
        """Nobody sees the batches of a stretch.

        Raises:
            PluginError: Always.
        """
        msg = "an observer that calls run.before_each_step must have the hook on_step_end: else whole stretches are compiled"
        raise PluginError(msg)

    def count(self, step: loop.Step) -> None:
        """Takes the step into the figures."""
        self._graph_tally.add(step)

    def must_pause(self) -> Any:
        """Whether the stretch is done, or a loss or gradient was not finite."""
        return self._graph_tally.none_left()

    def train_epoch(self, run: LoopedRun, batches: Iterator[Any]) -> bool:
        """One stretch.

        Raises:
            TrainingError: A loss or gradient is not finite.
        """
        before, skipped = self._tally.steps, self._tally.skipped
        self._graph_tally.begin(self._steps_until_news())
        begin = time.perf_counter()
        paused = bool(self._function(run, batches))
        seconds = time.perf_counter() - begin
        lost = self._graph_tally.end()
        done = self._tally.steps - before
        self._position.advance(done)
        if self._tally.skipped > skipped:
            batch = next(iter(self._parts.dataset.train(self._position.epoch, self._position.batch - 1)))
            raise TrainingError(not_finite(self._position, self._parts, lost, batch))
        if done:
            self._rate = min(done / max(seconds, 1e-9), 10 * self._rate or done / max(seconds, 1e-9))
        return paused

    def _steps_until_news(self) -> int:
        """As many steps as fit into the time, but none beyond the next save. The first stretch is one step: it traces."""
        steps = max(1, int(self._rate * NEWS_EVERY))
        every = self._parts.settings.save_every
        return min(steps, every - self._position.step % every) if every else steps
