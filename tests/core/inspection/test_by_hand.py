"""Sums of a step worked by hand: they come out, or they are not claimed."""

import dataclasses

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.inspection.by_hand.losses import loss_of_row
from eagerloop.inspection.by_hand.sums import same
from eagerloop.inspection.by_hand.units import first_unit, normalised, silenced
from eagerloop.inspection.by_hand.updates import update_of_weight, weight_of
from eagerloop.inspection.step_record import Values
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.running.opening import create


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Records a step after so many others on the first batch."""

    def record(*, after=0, **keywords):
        run = create(settings_of(keywords), tmp_path_factory.mktemp("runs") / "run")
        x, y = next(iter(run.dataset.train(1, 0)))
        for _step in range(after):
            run.step(x, y)
        return run.inspect(x, y)

    return record


@pytest.fixture(scope="module")
def third(recorded):
    """The guide's third step, its rate being 0.01."""
    return recorded(seed=3, after=2, optimizer=eagerloop.use("adam", learning_rate=0.01))


def answered(y, predictions, losses, classes=()):
    """What a record has that the loss of a row is worked from."""

    @dataclasses.dataclass
    class Answered:
        y: Values
        predictions: Values
        row_losses: Values
        classes: tuple
        sample_weight: None = None

    arrays = [Values.of(np.asarray(array)) for array in (y, np.asarray(predictions, "float32"), np.asarray(losses, "float32"))]
    return Answered(*arrays, classes)


def results(work):
    """The numbers that come out of a sum, line by line."""
    return [line.result for line in work.lines]


def test_adam_s_lines_are_those_of_the_paper(third):
    """Both means, corrected as the paper corrects them, from the recorded slots: the step agrees in every printed digit."""
    weight = weight_of(third)
    (m, _), (v, _) = weight.slots["momentum"], weight.slots["velocity"]
    m, v = 0.9 * m + 0.1 * weight.gradient, 0.999 * v + 0.001 * weight.gradient**2
    step = 0.01 * (m / (1 - 0.9**3)) / (np.sqrt(v / (1 - 0.999**3)) + 1e-7)
    correction = np.sqrt(1 - 0.999**3) / (1 - 0.9**3)
    work = update_of_weight(third, weight)

    assert results(work)[:4] == [three(float(number)) for number in (m, v, correction, step)]
    assert float(results(work)[4]) == pytest.approx(weight.value - step, abs=5e-4)
    assert [m, v] == pytest.approx([weight.slots["momentum"][1], weight.slots["velocity"][1]], rel=1e-5)
    assert -step == pytest.approx(weight.update, rel=1e-4)


def test_a_weight_that_is_not_there(third):
    """A record from anywhere may name one: another is followed."""
    check = dataclasses.replace(third.differences[0], index=(99, 0))
    weight = weight_of(dataclasses.replace(third, differences=[check]))
    assert weight.variable.name == "dense1/kernel"
    assert all(place < size for place, size in zip(weight.index, (3, 32), strict=True))


def test_the_followed_weight_is_the_one_that_was_checked(third):
    """Its label, value and gradient are those of the first finite difference."""
    weight, check = weight_of(third), third.differences[0]

    assert weight.label == f"{check.variable}{list(check.index)}"
    assert (weight.value, weight.gradient) == pytest.approx((check.value, check.gradient))


def test_without_checks_the_largest_gradient_is_followed(third):
    """Of the first variable that has one."""
    weight = weight_of(dataclasses.replace(third, differences=[]))

    assert weight.variable.name == "dense1/kernel"
    assert abs(weight.gradient) == np.abs(weight.variable.gradient.array).max()


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    "options", [{"weight_decay": 0.1}, {"clipnorm": 0.001}, {"amsgrad": True}, {"clipvalue": 0.001}, {"use_ema": True}]
)
def test_an_optimizer_that_does_more_is_not_explained_by_less(recorded, options):
    """Adam with a further option has no sum here."""
    record = recorded(optimizer=eagerloop.use("adam", **options))

    assert update_of_weight(record, weight_of(record)) is None


def test_momentum_adds_the_step_before(recorded):
    """In the second step: 0.9 times the first one, and the gradient downhill."""
    record = recorded(after=1, optimizer=eagerloop.use("sgd", learning_rate=0.001, momentum=0.9))
    weight = weight_of(record)
    step = 0.9 * weight.slots["momentum"][0] - 0.001 * weight.gradient

    assert results(update_of_weight(record, weight))[0] == three(step)
    assert step == pytest.approx(weight.update, rel=1e-4)


