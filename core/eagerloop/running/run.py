"""A run as people see it: trained, continued, looked into, asked."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eagerloop import loop
from eagerloop.building.batches import batch_like, tensors_like
from eagerloop.building.run_parts import RunParts
from eagerloop.choices.settings import plain_options
from eagerloop.data.arrays import ROWS_AT_ONCE
from eagerloop.data.learnt import learnt_of
from eagerloop.errors import EagerloopError
from eagerloop.inspection.looking.restoring import leaving_no_trace
from eagerloop.inspection.mistakes.findings import first_look
from eagerloop.process.signals import Signals
from eagerloop.running.averaging import averaged
from eagerloop.running.evaluating import predictor
from eagerloop.running.faults import (
    blame,
    exits_told,
    refuse_other_shapes,
    refuse_undeterministic,
    refuse_uneven_rows,
    refuse_unknown_variables,
)
from eagerloop.running.joining import joined
from eagerloop.running.looking_back import LookingBack
from eagerloop.running.snapshots import say
from eagerloop.running.starting import start_from
from eagerloop.storage.learnt_file import write_learnt
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.structures import is_tensor, map_leaves, require_same_rows, rows_of

if TYPE_CHECKING:
    from eagerloop.inspection.pages.several_runs import Curves
    from eagerloop.inspection.step_record import StepRecord
    from eagerloop.running.reporting import Report


class Run(LookingBack):
    """A training run: made by `eagerloop.train`, `load` or `resume`.

    Args:
        parts: The parts.
        directory: Where the run is kept.

    Attributes:
        parts: The parts as one value, and what is known of them.
        store: The checkpoints.
        saver: What writes them; `saver.wait()` returns when the last one is durable.
        stride: How the run advances: `stride.grain` says what is compiled, and `stride.why` the reason.
        position: Where the run stands.
        tally: The figures of the epoch under way.
        history: A row (a dict) per finished epoch.
        epochs: How many epochs it is to have.
        hook: Calls the observers.
    """

    def __init__(self, parts: RunParts, directory: RunDirectory) -> None:
        super().__init__(parts, directory)
        self._predicted = predictor(parts)

    def __repr__(self) -> str:
        done = f"{len(self.history)} of {self.epochs} epochs"
        losses = f", loss {self.history[-1]['loss']:.4g}" if self.history else ""
        losses += f", answers with {self.answers_with}" if self.answers_with else ""
        names = self.parts.names
        return f"<Run {self.place}: {names['model']} on {names['dataset']}, {done}{losses}>"

    @property
    def columns(self) -> dict[str, list[Any]]:
        """The history by column: `run.columns["loss"]` has a number an epoch, None where an epoch has no such figure."""
        names = dict.fromkeys(name for row in self.history for name in row)
        return {name: [row.get(name) for row in self.history] for name in names}

    def report(self, page: str | Path | None = None, *, pictures: str | Path | None = None) -> "Report":
        """Draws the run as it is now as a page: curves, predictions, layers, updates, recorded steps.

        Args:
            page: The file to write; by default `report.html` in the run's directory.
            pictures: A directory for `curves.png` and `predictions.png` (`pip install 'eagerloop[plot]'`); by default none.

        Returns:
            What was written: `page` is the file, which any browser shows, offline.

        Raises:
            ConfigError: A file cannot be written, or Matplotlib is missing.
        """
        from eagerloop.running.reporting import story_of, write_report  # noqa: PLC0415 - training does not need it

        story = story_of(self, self.parts, self.history, name=self.directory.name, records=self.records)
        named = [None if path is None else Path(path) for path in (page, pictures)]
        return write_report(story, named[0], self.directory, named[1])

    def plot(self, *others: "Run") -> "Curves":
        """The curves of the history, by figure; of several runs, a line for each. A notebook draws them at the end of a cell.

        Args:
            *others: Further runs.

        Returns:
            The curves; `save("curves.html")` and `save("curves.png")` write them.
        """
        from eagerloop.inspection.pages.several_runs import Curves, Outline  # noqa: PLC0415 - training does not need it

        runs = (self, *others)
        return Curves([Outline(run.directory.name, run.parts.names, run.history) for run in runs])

    def train(self, epochs: int | None = None) -> "Run":
        """Trains to the end of the given epoch; the run's lock is held meanwhile, and signals end it in good order.

        Args:
            epochs: By default what the run was made for.

        Returns:
            Itself.

        Raises:
            KeyboardInterrupt: SIGINT came; the state was saved first.
            SystemExit: SIGTERM came; the state was saved first.
        """
        self.refuse_to_look_back()
        if epochs is not None:
            self.epochs = plain_options()["epochs"].convert(epochs, "this run")
        with self.stride.training(self.epochs):
            if not self.position.step:
                self._start_from(self.parts.settings.start_from, self.parts.settings.checkpoint)
                say([str(finding) for finding in first_look(self.parts)])
            with self._place.held():
                self._train()
        return self

    def _start_from(self, source: str, checkpoint: str) -> None:
        """Begins with the variables of another run, if the user named one."""
        if source:
            try:
                say([start_from(self.parts, Path(source), checkpoint)])
            except EagerloopError:
                if not self._place.run_toml.exists():
                    self._place.discard()  # it was refused before it began
                raise

    def _train(self) -> None:
        new = self._place.write_run_toml({**self.parts.run_toml, "epochs": self.epochs})
        self.saver.tidy(self.history, self.parts.run_toml)
        try:
            if self._place.writes:  # so that the run predicts without its data
                write_learnt(self.directory, learnt_of(self.dataset, self.parts.first_batch, self.parts.answer))
            with Signals(self.stop) as signals, self.saver, exits_told():
                loop.train(self, self.epochs)
        except Exception as error:
            blame(error, self.parts, self.position, saved=bool(self.store.steps()))
            if new and not (self.tally.steps or self.history or self.store.steps()):
                self._place.discard()  # it was refused before it began: leave the place as it was
            refuse_other_shapes(error)
            refuse_uneven_rows(error, self.parts, self.position)
            refuse_undeterministic(error, self.parts)
            refuse_unknown_variables(error)
            raise
        signals.raise_if_any()

    def train_epoch(self, batches: Iterator[Any]) -> bool:
        """The inner loop, `eagerloop.loop.train_epoch`, or its compiled form; returns whether the run has paused."""
        return self.stride.train_epoch(self, batches)

    def step(self, x: Any, y: Any, sample_weight: Any = None) -> loop.Step:
        """One training step on a batch of one's own: the model changes, the position and the history do not.

        Args:
            x: Features, (n, d), or the structure that the dataset gives.
            y: Targets, (n, k) or (n,), or the structure that the dataset gives.
            sample_weight: How much each row counts, (n,).

        Returns:
            x, y, predictions, loss and gradients; print it.

        Raises:
            DataError: A structure is another one than the dataset's, or its tensors differ in rows.
        """
        return self.stride.single_step(*batch_like(self.parts.first_batch, x, y, sample_weight))

    def inspect(self, x: Any, y: Any, sample_weight: Any = None, **options: Any) -> "StepRecord":
        """A training step in slow motion: everything of it recorded, then taken back. The run is as it was.

        Args:
            x: Features, (n, d), or the structure that the dataset gives.
            y: Targets, (n, k) or (n,), or the structure that the dataset gives.
            sample_weight: How much each row counts, (n,).
            **options: As for `eagerloop.inspection.recording.recorder.inspect_step`.

        Returns:
            The record; print it, or ask it for a layer, a variable or a tensor: `record["dense1"].output`, `record["x/city"]`.
        """
        from eagerloop.inspection.recording.recorder import inspect_step  # noqa: PLC0415 - training does not need it

        return inspect_step(self.parts, self.position, x, y, sample_weight, **options)

    def predict(self, x: Any = None, *, batch_size: int = ROWS_AT_ONCE) -> Any:
        """What the model answers, with `training=False`; with the moving average of its weights, where the optimizer keeps one.

        Args:
            x: Features, (n, d), or the structure that the dataset gives; by default those of the test data.
            batch_size: Rows at a time.

        Returns:
            Predictions of shape (n, k); of a model that answers with a structure, such as a dictionary or a tuple, the same
            structure of arrays of n rows.

        Raises:
            DataError: The answers to two batches cannot be joined: they are of sequences of two lengths, say.
        """
        if x is None:
            pieces: Iterable[Any] = (features for features, *_targets in self.dataset.test())
        else:
            x = tensors_like(self.parts.first_batch[0], x, "x")
            if not is_tensor(x):
                require_same_rows(("x",), (x,))
            starts = range(0, max(1, int(rows_of(x))), batch_size)
            pieces = (map_leaves(lambda leaf, rows=slice(first, first + batch_size): leaf[rows], x) for first in starts)
        with leaving_no_trace(self.parts), averaged(self.parts):
            answers = [self._predicted(piece) for piece in pieces]
        return joined(answers)
