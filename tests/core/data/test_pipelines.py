"""`(train, test)` pairs of tf.data pipelines as Datasets: position, exactness, and what is refused."""

import itertools
import re
from types import SimpleNamespace
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from eagerloop.data.pipelines import PipelineDataset, as_dataset
from eagerloop.errors import PluginError

WHERE = "dataset 'd'"
ROWS = 7


def rows(y_dtype="float32"):
    """Seven rows: x (7, 2) counts up, y (7, 1) is the row's number."""
    x = np.arange(2.0 * ROWS, dtype="float32").reshape(ROWS, 2)
    return tf.data.Dataset.from_tensor_slices((x, np.arange(ROWS).reshape(ROWS, 1).astype(y_dtype)))


def numbers(batches):
    """The row numbers in each batch, read off y."""
    return [y.numpy().ravel().astype(int).tolist() for _x, y in batches]


def wrapped(train, test=None):
    """A pair as a Dataset."""
    return as_dataset((train, train if test is None else test), WHERE)


def noisy(x, y):
    return x + tf.random.uniform([2]), y


def stateless(x, y):
    return x + tf.random.stateless_uniform([2], seed=[1, 2]), y


def doubled(x, y):
    return x * 2.0, y


def in_python(x, y):
    return tf.ensure_shape(tf.py_function(lambda value: value, [x], tf.float32), [2]), y


PIPELINES = {
    "in order": lambda: rows().batch(3),
    "shuffled": lambda: rows().shuffle(ROWS, seed=3).batch(3),
    "small buffer": lambda: rows().shuffle(2, seed=3).batch(2),
    "shuffled once": lambda: rows().shuffle(ROWS, seed=3, reshuffle_each_iteration=False).batch(3),
    "shuffled batches": lambda: rows().batch(2).shuffle(4, seed=1),
    "prefetched": lambda: rows().shuffle(ROWS, seed=3).batch(3).map(doubled).prefetch(2),
    "classes": lambda: rows("int64").shuffle(ROWS, seed=3).batch(3),
}


@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", PIPELINES)
def test_every_position_of_three_epochs_is_reached_by_a_fresh_dataset(name):
    """A resume makes the dataset anew: from batch k of an epoch on it has the very batches of an uninterrupted pass."""
    make = PIPELINES[name]
    whole = wrapped(make())
    epochs = {epoch: list(whole.train(epoch)) for epoch in (1, 2, 3)}
    for epoch, batches in epochs.items():
        for start in range(len(batches) + 1):
            fresh = wrapped(make())
            tail = list(fresh.train(epoch, start))
            assert len(tail) == len(batches) - start
            for one, other in zip(tail, batches[start:], strict=True):
                np.testing.assert_array_equal(one[0], other[0])
                np.testing.assert_array_equal(one[1], other[1])
    assert whole.exact


def test_a_seeded_shuffle_differs_from_epoch_to_epoch():
    """Counting the passes must not make all epochs the same; every row comes once in each."""
    data = wrapped(PIPELINES["shuffled"]())
    first, second = (list(itertools.chain(*numbers(data.train(epoch)))) for epoch in (1, 2))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(ROWS))


