"""The search for nan and inf in a run's variables."""

import numpy as np
import pytest
import tensorflow as tf

from eagerloop.running.saving import LARGE, FiniteCheck


@pytest.fixture(params=[10, LARGE], ids=["small", "large"])
def variables(request):
    """Two of numbers and one of whole numbers, looked at one by one or in a graph."""
    return {
        "model/kernel": tf.Variable(tf.ones((request.param,))),
        "model/bias": tf.Variable(tf.ones((2,))),
        "model/seed": tf.Variable([1, 2]),
    }


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_variable_that_is_not_finite_is_named(variables, value):
    """Whenever it turns up; and no more when it is gone."""
    bad = FiniteCheck()
    assert bad(variables) is None
    variables["model/bias"].assign([1.0, value])
    assert bad(variables) == "model/bias"
    variables["model/bias"].assign([1.0, 1.0])
    assert bad(variables) is None


def test_numbers_whose_sum_is_too_large_are_finite(variables):
    """The sum of the first two is more than float32 holds."""
    kernel = variables["model/kernel"]
    kernel.assign(tf.concat([[3e38, 3e38], kernel[2:]], axis=0))
    assert FiniteCheck()(variables) is None


def test_other_variables_are_not_taken_for_those_of_before(variables):
    """As after a resume, when the same check is asked of a model that was made anew."""
    bad = FiniteCheck()
    assert bad(variables) is None
    others = {name: tf.Variable(variable) for name, variable in variables.items()}
    others["model/kernel"].assign(others["model/kernel"] * np.nan)
    assert bad(others) == "model/kernel"
