"""Each of the twenty mistakes is recognised, and nothing else is."""

import functools
import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.choices.sources import import_file
from eagerloop.errors import PluginError
from eagerloop.inspection.mistakes import findings
from eagerloop.inspection.mistakes.findings import DETECTORS, findings_of, first_look
from eagerloop.running.opening import create
from eagerloop.storage.random_state import random_state

LESSONS = Path(__file__).parents[4] / "docs" / "lessons" / "break-it"
FILES = {path.name[:4].upper(): path for path in sorted(LESSONS.glob("el*.py"))}
LOOKALIKES = Path(__file__).with_name("lookalikes.py")

PARTS = ("dataset", "model", "loss", "optimizer", "metric")
SEEN_AT_FIRST = ["EL01", "EL04", "EL10", "EL11", "EL13", "EL14", "EL16"]
"""The mistakes of the lessons' files that are told before a run's first step."""

NUMBERS = {
    "EL01": r"^inside the loss: stretched against each other to \(10, 10\)",
    "EL02": r"^dropout did nothing in the step: the model was called without training=True$",
    "EL03": r"moving averages of batch_normalization are the same",
    "EL04": r"\(Held\) .* lists no trainable variables; those of its layers \(dense/kernel, dense/bias, dense_1/kernel and 1",
    "EL05": r"none of the 4 variables .* between the predictions and the loss",
    "EL06": r"closed before the loss",
    "EL07": r"2 of 6 variables, which never change: second/kernel, second/bias$",
    "EL08": r"call 2 of tape.gradient",
    "EL09": r"minimises [\d.]+, the loss alone",
    "EL10": r"already ends with softmax",
    "EL11": r"it is a sum over the rows",
    "EL12": r"each step used another Adam",
    "EL13": r"refuses those of this one",
    "EL14": r"uses factor, which is not in",
    "EL15": r"'metric' is [\d.]+ for some rows; after other rows",
    "EL16": r"targets of the 120 training rows rise from -0\.\d+ to 3\.",
    "EL17": r"epoch 1 has 9 batches and epoch 2 has 0",
    "EL18": r"a gradient is nan",
    "EL19": r"saved was restored .*dense/kernel is fresh",
    "EL20": r"'a step with the loss Tensor",
}
"""What happened, in words that only that mistake gives."""


LINES = {
    "EL01": "return tf.reduce_mean(tf.square(y_true - y_pred))",
    "EL02": "predictions = model(x)",
    "EL03": "hidden = self.norm(self.first(x), training=training and flag)",
    "EL04": "class Held(tf.Module):",
    "EL05": "value = tf.constant(np.mean(np.square(y.numpy() - predictions.numpy())))",
    "EL06": "value = loss(y, predictions)",
    "EL07": "self.second(hidden)",
    "EL08": "gradients = [tape.gradient(value, variable) for variable in model.trainable_variables]",
    "EL09": "value = loss(y, predictions)",
    "EL10": "return Model(tf.nn.softmax)",
    "EL11": "return tf.reduce_sum(tf.square(y_true - y_pred))",
    "EL12": "optimizer = keras.optimizers.Adam(learning_rate=0.001)",
    "EL13": "return ADAM",
    "EL14": 'self.factor = tf.Variable(1.0, name="factor")',
    "EL15": "def reset_state(self):",
    "EL16": "test, order = (x[:30], y[:30]), 30 + np.argsort(y[30:, 0])",
    "EL17": "train = tf.data.Dataset.from_generator(lambda: once, output_signature=SPEC)",
    "EL18": "return tf.reduce_mean(tf.where(error > 0, error**1.5, (-error) ** 1.5))",
    "EL19": "tf.train.Checkpoint(model=made).read(str(path))",
    "EL20": 'print("a step with the loss", value)',
}
"""The line of each lesson's file that holds the mistake."""


@pytest.fixture
def brief(monkeypatch):
    """Few steps more on the same batch: only a rate that is too high needs many."""
    monkeypatch.setattr(findings, "MORE_STEPS", 5)


@pytest.fixture
def run_of():
    """Makes a run that is not trained."""
    return lambda **parts: create(settings_of(parts))


def of_lesson(name, *, broken, run_of):
    """A run and a step function of a lesson's file: with the mistake, or with `fixed` in place of it."""
    module = import_file(FILES[name])
    if hasattr(module, "save"):
        module.save()
    faulty = next(kind for kind in ("train_step", "metric", "model", "loss", "optimizer", "dataset") if hasattr(module, kind))
    chosen = {kind: kind for kind in (*PARTS, "train_step") if hasattr(module, kind)} | ({} if broken else {faulty: "fixed"})
    step = getattr(module, chosen.pop("train_step")) if "train_step" in chosen else None
    return run_of(**_keywords({kind: f"{FILES[name]}:{attribute}" for kind, attribute in chosen.items()})), step


