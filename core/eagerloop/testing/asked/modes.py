"""What is asked of a model in its two modes, training and inference."""

from typing import Any

from eagerloop.structures import leaves_by_path
from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require
from eagerloop.testing.trying.built_models import BUILT, answer_of, built, inner, x_of
from eagerloop.testing.trying.loss_values import first_rows


@contract(
    "model-inference-repeatable",
    "model",
    why="a prediction must not depend on the predictions before it",
    fix="pass `training` on to Dropout and BatchNorm, and change no variable where it is False (see EL02)",
    needs=BUILT,
)
def inference_repeatable(subject: Subject) -> None:
    """With training=False it gives the same answer again, and changes nothing."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.inspection.looking.experiments import answers  # noqa: PLC0415 - it needs TensorFlow

    model = built(subject)
    before = [np.array(inner(variable).numpy()) for variable in model.variables]
    first, *others = answers(model, x_of(subject), times=3)
    same = all(np.array_equal(first, other) for other in others)
    require(same, "with training=False, the same x gives another answer the second time: it draws or keeps something")
    for variable, value in zip(model.variables, before, strict=True):
        require(np.array_equal(inner(variable).numpy(), value), f"a call with training=False changes {variable.name}")


@contract(
    "model-rows",
    "model",
    why="predictions of a table do not depend on how it is cut into batches",
    fix="sum, normalise and apply softmax along the last axis, not along axis 0",
    needs=(*BUILT, "model-predictions"),
)
def rows(subject: Subject) -> None:
    """With training=False, the answer for a row does not depend on the other rows."""
    import numpy as np  # noqa: PLC0415

    model, x = built(subject), x_of(subject)
    whole, part = (leaves_by_path(model(rows_given, training=False)) for rows_given in (x, first_rows(x, 3)))
    close = all(np.allclose(whole[path][:3], part[path], rtol=1e-3, atol=1e-4) for path in whole)
    require(close, "with training=False, the answer for a row changes when other rows are left out of the batch")


@contract(
    "model-training-flag",
    "model",
    why="Dropout that acts in predictions, or not in training, spoils a model without a word",
    fix="pass `training` on: self.dropout(x, training=training), self.norm(x, training=training) (see EL02)",
    needs=(*BUILT, "model-inference-repeatable"),
)
def training_flag(subject: Subject) -> None:
    """Training and inference differ where there is Dropout or BatchNorm, and only there."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.inspection.looking.experiments import draws  # noqa: PLC0415 - as above

    model, x = built(subject), x_of(subject)
    resting, active = (answer_of(model, x, training=training) for training in (False, True))
    acting = [layer for layer in _free(model, x) if draws(layer) or hasattr(layer, "moving_mean")]
    other_state = len(model.variables) > len(model.trainable_variables)
    differs = not np.allclose(resting, active, rtol=1e-5, atol=1e-6)
    if acting and not differs:
        msg = f"it has {type(acting[0]).__name__}, and answers the same with training=True and training=False"
        raise Fault(msg)
    if differs and not acting and not other_state:
        msg = "it answers otherwise with training=True, and has no Dropout, no BatchNorm and no state that could explain it"
        raise Fault(msg)


@contract(
    "model-averages",
    "model",
    why="BatchNorm predicts with averages that it takes while training: if they stand still, predictions are wrong",
    fix="call BatchNorm with training=training, not with a constant (see EL03)",
    needs=BUILT,
)
def averages(subject: Subject) -> None:
    """A training call moves the averages of every BatchNorm."""
    from eagerloop.inspection.looking.experiments import moving_values, takes_averages  # noqa: PLC0415 - as above

    model, x = built(subject), x_of(subject)
    normalizing = [layer for layer in _free(model, x) if takes_averages(layer)]
    if not normalizing:
        msg = "it has no BatchNorm"
        raise NotApplicable(msg)
    before = [moving_values(layer) for layer in normalizing]
    model(x, training=True)
    for layer, values in zip(normalizing, before, strict=True):
        require(moving_values(layer) != values, f"a training call leaves the averages of {layer.name} as they were")


def _free(model: Any, x: Any) -> list[Any]:
    """The layers that follow the model's `training`: not those of a base that it calls with training=False on purpose."""
    from eagerloop.building.naming import Names  # noqa: PLC0415
    from eagerloop.inspection.looking.calls import held_still  # noqa: PLC0415

    names = Names(model)
    held = held_still(model, names, x)
    return [layer for name, layer in names.layers.items() if name not in held]
