"""Steps on batches of structures and weights, looked at: dicts, row weights, no targets, padded and ragged rows."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.replaying import record_of_step
from eagerloop.afterwards.reporting import report
from eagerloop.afterwards.verifying import verify
from eagerloop.errors import ConfigError, DataError
from eagerloop.inspection.step_record import StepRecord, read_step
from eagerloop.inspection.transcript.transcript import step_transcript

DRAWS = np.random.default_rng(3)
X = DRAWS.normal(size=(10, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5]).astype("float32")[:, None]
CITIES = DRAWS.integers(0, 4, size=(10, 1)).astype("float32")
KINDS = DRAWS.integers(0, 3, size=10).astype("int32")
WEIGHTS = np.float32([1, 2, 0.5, 1, 3, 1, 0, 2, 1, 1])
INPUTS, TARGETS = {"city": CITIES, "size": X}, {"age": Y, "kind": KINDS}

PARTS = """
import keras
import numpy as np
import tensorflow as tf
from eagerloop import ArrayDataset


def data():
    draws = np.random.default_rng(1)
    x = {"city": draws.normal(size=(12, 1)), "size": draws.normal(size=(12, 2))}
    y = {"age": draws.normal(size=(12, 1)), "kind": draws.integers(0, 3, 12)}
    whole = (x, y, draws.uniform(0.5, 2, 12))
    return ArrayDataset(whole, whole, batch_size=4)


def model():
    city, size = keras.Input((1,), name="city"), keras.Input((2,), name="size")
    joined = keras.layers.Concatenate()([city, size])
    outputs = {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(3)(joined)}
    return keras.Model({"city": city, "size": size}, outputs)


def both(y_true, y_pred, sample_weight):
    of_age = tf.reduce_mean(sample_weight * tf.square(y_true["age"] - y_pred["age"])[:, 0])
    of_kind = tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"])
    return of_age + tf.reduce_mean(sample_weight * of_kind)


def own_step(model, loss, optimizer, x, y, sample_weight):
    from eagerloop import train_step

    return train_step(model, loss, optimizer, x, y, sample_weight)
"""


def dense(outputs=1):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(outputs)])


def two_heads():
    """Two inputs, two outputs."""
    city, size = keras.Input((1,), name="city"), keras.Input((3,), name="size")
    joined = keras.layers.Concatenate()([city, size])
    outputs = {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(3)(joined)}
    return keras.Model({"city": city, "size": size}, outputs)


def both_losses(y_true, y_pred):
    """A loss of structures, with figures."""
    of_age = tf.reduce_mean(tf.square(y_true["age"] - y_pred["age"]))
    of_kind = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"]))
    return of_age + of_kind, {"age_loss": of_age}


def reconstruction(y_true, y_pred, x):
    """A loss of x, without targets."""
    return tf.reduce_mean(tf.square(y_pred - x))


class OfRagged(tf.Module):
    """A model of ragged rows."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.5)

    def __call__(self, x, training=False):
        return self.scale * tf.reduce_sum(tf.cast(x, tf.float32), axis=1, keepdims=True)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """Trains one epoch, watched in its first step; gives the run and the record that was written."""

    def look(data, model, loss, **options):
        directory = tmp_path_factory.mktemp("runs") / "run"
        chosen = {"checkpointer": "none", "optimizer": keras.optimizers.SGD(0.01), "epochs": 1}
        watching = eagerloop.use("watch", every=1000)
        run = eagerloop.train(
            dataset=data, model=model, loss=loss, directory=directory, observers=[watching], **(chosen | options)
        )
        return run, read_step(run.records / "step-00000001.json")

    return look


def drawn(record, tmp_path):
    """The record's text and its page; and it is read back as it was written."""
    written = record.to_json()
    again = StepRecord.from_json(written)
    assert again.to_json() == written
    assert again == record
    assert record._repr_html_()
    return str(record), record.save_html(tmp_path / "step.html").read_text()


