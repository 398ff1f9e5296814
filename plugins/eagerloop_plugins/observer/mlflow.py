"""A run in MLflow: its parts and options as parameters, its history as metrics."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.tracked import configuration, figures, remember, remembered

if TYPE_CHECKING:
    import eagerloop

ID = "mlflow.id"
"""The file in the run directory that holds the identity of MLflow's run."""


class ToMlflow:
    """Tells MLflow of a run; see `mlflow`.

    Args:
        experiment: The experiment; it is made if it is not there.
        uri: Where MLflow keeps it; an empty text: where MLflow would.
    """

    speaks_outside = True

    def __init__(self, experiment: str, uri: str) -> None:
        self.experiment, self.uri = experiment, uri
        self._client: Any = None
        self._id = ""

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Begins a run in MLflow, or goes on with the one of before a resume.

        Raises:
            ConfigError: MLflow's store cannot be had.
        """
        told = configuration(run)
        if not told:
            return
        import mlflow  # noqa: PLC0415 - an extra, and slow to import

        try:
            self._client = mlflow.MlflowClient(tracking_uri=self.uri or None)
            self._id = remembered(run.directory / ID) or self._begin(run)
            self._client.update_run(self._id, status="RUNNING")
            for name, value in told.items() if not self._client.get_run(self._id).data.params else ():
                self._client.log_param(self._id, name, value)
        except (mlflow.exceptions.MlflowException, ImportError, OSError) as error:
            msg = f"observer 'mlflow': {' '.join(str(error).split())[:300]}; choose another 'uri', or leave the observer out"
            raise ConfigError(msg) from error

    def _begin(self, run: "eagerloop.Run") -> str:
        known = self._client.get_experiment_by_name(self.experiment)
        place = known.experiment_id if known else self._client.create_experiment(self.experiment)
        name = str(self._client.create_run(place, run_name=run.directory.name).info.run_id)
        remember(run.directory / ID, name)
        return name

    def on_epoch_end(self, run: "eagerloop.Run", metrics: Mapping[str, Any]) -> None:
        """Logs the row of the history, at the number of steps that were done."""
        for name, value in figures(metrics).items() if self._client else ():
            self._client.log_metric(self._id, name, value, step=run.position.step)

    def on_train_end(self) -> None:
        """Ends MLflow's run."""
        self._end("FINISHED")

    def on_exception(self) -> None:
        """Ends MLflow's run, as failed."""
        self._end("FAILED")

    def _end(self, status: str) -> None:
        if self._client:
            self._client.set_terminated(self._id, status)
            self._client = None


def mlflow(
    *,
    experiment: Annotated[str, typer.Option(help="the experiment, made if it is not there")] = "eagerloop",
    uri: Annotated[
        str, typer.Option(help="where MLflow keeps it, such as sqlite:///mlflow.db; empty: where MLflow would")
    ] = "",
) -> ToMlflow:
    """Tells MLflow of the run: options and history.

    Parts and options are its parameters, the history its metrics. That needs no network.

    After a resume, MLflow's run goes on; epochs that are trained again have the same figures at the same step.

    Args:
        experiment: Its name.
        uri: A tracking URI: a file, a database, a server.

    Returns:
        An observer. The run's directory keeps the identity of MLflow's run in `mlflow.id`.

    Raises:
        ConfigError: MLflow is not installed.

    Source: `mlflow.MlflowClient`.
    """
    if find_spec("mlflow") is None:
        msg = "observer 'mlflow' needs MLflow, which is not installed; install it with: pip install 'eagerloop[mlflow]'"
        raise ConfigError(msg)
    return ToMlflow(experiment, uri)
