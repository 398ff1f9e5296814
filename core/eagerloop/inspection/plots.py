"""Pictures of a run as PNG files, for slides: what was learnt epoch by epoch, and what the model predicts.

Matplotlib (`eagerloop[plot]`) draws them, without pyplot: nothing here knows or changes which figures a user has open. The
colours can be told apart by people who cannot tell red from green, and no line is told by its colour alone.

Shapes: n rows, k outputs.
"""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.inspection.by_hand.confusion import confusion
from eagerloop.inspection.writing.scales import logarithmic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
Array = np.ndarray[Any, Any]

INCHES, DOTS = (12.8, 7.2), 150
"""1920 by 1080 pixels: a slide."""

LETTERS = 16
"""Points: read from the last row of a room."""

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"
"""Of the eight colours of Okabe and Ito, "Color Universal Design", 2008."""

STYLES = ("-", "--", "-.", ":")
"""Lines of several runs: told apart without their colours."""

MOST_PANELS = 6
MOST_WRITTEN = 12
"""Classes up to which the cells of a confusion matrix hold their counts."""

NOT_DRAWN = ("epoch", "steps", "total_loss", "skipped", "seconds")
"""Columns of the history that are no figure to look at."""


def plot_curves(history: Sequence[Row], path: Path, *, baseline: float | None = None) -> Path:
    """Draws the loss and the metrics over the epochs.

    Args:
        history: A row per epoch, as `run.history`.
        path: The PNG file to write.
        baseline: The loss of predicting the mean of the targets, drawn as a line to be below of.

    Returns:
        The path.

    Raises:
        ConfigError: Matplotlib is missing, there is no epoch yet, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> rows = [{"epoch": 1, "loss": 4.0}, {"epoch": 2, "loss": 1.0}]
        >>> plot_curves(rows, Path(tempfile.mkdtemp()) / "curves.png").name
        'curves.png'
    """
    return _write(curves_figure(history, baseline), path)


def plot_runs(histories: Mapping[str, Sequence[Row]], path: Path) -> Path:
    """Draws the curves of several runs: a panel for each figure, a line for each run.

    Args:
        histories: The rows of each run, by its name.
        path: The PNG file to write.

    Returns:
        The path.

    Raises:
        ConfigError: Matplotlib is missing, there is no epoch yet, or the file cannot be written.
    """
    return _write(runs_figure(histories), path)


def runs_figure(histories: Mapping[str, Sequence[Row]]) -> "Figure":
    """The figure of `plot_runs`: a run has the same colour and dashes in every panel."""
    rows = [row for history in histories.values() for row in history]
    if not rows:
        msg = "there is no finished epoch to draw; train one of the runs for one at least"
        raise ConfigError(msg)
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in NOT_DRAWN]
    figure, panels = _panels(len(names))
    for name, axes in zip(names, panels, strict=False):
        for place, (run, history) in enumerate(histories.items()):
            points = [(row["epoch"], row[name]) for row in history if name in row]
            if points:
                style: dict[str, Any] = {"color": f"C{place}", "linestyle": STYLES[place % len(STYLES)]}
                axes.plot(*zip(*points, strict=True), linewidth=2.5, label=run, **style)
        _scale(axes)
        _label(axes, name, "epoch", name)
        axes.locator_params(axis="x", integer=True)
        axes.legend(fontsize=LETTERS - 4)
    return figure


def plot_predictions(
    actual: Array, predictions: Array, path: Path, *, targets: Sequence[str] = (), classes: Sequence[str] = ()
) -> Path:
    """Draws predicted against actual values or, for classes, the confusion matrix.

    Args:
        actual: Targets, (n,) or (n, k); for classes their numbers, (n,) or (n, 1).
        predictions: What the model answered, (n, k); for classes the numbers of the likeliest, (n,).
        path: The PNG file to write.
        targets: The columns of y, by name.
        classes: The classes by name, in the order of their numbers; empty for a regression.

    Returns:
        The path.

    Raises:
        ConfigError: Matplotlib is missing, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "predictions.png"
        >>> plot_predictions(np.array([1.0, 2.0]), np.array([1.1, 1.9]), path).name
        'predictions.png'
    """
    if classes:
        return _write(confusion_figure(actual, predictions, classes), path)
    return _write(scatter_figure(actual, predictions, targets), path)


