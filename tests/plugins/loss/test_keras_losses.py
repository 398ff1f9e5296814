"""Keras's losses by name."""

import numpy as np
import pytest

from eagerloop.errors import ConfigError
from eagerloop_plugins.loss.keras_losses import KERAS_LOSSES


def test_huber_with_a_delta_is_the_number_worked_by_hand():
    """Errors 1 and 5 with delta 2: 1/2 and 2 * (5 - 1) = 8, their mean 4.25."""
    loss = KERAS_LOSSES["huber"](delta=2.0, reduction="sum_over_batch_size")

    assert float(loss(np.array([[0.0], [0.0]]), np.array([[1.0], [5.0]]))) == 4.25


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("sparse_categorical_crossentropy", [1]),
        ("categorical_crossentropy", [[0.0, 1.0]]),
    ],
)
def test_cross_entropies_take_logits_unless_told_otherwise(name, target):
    """By hand: -log(e^2 / (e^0 + e^2)) for logits 0 and 2."""
    value = KERAS_LOSSES[name](from_logits=True)(np.array(target), np.array([[0.0, 2.0]], "float32"))
    default = KERAS_LOSSES[name].__signature__.parameters["from_logits"].default

    assert default is True
    assert float(value) == pytest.approx(-np.log(np.exp(2) / (1 + np.exp(2))), rel=1e-6)


def test_a_reduction_that_gives_no_single_number_is_not_offered():
    """A loss here is a scalar."""
    for factory in KERAS_LOSSES.values():
        annotation = factory.__signature__.parameters["reduction"].annotation
        assert "none" not in annotation.__origin__.__args__


def test_axes_of_a_mask_loss_are_a_list():
    """By hand: two masks with overlaps 1 and 0, so 1 - 2*1/2 = 0 and 1; their mean is 1/2."""
    loss = KERAS_LOSSES["dice"](axis=[1], reduction="sum_over_batch_size")
    value = loss(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))

    assert float(value) == pytest.approx(0.5, abs=1e-5)


def test_what_keras_refuses_is_one_line():
    """Keras's own sentence, with the loss named."""
    with pytest.raises(ConfigError, match=r"loss 'huber': .*reduction"):
        KERAS_LOSSES["huber"](reduction="all")
