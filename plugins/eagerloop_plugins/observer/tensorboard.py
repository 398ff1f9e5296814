"""A log for TensorBoard: loss, metrics, gradients, updates, activations, and the configuration.

Every event stands at the number of steps that were done. A step's events come before those of the epoch that it ends.
"""

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.inside_the_run import checked, located

if TYPE_CHECKING:
    import eagerloop

EXAMPLE = "tensorboard"
SUFFIX = ".eagerloop"
"""How the names of our event files end; others in the directory are left alone."""

FRAME = 16
"""Bytes around a record of an event file: its length (8), and two checksums (4 each)."""

OF_AN_EPOCH = ("epoch/", "activations/")
"""How the tags begin of what is written at the end of an epoch."""


class StepsToTensorBoard:
    """Writes event files; see `tensorboard`.

    Args:
        path: The directory, relative to the run directory.
        every: How many steps there are from one event to the next.
        activations: Whether to write histograms of what the layers gave.
    """

    def __init__(self, path: Path, every: int, *, activations: bool) -> None:
        self.path, self.every, self.activations = path, every, activations
        self._writer: Any = None
        self._names: list[str] = []
        self._before: list[Any] = []
        self._batch: tuple[Any, Any, Any] | None = None
        self._blind = False

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Opens a file, and drops the events of steps that the run has not taken, or will take again.

        Raises:
            ConfigError: The path leads out of the run directory, or cannot be written.
        """
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        directory = located(run, self.path, "tensorboard", EXAMPLE)
        try:
            found = directory.glob(f"events.*{SUFFIX}")
            files = [
                file for file in found if file.is_file() and not file.is_symlink()
            ]  # a link leads elsewhere, a pipe nowhere
            kept = [shorten(file, run.position.step, run.position.batch) for file in files]
            self._writer = tf.summary.create_file_writer(str(directory), filename_suffix=SUFFIX)
            record = run.directory / "run.toml"
            if not any(kept) and record.exists():  # a run that is made again to be looked at writes none
                with self._writer.as_default(step=0):
                    tf.summary.text("configuration", f"```toml\n{record.read_text('utf-8')}\n```")
        except (OSError, tf.errors.OpError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
            msg = f"observer 'tensorboard': {directory} cannot be written: {reason}; choose another 'path'"
            raise ConfigError(msg) from error
        self._remember(run)

    def on_step_end(self, run: "eagerloop.Run", step: "eagerloop.Step") -> None:
        """Writes the step's figures, if it is its turn."""
        import tensorflow as tf  # noqa: PLC0415

        self._batch = (step.x, step.y, step.sample_weight)
        if self._writer is not None and self._is_due(run.position.step):
            if len(self._names) != len(step.gradients):
                self._names = self._names_of(run)
            with self._writer.as_default(step=run.position.step):
                for name, figure in {"loss": step.loss, **step.figures}.items():
                    tf.summary.scalar(f"step/{name}", figure)
                for name, gradient in zip(self._names, step.gradients, strict=True):
                    tf.summary.scalar(f"gradient_norm/{name}", _norm(gradient))
                for name, before, after in zip(self._names, self._before, _values(run), strict=True):
                    tf.summary.scalar(f"update_ratio/{name}", _norm(after - before) / (_norm(before) or float("inf")))
        self._remember(run)

    def on_epoch_end(self, run: "eagerloop.Run", metrics: Mapping[str, float]) -> None:
        """Writes the row of the history, and what the layers gave for the epoch's last batch."""
        import tensorflow as tf  # noqa: PLC0415

        if self._writer is None:
            return
        with self._writer.as_default(step=run.position.step):
            for name, figure in metrics.items():
                if name not in ("epoch", "steps", "seconds"):
                    tf.summary.scalar(f"epoch/{name}", figure)
            record = self._inspected(run) if self.activations else None
            for layer in record.layers if record is not None else ():
                _histogram(f"activations/{layer.name}", layer.output)
        self._writer.flush()

    def on_train_end(self) -> None:
        """Closes the file."""
        self._close()

    def on_exception(self) -> None:
        """Closes the file."""
        self._close()

    def state(self) -> dict[str, Any]:
        """Nothing, but a checkpoint is about to be written: every event before it must be in the file first."""
        if self._writer is not None:
            self._writer.flush()
        return {}

    def _inspected(self, run: "eagerloop.Run") -> Any:
        """The record of the last batch; None, and a note once, if there is none: a log must not end a run."""
        if self._batch is None or self._blind:
            return None
        try:
            return run.inspect(*self._batch, differences=False)
        except Exception as error:  # noqa: BLE001 - see above
            self._blind = True
            warnings.warn(f"observer 'tensorboard': activations are left out: {' '.join(str(error).split())}", stacklevel=2)
            return None

    def _names_of(self, run: "eagerloop.Run") -> list[str]:
        """The trained variables by layer, `dense1/kernel`, as in a record."""
        record = self._inspected(run)
        if record is None:
            return [getattr(variable, "path", variable.name) for variable in run.model.trainable_variables]
        return [variable.name for variable in record.variables if variable.trainable]

    def _is_due(self, step: int) -> bool:
        return step % self.every == 0

    def _remember(self, run: "eagerloop.Run") -> None:
        """Copies the variables, if the next step's update is to be measured."""
        if self._is_due(run.position.step + 1):
            self._before = _values(run)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def shorten(file: Path, step: int, batch: int) -> bool:
    """Cuts the events off an event file that come after the position of a run, and what a crash has torn.

    Args:
        file: An event file, its steps ascending.
        step: How many steps the run has taken.
        batch: How many batches it is into its epoch; above 0 the epoch's figures of this step are still to come.

    Returns:
        Whether an event is left.
    """
    import tensorflow as tf  # noqa: PLC0415

    length, events = 0, 0
    try:
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            of_an_epoch = any(value.tag.startswith(OF_AN_EPOCH) for value in event.summary.value)
            if (event.step, of_an_epoch) > (step, batch == 0):
                break
            length += len(record) + FRAME
            events += len(event.summary.value)
    except tf.errors.DataLossError:
        pass  # the rest was torn
    if length < file.stat().st_size:
        with file.open("r+b") as opened:
            opened.truncate(length)
    return events > 0


