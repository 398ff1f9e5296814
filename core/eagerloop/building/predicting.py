"""The parts that a run needs to predict, or to be evaluated on new rows, made without its data. The others are absent."""

from dataclasses import replace
from typing import Any, NoReturn

import keras

from eagerloop.building.freezing import freeze
from eagerloop.building.precision import for_precision
from eagerloop.building.run_parts import RunParts
from eagerloop.building.workshop import Workshop
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import Part, Settings
from eagerloop.data.learnt import LearntData
from eagerloop.errors import CheckpointError
from eagerloop.process.numerics import configure_tensorflow, dtype_policy

NEEDED = ("model", "checkpointer")
"""The kinds of part that are made to predict."""

TO_EVALUATE = (*NEEDED, "loss", "step", "metric")
"""And those to evaluate."""


class Absent:
    """Stands in the place of a part that predicting does not need.

    Args:
        kind: The kind of part.
    """

    variables = ()

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, *_arguments: Any) -> NoReturn:
        """Cannot be done.

        Raises:
            CheckpointError: Always.
        """
        msg = f"the run was opened for predicting alone and has no {self._kind}; open it without for_predicting"
        raise CheckpointError(msg)

    apply_gradients = __call__


def assemble_for_predicting(
    settings: Settings, catalog: Catalog, learnt: LearntData, content: Any, *, evaluating: bool = False
) -> RunParts:
    """Makes model and checkpointer of a run; the model's variables are made by a call on zeros.

    Args:
        settings: What the user chose: of it, what concerns the two.
        catalog: Where the parts are found.
        learnt: What the run kept of its data.
        content: Its record.
        evaluating: Make loss, step and metrics as well.

    Returns:
        The parts; those that are absent refuse to be used.

    Raises:
        EagerloopError: A part does not exist, cannot be made, or does not do what its kind must.
    """
    configure_tensorflow(settings)
    keras.utils.set_random_seed(settings.seed)
    workshop = Workshop(settings.seed, catalog, learnt, learnt.answer)
    with dtype_policy(settings.precision):
        model, checkpointer = (workshop.make(kind, getattr(settings, kind)) for kind in NEEDED)
        predictions, watched = workshop.first_call(model, learnt.first_batch[0])
        freeze(model, settings.freeze)
        measuring = _measuring(workshop, settings, learnt, predictions) if evaluating else _NOT_MEASURING
    return RunParts(
        settings=replace(settings, metric=(), observer=()),
        catalog=catalog,
        dataset=learnt,
        model=model,
        schedule=None,
        optimizer=Absent("optimizer"),
        checkpointer=checkpointer,
        observers=(),
        first_batch=learnt.first_batch,
        first_predictions=predictions,
        answer=learnt.answer,
        watched=watched,
        replicas=None,
        resolved={**workshop.resolved, "dataset": [Part(str(content["dataset"]["name"]), "", "", {})]},
        origins=workshop.origins,
        by_default=(),
        run_toml=content,
        **measuring,
    )


_NOT_MEASURING = {"loss": Absent("loss"), "step": Absent("step"), "metrics": {}}


def _measuring(workshop: Workshop, settings: Settings, learnt: LearntData, predictions: Any) -> dict[str, Any]:
    """What says how good the answers are."""
    loss = workshop.make_all("loss", settings.loss or ())
    in_precision = "mixed_bfloat16" if settings.precision.startswith("mixed") else settings.precision  # of the loss alone
    loss = for_precision(in_precision, {"loss": loss, "optimizer": None}).get("loss", loss)
    step = workshop.make("step", settings.step)
    return {
        "loss": loss,
        "step": step,
        "metrics": workshop.make_metrics(settings.metric or (), learnt.first_batch, predictions),
    }
