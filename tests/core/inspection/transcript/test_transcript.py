"""A step as a text."""

import dataclasses
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop import loop
from eagerloop.choices.settings import settings_of
from eagerloop.errors import ConfigError
from eagerloop.inspection.step_record import Finding, StepRecord, Values
from eagerloop.inspection.transcript.transcript import step_transcript
from eagerloop.running.opening import create

GOLDEN = Path(__file__).with_name("iris_step.txt")
ROUNDING = 2e-6
"""How far another processor's last bits may move a number, relatively: some ten units in the last place of float32."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Records the first step of a run that is made for it."""

    def record(*, operations=False, train_step=None, row=0, **keywords):
        run = create(settings_of(keywords), tmp_path_factory.mktemp("runs") / "run")
        x, y = next(iter(run.dataset.train(1, 0)))
        return run.inspect(x, y, row=row, operations=operations, train_step=train_step)

    return record


@pytest.fixture(scope="module")
def iris(recorded):
    """The guide's first step, with every operation."""
    return recorded(seed=42, operations=True)


@pytest.fixture(scope="module")
def flowers():
    """Forty rows of four numbers in three classes."""
    random = np.random.default_rng(0)
    pair = random.normal(size=(40, 4)).astype("float32"), random.integers(0, 3, 40)
    return eagerloop.ArrayDataset(pair, pair, batch_size=8, classes=("cat", "dog", "eel"))


def without_times(record):
    """The record with no time in it: those differ each time."""
    return dataclasses.replace(record, lines=[dataclasses.replace(line, seconds=0.0) for line in record.lines])


def moved(thing, phase, share=ROUNDING):
    """The same record with every measured number moved a little, equal numbers by equal amounts; whole numbers stay."""

    def slightly(numbers):
        return numbers * (1 + share * np.sin(1e4 * np.asarray(numbers, np.float64) + phase))

    if isinstance(thing, Values):
        return Values.of(slightly(thing.array).astype(thing.array.dtype)) if thing.array.dtype.kind == "f" else thing
    if dataclasses.is_dataclass(thing):
        kept = {"optimizer", "seconds", "seed"}
        changed = {
            field.name: moved(getattr(thing, field.name), phase, share)
            for field in dataclasses.fields(thing)
            if field.name not in kept
        }
        return dataclasses.replace(thing, **changed)
    if isinstance(thing, (list, tuple)):
        return type(thing)(moved(one, phase, share) for one in thing)
    if isinstance(thing, dict):
        return {name: moved(one, phase, share) for name, one in thing.items()}
    return float(slightly(thing)) if isinstance(thing, float) else thing


def test_the_guide_s_step_reads_as_it_did(iris):
    """Every line of the golden text: three digits, 80 columns, no colour, no times."""
    text = step_transcript(without_times(dataclasses.replace(iris, findings=[])))

    assert text + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("phase", range(8))
def test_no_digit_of_the_golden_text_is_on_an_edge(iris, phase):
    """Numbers that another processor rounds differently are printed the same: none is so near to where a digit changes."""
    record = without_times(dataclasses.replace(iris, findings=[]))

    assert step_transcript(moved(record, phase)) == step_transcript(record)


def test_the_noise_of_finite_differences_moves_no_digit(iris):
    """They are the least exact numbers of the step: they may be wrong by three in ten thousand."""
    for share in (3e-4, -3e-4):
        noisy = [dataclasses.replace(check, difference=check.difference * (1 + share)) for check in iris.differences]

        assert step_transcript(dataclasses.replace(iris, differences=noisy)) == step_transcript(iris)


def test_every_line_of_the_source_is_there_in_order(iris):
    """Folded or not, the numbered lines are those of `train_step`, comments and all, its docstring left out."""
    text = step_transcript(iris)
    source = re.findall(r"^ *(\d+)  (.*(?:\n {5,}\S.*)*)", text, re.MULTILINE)
    lines = [
        (int(number), "".join(re.sub(r"  +[\d.]+ [mµ]?s$", "", code, flags=re.MULTILINE).split())) for number, code in source
    ]
    expected = [(line.number, "".join(line.text.split())) for line in iris.lines[1:]]

    assert iris.lines[0].text.startswith("def train_step(")
    assert lines == expected


def test_no_line_is_wider_than_asked(iris, recorded, flowers):
    """At 60, 80 and 120 columns, with every operation listed, and with names that are long."""
    other = recorded(dataset=flowers, model=eagerloop.use("mlp", hidden=[8, 8, 8]), optimizer="rmsprop")
    for record in (iris, other):
        for width in (60, 80, 120):
            assert max(map(len, step_transcript(record, operations=True, width=width).splitlines())) <= width


def test_colour_changes_no_character(iris):
    """Without the escape sequences the text is the one without colour; that one has none."""
    plain, coloured = step_transcript(iris), step_transcript(iris, colour=True)

    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain != coloured