def _keywords(parts):
    """Parts by kind as `eagerloop.train` takes them: metrics are a list."""
    return {key: value for key, value in parts.items() if key != "metric"} | {
        "metrics": [parts["metric"]] if "metric" in parts else []
    }


def seen(run, step):
    """The findings of the first batch."""
    return findings_of(run.parts, *run.parts.first_batch, train_step=step)


def test_there_are_twenty_detectors_with_a_file_and_a_page_each():
    """EL01 to EL20, in this order; nobody is left out of the lessons."""
    names = [f"EL{number:02}" for number in range(1, 21)]

    assert [detector.id for detector in DETECTORS] == names == list(FILES)
    assert sorted(path.stem.upper() for path in LESSONS.glob("el??.md")) == names


@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", FILES)
def test_a_mistake_is_recognised(name, run_of):
    """The broken file of the lesson gives this finding and no other, with the numbers of the step."""
    run, step = of_lesson(name, broken=True, run_of=run_of)
    found = seen(run, step)

    assert [finding.id for finding in found] == [name]
    assert re.search(NUMBERS[name], found[0].happened)
    assert found[0].fix


@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("brief")
def test_the_mended_file_gives_no_finding(name, run_of):
    """What the lesson ends with is right."""
    run, step = of_lesson(name, broken=False, run_of=run_of)

    assert list(map(str, first_look(run.parts) + seen(run, step))) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("brief")
def test_what_only_looks_like_the_mistake_gives_no_finding(name, run_of):
    """A second way to be right, as near to the mistake as may be."""
    module = import_file(LOOKALIKES)
    own = {key.removeprefix(f"{name.lower()}_"): value for key, value in vars(module).items() if key.startswith(name.lower())}
    step = own.pop("train_step", None)
    run = run_of(**_keywords({kind: f"{LOOKALIKES}:{name.lower()}_{kind}" for kind in own}))

    assert list(map(str, first_look(run.parts) + seen(run, step))) == []


@pytest.mark.parametrize("name", SEEN_AT_FIRST)
def test_cheap_ones_are_told_before_the_first_step(name, run_of):
    """They need no step, and a run tells them as warnings, which the command line prints as notes."""
    run, _step = of_lesson(name, broken=True, run_of=run_of)

    assert [finding.id for finding in first_look(run.parts)] == [name]


def test_probabilities_for_a_loss_of_probabilities_are_right(run_of):
    """Softmax at the end and from_logits=False belong together; logits and from_logits=False do not."""
    module, loss = import_file(FILES["EL10"]), eagerloop.use("sparse_categorical_crossentropy", from_logits=False)
    found = {}
    for end in ("model", "fixed"):
        run = run_of(dataset=module.dataset(), model=f"{FILES['EL10']}:{end}", loss=loss)
        found[end] = [finding.id for finding in first_look(run.parts)]

    assert found == {"model": [], "fixed": ["EL10"]}


def _step(total):
    """A step function whose loss is its own."""

    def train_step(model, loss, optimizer, x, y):
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            value = total(loss, y, predictions)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return eagerloop.Step(x, y, predictions, value, gradients)

    return train_step


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (lambda loss, y, p: tf.reduce_sum(tf.square(y - p)), "10 times the mean over its 10 rows"),
        (lambda loss, y, p: 10.0 * loss(y, p), "10 times the mean over its 10 rows"),
        (lambda loss, y, p: tf.reduce_mean(tf.square(y - p), axis=1), r"a loss of shape \(10,\)"),
        (lambda loss, y, p: 2.0 * loss(y, p), None),
        (lambda loss, y, p: tf.reduce_mean(tf.square(y - p)), None),
    ],
)
@pytest.mark.usefixtures("brief")
def test_a_sum_in_the_step_itself_is_seen(total, words, run_of):
    """The loss of the run is a mean; what the step makes of it, or has in its place, is looked at as well."""
    found = seen(run_of(), _step(total))

    assert [finding.id for finding in found] == (["EL11"] if words else [])
    assert not words or re.search(words, found[0].happened)


@pytest.mark.parametrize("name", ["slopes", "taught", "divided"])
@pytest.mark.usefixtures("brief")
def test_steps_with_more_than_one_tape_model_or_optimizer_give_no_finding(name, run_of):
    """What they ask besides is not taken for the model's."""
    step = getattr(import_file(LOOKALIKES), f"{name}_train_step")

    assert list(map(str, seen(run_of(optimizer=keras.optimizers.Adam()), step))) == []