def test_squares_are_averaged_over_the_outputs():
    """Errors of 2 and -4 have the squares 4 and 16, and the mean 10."""
    work = loss_of_row(answered([[1.0, 5.0]], [[3.0, 1.0]], [10.0]), 0)

    assert work.rule == "(prediction - target)^2"
    assert results(work) == ["4.00", "16.0", "10.0"]


def test_sizes_of_errors_are_told_from_squares():
    """Errors of 2 and 0.5 alone could be either; the rows decide together."""
    work = loss_of_row(answered([[1.0], [1.0]], [[2.0], [3.0]], [1.0, 2.0]), 1)

    assert work.rule == "|prediction - target|"
    assert [(line.numbers, line.result) for line in work.lines] == [("|3.00 - 1.00|", "2.00")]


@pytest.mark.parametrize("y", [np.array([2]), np.array([[2]]), np.array([[0.0, 0.0, 1.0]])])
def test_classes_may_be_numbers_or_marked_by_a_one(y):
    """Logits log 1, log 2, log 5 have the shares 1/8, 2/8, 5/8; -log(5/8) is 0.470."""
    work = loss_of_row(answered(y, np.log([[1.0, 2.0, 5.0]]), [-np.log(5 / 8)], ("cat", "dog", "eel")), 0)

    assert results(work) == ["8.00", "0.625", "0.470"]
    assert work.lines[1].name == "share of eel"


def test_one_logit_is_the_share_of_class_one():
    """A logit of log 3 is the share 3/4: of a target 0, 1/4."""
    work = loss_of_row(answered([[0.0]], np.log([[3.0]]), [-np.log(0.25)]), 0)

    assert results(work) == ["0.750", "0.250", "1.39"]


@pytest.mark.parametrize(
    ("y", "predictions", "losses"),
    [
        ([[1.0]], [[3.0]], [4.1]),
        ([[1.0]], [[np.nan]], [np.nan]),
        ([[1.0]], [[np.inf]], [np.inf]),
        ([3], [[0.1, 0.2, 0.3]], [1.0]),
        ([[1.0], [2.0]], [[1.0], [2.0]], [0.5]),
        ([0], [[1000.0, 0.0]], [0.5]),
    ],
)
def test_a_loss_that_does_not_come_out_has_no_sum(y, predictions, losses):
    """Another number, nan, infinity, a class that is not there, another count, a logit whose exponential is infinite."""
    assert loss_of_row(answered(y, predictions, losses), 0) is None


def test_a_dense_unit_is_inputs_times_weights(third):
    """The first unit of the first layer, from the recorded arrays by NumPy."""
    layer = third["dense1"]
    x, kernel, bias = third.x.array, third["dense1/kernel"].value.array, third["dense1/bias"].value.array
    line = first_unit(third, layer, 4)

    assert line.name == "dense1[4, 0]"
    assert line.result == three(float(x[4] @ kernel[:, 0] + bias[0]))
    assert line.numbers.count(" x ") == 3


def test_a_unit_that_does_not_come_out_is_not_claimed(third):
    """Another output, another kind of layer, an activation that is not known here."""
    layer = third["dense1"]

    assert first_unit(third, dataclasses.replace(layer, output=Values.of(layer.output.array + 1)), 0) is None
    assert first_unit(third, dataclasses.replace(layer, activation="tanh"), 0) is None
    assert first_unit(third, third["dropout"], 0) is None


def test_dropout_is_seen_in_its_numbers(third):
    """The share of zeros, and twice the rest."""
    layer = third["dropout"]
    found = silenced(layer)

    assert found.scale == pytest.approx(2.0)
    assert found.dropped == np.mean(layer.output.array == 0)
    assert silenced(third["dense1"]) is None
    assert silenced(dataclasses.replace(layer, output=layer.inputs[0])).dropped == 0


def test_batch_normalization_is_seen_in_its_means(recorded):
    """With the averages of training instead, the means would not be beta."""
    model = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    record = recorded(model=model)
    layer = record["batch_normalization"]

    assert normalised(record, layer)
    assert not normalised(record, dataclasses.replace(layer, output=layer.inputs[0]))


@pytest.mark.parametrize(
    ("computed", "recorded_value", "largest", "agree"),
    [
        (0.1, 0.1000001, 0, True),
        (0.1, 0.101, 0, False),
        (0.0, 1e-5, 100.0, True),
        (np.nan, np.nan, 0, False),
        (1, 1, np.inf, False),
    ],
)
def test_numbers_agree_as_float32_lets_them(computed, recorded_value, largest, agree):
    """To four digits, or to the last bits of the largest number that went in; nan agrees with nothing."""
    assert same(computed, recorded_value, largest) is agree