@pytest.mark.parametrize("name", ["shuffled", "small buffer", "shuffled once", "shuffled batches", "prefetched"])
def test_an_epoch_is_the_pass_that_tensorflow_itself_would_give(name):
    """A plain script that goes through the pipeline again and again sees the same batches in the same epochs."""
    plain = PIPELINES[name]()
    data = wrapped(PIPELINES[name]())
    assert [numbers(plain) for _ in range(5)] == [numbers(data.train(epoch)) for epoch in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("name", PIPELINES)
def test_a_look_at_a_pipeline_moves_nothing(name):
    """Whatever is looked at in between, and however often, an epoch has its own batches."""
    data = wrapped(PIPELINES[name]())
    expected = [numbers(data.train(epoch)) for epoch in (1, 2, 3)]
    next(iter(data.train(1)))
    second = data.train(2)
    assert [numbers(second), numbers(second)] == [expected[1], expected[1]]
    numbers(data.test())
    assert [numbers(data.train(epoch)) for epoch in (3, 1, 2)] == [expected[2], expected[0], expected[1]]


def test_a_shuffle_that_is_repeated_inside_an_epoch_draws_anew():
    """Two rounds in one epoch have two orders, and the epoch has them again whenever it is asked for."""
    data = wrapped(rows().shuffle(ROWS, seed=3).repeat(2).batch(ROWS))
    first, second = numbers(data.train(1))
    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second
    assert numbers(data.train(2)) not in ([first, second], [second, first])
    assert (
        numbers(data.train(1))
        == [first, second]
        == numbers(wrapped(rows().shuffle(ROWS, seed=3).repeat(2).batch(ROWS)).train(1))
    )


def test_a_shuffle_before_a_cache_has_one_order():
    """The cache keeps the first pass; every epoch is that one."""
    plain = rows().shuffle(ROWS, seed=3).cache().batch(3)
    data = wrapped(rows().shuffle(ROWS, seed=3).cache().batch(3))
    assert [numbers(data.train(epoch)) for epoch in (3, 1, 2)] == [numbers(plain) for _ in range(3)]


def test_training_after_a_resume_in_the_middle_goes_on_exactly():
    """The epochs after the one that was resumed are those of the uninterrupted run, too."""
    whole = wrapped(PIPELINES["shuffled"]())
    expected = [numbers(whole.train(epoch)) for epoch in (1, 2, 3, 4)]
    fresh = wrapped(PIPELINES["shuffled"]())
    assert numbers(fresh.train(2, 1)) == expected[1][1:]
    assert [numbers(fresh.train(epoch)) for epoch in (3, 4)] == expected[2:]


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (lambda: rows().shuffle(ROWS).batch(3), r"shuffles without a seed; give shuffle\(\.\.\., seed=\.\.\.\) one"),
        (lambda: rows().map(noisy).batch(3), r"calls RandomUniform, whose state cannot be saved; use stateless operations"),
        (lambda: rows().map(in_python).batch(3), r"calls EagerPyFunc, whose state cannot be saved"),
    ],
)
def test_what_cannot_be_repeated_is_said(make, note):
    """An unseeded shuffle, stateful random numbers and Python code make a resume inexact, which the note explains."""
    data = wrapped(make())
    assert data.exact is False
    assert data.note.startswith("not exact: the pipeline ")
    assert re.search(note, data.note)


def test_what_can_be_repeated_is_said():
    """Stateless random numbers depend on their seed alone."""
    data = wrapped(rows().map(stateless).batch(3))
    assert (data.exact, data.note) == (True, "a position is reached by going through the batches before it")


def test_shapes_names_and_task_are_told_from_the_data():
    """A regression: as many outputs as y has columns; columns without names are numbered."""
    data = wrapped(rows().batch(3))
    assert (data.features, data.targets, data.task) == (("x0", "x1"), ("y",), "regression")
    assert (data.outputs, data.classes, data.validation()) == (1, (), None)
    assert numbers(data.test()) == [[0, 1, 2], [3, 4, 5], [6]]
    assert data.first_batch[0].shape == (3, 2)
    wide = tf.data.Dataset.from_tensors((np.zeros((2, 3, 4), "float32"), np.zeros((2, 5), "float32")))
    assert (len(wrapped(wide).features), wrapped(wide).targets, wrapped(wide).outputs) == (
        12,
        ("y0", "y1", "y2", "y3", "y4"),
        5,
    )


def test_integer_targets_are_classes():
    """The classes are counted over the whole training data, not over the first batch."""
    data = wrapped(rows("int64").batch(3))
    assert (data.task, data.outputs, data.classes) == ("classification", 7, ("0", "1", "2", "3", "4", "5", "6"))
    flat = tf.data.Dataset.from_tensors((np.zeros((2, 3), "float32"), np.array([0, 2])))
    assert (wrapped(flat).outputs, wrapped(flat).targets) == (3, ("y",))


def test_the_fingerprint_follows_shapes_dtypes_and_lengths():
    """Another pipeline of the same form has the same fingerprint; one of another form has not."""
    assert wrapped(rows().batch(3)).fingerprint == wrapped(rows().batch(3)).fingerprint
    others = {wrapped(pipeline).fingerprint for pipeline in (rows().batch(3), rows().batch(2), rows().take(6).batch(3))}
    assert len(others) == 3


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            rows().map(lambda x, y: (x, y, y, y)).batch(3),
            r"dataset 'd', train must give batches \(x, y\) or .* of them, got \(",
        ),
        (rows().map(lambda x, y: {"x": x, "y": y}).batch(3), r"train must give batches \(x, y\) or .* of them, got \{"),
        (rows().map(lambda x, y: x).batch(3), r"train must give batches \(x, y\) or .* of them, got TensorSpec"),
        (rows().map(lambda x, y: ((), y)).batch(3), r"train must give batches \(x, y\) or .* of them, got \("),
        (
            tf.data.Dataset.from_tensor_slices((np.zeros((4, 2)), np.zeros(4))),
            r"got single numbers .* add \.batch\(32\) to the pipeline",
        ),
        ([(np.zeros(3), np.zeros(3))], r"train must be a tf\.data\.Dataset of \(x, y\) batches, got list"),
        (rows().take(0).batch(3), r"dataset 'd': an epoch has no batch; give it at least one"),
    ],
)
def test_pipelines_that_cannot_be_trained_on_are_refused(part, message):
    """The part of the pair is named, what it must give, and what it gives."""
    with pytest.raises(PluginError, match=message):
        as_dataset((part, rows().batch(3)), WHERE)