def _values(run: "eagerloop.Run") -> list[Any]:
    """A copy of the value of each variable that is trained."""
    import tensorflow as tf  # noqa: PLC0415

    # A Keras variable holds a tf.Variable.
    found = (variable if isinstance(variable, tf.Variable) else variable.value for variable in run.model.trainable_variables)
    return [variable.numpy() for variable in found]


def _histogram(tag: str, values: Any) -> None:
    """Writes the bars that a record has counted: it need not hold the values of a large layer."""
    import tensorflow as tf  # noqa: PLC0415

    metadata = tf.compat.v1.Summary.Value().metadata
    metadata.plugin_data.plugin_name = "histograms"
    bars = list(zip(values.edges[:-1], values.edges[1:], values.counts, strict=True))
    tf.summary.write(tag, tf.reshape(tf.constant(bars, tf.float64), (-1, 3)), metadata=metadata)


def _norm(values: Any) -> float:
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    return float(np.linalg.norm(np.asarray(tf.convert_to_tensor(values), np.float64)))


def tensorboard(
    *,
    path: Annotated[Path, typer.Option(help="the directory, relative to the run directory")] = Path(EXAMPLE),
    every: Annotated[int, typer.Option(min=1, help="the figures of a step each so many steps")] = 10,
    activations: Annotated[bool, typer.Option(help="histograms of what each layer gave, at the end of each epoch")] = True,
) -> StepsToTensorBoard:
    """Writes a log for TensorBoard: loss, metrics, gradient norms, update ratios, activations, the configuration.

    After a resume the log is that of a run which was never stopped: no step is in it twice.

    Args:
        path: Inside the run directory.
        every: Steps, at least 1; the figures of a step are written for the steps that it divides.
        activations: Whether to inspect the last batch of each epoch, as in training, for the histograms; that takes as long as
            a few steps.

    Returns:
        An observer. It writes `step/loss`, `step/...` for each further figure of the step, `gradient_norm/...` and
        `update_ratio/...` (the norm of the update over that of the variable before it, 0 where that is 0) for each variable,
        `epoch/...` for each figure of the history, `activations/...` for each layer, and the text `configuration`.

    Raises:
        ConfigError: TensorBoard is not installed; or the path is absolute, leads upwards, or is one of the run's own.

    Example:
        >>> tensorboard(path=Path("/tmp/log"))
        Traceback (most recent call last):
        eagerloop.errors.ConfigError: observer 'tensorboard': option 'path' must lead to a place inside the run directory, ...

    Source: `keras.callbacks.TensorBoard`; TensorFlow 2.21 needs the package tensorboard for `tf.summary`.
    """
    if find_spec("tensorboard") is None:
        install = "pip install 'eagerloop[tensorboard]'"
        msg = f"observer 'tensorboard' needs TensorBoard, which is not installed; install it with: {install}"
        raise ConfigError(msg)
    return StepsToTensorBoard(checked(path, "tensorboard", EXAMPLE), every, activations=activations)
