"""Every optimizer of Keras, by its name (`adam` is eagerloop's own; Keras's is `keras_adam`) and with its own options."""

from eagerloop_plugins.keras_table import factories, table

EXCLUDED_CLASSES = {
    "Optimizer": "the base class: it updates nothing",
    "LossScaleOptimizer": "it wraps an optimizer object, and the loop would have to scale the loss for it",
    "MultiOptimizer": "it wraps a map of optimizer objects",
}
EXCLUDED_OPTIONS = {
    "name": "the name that the user types is used",
    "loss_scale_factor": "it divides the gradients of a loss that was multiplied, and the loop multiplies no loss",
}

TABLE = table("optimizers")

KERAS_OPTIMIZERS = factories("optimizer", TABLE)

KERAS_OPTIMIZERS["muon"].contract_exceptions = {  # type: ignore[attr-defined]
    "optimizer-either-variable": "Keras's Muon asks each variable for its `path`, which only keras.Variables have"
}