def test_the_test_pipeline_is_checked_as_well():
    """A fault in the second of the pair is told of the second."""
    with pytest.raises(PluginError, match=r"dataset 'd', test must give batches \(x, y\)"):
        as_dataset((rows().batch(3), rows().map(lambda x, y: x).batch(3)), WHERE)


def generated(*widths):
    """A pipeline that knows none of its shapes, with a batch for each width of x."""
    batches = [(np.ones((2, width), "float32"), np.ones((2, 1), "float32")) for width in widths]
    return tf.data.Dataset.from_generator(lambda: iter(batches), output_types=(tf.float32, tf.float32))


def test_unknown_shapes_and_lengths_are_taken_as_they_come():
    """A generator says neither its shapes nor its length; the first batch says the shapes."""
    data = wrapped(generated(3, 3))
    assert int(data.train(1).cardinality()) == tf.data.UNKNOWN_CARDINALITY
    assert [x.shape for x, _y in data.train(1)] == [(2, 3), (2, 3)]
    assert data.train(1).element_spec[0].shape.as_list() == [None, 3]
    assert len(list(data.train(2, 1))) == 1
    assert not data.exact


def test_shapes_that_change_between_batches_are_refused():
    """The expected shape and the one that came are both told."""
    batches = iter(wrapped(generated(3, 4)).train(1))
    assert next(batches)[0].shape == (2, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[2,4\] is not compatible with expected shape \[\?,3\]"):
        next(batches)


class Own:
    """A Dataset of one's own with the least that one must have."""

    features, targets, task = ("a", "b"), ("y",), "regression"

    def train(self, epoch, start=0):
        return rows().batch(3).skip(start)

    def test(self):
        return rows().batch(3)


def test_a_dataset_object_is_completed():
    """What can be told stands beside the object; nothing is set on it, and all that it has is read through."""
    own = Own()
    before = dict(vars(own))
    made = as_dataset(own, WHERE)
    assert vars(own) == before
    assert (made.features, repr(made)) == (own.features, repr(own))
    assert (made.batches_per_epoch, made.first_batch, made.keys) == (None, None, None)
    assert (made.validation(), made.classes, made.exact, made.note, made.outputs) == (None, (), True, "", 1)
    assert isinstance(made.fingerprint, str)


def test_a_whole_dataset_object_is_used_as_it_is():
    """Where nothing is missing, the run has that very object."""
    whole = PipelineDataset(rows().batch(3), rows().batch(3), WHERE)
    assert as_dataset(whole, WHERE) is whole


def test_a_dataset_object_keeps_what_it_says():
    """Nothing that the object has is overwritten; classes say how many outputs there are."""

    class Classes(Own):
        task, classes, exact, note, fingerprint = "classification", ("no", "yes"), False, "because", "f"

    made = as_dataset(Classes(), WHERE)
    assert (made.outputs, made.exact, made.note, made.fingerprint) == (2, False, "because", "f")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            3,
            r"dataset 'd' must be arrays \(x, y\), a \(train, test\) pair of tf\.data\.Datasets or a Dataset, got int without",
        ),
        ((rows(),), r"or a Dataset, got tuple without train"),
        (None, r"or a Dataset, got NoneType without train"),
        (rows().batch(3), r"dataset 'd' is a tf\.data\.Dataset alone; give the test, too: dataset=\.\.\., test=\.\.\., or"),
    ],
)
def test_what_is_no_dataset_is_refused(made, message):
    """What came is named, with what it lacks."""
    with pytest.raises(PluginError, match=message):
        as_dataset(made, WHERE)


def test_a_dataset_object_must_give_batches():
    """Its first epoch is looked at before anything is built on it."""

    class Bad(Own):
        def train(self, epoch, start=0):
            return [1, 2]

    with pytest.raises(PluginError, match=r"dataset 'd' must be a tf\.data\.Dataset of \(x, y\) batches, got list"):
        as_dataset(Bad(), WHERE)


