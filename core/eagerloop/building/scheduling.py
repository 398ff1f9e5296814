"""How an optimizer gets its learning rate from a schedule."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from eagerloop.choices.catalog import Catalog
from eagerloop.choices.chosen import Chosen, choices_in, word_of
from eagerloop.errors import ConfigError, PluginError
from eagerloop.parts import Choice


class AsSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A function from the step number to a learning rate, as Keras's optimizers want one.

    Args:
        function: Called with the number of updates so far, an int64 scalar; gives a scalar.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __call__(self, step: Any) -> Any:
        """The rate of a step, a float32 scalar.

        Raises:
            PluginError: It is no scalar.
        """
        rate = tf.cast(self._function(step), tf.float32)
        if rate.shape.rank:
            msg = f"the schedule gave a rate of the shape {tuple(rate.shape)}; it must be one number for a step"
            raise PluginError(msg)
        return rate

    def get_config(self) -> dict[str, Any]:
        """Nothing: the record tells which schedule it is."""
        return {}


def follow(optimizer: Any, schedule: Any, words: str) -> None:
    """Has the optimizer take its learning rate from a schedule, from its first update on.

    Args:
        optimizer: One that is not built yet.
        schedule: A Keras schedule, or a function from the step number, from 0, to a rate.
        words: The optimizer in words, for messages.

    Raises:
        ConfigError: The optimizer is none of Keras's, whose rate could not be set.
    """
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        msg = f"{words} is no Keras optimizer, so no schedule can set its rate; let it compute the rate itself, or leave it out"
        raise ConfigError(msg)
    known = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    optimizer.learning_rate = schedule if known else AsSchedule(schedule)


def refuse_two_rates(choice: Chosen, schedule: Choice | None, catalog: Catalog) -> None:
    """Refuses a learning rate beside a schedule, of which one would be passed over; and a schedule for several optimizers.

    Raises:
        ConfigError: The user gave both.
    """
    if not isinstance(choice, Choice):
        if schedule is not None:
            several = ", ".join(word_of(one) for one in choices_in(choice))
            way = "give each its learning_rate, or in Python an optimizer object that has a schedule"
            msg = f"a schedule sets the rate of one optimizer, and here are several, {several}; {way}"
            raise ConfigError(msg)
        return
    given = {name.replace("-", "_"): value for name, value in choice.options.items()}.get("learning_rate")
    if schedule is None or given is None or not isinstance(choice.part, str):
        return
    entry = catalog.find("optimizer", choice.part)
    option = entry.options.get("learning_rate")
    if option is not None and option.default != given:
        msg = f"{entry.where} has the learning rate {given}, and a schedule sets it, too; give one of the two"
        raise ConfigError(msg)
