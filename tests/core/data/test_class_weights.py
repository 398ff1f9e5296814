"""Weights of classes: the formulas by hand, the numbers of Keras's `fit`, and every fault of what is given."""

import keras
import numpy as np
import pytest

import eagerloop
from eagerloop.data.class_weights import weights_of_classes
from eagerloop.errors import ConfigError
from eagerloop_plugins.dataset.arrays import arrays
from eagerloop_plugins.dataset.csv import csv

ROWS = 43
DRAWS = np.random.default_rng(6)
X = DRAWS.normal(size=(ROWS, 3)).astype("float32")
KINDS = DRAWS.choice(3, size=ROWS, p=[0.7, 0.2, 0.1]).astype("int32")
OFTEN = DRAWS.uniform(0.1, 2, size=ROWS).astype("float32")
NAMES = ["cat", "dog", "eel"]


def dense():
    """A small model that begins where any other with this seed does."""
    keras.utils.set_random_seed(5)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(3)])


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        (None, ()),
        ("balanced", (40 / (3 * 25), 40 / (3 * 10), 40 / (3 * 5))),
        ("eel=2.5, cat=0", (0, 1, 2.5)),
        ({"dog": 3}, (1, 3, 1)),
        ({0: 2, np.int64(2): 4.0}, (2, 1, 4)),
    ],
)
def test_the_weight_of_each_class(given, weights):
    """`balanced` is scikit-learn's n / (classes * count); a class that is left out has 1, as in Keras; numbers are places."""
    assert weights_of_classes(given, NAMES, [25, 10, 5]) == pytest.approx(weights)


def test_a_class_without_training_rows_is_not_counted():
    """scikit-learn counts the classes that there are: 40 / (2 * 25) and 40 / (2 * 15)."""
    assert weights_of_classes("balanced", NAMES, [25, 0, 15]) == pytest.approx((0.8, 1, 40 / 30))


def test_names_may_hold_what_separates():
    """A comma and a sign of equality in a name are told by what follows them."""
    assert weights_of_classes("a,b=2,c=d=3", ["a,b", "c=d", "e"], [1, 1, 1]) == (2, 3, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("dgo=2", r"class-weight names 'dgo', which is no class; did you mean 'dog'\? Known: cat, dog, eel$"),
        ("dgo=2,xyzzy=1", r"names 'dgo' \(did you mean 'dog'\?\), 'xyzzy', which are no classes; known: cat, dog, eel$"),
        ({7: 1.0}, r"class-weight names '7', which is no class; Known: cat, dog, eel$"),
        ("dog=two,cat=-1,eel=inf", r"must give each class a number, 0 or more, got dog=two, cat=-1, eel=inf$"),
        ("dog=2,dog=3", r"class-weight names 'dog' twice; give each class one weight$"),
        ("blanced", r"class-weight must be 'balanced' or NAME=WEIGHT,NAME=WEIGHT, such as .*, got 'blanced'$"),
        ("cat=1,dog", r"class-weight must be 'balanced' or NAME=WEIGHT.*, got 'cat=1,dog'$"),
        ("", r"class-weight must be 'balanced' or"),
        ("cat=0,dog=0,eel=0", r"class-weight is 0 for every class that has training rows \(cat, dog, eel\), so that no row"),
    ],
)
def test_bad_class_weights_are_named(given, message):
    """Unknown names with the nearest, all in one message; weights that are none; what cannot be read."""
    with pytest.raises(ConfigError, match=message):
        weights_of_classes(given, NAMES, [25, 10, 5])


@pytest.mark.parametrize(("y", "task"), [(X[:, :1], "regression"), ({"a": KINDS}, "other")])
def test_what_has_no_classes_is_refused(y, task):
    """A regression, and several arrays of y."""
    words = "class-weight weighs classes, and the target has none: it is no classification; leave 'balanced' out"
    assert eagerloop.ArrayDataset((X, y), (X, y)).task == task
    with pytest.raises(ConfigError, match=words):
        eagerloop.ArrayDataset((X, y), (X, y), class_weight="balanced")


def test_each_row_of_the_training_is_weighed_by_its_class():
    """Times its own weight; validation and test are not, and the arrays stay as they are."""
    pairs = {"weights": (X, KINDS, OFTEN), "none": (X, KINDS)}
    made = {
        name: eagerloop.ArrayDataset(pair, pair, pair, batch_size=ROWS, classes=NAMES, class_weight="balanced")
        for name, pair in pairs.items()
    }
    by_class = ROWS / (3 * np.bincount(KINDS))
    ((_x, _y, of_class),) = made["none"].train(1)
    ((_x, _y, of_both),) = made["weights"].train(1)
    np.testing.assert_allclose(of_class, by_class[KINDS], rtol=1e-6)
    np.testing.assert_allclose(of_both, by_class[KINDS] * OFTEN, rtol=1e-6)
    assert float(np.sum(of_class)) == pytest.approx(ROWS)
    assert [len(batch) for batch in made["none"].validation()] == [2]
    ((_x, _y, of_test),) = made["weights"].test()
    np.testing.assert_array_equal(of_test, OFTEN)
    assert len(made["none"].train_arrays) == 2
    prints = {
        data.fingerprint for data in (*made.values(), eagerloop.ArrayDataset(pairs["none"], pairs["none"], classes=NAMES))
    }
    assert len(prints) == 3


