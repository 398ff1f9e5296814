"""The parts that a run needs to predict, made without its data: model and checkpointer. The others are absent."""

from dataclasses import replace
from typing import Any, NoReturn

import keras

from eagerloop.building.freezing import freeze
from eagerloop.building.run_parts import RunParts
from eagerloop.building.workshop import Workshop
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import Part, Settings
from eagerloop.data.learnt import LearntData
from eagerloop.errors import CheckpointError
from eagerloop.process.numerics import configure_tensorflow, dtype_policy

NEEDED = ("model", "checkpointer")
"""The kinds of part that are made."""


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


def assemble_for_predicting(settings: Settings, catalog: Catalog, learnt: LearntData, content: Any) -> RunParts:
    """Makes model and checkpointer of a run; the model's variables are made by a call on zeros.

    Args:
        settings: What the user chose: of it, what concerns the two.
        catalog: Where the parts are found.
        learnt: What the run kept of its data.
        content: Its record.

    Returns:
        The parts; those that are absent refuse to be used.

    Raises:
        EagerloopError: A part does not exist, cannot be made, or does not do what its kind must.
    """
    configure_tensorflow(settings)
    keras.utils.set_random_seed(settings.seed)
    workshop = Workshop(settings.seed, catalog, learnt)
    with dtype_policy(settings.precision):
        model, checkpointer = (workshop.make(kind, getattr(settings, kind)) for kind in NEEDED)
        predictions, watched = workshop.first_call(model, learnt.first_batch[0])
        freeze(model, settings.freeze)
    return RunParts(
        settings=replace(settings, metric=(), observer=()),
        catalog=catalog,
        dataset=learnt,
        model=model,
        loss=Absent("loss"),
        schedule=None,
        optimizer=Absent("optimizer"),
        step=Absent("step"),
        checkpointer=checkpointer,
        metrics={},
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
    )
