"""Shows how far a run is: a live bar on a terminal, one plain line per epoch elsewhere, in a notebook, too.

Nothing here costs a step anything: there is no `on_step_end`. The bar has a thread of its own, which looks at the run ten
times a second.
"""

import contextlib
import math
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import rich.console
    import rich.live

    import eagerloop

LOOKS_A_SECOND = 10
LOOKS_REMEMBERED = 100
"""The speed is that of the last ten seconds."""

NARROWEST = 60
"""Columns below which the bar itself is left out of the live line."""


class Progress:
    """Writes to a console; see `progress`.

    Args:
        console: Where to; by default standard output as it is when the training begins.
    """

    def __init__(self, console: "rich.console.Console | None" = None) -> None:
        self._given = console
        self._console: rich.console.Console | None = None
        self._live: rich.live.Live | None = None

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Chooses between the bar and plain lines, and puts the bar up."""
        from rich.console import Console  # noqa: PLC0415 - listing parts must not wait for rich

        self._console = self._given or Console(force_jupyter=False)  # a notebook gets plain lines, too, not a widget each
        if not self._console.file.isatty() or self._console.is_dumb_terminal:
            return
        from rich.live import Live  # noqa: PLC0415

        self._live = Live(LiveLine(run), console=self._console, refresh_per_second=LOOKS_A_SECOND, transient=True)
        self._live.start()
        # Rich hides the cursor. A second Ctrl-C, or a kill, ends the process at once, and nobody would bring it back.
        self._console.show_cursor(True)  # noqa: FBT003 - rich's signature

    def on_epoch_end(self, run: "eagerloop.Run", metrics: Mapping[str, float]) -> None:
        """Leaves a line, above the bar if there is one."""
        self._print(epoch_line(metrics, run.epochs))

    def on_train_end(self, run: "eagerloop.Run") -> None:
        """Takes the bar down, and tells why the run ended early if it did."""
        self._stop()
        if run.stopping:
            epoch, batch = run.position.epoch, run.position.batch
            where = f"in epoch {epoch}, after batch {batch}" if batch else f"after epoch {epoch - 1}"
            self._print(f"stopped {where}, of {run.epochs} epochs: {run.stopping}")

    def on_exception(self) -> None:
        """Takes the bar down: what went wrong must stand on a clean line."""
        self._stop()

    def _print(self, line: str) -> None:
        if self._console is not None:
            # soft_wrap: a line that is longer than the screen is still one line to a reader of a file.
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


class LiveLine:
    """What the bar shows at this moment; rich asks for it from the bar's own thread, which only reads.

    Args:
        run: The run to look at.
    """

    def __init__(self, run: "eagerloop.Run") -> None:
        self._run = run
        # Asked once: without a history, the run has to look at the data for it.
        self._steps = run.steps_per_epoch
        self._looks = deque([(time.perf_counter(), run.position.step)], maxlen=LOOKS_REMEMBERED)

    def __rich_console__(self, _console: "rich.console.Console", options: "rich.console.ConsoleOptions") -> Any:
        """Epoch, bar, batch, figures, speed, time left: one line, cut at the edge of the screen."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        run, batch = self._run, self._run.position.batch
        steps = self._steps = run.steps_per_epoch if run.history else self._steps
        epoch = min(run.position.epoch, run.epochs)
        line = Table.grid(padding=(0, 1))
        cells: list[Any] = [f"epoch {epoch}/{run.epochs}"]
        if options.max_width >= NARROWEST:
            cells.append(ProgressBar(total=steps, completed=batch, width=16, pulse=steps is None))
        cells += [f"{batch}/{steps or '?'}", *(f" {name} {_figure(value)}" for name, value in self._figures().items())]
        cells += self._speed(steps)
        for cell in cells:
            line.add_column(no_wrap=True, overflow="crop", min_width=16 if isinstance(cell, ProgressBar) else None)
        line.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
        yield line

    def _figures(self) -> dict[str, float]:
        """Loss, the step's figures, Keras's metrics so far. Other metrics may not bear being asked in the middle of a step."""
        import keras  # noqa: PLC0415 - the run has imported it long ago

        if not self._run.position.batch:
            return {}  # between two epochs a metric says 0
        figures = {"loss": self._run.loss_so_far, **self._run.figures_so_far}
        for name, metric in self._run.metrics.items():
            if isinstance(metric, keras.metrics.Metric):
                # A display must not end a run: some metrics raise before their first batch.
                with contextlib.suppress(Exception):
                    figures[name] = float(metric.result())
        return {name: value for name, value in figures.items() if not math.isnan(value)}

    def _speed(self, steps: int | None) -> list[str]:
        """Steps a second, and the time left in the run."""
        run, now = self._run, time.perf_counter()
        self._looks.append((now, run.position.step))
        seconds, done = now - self._looks[0][0], run.position.step - self._looks[0][1]
        if not seconds or not done:
            return []
        speed = done / seconds
        if steps is None:
            return [f" {speed:.3g} steps/s"]
        left = (run.epochs - run.position.epoch + 1) * steps - run.position.batch
        return [f" {speed:.3g} steps/s", f" {duration(left / speed)} left"]


def epoch_line(row: Mapping[str, Any], epochs: int) -> str:
    """A row of the history in words: name and figure in turn, two spaces between the pairs.

    Args:
        row: The row.
        epochs: How many there are to be, for the width of the column.

    Returns:
        One line, five significant digits a figure.

    Example:
        >>> row = {"epoch": 1, "steps": 12, "loss": 12.34567, "total_loss": 148.1, "seconds": 0.123}
        >>> epoch_line(row, epochs=10)
        'epoch  1/10  12 steps  loss 12.346  total_loss 148.10  0.12 s'
    """
    figures = [f"{name} {_figure(value)}" for name, value in row.items() if name not in ("epoch", "steps", "seconds")]
    epoch = f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}"
    return "  ".join([epoch, f"{row['steps']} steps", *figures, f"{row['seconds']:.2f} s"])


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:#.5g}".rstrip(".")


def duration(seconds: float) -> str:
    """Hours, minutes and seconds.

    Example:
        >>> duration(3725.4)
        '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def progress() -> Progress:
    """Shows epochs, loss and metrics as they come: a bar on a terminal, plain lines elsewhere.

    Returns:
        An observer. On a terminal it shows epoch, batch, loss, metrics, steps a second and the time left, and leaves a line
        for each epoch; elsewhere there are the lines alone. Colours are left out where `NO_COLOR` is set.

    Example:
        >>> type(progress()).__name__
        'Progress'
    """
    return Progress()
