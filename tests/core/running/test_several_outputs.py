"""Two outputs with a loss and metrics each: against Keras's `fit`, eager and compiled, stopped and resumed, opened again."""

import csv
import tomllib

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop import use
from eagerloop.errors import ConfigError

MODES = pytest.mark.parametrize("compiled", [False, True])
RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(30, 3)).astype("float32")
Y = {"age": (X[:, :1] * 2 + 1).astype("float32"), "kind": X.argmax(axis=1).astype("int64")}
LOSS = {"age": use("mse", weight=0.5), "kind": use("sparse_categorical_crossentropy", from_logits=True)}
METRICS = {"age": ["mae"], "kind": ["accuracy"]}


def rows(first, last):
    """Some rows of the data."""
    return X[first:last], {name: values[first:last] for name, values in Y.items()}


def dataset():
    """22 rows in batches of 8, 8 and 6; 4 for the validation and 4 for the test."""
    return eagerloop.ArrayDataset(rows(0, 22), rows(26, 30), rows(22, 26), batch_size=8)


def model():
    """Two heads on one body; the same weights each time."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,))
    body = keras.layers.Dense(8, "relu", name="body")(inputs)
    outputs = {"age": keras.layers.Dense(1, name="age")(body), "kind": keras.layers.Dense(3, name="kind")(body)}
    return keras.Model(inputs, outputs)


def train(directory, **options):
    """Three epochs with Keras's Adam."""
    given = {"dataset": dataset(), "model": model(), "loss": LOSS, "metrics": METRICS, "epochs": 3}
    return eagerloop.train(**{**given, "optimizer": use("keras_adam", learning_rate=0.01), **options}, directory=directory)


def figures(run):
    """The history without the clock."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]


def bits(run):
    """The bytes of every variable."""
    return {name: variable.numpy().tobytes() for name, variable in run.variables().items()}


@pytest.fixture(scope="module")
def fitted():
    """What `fit` tells of three epochs on the same batches; its metrics are those of the epoch, as ours are."""
    network = model()
    losses = {"age": keras.losses.MeanSquaredError(), "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    network.compile(keras.optimizers.Adam(0.01), losses, loss_weights={"age": 0.5, "kind": 1.0}, metrics=METRICS)
    batches, told = dataset(), []
    for epoch in (1, 2, 3):
        done = network.fit(batches.train(epoch), validation_data=batches.validation(), shuffle=False, verbose=0)
        told.append({name: values[0] for name, values in done.history.items()})
    return told


@pytest.mark.sweep(1)
@MODES
def test_the_figures_are_those_of_fit(fitted, tmp_path, compiled):
    """The weighted sum, each metric, each loss by itself, of training and validation: within 1e-6 over three epochs.

    Of several batches, Keras takes the mean of an output's losses over the batches, however many rows they have; here it is the
    mean over the rows, as of the sum. So those are compared where there is one batch.
    """
    run = train(tmp_path / "run", compile=compiled)
    names = {"loss": "loss", "mae/age": "age_mae", "accuracy/kind": "kind_accuracy"}
    names |= {f"val_{ours}": f"val_{theirs}" for ours, theirs in names.items()}
    names |= {"val_loss/age": "val_age_loss", "val_loss/kind": "val_kind_loss"}
    for row, keras_row in zip(run.history, fitted, strict=True):
        assert {ours: row[ours] for ours in names} == pytest.approx(
            {ours: keras_row[theirs] for ours, theirs in names.items()}, rel=1e-6
        )
        assert row["loss"] == pytest.approx(0.5 * row["loss/age"] + row["loss/kind"], rel=1e-6)


@pytest.mark.sweep(1)
@MODES
def test_a_run_is_resumed_exactly(stops_at, tmp_path, compiled):
    """After 4 of 9 steps, in the middle of an epoch: every variable and every figure, the sums of both losses among them."""
    parts = {"compile": compiled, "optimizer": {"body": "adam", "rest": "sgd"}}
    whole = train(tmp_path / "whole", observers=[stops_at(99)], **parts)
    train(tmp_path / "stopped", observers=[stops_at(4)], **parts)
    again = eagerloop.resume(tmp_path / "stopped", observers=[stops_at(99)], dataset=dataset(), model=model())

    assert bits(again) == bits(whole)
    assert figures(again) == figures(whole)


def test_it_is_opened_again(tmp_path):
    """The record has each by its path; the metrics of an evaluation are made anew with what their output means."""
    run = train(tmp_path / "run", epochs=1)
    record = tomllib.loads((tmp_path / "run" / "run.toml").read_text(encoding="utf-8"))
    assert record["loss"]["age"]["options"] == {"weight": 0.5}
    assert [(row["name"], row["path"]) for row in record["metric"]] == [("mae", "age"), ("accuracy", "kind")]

    loaded = eagerloop.load(tmp_path / "run", dataset=dataset(), model=model())
    assert loaded.evaluate() == run.evaluate()
    assert [*loaded.evaluate()] == ["loss", "loss/age", "loss/kind", "mae/age", "accuracy/kind"]
    assert loaded.loss.by_path.keys() == {"age", "kind"}


def test_it_trains_in_mixed_precision(tmp_path):
    """The losses and their sum are float32, near those of full precision."""
    found = [train(tmp_path / name, precision=name, epochs=1).history[0] for name in ("float32", "mixed_bfloat16")]
    for column in ("loss", "loss/age", "loss/kind"):
        assert found[1][column] == pytest.approx(found[0][column], rel=0.02)


def test_weights_of_rows_reach_each_output(tmp_path):
    """Rows of the weight 0 are left out of a metric; a loss that takes no weights is refused with its path."""
    data = (*rows(0, 16), np.repeat([1.0, 0.0], 8).astype("float32"))
    weighted = eagerloop.ArrayDataset(data, data, batch_size=16)
    run = train(tmp_path / "run", dataset=weighted, epochs=1)
    ages = run.model(X[:8], training=False)["age"]
    assert run.evaluate()["mae/age"] == pytest.approx(float(np.mean(np.abs(ages - Y["age"][:8]))), rel=1e-5)
    with pytest.raises(ConfigError, match=r"gives each row a weight, and loss at 'kind' cannot take it"):
        train(tmp_path / "bare", dataset=weighted, loss={"age": "mae", "kind": lambda y_true, y_pred: y_pred[0, 0]})


def test_an_output_without_a_loss_is_not_trained(tmp_path):
    """Its head stands still, as in Keras; but then its variables have no gradient, so they are frozen or nobody's."""
    run = train(tmp_path / "run", loss={"age": "mse"}, metrics={"kind": "accuracy"}, freeze=["kind"], epochs=1)
    before = dict(zip([variable.path for variable in model().variables], model().get_weights(), strict=True))
    after = dict(zip([variable.path for variable in run.model.variables], run.model.get_weights(), strict=True))
    assert [path for path in before if np.array_equal(before[path], after[path])] == ["kind/kernel", "kind/bias"]
    assert [*run.history[0]][:6] == ["epoch", "steps", "loss", "total_loss", "loss/age", "accuracy/kind"]