def test_names_cannot_steer_a_terminal(iris):
    """A column's name with an escape sequence and a line break stays text on its line."""
    record = dataclasses.replace(iris, features=("a\x1b[2J", "b\nc", "d"))

    assert "   row 0: a\ufffd[2J 1.40, b\ufffdc 5.10, d 0.200" in step_transcript(record).splitlines()


def test_a_step_without_source_is_told_all_the_same(iris):
    """Typed at a prompt, say: what it did stands in the order in which a step does it."""
    text = step_transcript(dataclasses.replace(iris, lines=[], file=""))
    heads = [text.index(f"│ {deed}\n") for deed in ("predict", "measure", "collect", "differentiate", "update")]

    assert "the source of this step is not to be had" in text
    assert heads == sorted(heads)


def test_text_has_no_figures(iris):
    """Where x is of words, its row is shown and no mean."""
    words = Values.of(np.array([[b"to"], [b"be"]] * 5, dtype=object))
    layer = dataclasses.replace(iris["dense1"], inputs=(words,))
    lines = step_transcript(dataclasses.replace(iris, x=words, layers=[layer, *iris.layers[1:]])).splitlines()
    place = next(place for place, line in enumerate(lines) if line.endswith("│   in  row 0  to"))

    assert "│   out row 0  " in lines[place + 1]


def test_print_shows_the_transcript(iris):
    """`print(record)` is the text of 80 columns for the row that the record was made for."""
    assert str(iris) == step_transcript(iris, row=0)


def test_another_row_is_followed(iris):
    """Row 3 of iris: its features, its loss by hand; a row that is not there is refused."""
    text = step_transcript(iris, row=3)
    prediction, target = float(iris.predictions.array[3, 0]), float(iris.y.array[3, 0])

    assert "row 3: Petal.Length 1.50, Sepal.Length 4.60, Petal.Width 0.200" in text
    assert f"({prediction:#.3g} - {target:#.3g})^2 = {(prediction - target) ** 2:#.3g}" in text
    with pytest.raises(ConfigError, match="the batch has no row 10: it has 10, counted from 0"):
        step_transcript(iris, row=10)


def test_operations_are_listed_under_their_lines(iris):
    """The matrix product of the first layer stands between the lines that predict and measure, the update's below its own."""
    text = step_transcript(iris, operations=True)
    predict, update = text.index("predictions = model("), text.index("optimizer.apply_gradients(")

    assert predict < text.index("dense1: MatMul  (10, 3) float32, (3, 32) float32 -> (10, 32) float32") < text.index("value = ")
    assert "ResourceApplyAdam" in text[update:]
    assert "ResourceApplyAdam" not in text[:update]
    assert "MatMul" not in step_transcript(iris)


def test_a_classification_is_worked_through_its_softmax(recorded, flowers):
    """Logits, the sum of their exponentials, the share of the row's own class, minus its logarithm; classes by name."""
    record = recorded(seed=1, dataset=flowers, model=eagerloop.use("mlp", hidden=[8]))
    text = step_transcript(record, row=2)
    logits, target = record.predictions.array[2].astype(float), int(record.y.array[2])
    share = np.exp(logits[target]) / np.exp(logits).sum()

    assert f"   row 2: y {flowers.classes[target]}" in text
    assert "row 2 by hand: -log softmax(logits) of the target's class" in text
    assert re.search(rf"share of {flowers.classes[target]} .* = {share:#.3g}$", text, re.MULTILINE)
    assert re.search(rf"-log\({share:#.3g}\) += {-np.log(share):#.3g}$", text, re.MULTILINE)
    assert "a yardstick: predicting the shares of the classes for every row" in text


def test_plain_gradient_descent_is_worked_by_hand(recorded):
    """The step is minus 0.01 times the gradient, and the weight moves by it."""
    record = recorded(seed=42, optimizer=eagerloop.use("sgd", learning_rate=0.001))
    check = record.differences[0]
    text = step_transcript(record)

    assert f"one weight through SGD, update 1: {check.variable}{list(check.index)}" in text
    assert re.search(rf"step +-0\.001 x \({check.gradient:#.3g}\) += {-0.001 * check.gradient:#.3g}$", text, re.MULTILINE)
    assert "which is what the step left behind" in text


def test_momentum_is_worked_by_hand(recorded):
    """In the first step the step before is 0."""
    record = recorded(optimizer=eagerloop.use("sgd", learning_rate=0.001, momentum=0.9))

    assert re.search(r"step +0\.9 x 0 - 0\.001 x \S+ += ", step_transcript(record))


def test_of_an_optimizer_that_is_not_worked_by_hand_the_slots_are_shown(recorded):
    """No arithmetic is claimed: the weight and what the optimizer keeps for it, before and after."""
    text = step_transcript(recorded(optimizer="rmsprop"))

    assert "one weight through RMSprop" in text
    assert re.search(r"^ +│ +before +after$", text, re.MULTILINE)
    assert re.search(r"velocity +0 +\d", text)
    assert "left behind" not in text


