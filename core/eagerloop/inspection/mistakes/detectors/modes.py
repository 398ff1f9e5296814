"""Layers that act in training alone: Dropout, noise, BatchNorm."""

import numpy as np

from eagerloop.inspection.looking.calls import held_still
from eagerloop.inspection.looking.experiments import answers, draws, moving_values, moving_variables, takes_averages
from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, identities, named


@mistake(
    "EL02",
    "error",
    "training=True is missing, or left on",
    "call model(x, training=True) in the step, training=False in predictions, and hand `training` on to the layers",
)
def training_flag(evidence: Evidence) -> str:
    """Layers that draw stand still in the step, or act in predictions."""
    acting = _acting_in_predictions(evidence)
    if acting:
        return acting
    asleep, frozen = _still(evidence, _drawing(evidence)), _still(evidence, _averaging(evidence))
    if not asleep and not frozen:
        return ""
    if _moved_by_a_training_call(evidence, [*asleep, *frozen]):
        return f"{named([*asleep, *frozen])} did nothing in the step: the model was called without training=True"
    words = f"{named(asleep)} does nothing, though the model is called with training=True: `training` is not handed on"
    return words if asleep else ""  # for frozen averages alone there is a finding of its own


@mistake(
    "EL03",
    "error",
    "the averages of BatchNorm do not move",
    "hand `training` on: self.norm(x, training=training); a tf.Module has to do so for each layer itself",
)
def averages_frozen(evidence: Evidence) -> str:
    """A call with training=True leaves moving mean and variance as they were, though the layer is trainable."""
    frozen = _still(evidence, _averaging(evidence))
    if not frozen or _moved_by_a_training_call(evidence, frozen):
        return ""
    return f"the moving averages of {named(frozen)} are the same after the step: predictions are made with those of the start"


def _acting_in_predictions(evidence: Evidence) -> str:
    """What differs between two predictions for the same x; nothing may."""
    before = {name: moving_values(evidence.layers[name]) for name in _averaging(evidence)}
    one, other = answers(evidence.model, evidence.x)
    if not np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
        apart = float(np.abs(one - other).max())
        return f"two predictions for the same x, with training=False, differ by {apart:.3g}: something acts as in training"
    moved = [name for name, state in before.items() if moving_values(evidence.layers[name]) != state]
    return f"a prediction with training=False moves the averages of {named(moved)}" if moved else ""


def _drawing(evidence: Evidence) -> list[str]:
    """The layers that drop or add noise in training."""
    return [name for name, layer in evidence.layers.items() if draws(layer)]


def _averaging(evidence: Evidence) -> list[str]:
    """The layers that take averages in training."""
    return [name for name, layer in evidence.layers.items() if takes_averages(layer)]


def _still(evidence: Evidence, names: list[str]) -> list[str]:
    """Those of the layers that did nothing in the step, though nobody wanted that."""
    still = evidence.first.still
    still_ones = [name for name in names if evidence.ran and identities(moving_variables(evidence.layers[name])) <= still]
    wanted = held_still(evidence.model, evidence.names, evidence.x) if still_ones else ()
    return [name for name in still_ones if name not in wanted]


def _moved_by_a_training_call(evidence: Evidence, names: list[str]) -> bool:
    before = [moving_values(evidence.layers[name]) for name in names]
    evidence.model(evidence.x, training=True)
    return before != [moving_values(evidence.layers[name]) for name in names]
