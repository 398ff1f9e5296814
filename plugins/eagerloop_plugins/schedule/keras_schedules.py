"""Every learning-rate schedule of Keras, by its name and with its own options."""

from eagerloop_plugins.keras_table import factories, table

EXCLUDED_CLASSES = {"LearningRateSchedule": "the base class: it has no rate"}
EXCLUDED_OPTIONS = {"name": "the name that the user types is used"}

CHANGED_DEFAULTS = {"initial_learning_rate": "Keras has none; 0.001 is the rate of its optimizers, and of `adam` here"}

TABLE = table("schedules")

KERAS_SCHEDULES = factories("schedule", TABLE)
