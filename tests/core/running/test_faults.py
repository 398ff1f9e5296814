"""Errors in the middle of a run say whose they are, and where the run stood."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop


def squared(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_pred))


class Line(tf.Module):
    """Predictions w * x."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(2.0, name="weight")

    def __call__(self, x, training):
        return self.weight * x


def small_run(**options):
    """Two batches of two an epoch, two epochs, of parts that are objects in this one file."""
    x = np.arange(1.0, 5.0, dtype="float32").reshape(4, 1)
    data = eagerloop.ArrayDataset((x, 3 * x), (x, 3 * x), batch_size=2)
    chosen = {"dataset": data, "model": Line(), "loss": squared, "optimizer": keras.optimizers.SGD(0.01), "epochs": 2}
    return eagerloop.train(**{**chosen, "checkpointer": "none", **options})


def note_of(expected, message="broken", **options):
    """The one note on the error that a small run ends with."""
    with pytest.raises(expected, match=message) as caught:
        small_run(**options)
    [note] = caught.value.__notes__
    return note


class Failing:
    """Fails in one of its hooks, at the given call of it."""

    def __init__(self, hook, call):
        self.hook, self.calls = hook, call

    def _fail(self, hook):
        self.calls -= hook == self.hook
        if not self.calls:
            raise RuntimeError("broken")

    def on_train_begin(self):
        self._fail("on_train_begin")

    def on_epoch_begin(self):
        self._fail("on_epoch_begin")

    def on_step_end(self):
        self._fail("on_step_end")

    def on_epoch_end(self):
        self._fail("on_epoch_end")

    def on_train_end(self):
        self._fail("on_train_end")


@pytest.mark.parametrize(
    ("hook", "call", "where"),
    [
        ("on_train_begin", 1, "epoch 1, step 1"),
        ("on_epoch_begin", 1, "epoch 1, step 1"),
        ("on_epoch_begin", 2, "epoch 2, step 3"),
        ("on_step_end", 1, "epoch 1, step 1"),
        ("on_step_end", 2, "epoch 1, step 2"),
        ("on_step_end", 3, "epoch 2, step 3"),
        ("on_epoch_end", 1, "epoch 1, step 2"),
        ("on_epoch_end", 2, "epoch 2, step 4"),
        ("on_train_end", 1, "epoch 2, step 4"),
    ],
)
def test_an_observer_is_named_with_its_hook(hook, call, where):
    """The class, the hook, and the epoch and step that the hook was about."""
    note = note_of(RuntimeError, observers=[Failing(hook, call)])
    assert note == f"eagerloop: raised by observer {__name__}.Failing in {hook}, {where}; there was no checkpoint yet"


class BrokenModel(Line):
    """Fails in its second step of training."""

    steps = 0

    def __call__(self, x, training):
        self.steps += training
        if self.steps == 2:
            raise RuntimeError("broken")
        return super().__call__(x, training)


def broken_loss(y_true, y_pred):
    raise RuntimeError("broken")


class BrokenOptimizer(keras.optimizers.SGD):
    """Fails in its third update."""

    updates = 0

    def apply_gradients(self, grads_and_vars):
        self.updates += 1
        if self.updates == 3:
            raise RuntimeError("broken")
        super().apply_gradients(grads_and_vars)


class BrokenCheckpointer:
    """Fails to write."""

    def write(self, directory, state):
        raise RuntimeError("broken")

    def read(self, directory, state): ...


class BrokenMetric:
    """Fails at its second batch."""

    name = "broken"
    batches = 0

    def update_state(self, y_true, y_pred):
        self.batches += 1
        if self.batches == 2:
            raise RuntimeError("broken")

    def result(self):
        return 0.0

    def reset_state(self): ...


@pytest.mark.parametrize(
    ("kind", "part", "words", "where"),
    [
        ("model", BrokenModel, "model {}.BrokenModel", "epoch 1, step 2"),
        ("loss", lambda: broken_loss, "loss {}.broken_loss", "epoch 1, step 1"),
        ("loss", lambda: functools.partial(broken_loss), "loss functools.partial", "epoch 1, step 1"),
        ("optimizer", BrokenOptimizer, "optimizer {}.BrokenOptimizer", "epoch 2, step 3"),
        ("checkpointer", BrokenCheckpointer, "checkpointer {}.BrokenCheckpointer", "epoch 1, step 2"),
        ("metrics", lambda: [BrokenMetric()], "metric {}.BrokenMetric", "epoch 1, step 2"),
    ],
)
def test_the_right_part_of_one_file_is_named(kind, part, words, where):
    """Every part here lives in this file, as in a student's script: the one that raised is named."""
    note = note_of(RuntimeError, **{kind: part()})
    assert note == f"eagerloop: raised by {words.format(__name__)}, {where}; there was no checkpoint yet"


