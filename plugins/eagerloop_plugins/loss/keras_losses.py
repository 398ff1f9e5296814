"""Every loss of Keras, by its Keras name and with its own options.

Where a loss can take logits, it does so by default, unlike in Keras: the models here give logits. All give a scalar.
"""

from eagerloop_plugins.keras_table import factories, table

EXCLUDED_CLASSES = {"Loss": "the base class: it computes nothing"}
EXCLUDED_OPTIONS = {
    "name": "the name that the user types is used",
    "dtype": "the precision is the model's",
}
CHANGED_DEFAULTS = {"from_logits": "the models here give logits"}

ALIASES = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}
"""Keras's own short names; its `mse` is a part of its own here."""

TABLE = table("losses")

KERAS_LOSSES = factories("loss", TABLE, ALIASES)