@pytest.mark.usefixtures("brief")
def test_a_base_that_is_called_with_training_false_is_held_still_on_purpose(run_of):
    """Its Dropout and BatchNorm do nothing in a step, and are to do nothing."""
    assert list(map(str, seen(run_of(model=f"{LOOKALIKES}:finetuned_model"), None))) == []


@pytest.mark.usefixtures("brief")
def test_a_training_false_that_is_a_default_is_no_wish(run_of):
    """A block of a tf.Module that is called without `training` hands its default on, down to the layers of a part of it."""

    class Block(tf.Module):
        def __init__(self):
            super().__init__()
            self.part = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.5)])

        def __call__(self, x, training=False):
            return self.part(x, training=training)

    class Forgetful(tf.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()
            self.weight = tf.Variable(tf.ones((4, 1)), name="weight")

        def __call__(self, x, training=False):
            return self.block(x) @ self.weight

    said = [finding for finding in seen(run_of(model=Forgetful()), None) if finding.id == "EL02"]

    assert "dropout does nothing, though the model is called with training=True" in said[0].happened


@pytest.mark.parametrize("slope", [1.0, 0.1])
def test_stretched_distances_are_seen_where_all_predictions_are_on_one_side(slope, run_of):
    """The mean of all distances is then that of the right ones: the targets, one row further, tell in their place."""
    run = run_of(seed=1, loss=lambda y, p: tf.reduce_mean(tf.maximum(tf.squeeze(y) - p, slope * (p - tf.squeeze(y)))))
    column = run_of(seed=1, loss=lambda y, p: tf.reduce_mean(tf.maximum(y - p, slope * (p - y))))

    y, predictions = run.parts.first_batch[1].numpy(), run.parts.first_predictions.numpy()
    assert predictions.min() > y.max() or predictions.max() < y.min()
    [finding] = first_look(run.parts)
    rows = np.sort(np.unique(y, return_index=True)[1][:4])
    errors = y[rows] - np.roll(y, 1)[rows].T
    pairs = np.maximum(errors, -slope * errors)
    assert finding.id == "EL01"
    assert f"the loss is {pairs.mean():.4g}; row by row it would be {pairs.diagonal().mean():.4g})" in finding.happened
    assert first_look(column.parts) == []


@pytest.mark.usefixtures("brief")
def test_mistakes_in_other_words_are_recognised(run_of):
    """The root of a mean of all pairs; the model's call, not the loss, before the tape; an optimizer asked by `apply`."""

    def root(y, predictions):
        return tf.sqrt(tf.reduce_mean(tf.square(y[:, 0] - predictions)))

    def train_step(model, loss, optimizer, x, y):
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            value = loss(y, predictions)
        gradients = tape.gradient(value, model.trainable_variables)
        keras.optimizers.Adam().apply(gradients, model.trainable_variables)
        return eagerloop.Step(x, y, predictions, value, gradients)

    def called_before(model, loss, optimizer, x, y):
        predictions = model(x, training=True)
        with tf.GradientTape() as tape:
            value = loss(y, predictions)
        return eagerloop.Step(x, y, predictions, value, tape.gradient(value, model.trainable_variables))

    assert [finding.id for finding in seen(run_of(loss=root), None)] == ["EL01"]
    [outside] = seen(run_of(), called_before)
    assert (outside.id, outside.happened.partition(": ")[2]) == ("EL06", "the tape was not open when the model was called")
    assert [finding.id for finding in seen(run_of(), train_step)] == ["EL12"]


def test_a_step_function_that_gives_no_step_is_not_explained_by_what_it_did_not_do(run_of):
    """Without a step there is nothing to look for a mistake in."""
    run = run_of()
    x, y = run.parts.first_batch

    with pytest.raises(PluginError, match=r"^a train_step must return an eagerloop.Step .* got int$"):
        run.inspect(x, y, train_step=lambda *_parts: 3)
    with pytest.raises(PluginError, match=r"^the Step that .* a loss, a scalar; got the shapes \(10, 1\) and \(2,\)$"):
        run.inspect(x, y, train_step=lambda *_parts: eagerloop.Step(x, y, y, tf.ones(2), []))


def test_a_run_warns_and_trains_on(tmp_path):
    """The warning is the finding; the run is made all the same."""
    with pytest.warns(UserWarning, match=r"EL11 warning: the loss is [\d.]+ for the batch"):
        run = eagerloop.train(loss=f"{FILES['EL11']}:loss", epochs=1, directory=tmp_path / "run")

    assert len(run.history) == 1


def test_a_resumed_run_does_not_warn_again(tmp_path):
    """After the first step nobody looks."""
    with pytest.warns(UserWarning, match="EL11"):
        eagerloop.train(loss=f"{FILES['EL11']}:loss", epochs=1, directory=tmp_path / "run")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        eagerloop.resume(tmp_path / "run", epochs=2)

    assert [str(one.message) for one in said] == []


def test_a_first_step_that_fails_is_explained(tmp_path):
    """The error is what it was; a note says which mistake it comes from."""
    with pytest.raises(PluginError, match=r"the loss has no gradient for forgetful.*second/kernel") as caught:
        eagerloop.train(model=f"{FILES['EL07']}:model", directory=tmp_path / "run")

    assert any(note.startswith("eagerloop: EL07 error: the loss does not depend on 2 of 6") for note in caught.value.__notes__)


def test_inspecting_a_step_that_raises_says_why(run_of):
    """A tape that is used twice ends in a sentence with the finding, and not in TensorFlow's RuntimeError."""
    run, step = of_lesson("EL08", broken=True, run_of=run_of)

    with pytest.raises(PluginError, match=r"EL08 error: call 2 .* \(the step raised RuntimeError: A non-persistent"):
        run.inspect(*run.parts.first_batch, train_step=step)


def test_the_record_of_a_step_has_the_findings(run_of):
    """What is recorded of a step has its findings with it."""
    run, step = of_lesson("EL02", broken=True, run_of=run_of)

    record = run.inspect(*run.parts.first_batch, train_step=step, differences=False)

    assert [finding.id for finding in record.findings] == ["EL02"]


def test_a_rate_that_is_too_high_is_seen_before_the_loss_is_nan(run_of):
    """SGD with the rate 1 makes the loss of the guide's data larger with every step."""
    run = run_of(optimizer=eagerloop.use("sgd", learning_rate=1.0))

    assert [finding.id for finding in seen(run, None)] == ["EL18"]
    assert "the rate is too high" in seen(run, None)[0].happened


def test_looking_leaves_the_run_as_it_was(run_of):
    """Weights, optimizer, Dropout's draws and the generators are the same to the bit, also where the step raises."""
    for name in ("EL02", "EL08", "EL20"):
        run, step = of_lesson(name, broken=True, run_of=run_of)
        before = {key: variable.numpy() for key, variable in run.variables().items()}
        random = random_state()
        patched = tf.GradientTape.gradient, tf.GradientTape.__enter__

        seen(run, step)

        assert all(np.array_equal(variable.numpy(), before[key]) for key, variable in run.variables().items())
        assert random_state() == random
        assert (tf.GradientTape.gradient, tf.GradientTape.__enter__) == patched


@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("brief")
def test_the_line_of_a_mistake_is_found(name, run_of):
    """By its number in the lesson's own file, with some lines around it."""
    run, step = of_lesson(name, broken=True, run_of=run_of)
    place = seen(run, step)[0].place
    text = FILES[name].read_text("utf-8").splitlines()

    assert place.file == FILES[name].name
    assert text[place.line - 1].strip() == LINES[name]
    assert {one.number: one.text for one in place.lines}[place.line].strip() == LINES[name]
    assert all(text[one.number - 1] == one.text for one in place.lines)


@pytest.mark.usefixtures("brief")
def test_no_line_is_named_in_code_that_is_not_the_users(run_of):
    """Rows in the order of their targets, given as arrays: there is a finding, and no line of anybody's to point at."""
    x = np.linspace(0.0, 1.0, 120, dtype="float32")[:, np.newaxis]
    dataset = eagerloop.ArrayDataset((x, 2 * x), (x, 2 * x), task="regression", shuffle=False, batch_size=10)
    run = run_of(dataset=dataset, model="linear")

    assert [(one.id, one.place) for one in seen(run, None)] == [("EL16", None)]


def test_a_finding_is_not_lost_where_its_line_cannot_be_looked_for(run_of):
    """An object that unwraps to itself has no source: the finding is told without a line."""

    class Odd:
        def __call__(self, y_true, y_pred):
            return tf.reduce_sum(tf.square(y_true - y_pred))

    odd = Odd()
    odd.__wrapped__ = odd

    assert [(one.id, one.place) for one in seen(run_of(loss=odd), None)] == [("EL11", None)]


def test_the_line_of_a_loss_that_is_an_object_is_found(run_of):
    """The method that is called is looked at, with its parameters behind self; a loss that was wrapped is unwrapped."""

    class Sum:
        def __call__(self, y_true, y_pred):
            squares = tf.square(y_true - y_pred)
            return tf.reduce_sum(squares)

    (found,) = seen(run_of(loss=functools.partial(Sum())), None)

    assert found.place.file == Path(__file__).name
    assert {one.number: one.text.strip() for one in found.place.lines}[found.place.line] == "return tf.reduce_sum(squares)"
