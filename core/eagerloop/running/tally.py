"""The figures of an epoch: its loss, those of its steps, its metrics, how many steps and rows they were taken over."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.building.workshop import COLUMNS
from eagerloop.errors import PluginError
from eagerloop.loop import Step
from eagerloop.parts import Metric
from eagerloop.structures import rows_of

SUMS = {"steps": int, "rows": int, "skipped": int, "total_loss": float, "loss_sum": float}
"""What is added up over the steps: counts, the losses, and the losses times their rows."""

FIGURE = "figure/"
"""How the saved sum of a step's own figure, times its rows, begins."""


class Tally:
    """Sums over the steps since the last reset.

    Args:
        metrics: Metrics by the name that they have in the history.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.metrics = dict(metrics)
        self.steps = self.rows = self.skipped = 0
        self.total_loss = self.loss_sum = 0.0
        self._figure_sums: Mapping[str, float] = {}

    def add(self, step: Step) -> float:
        """Takes a step into account; a step that is not finite is only counted.

        Returns:
            The loss of the step, nan if it was not finite or a gradient was not. Reading it waits for the device.
        """
        if not self.steps:
            require_step(step)
            self.require_figures(step.figures)
        loss = float(step.loss) if step.finite else math.nan
        self.steps += 1
        if not math.isfinite(loss):
            self.skipped += 1
            return loss
        rows = rows_of(step.x)
        if step.figures or self._figure_sums:
            self.require_figures(step.figures)
            sums = {name: self._figure_sums.get(name, 0.0) + float(figure) * rows for name, figure in step.figures.items()}
            self._figure_sums = sums  # another one each time: a thread may be reading
        self.rows += rows
        self.total_loss += loss
        self.loss_sum += loss * rows
        update(self.metrics.values(), step)
        return loss

    @property
    def loss(self) -> float:
        """The mean over rows, as Keras reports it: a short last batch counts for less. nan before the first step."""
        return self.loss_sum / self.rows if self.rows else math.nan

    @property
    def figures(self) -> dict[str, float]:
        """The mean over rows of each of the steps' own figures; none before the first step."""
        return {name: value / self.rows for name, value in self._figure_sums.items()} if self.rows else {}

    def require_figures(self, figures: Mapping[str, Any]) -> None:
        """Refuses figures that have no place in a row of the history, or are others than those before in this epoch.

        Raises:
            PluginError: Which, and why.
        """
        if self.rows:
            require_same(figures, self._figure_sums)
        for name, figure in figures.items():
            require_scalar(f"figure '{name}'", figure)
            if name in {*COLUMNS, *self.metrics, "skipped"} or str(name).startswith("val_"):
                msg = f"figure {name!r} of the step has a name that is taken; give it another one, as in 'norm'"
                raise PluginError(msg)
            if not isinstance(name, str) or not name.isprintable() or not all(part.strip() for part in name.split("/")):
                msg = f"figure {name!r} of the step has a name that no column can have; use printable text, as in 'norm'"
                raise PluginError(msg)

    def results(self) -> dict[str, float]:
        """The loss, the steps' own figures and every metric, each a float."""
        measured = {name: _number(name, metric.result()) for name, metric in self.metrics.items()}
        return {"loss": self.loss} | self.figures | measured

    def reset(self) -> None:
        """Starts an epoch."""
        self.restore({})
        for metric in self.metrics.values():
            metric.reset_state()

    def sums(self) -> dict[str, float]:
        """The sums, exactly; the metrics' variables are saved with the model's."""
        own = {f"{FIGURE}{name}": value for name, value in self._figure_sums.items()}
        return {name: getattr(self, name) for name in SUMS} | own

    def restore(self, sums: Mapping[str, float]) -> None:
        """Takes up the sums that `sums` returned; none given means none."""
        for name, kind in SUMS.items():
            setattr(self, name, kind(sums.get(name, 0)))
        figures = {name.removeprefix(FIGURE): value for name, value in sums.items() if name.startswith(FIGURE)}
        self._figure_sums = {name: float(value) for name, value in figures.items()}