def test_parts_of_other_files_are_named_as_they_were_chosen(tmp_path):
    """A part in a file, by the words that the user wrote; an error in what it calls is its own."""
    path = tmp_path / "mine.py"
    path.write_text("def helper(): raise RuntimeError('broken')\ndef bad(y_true, y_pred): return helper()\n")
    note = note_of(RuntimeError, loss=f"{path}:bad")
    assert note.startswith(f"eagerloop: raised by loss '{path}:bad' of {path} ")
    assert note.endswith(", epoch 1, step 1; there was no checkpoint yet")


def test_a_built_in_part_is_named_by_its_name():
    """The built-in mse refuses shapes; it has no owner to be told."""
    x = np.ones((4, 1), "float32")
    data = eagerloop.ArrayDataset((x, np.ones((4, 2), "float32")), (x, np.ones((4, 2), "float32")), batch_size=2)
    note = note_of(eagerloop.errors.DataError, "one shape", loss="mse", dataset=data)
    assert note == "eagerloop: raised by loss 'mse', epoch 1, step 1; there was no checkpoint yet"


def test_what_no_part_has_raised_has_a_place_all_the_same():
    """The engine's own complaint about a part is told with epoch and step."""
    note = note_of(eagerloop.errors.PluginError, "must be a scalar", loss=lambda y, p: y - p)
    assert note == "eagerloop: raised in epoch 1, step 1; there was no checkpoint yet"


def test_shapes_that_change_are_told_with_their_place():
    """A generator's third batch has another width: both shapes are named, and the step."""
    batches = [(np.ones((2, width), "float32"), np.ones((2, 1), "float32")) for width in (1, 1, 2)]
    train = tf.data.Dataset.from_generator(lambda: iter(batches), output_types=(tf.float32, tf.float32))
    test = tf.data.Dataset.from_tensors(batches[0])

    with pytest.raises(eagerloop.errors.DataError, match=r"got \[2,2\] after \[\?,1\] \(raised in epoch 1, step 3; "):
        small_run(dataset=(train, test))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (
            [1, np.nan, 3, np.inf],
            [1, 2, 3, 4],
            r"epoch 1, batch 1, step 1 \(the data are not finite in row 2, 4 of the batch\)",
        ),
        ([1, 2, 3, 4], [1, 2, np.inf, 4], r"\(the data are not finite in row 3 of the batch\)"),
        ([np.nan] * 7, [1] * 7, r"in row 1, 2, 3, 4, 5 \.\.\. of the batch"),
        ([1, 2, 1e38, 4], [1, 2, 3, 4], r"\(the model's predictions are not finite for row 3 of the batch\)"),
        ([1, 2, 1e30, 4], [1, 2, 3, 4], r"the loss is inf in epoch 1, batch 1, step 1; the update was left out"),
    ],
)
def test_a_loss_that_is_not_finite_is_explained(x, y, expected):
    """Rows of the data that are not finite, else rows whose predictions are not, else the place alone. w is 4."""

    class Four(Line):
        def __call__(self, x, training):
            return 4.0 * self.weight * x / 2.0

    pair = tuple(np.array(values, "float32").reshape(-1, 1) for values in (x, y))
    train = tf.data.Dataset.from_tensors(pair)
    with pytest.raises(eagerloop.errors.TrainingError, match=expected):
        small_run(dataset=(train, train), model=Four())


def test_whole_numbers_are_never_at_fault():
    """Targets that are class numbers are passed over in the search for nan."""
    x, y = np.array([[1.0], [np.nan]], "float32"), np.array([0, 1])
    train = tf.data.Dataset.from_tensors((x, y))
    with pytest.raises(eagerloop.errors.TrainingError, match=r"the data are not finite in row 2 of the batch"):
        small_run(dataset=(train, train), loss=lambda y, p: tf.reduce_mean(p), metrics=[])
