"""A run in Weights & Biases: its parts and options as config, its history as a log."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.tracked import configuration, figures, remember, remembered

if TYPE_CHECKING:
    import eagerloop

ID = "wandb.id"
"""The file in the run directory that holds the identity of W&B's run."""

Mode = Literal["offline", "online"]


class ToWandb:
    """Tells Weights & Biases of a run; see `wandb`.

    Args:
        project: The project.
        mode: Whether to write files alone, or to send them.
    """

    speaks_outside = True

    def __init__(self, project: str, mode: Mode) -> None:
        self.project, self.mode = project, mode
        self._run: Any = None

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Begins a run of W&B's, or goes on with the one of before a resume.

        Raises:
            ConfigError: W&B cannot begin.
        """
        told = configuration(run)
        if not told:
            return
        import wandb  # noqa: PLC0415 - an extra, and slow to import

        known = remembered(run.directory / ID)
        try:
            self._run = wandb.init(
                project=self.project,
                name=run.directory.name,
                id=known or None,
                resume="allow",
                dir=str(run.directory),
                mode=self.mode,
                config=told,
                settings=wandb.Settings(silent=True, console="off"),
            )
        except (wandb.Error, OSError) as error:
            msg = f"observer 'wandb': {' '.join(str(error).split())[:300]}; take mode=offline, or leave the observer out"
            raise ConfigError(msg) from error
        if not known:
            remember(run.directory / ID, self._run.id)

    def on_epoch_end(self, run: "eagerloop.Run", metrics: Mapping[str, Any]) -> None:
        """Logs the row of the history, at the number of steps that were done."""
        if self._run is not None:
            self._run.log(figures(metrics), step=run.position.step)

    def on_train_end(self) -> None:
        """Ends W&B's run."""
        self._end(0)

    def on_exception(self) -> None:
        """Ends W&B's run, as failed."""
        self._end(1)

    def _end(self, code: int) -> None:
        if self._run is not None:
            self._run.finish(exit_code=code)
            self._run = None


def wandb(
    *,
    project: Annotated[str, typer.Option(help="the project")] = "eagerloop",
    mode: Annotated[Mode, typer.Option(help="write files alone, or send them")] = "offline",
) -> ToWandb:
    """Tells Weights & Biases of the run: options and history.

    Parts and options are its config, the history its log. Unless told otherwise, nothing is sent.

    After a resume, W&B's run goes on under its identity.

    Args:
        project: Its name.
        mode: `offline` writes below the run's directory; `wandb sync RUN/wandb/offline-run-...` sends that later. `online`
            sends while the run trains.

    Returns:
        An observer. The run's directory keeps the identity of W&B's run in `wandb.id`.

    Raises:
        ConfigError: W&B is not installed.

    Source: `wandb.init`.
    """
    if find_spec("wandb") is None:
        msg = "observer 'wandb' needs Weights & Biases, which is not installed; install it with: pip install 'eagerloop[wandb]'"
        raise ConfigError(msg)
    return ToWandb(project, mode)