def test_a_step_has_each_loss_by_itself(tmp_path):
    """Among its figures, when it is printed and when it is looked into."""
    run = train(tmp_path / "run", epochs=1)
    assert "loss/kind  () float32" in str(run.step(*rows(0, 8)))
    assert run.inspect(*run.parts.first_batch)["predictions/kind"].shape == (8, 3)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.long)])
def test_an_output_may_be_called_as_keras_lets_it(tmp_path, compiled):
    """A `-`, a blank, a comma, a bracket: in the history, the CSV file, on the screen, in TensorBoard's log; resumed, too."""
    age, kind = "age-years", 'kind, [b] "or" so'
    y = {age: Y["age"], kind: Y["kind"]}
    inputs = keras.Input((3,))
    heads = {age: keras.layers.Dense(1, name=age)(inputs), kind: keras.layers.Dense(3)(inputs)}
    options = {"dataset": eagerloop.ArrayDataset((X, y), (X, y), batch_size=16), "model": keras.Model(inputs, heads)}
    loss = {age: use("mse", weight=0.5), kind: "sparse_categorical_crossentropy"}
    parts = {"loss": loss, "metrics": {age: "mae"}, "observers": ["csv", "progress", "tensorboard"], "compile": compiled}
    train(tmp_path / "run", **options, **parts, epochs=1)
    row = eagerloop.resume(tmp_path / "run", epochs=2, **options).history[1]

    assert row["loss"] == pytest.approx(0.5 * row[f"loss/{age}"] + row[f"loss/{kind}"], rel=1e-6)
    assert row[f"mae/{age}"] > 0
    with (tmp_path / "run" / "steps.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == ["epoch", "batch", "step", "loss", f"loss/{age}", f"loss/{kind}"]
    assert [len(line) for line in lines] == [6] * 4
    logs = [str(file) for file in (tmp_path / "run" / "tensorboard").iterdir()]
    events = [tf.compat.v1.Event.FromString(record) for record in tf.data.TFRecordDataset(logs).as_numpy_iterator()]
    assert {f"epoch/loss/{age}", f"epoch/loss/{kind}"} <= {value.tag for event in events for value in event.summary.value}


def test_a_monitor_may_be_the_loss_of_an_output(tmp_path):
    """Lower is better, whatever the output is called; one that is none is told with the nearest."""
    follows = use("early-stopping", monitor="val_loss/kind", patience=9)
    assert len(train(tmp_path / "run", observers=[follows], epochs=2).history) == 2
    wrong = use("early-stopping", monitor="val_loss/kinds")
    with pytest.raises(ConfigError, match=r"no column 'val_loss/kinds'; did you mean 'val_loss/kind'"):
        train(tmp_path / "wrong", observers=[wrong])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"loss": {"agee": "mse"}},
            r"loss 'mse' at 'agee': the predictions have no path 'agee', they are \{age: \(8, 1\), kind",
        ),
        ({"metrics": {"sort": "mae"}}, r"metric 'mae' at 'sort': the predictions have no path 'sort'"),
        ({"loss": {"kind": "mse"}}, r"loss 'mse'"),
        ({"loss": {"age": use("mse", wieght=2.0)}}, r"loss 'mse' at 'age' has no option 'wieght'; did you mean 'weight'"),
        (
            {"loss": {"age": use("mse", weight=-1.0)}},
            r"loss 'mse' at 'age': option 'weight' must be float \(at least 0\), got -1",
        ),
        ({"metrics": {"age": ["mae", "mae"]}}, r"metric 'mae/age' is there twice"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path, options, match):
    """Before the first step, with the paths and shapes that there are."""
    with pytest.raises(eagerloop.errors.EagerloopError, match=match):
        train(tmp_path / "run", **options)
