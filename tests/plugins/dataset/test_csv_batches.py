"""How many rows a batch has where nobody says it, what is said of a table, and what is said of a model that learnt nothing."""

import tomllib

import numpy as np
import pytest

import eagerloop
from eagerloop_plugins.csv_files.rules import batch_size_for
from eagerloop_plugins.dataset.csv import csv

STREAMS = pytest.mark.parametrize("stream", ["yes", "no"])


def pets(rows):
    """Two classes, of which the first number tells."""
    draw = np.random.default_rng(0)
    lines = [f"{draw.normal() + 4 * (n % 3 == 0):.3f},{n * n % 7},{'cat' if n % 3 == 0 else 'dog'}\n" for n in range(rows)]
    return "weight,age,kind\n" + "".join(lines)


def noise(rows):
    """A target of which nothing tells."""
    draw = np.random.default_rng(1)
    return "a,b,c,y\n" + "".join(",".join(f"{value:.3f}" for value in draw.normal(size=4)) + "\n" for _ in range(rows))


def test_the_batch_size_follows_the_rows():
    """At least fifty batches of a power of two, from 4 to 128; never more than there are rows."""
    for rows in range(1, 20_000, 37):
        size = batch_size_for(rows)
        assert size == min(rows, max(4, min(128, 2 ** int(np.log2(max(1, rows // 50))))))


@STREAMS
def test_what_a_table_says_of_itself(write, stream):
    """Task, rows, features, classes, and the most frequent of these; the given batch size wins."""
    path = write(pets(1000))
    dataset = csv(path=path, stream=stream, validation_fraction=0.1)
    said = "classification of kind, 2 classes (cat, dog): 720 training, 80 validation, 200 test rows, 2 features, batches of 8"
    assert (dataset.in_short, dict(dataset.decided), dataset.usual_answer) == (said, {"batch_size": 8}, 1)
    given = csv(path=path, stream=stream, batch_size=50)
    assert (given.batch_size, dict(given.decided)) == (50, {})


def test_the_record_has_the_batch_size(write):
    """A resumed run has the batches of the one that was never stopped, to the last bit."""
    dataset = eagerloop.use("csv", path=write(pets(60)))
    whole = eagerloop.train(dataset=dataset, epochs=2, directory="whole")
    eagerloop.train(dataset=dataset, epochs=1, directory="halved")
    options = tomllib.loads((whole.directory / "run.toml").read_text())["dataset"]
    assert (options["options"]["batch_size"], whole.dataset.batches_per_epoch) == (4, 12)
    assert "batch_size" not in options["unset"]
    resumed = eagerloop.resume("halved", epochs=2)
    assert np.array_equal(resumed.predict(), whole.predict())


@STREAMS
def test_a_model_that_has_learnt_nothing_is_told_of(write, stream, capsys):
    """The figures are those of an own computation on the test rows; a model that has learnt says nothing."""
    dataset = eagerloop.use("csv", path=write(noise(40)), stream=stream)
    options = {"optimizer": eagerloop.use("adam", learning_rate=0.1), "progress": True, "checkpointer": "none"}
    run = eagerloop.train(dataset=dataset, epochs=2, directory="noise", **options)
    y = np.concatenate([batch[1] for batch in run.dataset.test()])
    trained = np.concatenate([batch[1] for batch in run.dataset.train(1)])
    own = np.sqrt(np.mean((y.astype("float64") - run.predict()) ** 2.0))
    others = np.sqrt(np.mean((y - trained.mean(dtype="float64")) ** 2.0))
    assert own > others
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "no better than always the mean of the training rows, on the 8 test rows (root mean squared error "
        f"{own:.4g}, the mean's {others:.4g}); try eagerloop resume noise --epochs 20, or other features"
    )
    learnt = eagerloop.use("csv", path=write(pets(200)), stream=stream)
    eagerloop.train(dataset=learnt, epochs=1, directory="pets", progress=True, checkpointer="none")
    assert "no better" not in capsys.readouterr().out


def test_the_most_frequent_class_is_what_classes_are_compared_with(write, capsys):
    """With a rate of nearly 0 the model stays what the seed made of it; under another loss of numbers nothing is said."""
    rate = eagerloop.use("adam", learning_rate=1e-9)
    dataset = eagerloop.use("csv", path=write(noise(60), "noise.csv"))
    classes = eagerloop.use("csv", path=write("a,b\n" + "1,cat\n2,dog\n3,cat\n" * 20, "classes.csv"))
    options = {"optimizer": rate, "epochs": 1, "progress": True, "checkpointer": "none"}
    run = eagerloop.train(dataset=classes, directory="classes", seed=1, **options)
    y = np.concatenate([batch[1] for batch in run.dataset.test()])
    right = np.mean(run.predict().argmax(axis=1) == y)
    said = capsys.readouterr().out.splitlines()[-1]
    usual = np.mean(y == 0)
    told = f"always the most frequent class, 'cat', on the 12 test rows (accuracy {right:.4g}, that one's {usual:.4g})"
    assert (told in said) == (right <= usual)
    eagerloop.train(dataset=dataset, directory="noise", loss="mean_absolute_error", **options)
    assert "no better" not in capsys.readouterr().out
