"""Every metric of Keras that is a figure of targets and predictions, by its Keras name and with its own options.

Where a metric can take logits, it does so by default, unlike in Keras: the models here give logits. All give one number, over
the examples of an epoch and not over its batches.
"""

from eagerloop_plugins.keras_table import factories, table

EXCLUDED_CLASSES = {
    "Metric": "the base class: it measures nothing",
    "Mean": "it averages values; called with targets and predictions it would take the predictions for weights",
    "Sum": "it sums values; called with targets and predictions it would take the predictions for weights",
    "MeanMetricWrapper": "it needs a function as argument, which no option can be; write a part in a .py file",
}
EXCLUDED_OPTIONS = {
    "name": "the name that the user types is used",
    "dtype": "the precision is Keras's",
}
CHANGED_DEFAULTS = {
    "from_logits": "the models here give logits",
    "average": "Keras's None gives a figure a class, and a history has one number a metric",
}

ALIASES = {
    "bce": "binary_crossentropy",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
"""Keras's own short names."""

TABLE = table("metrics")

KERAS_METRICS = factories("metric", TABLE, ALIASES)
