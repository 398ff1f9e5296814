"""Schedules with one fault each, named after it."""

import random
import time

import numpy as np
import tensorflow as tf


def falls_below_zero(step):
    """A line that goes on falling."""
    return 0.1 - 0.001 * tf.cast(step, tf.float32)


def divides_by_the_step(step):
    """One over the step, which is 0 first."""
    return 1.0 / tf.cast(step, tf.float32)


def a_row_of_rates(step):
    """A rate for each of three layers."""
    return tf.fill([3], 0.1 / (1.0 + tf.cast(step, tf.float32)))


def counts_by_itself():
    """Halves with every call, whatever the step."""
    rate = [0.2]

    def schedule(step):
        rate[0] /= 2
        return rate[0]

    return schedule


def draws(step):
    """A rate with noise."""
    return 0.1 + 0.01 * random.random()  # noqa: S311 - a fault, on purpose


def computed_in_numpy(step):
    """A number of Python, which a graph cannot follow."""
    return float(0.1 / (1 + np.asarray(step)))


def by_the_clock(step):
    """Falls with the time of day."""
    return 0.1 * (1 - time.perf_counter() % 1)


def option_without_type(step, peak=0.1):
    """An option that cannot be read from a command line."""
    return peak / (1.0 + tf.cast(step, tf.float32))


def no_docstring(step):
    return 0.1 / (1.0 + tf.cast(step, tf.float32))


def overflows(step):
    """Grows until it is infinite."""
    return tf.exp(tf.cast(step, tf.float32))


def not_a_number(step):
    """A root of what becomes negative."""
    return tf.sqrt(1.0 - 0.01 * tf.cast(step, tf.float32))


def text(step):
    """A rate as words."""
    return "0.1"