@pytest.mark.parametrize(
    "test",
    [
        lambda: rows().shuffle(ROWS).batch(3),
        lambda: rows().shuffle(ROWS, seed=2).batch(3),
        lambda: rows().batch(3).map(noisy),
        lambda: tf.data.Dataset.range(2).flat_map(lambda _number: rows().shuffle(ROWS)).batch(3),
    ],
    ids=["without a seed", "with a seed", "noise", "inside"],
)
def test_a_test_part_has_one_order(test):
    """However often it is looked at, also in part: the same rows and numbers in the same order, and every row."""
    data = wrapped(rows().batch(3), test())
    next(iter(data.test()))
    first, second = ([(x.numpy(), y.numpy()) for x, y in data.test()] for _time in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
    assert set(itertools.chain(*numbers(data.test()))) == set(range(ROWS))


def test_a_seeded_shuffle_of_the_test_part_is_its_first_pass_in_any_process():
    """Nothing is kept for it; what has no seed is kept, and the note says so."""
    make = PIPELINES["shuffled"]
    first = numbers(make())
    data = wrapped(rows().batch(3), make())
    assert numbers(data.test()) == numbers(data.test()) == first
    assert "kept in memory" not in data.note
    assert "kept in memory" in wrapped(rows().batch(3), rows().shuffle(ROWS).batch(3)).note


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (np.arange(ROWS) % 3, "classification"),
        (np.arange(2 * ROWS).reshape(ROWS, 2) % 3, "classification"),
        (np.eye(ROWS, dtype="int64"), "regression"),
        (np.zeros((ROWS, 2), "float32"), "regression"),
    ],
    ids=["one a row", "several a row", "one-hot", "floats"],
)
def test_the_task_follows_the_targets(y, task):
    """As of arrays: integers are classes, one-hot rows are numbers."""
    pipeline = tf.data.Dataset.from_tensor_slices((np.zeros((ROWS, 2), "float32"), y)).batch(3)
    assert wrapped(pipeline).task == task


def of_classes(highest=2):
    """Seven rows of classes, in batches of three."""
    x = np.arange(2.0 * ROWS, dtype="float32").reshape(ROWS, 2)
    return tf.data.Dataset.from_tensor_slices((x, (np.arange(ROWS) % (highest + 1)).astype("int32"))).batch(3)


class Three(NamedTuple):
    """What a factory may return to name the classes: pipelines by name."""

    train: tf.data.Dataset
    validation: tf.data.Dataset
    test: tf.data.Dataset
    classes: tuple[str, ...] = ("ant", "bee", "cat")


def test_the_names_of_classes_are_given_beside_pipelines():
    """An object with pipelines as attributes, a namedtuple too: all three parts, and the classes by name."""
    named = as_dataset(Three(of_classes(), of_classes().take(1), of_classes().take(2)), WHERE)
    assert (named.classes, named.outputs, named.task) == (("ant", "bee", "cat"), 3, "classification")
    assert [len(list(part)) for part in (named.train(1), named.validation(), named.test())] == [3, 1, 2]
    numbered = as_dataset((of_classes(), of_classes()), WHERE)
    assert (numbered.classes, numbered.outputs) == (("0", "1", "2"), 3)
    others = as_dataset(SimpleNamespace(train=of_classes(), test=of_classes(), classes=["x", "y", "z", "none"]), WHERE)
    assert (others.classes, others.outputs, others.validation()) == (("x", "y", "z", "none"), 4, None)
    assert len({named.fingerprint, others.fingerprint}) == 2


def test_the_names_that_keras_found_are_kept(tmp_path):
    """Keras leaves the names of the directories at the pipeline that it makes of them."""
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for number in range(2):
            (tmp_path / name / f"{number}.txt").write_text(f"{name} {number}")
    pipeline = keras.utils.text_dataset_from_directory(tmp_path, batch_size=2, seed=1, verbose=False)
    assert as_dataset((pipeline, pipeline), WHERE).classes == ("cats", "dogs")


@pytest.mark.parametrize(
    ("batches", "classes", "message"),
    [
        (of_classes, ("a", "b"), r"dataset 'd' names 2 classes \(a, b\), numbered from 0, and its y has the number 2$"),
        (
            lambda: rows().batch(3),
            ("a", "b"),
            r"dataset 'd' names classes \(a, b\), and its y, \(3, 1\), holds no class numbers; give one whole number a row, or",
        ),
    ],
)
def test_names_of_classes_that_do_not_fit_are_refused(batches, classes, message):
    """Fewer names than numbers, and names for quantities."""
    with pytest.raises(PluginError, match=message):
        as_dataset(SimpleNamespace(train=batches(), test=batches(), classes=classes), WHERE)


def test_an_object_of_pipelines_needs_a_test():
    """It is named."""
    with pytest.raises(PluginError, match=r"dataset 'd', test must be a tf\.data\.Dataset of \(x, y\) batches, got NoneType$"):
        as_dataset(SimpleNamespace(train=of_classes()), WHERE)
