"""Mistakes around the optimizer."""

from eagerloop.inspection.mistakes.detectors.detector import mistake
from eagerloop.inspection.mistakes.evidence import Evidence, identities
from eagerloop.unpublished import built_with


@mistake(
    "EL12",
    "error",
    "the optimizer is made anew in each step",
    "make it once, outside the step, and use the one that the step is given",
)
def made_anew(evidence: Evidence) -> str:
    """Two steps used two different Keras optimizers; in a graph, TensorFlow refuses the variables of the second one."""
    if "tf.function only supports singleton tf.Variables" in str(evidence.first.error):
        return "the step makes variables at each call, as an optimizer does that is made there"
    used = [{id(one): one for one in trace.optimizers} for trace in evidence.traces]
    if len(used) < 2 or not all(used) or set.intersection(*map(set, used)):  # noqa: PLR2004
        return ""
    kind = type(next(iter(used[0].values()))).__name__
    return f"each step used another {kind}: its momentum, its averages and its count of steps begin with 0 every time"


@mistake(
    "EL13",
    "error",
    "the optimizer belongs to another model",
    "make an optimizer for each model: a factory must return a new one at each call",
    cheap=True,
)
def of_another_model(evidence: Evidence) -> str:
    """The optimizer was built with variables that are not this model's."""
    if "Unknown variable" in str(evidence.first.error):
        return "the optimizer knows the variables of another model, and refuses those of this one"
    inner = getattr(evidence.optimizer, "inner_optimizer", evidence.optimizer)
    known = identities(built_with(inner))
    own = identities(evidence.model.trainable_variables)
    if not known or not own or own <= known:
        return ""
    if evidence.ran and known <= own:
        return ""  # a step with an optimizer for each part of the model
    return f"the optimizer was built for {len(known)} variables, and {len(own - known)} of this model's {len(own)} are others"