def test_dicts_are_named_by_path(looked_at, tmp_path):
    """Inputs, targets and answers, each as it was; the loss and the gradients are those of the whole."""
    run, record = looked_at(
        eagerloop.ArrayDataset((INPUTS, TARGETS), (INPUTS, TARGETS), batch_size=5), two_heads(), both_losses
    )
    assert list(record.given) == ["x/city", "x/size", "y/age", "y/kind"]
    assert list(record.answered) == ["predictions/age", "predictions/kind"]
    np.testing.assert_array_equal(record["x/city"], CITIES[:5])
    np.testing.assert_array_equal(record.y["kind"], KINDS[:5])
    answers = {name: tf.constant(np.asarray(record.predictions[name])) for name in record.predictions}
    by_hand = both_losses({"age": Y[:5], "kind": KINDS[:5]}, answers)[0]
    assert record.loss == pytest.approx(float(by_hand), rel=1e-6)
    assert record.row_losses.mean == pytest.approx(record.loss, rel=1e-6)
    assert all(check.agrees for check in record.differences)
    assert not record.findings
    text, page = drawn(record, tmp_path)
    assert "x/size  (5, 3) float32" in text
    assert "predictions/kind, (5, 3): the output of" in text
    assert "no sum by hand: the loss is of several tensors" in text
    assert all(name in page for name in ("x/city", "y/age", "predictions/age", "no sum by hand"))
    with pytest.raises(ConfigError, match="no tensor 'town'"):
        record.x["town"]
    with pytest.raises(DataError, match="x must have city, size"):
        run.inspect({"city": CITIES}, TARGETS)
    with pytest.raises(ConfigError, match=r"the rows have weights, and loss '.*both_losses' cannot take them"):
        run.inspect(INPUTS, TARGETS, WEIGHTS)


def test_a_weighted_loss_is_worked_by_hand(looked_at, tmp_path):
    """The row's weight stands in the sum; the yardstick is that of the weighted mean."""
    data = eagerloop.ArrayDataset((X, Y, WEIGHTS), (X, Y), batch_size=10)
    _run, record = looked_at(data, dense(), "mse", metrics=["mae"])
    answers = np.asarray(record.predictions)
    np.testing.assert_allclose(record.row_losses, WEIGHTS * (answers - Y)[:, 0] ** 2, rtol=1e-5)
    guess = np.average(Y[:, 0], weights=WEIGHTS)
    assert record.baseline == pytest.approx(np.mean(WEIGHTS * (Y[:, 0] - guess) ** 2), rel=1e-5)
    np.testing.assert_array_equal(record["sample_weight"], WEIGHTS)
    assert not record.findings
    text = step_transcript(record, row=1)
    assert "row 1 by hand: (prediction - target)^2, times the weight of the row" in text
    assert "times the row's weight" in text
    assert " x 2.00" in text
    _text, page = drawn(record, tmp_path)
    assert "sample_weight" in page


def test_empty_targets_and_a_loss_of_x(looked_at, tmp_path):
    """Y is told to be empty; the rows' losses are of x."""
    data = eagerloop.ArrayDataset((X, ()), (X, ()), batch_size=5)
    _run, record = looked_at(data, dense(3), reconstruction)
    assert (len(record.y), record.baseline, record.findings) == (0, None, ())
    np.testing.assert_allclose(record.row_losses, np.mean((record.predictions.array - X[:5]) ** 2, axis=1), rtol=1e-5)
    text, page = drawn(record, tmp_path)
    assert "y  empty" in text
    assert "no sum by hand: the targets are empty" in text
    assert "The batch: x (5, 3), predictions (5, 3)" in page


def test_ragged_rows_are_kept_with_their_lengths(looked_at, tmp_path):
    """Their figures are those of the elements; a row shows what it has."""
    ragged, sums = tf.ragged.constant([[1, 2], [3], [4, 5, 6], [7]]), np.float32([[3], [3], [15], [7]])
    batches = tf.data.Dataset.from_tensor_slices((ragged, sums)).batch(4)
    _run, record = looked_at((batches, batches), OfRagged(), "mse")
    assert (record.x.shape, record.x.lengths, record.x.mean, record.x.zeros) == ((4, 3), (2, 1, 3, 1), 4.0, 0.0)
    assert record.x.row(2).tolist() == [4, 5, 6]
    assert record.x.row(1).tolist() == [3]
    assert not record.findings
    text, page = drawn(record, tmp_path)
    assert "x  (4, 3) int32, ragged" in text
    assert "row 0: x0 1, x1 2" in text
    assert "4  5  6" in page
    cut = json.loads(record.to_json())
    cut["x"]["lengths"] = [2, 1, 4, 1]
    with pytest.raises(ConfigError, match=r"the text.x.lengths: expected a length for each row of the shape \(4, 3\)"):
        StepRecord.from_json(json.dumps(cut))