class GraphTally:
    """Adds to a `Tally` from within a graph: between `begin` and `end`, its sums are a variable.

    What a stretch of steps has to know besides, stands there too: each operation less is a few microseconds of each step.

    Args:
        tally: The tally; its metrics keep their figures in variables.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        # Behind the sums: the steps left, and the loss of the one that was not finite. float64, as Python's own floats.
        self._sums = tf.Variable(tf.zeros(len(SUMS) + 2, tf.float64), trainable=False)
        self._figures: dict[str, tf.Variable] = {}  # a sum each, made when a graph is: nobody knows them before

    def begin(self, steps: int = 0) -> None:
        """Goes on from the tally's sums; for so many steps, if somebody asks whether they are done."""
        sums = self._tally.sums()
        self._sums.assign(np.array([*(sums[name] for name in SUMS), steps, 0]))
        for name, variable in self._figures.items():
            variable.assign(sums.get(f"{FIGURE}{name}", 0.0))

    def add(self, step: Step) -> None:
        """As `Tally.add`; after a step that was not finite, none is left. A branch costs more than the sums: they have none."""
        require_step(step)
        loss, rows = tf.cast(step.loss, tf.float64), tf.cast(rows_of(step.x), tf.float64)
        taken = tf.stack([1.0, rows, 0.0, loss, loss * rows, -1.0, 0.0])
        self._sums.assign_add(tf.where(step.finite, taken, tf.stack([1.0, 0.0, 1.0, 0.0, 0.0, -math.inf, loss])))
        for name, variable in self._variables_for(step.figures).items():
            variable.assign_add(tf.where(step.finite, tf.cast(step.figures[name], tf.float64) * rows, 0.0))
        if self._tally.metrics and step.finite:
            update(self._tally.metrics.values(), step)

    def _variables_for(self, figures: Mapping[str, Any]) -> dict[str, tf.Variable]:
        """The sums of the figures, by name; they begin where the tally stands."""
        self._tally.require_figures(figures)
        if self._figures:
            require_same(figures, self._figures)
        else:
            sums = self._tally.sums()
            with tf.init_scope():  # a graph that is made again must not make them again
                self._figures = {
                    name: tf.Variable(sums.get(f"{FIGURE}{name}", 0.0), dtype=tf.float64, trainable=False) for name in figures
                }
        return self._figures

    def none_left(self) -> Any:
        """Whether the steps are done, or one was not finite."""
        return self._sums[len(SUMS)] <= 0

    def end(self) -> float:
        """Brings the tally up to date; returns the loss of the step that was not finite, if one was."""
        *sums, _left, lost = self._sums.numpy().tolist()
        figures = {f"{FIGURE}{name}": float(variable.numpy()) for name, variable in self._figures.items()}
        self._tally.restore(dict(zip(SUMS, sums, strict=True)) | figures)
        return float(lost)


def update(metrics: Iterable[Metric], step: Step) -> None:
    """Shows a step to metrics; with the weights of its rows, where it has some."""
    weights = () if step.sample_weight is None else (step.sample_weight,)
    for metric in metrics:
        metric.update_state(step.y, step.predictions, *weights)


def require_step(step: Any) -> None:
    """Refuses what a step of one's own returned, if it is no `Step` or its loss no scalar.

    Raises:
        PluginError: What it is.
    """
    if not isinstance(step, Step):
        msg = f"a step must return an eagerloop.Step (x, y, predictions, loss, gradients), got {type(step).__name__}"
        raise PluginError(msg)
    require_scalar("the loss", step.loss)


def require_same(figures: Iterable[str], before: Iterable[str]) -> None:
    """Refuses figures of other names than those of the steps before: a mean over some steps would pass for one over all."""
    given, known = sorted(figures), sorted(before)
    if given != known:
        words = f"got {', '.join(given) or 'none'} after {', '.join(known) or 'none'}"
        msg = f"the step must give the same figures for every batch of an epoch, {words}"
        raise PluginError(msg)


def require_scalar(words: str, value: Any) -> None:
    """Refuses a figure of a step that is no single number."""
    shape = getattr(value, "shape", () if isinstance(value, (int, float)) else None)
    if shape is None or len(shape):
        given = type(value).__name__ if shape is None else f"the shape {tuple(shape)}"
        msg = f"{words} of the step must be a scalar, got {given}; reduce it over the batch, with tf.reduce_mean say"
        raise PluginError(msg)


def _number(name: str, result: Any) -> float:
    """A metric may answer with one value an output (F1Score does): their mean is one figure to follow."""
    values = np.asarray(result, dtype=float)
    if not values.size:
        msg = f"metric '{name}' has no result"
        raise ValueError(msg)
    return float(values.mean())