def test_arithmetic_that_does_not_come_out_is_not_claimed(iris):
    """A record whose second moment is not Adam's shows the slots instead."""
    variable = iris["dense1/kernel"]
    before, after = variable.slots["velocity"]
    wrong = dataclasses.replace(variable, slots={**variable.slots, "velocity": (before, Values.of(after.array * 1.01))})
    record = dataclasses.replace(iris, variables=[wrong, *iris.variables[1:]])

    assert "left behind" in step_transcript(iris)
    assert "left behind" not in step_transcript(record)
    assert "no sum: its options or gradients make it do more than usual" in step_transcript(record)


def test_a_step_that_changed_nothing_says_so(recorded):
    """With a rate of 0 there is no update, and no ratio to speak of."""
    text = step_transcript(recorded(optimizer=eagerloop.use("sgd", learning_rate=0.0)))

    assert "no variable was changed" in text
    assert "one weight through" not in text


def test_a_loss_that_is_not_known_has_no_sum(recorded):
    """Huber's loss of a row is given, without arithmetic."""
    record = recorded(loss="huber")
    text = step_transcript(record)

    assert f"row 0 alone has the loss {float(record.row_losses.array[0]):#.3g}" in text
    assert "by hand: (prediction" not in text
    assert "their mean is the loss" in text


def test_batch_normalization_says_whose_change_is_whose(recorded):
    """Its averages are changed by the layer, not by the optimizer; its output has the mean beta in each column."""
    layers = [keras.layers.Dense(6), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    text = step_transcript(recorded(model=keras.Sequential(layers)))

    assert re.search(r"moving_mean .*by its layer", text)
    assert re.search(r"moving_variance .*by its layer", text)
    assert not re.search(r"gamma .*by its layer", text)
    assert "the mean of each column is beta now" in text


def test_dropout_is_told_with_its_scale(iris):
    """Of 320 values the share of zeros that it made, and 2 = 1 / (1 - 0.5)."""
    dropped = float(np.mean(iris["dropout"].output.array == 0))
    text = " ".join(step_transcript(iris).replace("│", " ").split())

    assert f"dropped {100 * dropped:.3g}% of the values; the others are multiplied by 2 = 1 / (1 - 0.5)" in text


def test_penalties_are_told_apart_from_the_loss(recorded):
    """The mean over the rows, then the model's own loss, then what was minimised."""
    model = keras.Sequential([keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(1.0))])
    record = recorded(model=model)
    own, penalty = float(np.mean(record.row_losses.array)), record.penalties[0]
    text = step_transcript(record)

    assert f"their mean is the loss: {own:#.3g}" in text
    assert f"with the model's own penalties: {own:#.3g} + {penalty:#.3g} = {record.loss:#.3g}" in text


def test_a_step_of_one_s_own_is_told_beside_its_source(recorded):
    """Other names for the same things: each part stands under the line that does it."""

    def own_step(network, error, descent, features, targets):
        with loop.tf.GradientTape() as tape:
            guesses = network(features, training=True)
            wrong = error(targets, guesses)
        slopes = tape.gradient(wrong, network.trainable_variables)
        descent.apply(slopes, network.trainable_variables)
        return loop.Step(features, targets, guesses, wrong, slopes)

    text = step_transcript(recorded(train_step=own_step))
    marks = ["guesses = network(", "dense1: Dense", "wrong = error(", "by hand: (prediction", "slopes = tape", "gradient by"]
    marks += ["descent.apply(", "one weight through Adam", "return loop.Step("]

    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


def test_findings_come_last(iris):
    """With their id, what happened and what to do."""
    finding = Finding("EL01", "error", "Stretched", "y (10,) met predictions (10, 1)", "reshape y")
    text = step_transcript(dataclasses.replace(iris, findings=[finding]))

    assert text.splitlines()[-1] == "EL01 error: y (10,) met predictions (10, 1); reshape y"
    assert "no known mistake" not in text


def test_a_record_from_a_file_reads_the_same(iris):
    """All that the text tells is in the JSON."""
    assert step_transcript(StepRecord.from_json(iris.to_json())) == step_transcript(iris)


def test_what_is_too_large_to_keep_is_told_by_its_figures(recorded):
    """Of a batch of 30,000 numbers there are no rows, and there is no sum by hand; the figures are there."""
    random = np.random.default_rng(0)
    pair = random.normal(size=(30, 1000)).astype("float32"), random.normal(size=(30, 1)).astype("float32")
    text = step_transcript(recorded(dataset=eagerloop.ArrayDataset(pair, pair, batch_size=30), model="linear"))

    assert "x  (30, 1000) float32, too large to be kept whole" in text
    assert re.search(r"  in  min -\S+  mean \S+  max \S+  zeros 0%", text)


if __name__ == "__main__":  # writes the golden text anew
    import sys
    import tempfile

    made = create(settings_of({"seed": 42}), Path(tempfile.mkdtemp()) / "run")
    found = made.inspect(*next(iter(made.dataset.train(1, 0))))
    GOLDEN.write_text(step_transcript(without_times(dataclasses.replace(found, findings=[]))) + "\n", encoding="utf-8")
    sys.exit()