def test_padded_batches_of_two_lengths(looked_at):
    """Each is looked at in its own length."""
    rows = [np.arange(length, dtype="int32") % 7 for length in (2, 3, 5, 6)]
    spec = (tf.TensorSpec((None,), tf.int32), tf.TensorSpec((1,), tf.float32))
    pairs = [(row, np.float32([row.sum()])) for row in rows]
    batches = tf.data.Dataset.from_generator(lambda: iter(pairs), output_signature=spec)
    batches = batches.apply(tf.data.experimental.assert_cardinality(4)).padded_batch(2)
    layers = [keras.layers.Embedding(8, 3), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    run, record = looked_at((batches, batches), model, "mse")
    assert record.x.shape == (2, 3)
    _first, second = batches
    longer = run.inspect(*second)
    assert (longer.x.shape, longer["embedding"].output.shape) == ((2, 6), (2, 6, 3))
    assert not longer.findings


def test_a_record_of_single_tensors_has_its_old_form(looked_at):
    """Neither weights nor lengths are in it; records that were written before are read."""
    _run, record = looked_at(eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=5), dense(), "mse")
    content = json.loads(record.to_json())
    assert "sample_weight" not in content
    assert sorted(content["x"]) == sorted(field.name for field in dataclasses.fields(record.x) if field.name != "lengths")
    assert content["x"]["shape"] == [5, 3]


@pytest.fixture(scope="module")
def from_a_file(tmp_path_factory):
    """A run of two inputs, two outputs and weights, whose parts stand in a file."""
    directory = tmp_path_factory.mktemp("file")
    (directory / "parts.py").write_text(PARTS)
    named = {kind: f"{directory}/parts.py:{name}" for kind, name in (("dataset", "data"), ("model", "model"), ("loss", "both"))}
    options = {"optimizer": "sgd", "epochs": 2, "checkpointer": "npz", "observers": [eagerloop.use("tensorboard", every=1)]}
    return eagerloop.train(directory=directory / "run", **named, **options)


@pytest.mark.long
def test_a_run_is_replayed_step_by_step_and_as_a_whole(from_a_file, program, tmp_path):
    """`verify --replay` finds the same bits; a step of it is shown by the command, with a step function of one's own, too."""
    parts = from_a_file.directory.parent / "parts.py"
    verdict = verify(from_a_file.directory, replay=True)
    assert (verdict.faults, verdict.lines[-1][:17]) == (0, "replay: same bits")
    record = record_of_step(from_a_file, 5, findings=False, differences=False)
    assert (record.epoch, record.batch, record["x/size"].shape) == (2, 1, (4, 2))
    code = "import sys; from eagerloop.cli import main; sys.exit(main())"
    words = ["inspect", "step", str(from_a_file.directory), "--step", "5", "--train-step", f"{parts}:own_step", "--json"]
    done = program(code, *words, "--html", str(tmp_path / "step.html"))
    told = StepRecord.from_json(done.stdout)
    assert (told.loss, told["y/age"].shape) == (record.loss, (4, 1))
    assert "predictions/kind" in (tmp_path / "step.html").read_text()


def test_the_page_of_a_run_says_what_it_does_not_draw(from_a_file, tmp_path):
    """The curves are there, as page and as picture; predictions of several outputs are not, and a line says so."""
    pytest.importorskip("matplotlib")
    written = report(from_a_file.directory, tmp_path / "page.html", pictures=tmp_path)
    assert "What it predicts is not drawn: targets or predictions are no single array of numbers or classes." in written.notes
    assert [path.name for path in written.pictures] == ["curves.png"]
    assert "What it predicts is not drawn" in (tmp_path / "page.html").read_text()


def test_tensorboard_has_what_the_layers_gave(from_a_file):
    """Of structures with weights, too."""
    tags = set()
    for file in from_a_file.directory.glob("tensorboard/events.*"):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            tags |= {value.tag for value in tf.compat.v1.Event.FromString(record).summary.value}
    assert {"activations/dense", "activations/dense_1", "gradient_norm/dense/kernel", "step/loss"} <= tags