def test_a_class_at_each_place_has_a_weight_at_each_place():
    """Y of (n, T) and a weight a row: weights of (n, T)."""
    y = np.stack([KINDS, 2 - KINDS], axis=1)
    data = eagerloop.ArrayDataset((X, y, OFTEN), (X, y), batch_size=ROWS, class_weight={0: 3.0, 1: 2.0})
    ((_x, _y, weights),) = data.train(1)
    np.testing.assert_allclose(weights, np.array([3, 2, 1])[y] * OFTEN[:, None], rtol=1e-6)


@pytest.mark.sweep(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_classes_are_weighed_as_in_fit(tmp_path, compiled):
    """Loss and weighted accuracy of the training, and the validation without weights, the short last batch included."""
    data = eagerloop.ArrayDataset((X, KINDS), (X, KINDS), (X[:7], KINDS[:7]), batch_size=8, class_weight={1: 2.5, 2: 4.0})
    options = {"checkpointer": "none", "optimizer": keras.optimizers.SGD(0.1), "compile": compiled, "epochs": 3}
    run = eagerloop.train(dataset=data, model=dense(), directory=tmp_path / "run", **options)
    model = dense()
    of_logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), of_logits, weighted_metrics=["accuracy"])
    given = {"class_weight": {0: 1.0, 1: 2.5, 2: 4.0}, "validation_data": (X[:7], KINDS[:7])}
    theirs = model.fit(X, KINDS, batch_size=8, epochs=3, shuffle=False, verbose=0, **given).history
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose([row[name] for row in run.history], theirs[name], rtol=1e-6)


@pytest.fixture
def table(tmp_path):
    """A table of the rows, with the classes by name, and a column of weights."""
    path = tmp_path / "data.csv"
    rows = [f"{a},{b},{c},{often},{NAMES[kind]}\n" for (a, b, c), often, kind in zip(X, OFTEN, KINDS, strict=True)]
    path.write_text("a,b,c,often,kind\n" + "".join(rows))
    return path


@pytest.mark.parametrize("given", ["balanced", "eel=3"])
def test_a_streamed_table_is_weighed_as_one_in_memory(table, given):
    """The same bits; the classes are counted in the training rows; the test has the weights of its rows alone."""
    options = {"weight": "often", "batch_size": 6, "class_weight": given}
    memory, streamed = (csv(path=table, stream=stream, **options) for stream in ("no", "yes"))
    for one, other in zip([*memory.train(2), *memory.test()], [*streamed.train(2), *streamed.test()], strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)
    counts = np.bincount(memory.train_arrays[1])
    by_hand = counts.sum() / (3 * counts) if given == "balanced" else [1, 1, 3]
    assert streamed.class_weights == memory.class_weights == pytest.approx(tuple(by_hand))
    _x, y, weights = next(iter(csv(path=table, stream="yes", class_weight=given, batch_size=6, features=["a"]).train(1)))
    np.testing.assert_allclose(weights, np.asarray(by_hand)[y], rtol=1e-6)
    assert [len(batch) for batch in csv(path=table, stream="yes", class_weight=given, batch_size=6).test()] == [2, 2]


@pytest.mark.parametrize("stream", ["no", "yes"])
def test_bad_class_weights_of_a_table(table, stream):
    """An unknown name with the nearest; a regression."""
    with pytest.raises(ConfigError, match=r"class-weight names 'ell', which is no class; did you mean 'eel'\?"):
        csv(path=table, class_weight="ell=2", stream=stream)
    with pytest.raises(ConfigError, match="it is no classification; leave 'balanced' out"):
        csv(path=table, target="a", class_weight="balanced", stream=stream)


def test_arrays_of_a_file_count_after_the_validation_was_drawn(tmp_path):
    """`balanced` is of the rows that are trained on; names are those of the file."""
    path = tmp_path / "data.npz"
    np.savez(path, x_train=X, y_train=KINDS, x_test=X, y_test=KINDS, classes=NAMES)
    data = arrays(path=path, class_weight="balanced", validation_fraction=0.3, batch_size=5)
    counts = np.bincount(data.train_arrays[1])
    assert counts.sum() == ROWS - round(0.3 * ROWS)
    assert data.class_weights == pytest.approx(tuple(counts.sum() / (3 * counts)))
    assert arrays(path=path, class_weight="eel=2").class_weights == (1, 1, 2)