def curves_figure(history: Sequence[Row], baseline: float | None = None) -> "Figure":
    """The figure of `plot_curves`: a panel for the loss, and one for each metric."""
    if not history:
        msg = "there is no finished epoch to draw; train the run for one at least"
        raise ConfigError(msg)
    names = [name for name in history[0] if name not in NOT_DRAWN and not name.startswith("val_")]
    figure, panels = _panels(len(names))
    for name, axes in zip(names, panels, strict=False):
        for column, label, colour, marker, style in (
            (name, "training", BLUE, "o", "-"),
            (f"val_{name}", "validation", ORANGE, "s", "--"),
        ):
            rows = [row for row in history if column in row]
            if rows:
                epochs, values = [row["epoch"] for row in rows], [row[column] for row in rows]
                few = marker if len(rows) <= 30 else None  # noqa: PLR2004 - more markers than that are a thick line
                axes.plot(epochs, values, color=colour, marker=few, linestyle=style, linewidth=2.5, label=label)
        if name == "loss" and baseline is not None and math.isfinite(baseline):
            axes.axhline(baseline, color=BLACK, linestyle=":", linewidth=2.5, label="predicting the mean")
        _scale(axes)
        _label(axes, name, "epoch", name)
        axes.locator_params(axis="x", integer=True)
        axes.legend(fontsize=LETTERS - 2)
    return figure


def _scale(axes: "Axes") -> None:
    """A logarithmic axis where a line would lie on zero beside the others."""
    lines = [np.asarray(line.get_ydata(), np.float64) for line in axes.lines]
    heights = [values[np.isfinite(values)] for values in lines if np.isfinite(values).any()]
    if len(heights) > 1 and logarithmic(np.concatenate(heights).tolist(), [float(values.max()) for values in heights]):
        axes.set_yscale("log")


def scatter_figure(actual: Array, predictions: Array, targets: Sequence[str] = ()) -> "Figure":
    """The figure of `plot_predictions` for a regression: a panel for each output, with the line on which all would be right."""
    actual, predictions = (np.asarray(values, np.float64).reshape(len(values), -1) for values in (actual, predictions))
    names = list(targets) if len(targets) == actual.shape[1] else [f"output {number + 1}" for number in range(actual.shape[1])]
    figure, panels = _panels(len(names))
    for number, axes in enumerate(panels):
        known, answered = actual[:, number], predictions[:, number]
        ends = _ends(np.concatenate([known, answered]))
        axes.plot(ends, ends, color=BLACK, linestyle=":", linewidth=2.5, label="predicted = actual")
        axes.scatter(known, answered, s=60, color=BLUE, alpha=0.6, edgecolors="none", label=f"{len(known):,} rows")
        error = float(np.sqrt(np.mean((answered - known) ** 2)))
        _label(axes, f"{names[number]}: root mean squared error {error:.3g}", "actual", "predicted")
        axes.set(xlim=ends, ylim=ends, aspect="equal")
        axes.legend(fontsize=LETTERS - 2)
    return figure


def _ends(values: Array) -> tuple[float, float]:
    """From where to where an axis goes: a little more than the values do."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def confusion_figure(actual: Array, predictions: Array, classes: Sequence[str]) -> "Figure":
    """The figure of `plot_predictions` for classes: how many rows of each class were taken for which."""
    names, counts = confusion(actual, predictions, classes)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    figure, (axes,) = _panels(1)
    picture = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    if len(names) <= MOST_WRITTEN:
        for (row, column), count in np.ndenumerate(counts):
            dark = shares[row, column] < 0.5  # noqa: PLR2004 - the middle of the scale
            axes.text(column, row, f"{count}", ha="center", va="center", fontsize=LETTERS, color="white" if dark else "black")
        axes.set_xticks(range(len(names)), names, rotation=45 if len(names) > 4 else 0)  # noqa: PLR2004 - they touch
        axes.set_yticks(range(len(names)), names)
    _label(axes, f"{np.trace(counts) / max(1, counts.sum()):.1%} of {counts.sum():,} rows right", "predicted", "actual")
    axes.grid(visible=False)
    scale = figure.colorbar(picture, ax=axes)
    scale.set_label("share of the actual class", fontsize=LETTERS)
    scale.ax.tick_params(labelsize=LETTERS - 2)
    return figure


def _panels(count: int) -> "tuple[Figure, list[Axes]]":
    """A figure and its axes, at most six, in one row or two."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        msg = "drawing a PNG needs Matplotlib, which is not installed; install it with: pip install 'eagerloop[plot]'"
        raise ConfigError(msg) from error
    count = min(count, MOST_PANELS)
    rows = 1 if count <= 2 else 2  # noqa: PLR2004
    figure = Figure(figsize=INCHES, dpi=DOTS, layout="compressed", facecolor="white")
    return figure, [figure.add_subplot(rows, math.ceil(count / rows), number + 1) for number in range(count)]


def _label(axes: "Axes", title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=LETTERS + 2)
    axes.set_xlabel(x, fontsize=LETTERS)
    axes.set_ylabel(y, fontsize=LETTERS)
    axes.tick_params(labelsize=LETTERS - 2)
    axes.grid(visible=True, alpha=0.3)


def _write(figure: "Figure", path: Path) -> Path:
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.getvalue())
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}; name another directory"
        raise ConfigError(msg) from error
    return path
