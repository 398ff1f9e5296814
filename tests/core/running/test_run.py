"""Runs as people use them from Python: train, step, predict, evaluate, load, resume, with parts however they are given."""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import CheckpointError, ConfigError, DataError, PluginError, TrainingError

X = np.arange(12.0, dtype="float32").reshape(6, 2) / 10
Y = X.sum(axis=1, keepdims=True)

FILE = '''
"""Every kind of part in one file."""
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf

import eagerloop

def rows(*, batch_size: int = 2, seed: int = 0):
    """Six rows of two features."""
    x = np.arange(12.0, dtype="float32").reshape(6, 2) / 10
    pair = (x, x.sum(axis=1, keepdims=True))
    return eagerloop.ArrayDataset(pair, pair, batch_size=batch_size, features=("a", "b"), targets=("sum",), seed=seed)

def pipelines():
    """The same as a (train, test) pair."""
    x = np.arange(12.0, dtype="float32").reshape(6, 2) / 10
    rows = tf.data.Dataset.from_tensor_slices((x, x.sum(axis=1, keepdims=True)))
    return rows.shuffle(6, seed=2).batch(2), rows.batch(4)

def dense(*, dataset, rate: float = 0.0):
    """One Dense layer."""
    return keras.Sequential([keras.layers.Dropout(rate), keras.layers.Dense(dataset.outputs)])

class Plane(tf.Module):
    """A tf.Module: w1 a + w2 b."""

    def __init__(self, start: float = 0.0):
        super().__init__()
        self.weights = tf.Variable([[start], [start]], name="weights")

    def __call__(self, x, training):
        return x @ self.weights

def pinball(y_true, y_pred, quantile: Annotated[float, "between 0 and 1"] = 0.5):
    """The pinball loss."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(quantile * error, (quantile - 1) * error))

class Signs:
    """Steps of one length in the direction of each sign."""

    def __init__(self, rate: float = 0.01):
        self.rate, self.steps = rate, tf.Variable(0, name="steps")

    @property
    def variables(self):
        return [self.steps]

    def apply_gradients(self, grads_and_vars):
        self.steps.assign_add(1)
        for gradient, variable in grads_and_vars:
            (variable.value if hasattr(variable, "path") else variable).assign_sub(self.rate * tf.sign(gradient))

class Files:
    """A file a variable."""

    def write(self, directory, state):
        for number, variable in enumerate(state.values()):
            np.save(directory / f"{number}.npy", variable.numpy())

    def read(self, directory, state):
        for number, variable in enumerate(state.values()):
            variable.assign(np.load(directory / f"{number}.npy"))

class Largest:
    """The largest error."""

    def __init__(self):
        self.value = tf.Variable(0.0, name="largest")
        self.variables = [self.value]

    def update_state(self, y_true, y_pred):
        self.value.assign(tf.maximum(self.value, tf.reduce_max(tf.abs(y_true - y_pred))))

    def result(self):
        return self.value

    def reset_state(self):
        self.value.assign(0.0)

class Remember:
    """Writes down the losses."""

    def __init__(self):
        self.losses = []

    def on_step_end(self, step):
        self.losses.append(float(step.loss))
'''


@pytest.fixture
def file(tmp_path):
    """A file with a part of every kind."""
    path = tmp_path / "parts.py"
    path.write_text(FILE)
    return path


def data(**options):
    """Three batches of two rows, the test being the training."""
    return eagerloop.ArrayDataset((X, Y), (X, Y), **{"batch_size": 2, "features": ("a", "b"), "targets": ("sum",), **options})


def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])


def small_run(**options):
    """Two epochs of three steps."""
    return eagerloop.train(**{"dataset": data(), "model": model(), "optimizer": "sgd", "epochs": 2, **options})


def figures(history):
    """A history without its times."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


# --- a part of each kind swapped in turn

SWAPS = {
    "dataset": ("rows", "pipelines"),
    "model": ("dense", "Plane"),
    "loss": ("pinball",),
    "optimizer": ("Signs",),
    "checkpointer": ("Files",),
    "metrics": ("Largest",),
    "observers": ("Remember",),
}


@pytest.mark.sweep(1)
@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in SWAPS.items() for name in names])
def test_a_part_of_each_kind_is_swapped_trained_resumed_and_used(file, kind, name):
    """With any one part from a file: trained to the end at once, or halfway and resumed, the numbers are the same bits."""
    chosen = {"dataset": f"{file}:rows", "model": "mlp", "epochs": 4}
    part = f"{file}:{name}"
    chosen[kind] = [part] if kind in ("metrics", "observers") else part
    whole = eagerloop.train(**chosen, directory="whole")
    assert len(whole.history) == 4
    assert whole.history[-1]["loss"] < whole.history[0]["loss"]
    eagerloop.train(**{**chosen, "epochs": 2}, directory="half")
    again = eagerloop.resume("half", epochs=4, trust=[file])
    assert figures(again.history) == figures(whole.history)
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))
    loaded = eagerloop.load("whole", trust=[file])
    np.testing.assert_array_equal(loaded.predict(X), whole.predict(X))
    assert loaded.evaluate() == whole.evaluate()


BUILT_IN = {
    "dataset": (eagerloop.use("iris", batch_size=30),),
    "model": ("linear",),
    "loss": (eagerloop.use("huber", delta=2.0),),
    "optimizer": (eagerloop.use("sgd", learning_rate=0.01, momentum=0.9), "keras_adam"),
    "checkpointer": ("npz",),
    "metrics": (["rmse", "r2"],),
}


@pytest.mark.sweep(1)
@pytest.mark.parametrize(("kind", "part"), [(kind, part) for kind, parts in BUILT_IN.items() for part in parts])
def test_built_in_parts_are_swapped_by_name(kind, part):
    """The same with the built-in alternatives, chosen by name or by `use`."""
    chosen = {"dataset": eagerloop.use("iris", batch_size=60), kind: part}
    whole = eagerloop.train(**chosen, epochs=2, directory="whole")
    eagerloop.train(**chosen, epochs=1, directory="half")
    again = eagerloop.resume("half", epochs=2)
    assert figures(again.history) == figures(whole.history)
    np.testing.assert_array_equal(again.predict(), whole.predict())


def test_all_parts_from_one_file_together(file):
    """Nothing built in but the engine."""
    chosen = {"dataset": "rows", "model": "Plane", "loss": "pinball", "optimizer": "Signs", "checkpointer": "Files"}
    chosen = {kind: f"{file}:{name}" for kind, name in chosen.items()}
    run = eagerloop.train(**chosen, metrics=[f"{file}:Largest"], observers=[f"{file}:Remember"], epochs=3, directory="all")
    assert len(run.observers[0].losses) == 9
    assert sum(run.observers[0].losses[:3]) == run.history[0]["total_loss"]
    assert "Largest" in run.history[0]
    again = eagerloop.load("all", trust=[file])
    np.testing.assert_array_equal(again.predict(), run.predict())


def test_parts_as_name_use_file_and_object_are_one(file):
    """The same model by `use` of a file, and as an object, gives the same losses."""
    namespace = {}
    exec(compile(FILE, "parts", "exec"), namespace)  # noqa: S102 - the text is above
    by_name = small_run(model=f"{file}:Plane", directory="a")
    by_use = small_run(model=eagerloop.use(f"{file}:Plane", start=0.0), directory="b")
    by_object = small_run(model=namespace["Plane"](), directory="c")
    assert figures(by_name.history) == figures(by_use.history) == figures(by_object.history)


def test_options_of_a_plain_function_in_a_file(file):
    """`pinball` with a quantile of 0.9 punishes a prediction that is too low nine times as much as one too high."""
    low = small_run(loss=eagerloop.use(f"{file}:pinball", quantile=0.9), model=f"{file}:Plane", epochs=1, directory="low")
    step_low = low.loss(tf.constant([[1.0]]), tf.constant([[0.0]]))
    step_high = low.loss(tf.constant([[0.0]]), tf.constant([[1.0]]))
    assert (float(step_low), float(step_high)) == (pytest.approx(0.9), pytest.approx(0.1))
    assert low.parts.resolved["loss"][0].options == {"quantile": 0.9}


# --- what a run has to tell


def test_history_is_a_list_of_dicts():
    """It can be printed, written as JSON, and turned into columns without a helper."""
    run = small_run(metrics=["rmse"])
    assert isinstance(run.history, list)
    assert list(run.history[0]) == ["epoch", "steps", "loss", "total_loss", "rmse", "seconds"]
    assert json.loads(json.dumps(run.history)) == run.history
    assert [row["epoch"] for row in run.history] == [1, 2]
    lines = (run.directory / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == run.history


def test_a_run_shows_where_it_stands():
    """The repr names directory, model, dataset, epochs and the last loss."""
    run = eagerloop.train(dataset="iris", epochs=1, directory="here")
    assert re.fullmatch(r"<Run here: iris on iris, 1 of 1 epochs, loss [\d.]+>", repr(run))
    assert run.steps_per_epoch == 12


def test_parts_of_a_run_are_its_attributes():
    """What was given as an object is there as that object."""
    dataset, line, optimizer = data(), model(), keras.optimizers.SGD(0.1)
    run = small_run(dataset=dataset, model=line, optimizer=optimizer)
    assert run.dataset is dataset
    assert run.model is line
    assert run.optimizer is optimizer
    assert list(run.metrics) == []
    assert (run.position.epoch, run.position.batch, run.position.step) == (3, 0, 6)
    assert run.stopping == ""


def test_runs_are_kept_below_runs(tmp_path):
    """Without a directory a run gets one of its own, named after model and dataset; two in one second as well."""
    first, second = small_run(dataset="iris", model="linear", epochs=1), small_run(dataset="iris", model="linear", epochs=1)
    for run in (first, second):
        assert re.fullmatch(r"runs/\d{8}-\d{6}-linear-iris(-2)?", run.place.as_posix())
        assert run.directory == tmp_path / run.place
    assert first.directory != second.directory
    assert eagerloop.load().directory == second.directory


# --- validation, evaluation, prediction, single steps


def test_validation_is_reported_after_each_epoch():
    """Loss and metrics on the validation rows, as an evaluation of the same model gives them."""
    run = small_run(dataset=data(validation_arrays=(X[:4] + 1, Y[:4])), metrics=["rmse"], epochs=2)
    row = run.history[-1]
    assert {"val_loss", "val_rmse"} <= set(row)
    predictions = run.predict(X[:4] + 1)
    assert row["val_loss"] == pytest.approx(float(np.mean((Y[:4] - predictions) ** 2)), rel=1e-6)
    assert row["val_rmse"] == pytest.approx(row["val_loss"] ** 0.5, rel=1e-6)
    assert run.evaluate(run.dataset.validation()) == {"loss": row["val_loss"], "rmse": row["val_rmse"]}


def test_a_validation_changes_no_training_figure():
    """The losses of the training are those of a run without one."""
    plain = small_run(metrics=["rmse"])
    validated = small_run(dataset=data(validation_arrays=(X[:4] + 1, Y[:4])), metrics=["rmse"])
    kept = [{name: value for name, value in row.items() if not name.startswith("val_")} for row in figures(validated.history)]
    assert kept == figures(plain.history)


def test_evaluation_is_the_mean_over_rows_penalties_included():
    """Five rows in batches of two: the short batch counts for less; a penalty of 0.5 * (1 + 1) is part of the loss."""
    penalised = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L1(0.5))]
    )
    off = np.array([[1], [1], [1], [1], [3]], "float32")
    run = small_run(
        dataset=eagerloop.ArrayDataset((X, Y), (X[:5], Y[:5] + off), batch_size=2),
        model=penalised,
        optimizer=eagerloop.use("sgd", learning_rate=0.0),
        epochs=1,
    )
    assert run.evaluate()["loss"] == pytest.approx((4 * 1 + 9) / 5 + 1.0, rel=1e-6)


def test_evaluation_changes_nothing():
    """Neither the metrics of an epoch nor the model."""
    run = small_run(metrics=["rmse"])
    before = {name: variable.numpy() for name, variable in run.variables().items()}
    assert run.evaluate() == run.evaluate()
    for name, variable in run.variables().items():
        np.testing.assert_array_equal(variable.numpy(), before[name])


def test_predictions_come_in_pieces_of_any_size():
    """Lists are taken as arrays are; no rows give no predictions."""
    run = small_run()
    whole = run.predict(X)
    np.testing.assert_allclose(run.predict(X.tolist(), batch_size=4), whole, rtol=1e-6)
    assert run.predict(np.zeros((0, 2))).shape == (0, 1)
    np.testing.assert_array_equal(run.predict(), np.concatenate([run.model(x, training=False) for x, _y in run.dataset.test()]))


def test_a_step_of_ones_own_changes_the_model_alone():
    """Not the position, nor the history: `step` is for looking."""
    run = small_run(optimizer=keras.optimizers.SGD(0.1))
    weights, history = run.model.get_weights(), figures(run.history)
    step = run.step([[1, 2]], [[5]])
    prediction = float(np.array([1.0, 2.0]) @ weights[0][:, 0] + weights[1][0])
    assert float(step.loss) == pytest.approx((5 - prediction) ** 2, rel=1e-5)
    assert step.x.dtype == tf.float32
    np.testing.assert_allclose(run.model.get_weights()[0], weights[0] - 0.1 * step.gradients[0].numpy(), rtol=1e-6)
    assert (run.position.step, figures(run.history)) == (6, history)
    assert str(step).startswith("x  (1, 2) float32\n")


def test_a_dataset_object_of_ones_own_is_asked():
    """Epoch and start are passed to it, its validation is evaluated, and nothing is set on it."""

    class Counting:
        features, targets, task = ("a", "b"), ("sum",), "regression"
        fingerprint = "these six rows"

        def __init__(self):
            self.asked = []

        def train(self, epoch, start=0):
            self.asked.append((epoch, start))
            return tf.data.Dataset.from_tensor_slices((X, Y)).batch(2).skip(start)

        def test(self):
            return tf.data.Dataset.from_tensor_slices((X, Y)).batch(6)

        def validation(self):
            return self.test()

    dataset = Counting()
    run = small_run(dataset=dataset, directory="own")
    assert list(vars(dataset)) == ["asked"]
    assert run.dataset.asked is dataset.asked
    assert dataset.asked[-2:] == [(1, 0), (2, 0)]
    assert figures(run.history)[0]["loss"] == small_run().history[0]["loss"]
    assert "val_loss" in run.history[0]
    assert 'fingerprint = "these six rows"' in (run.directory / "run.toml").read_text()


def test_a_pair_of_pipelines_as_an_object():
    """A `(train, test)` pair is wrapped."""
    pipeline = tf.data.Dataset.from_tensor_slices((X, Y)).batch(2)
    run = small_run(dataset=(pipeline, pipeline))
    assert run.dataset.exact
    assert figures(run.history) == figures(small_run().history)


def test_an_epoch_that_turns_out_empty_ends_the_run():
    """The epoch is named; what was trained before is kept."""

    class Drying:
        features, targets, task = ("a", "b"), ("sum",), "regression"

        def train(self, epoch, start=0):
            return tf.data.Dataset.from_tensor_slices((X, Y)).batch(2).take(0 if epoch == 2 else 3)

        test = train

    with pytest.raises(TrainingError, match=r"epoch 2 had no batch; the dataset must give at least one in every epoch"):
        small_run(dataset=Drying(), directory="drying")
    assert len((Path("drying") / "history.jsonl").read_text().splitlines()) == 1


# --- loading and resuming


def test_objects_must_be_given_again():
    """A record cannot hold an object: which one is missing is said."""
    run = small_run(directory="objects")
    with pytest.raises(CheckpointError, match=r"the dataset of objects was given as an object.*give it again: dataset=\.\.\."):
        eagerloop.load("objects")
    again = eagerloop.load("objects", dataset=data(), model=model())
    np.testing.assert_array_equal(again.predict(), run.predict())


def test_other_data_are_refused():
    """The fingerprint was saved: a run does not go on with other rows."""
    small_run(directory="other")
    with pytest.raises(CheckpointError, match=r"belongs to another run: .*data\.fingerprint"):
        eagerloop.resume("other", dataset=eagerloop.ArrayDataset((X + 1, Y), (X, Y), batch_size=2), model=model(), epochs=3)


def test_a_run_that_kept_nothing_cannot_be_loaded():
    """The checkpointer `none` leaves nothing to come back to."""
    run = small_run(checkpointer="none", directory="nothing")
    assert not (run.directory / "checkpoints").exists()
    with pytest.raises(CheckpointError, match=r"nothing has no checkpoint"):
        eagerloop.load("nothing", dataset=data(), model=model())


def test_there_must_be_a_run():
    """What is no run is said to be none."""
    with pytest.raises(ConfigError, match=r"there is no run below runs/; make one with 'eagerloop train'"):
        eagerloop.load()
    with pytest.raises(ConfigError, match=r"nowhere is no run: it does not exist"):
        eagerloop.resume("nowhere")


def test_a_taken_directory_is_refused():
    """Nothing is ever trained over a run."""
    small_run(epochs=1, directory="taken")
    with pytest.raises(ConfigError, match=r"taken holds a run already; continue it with eagerloop\.resume\('taken'\)"):
        small_run(epochs=1, directory="taken")


@pytest.mark.parametrize("every", [1, 2])
def test_saves_within_an_epoch_change_no_number(every):
    """With checkpoints every few steps the same numbers come out, and each can be taken up."""
    run = small_run(save_every=every, keep=0, directory="often")
    assert figures(run.history) == figures(small_run(directory="seldom").history)
    assert run.store.steps() == ([1, 2, 3, 4, 5, 6] if every == 1 else [2, 3, 4, 6])


def test_a_resume_from_the_middle_of_an_epoch_is_exact():
    """The newest checkpoints are lost: from step 4, the first of epoch 2, on the same bits come out."""
    run = small_run(save_every=1, keep=0, metrics=["rmse"], dataset=data(shuffle=True, seed=4), directory="lost")
    for step in (5, 6):
        (run.directory / "checkpoints" / f"step-{step:08d}").rename(run.directory / f"lost-{step}")
    again = eagerloop.resume("lost", dataset=data(shuffle=True, seed=4), model=model())
    assert figures(again.history) == figures(run.history)
    np.testing.assert_array_equal(again.predict(), run.predict())


def test_a_stop_in_the_last_step_of_an_epoch_loses_nothing():
    """The epoch is finished by the resume, and what a later load sees has its row."""

    class Stop:
        def on_step_end(self, run):
            if run.position.step == 3:
                run.stop("enough")

    whole = small_run(epochs=1)
    small_run(epochs=1, observers=[Stop()], directory="last")
    again = eagerloop.resume("last", dataset=data(), model=model(), observers=[])
    assert figures(again.history) == figures(whole.history)
    loaded = eagerloop.load("last", dataset=data(), model=model(), observers=[])
    assert figures(loaded.history) == figures(whole.history)


def test_only_so_many_checkpoints_are_kept():
    """The newest; without a word three of them, with 0 all."""
    assert small_run(epochs=4, keep=2).store.steps() == [9, 12]
    assert small_run(epochs=5).store.steps() == [9, 12, 15]
    assert small_run(epochs=5, keep=0).store.steps() == [3, 6, 9, 12, 15]


# --- what is refused


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"epoch": 3}, r"no keyword 'epoch'; did you mean 'epochs'\?"),
        ({"optimiser": "adam"}, r"no keyword 'optimiser'; did you mean 'optimizer'\?"),
        ({"epochs": 0}, r"option 'epochs' must be int \(at least 1\), got 0"),
        ({"epochs": -1}, r"option 'epochs' must be int \(at least 1\), got -1"),
        ({"epochs": 2.5}, r"option 'epochs' must be int \(at least 1\), got 2\.5"),
        ({"seed": -1}, r"option 'seed' must be int \(at least 0, at most .*\), got -1"),
        ({"seed": 2**32}, r"option 'seed' must be int \(at least 0, at most .*\), got 4294967296"),
        ({"seed": "one"}, r"option 'seed' must be int .*, got 'one' \(str\)"),
        ({"compile": "yes"}, r"option 'compile' must be bool, got 'yes'"),
        ({"on_nonfinite": "ignore"}, r"option 'on-nonfinite' must be one of stop, skip, got 'ignore'"),
    ],
)
def test_settings_are_checked(keywords, message):
    """Before anything is built, and before a directory is made."""
    with pytest.raises(ConfigError, match=message):
        small_run(**keywords)


@pytest.mark.parametrize("epochs", [0, -1])
def test_a_resume_needs_a_number_of_epochs(epochs):
    """Nonsense is refused as in `train`, and does not get into the record."""
    small_run(directory="again")
    with pytest.raises(ConfigError, match=rf"option 'epochs' must be int \(at least 1\), got {epochs}"):
        eagerloop.resume("again", epochs=epochs, dataset=data(), model=model())


def test_unknown_parts_are_answered_with_the_nearest():
    """No directory is made for a run that cannot be."""
    with pytest.raises(PluginError, match=r"there is no model 'irs'; did you mean 'iris'\?"):
        eagerloop.train(model="irs", directory="no")
    with pytest.raises(ConfigError, match=r"optimizer 'adam': option 'learning-rate' must be float \(at least 0\), got nan"):
        eagerloop.train(optimizer=eagerloop.use("adam", learning_rate=float("nan")), directory="no")
    with pytest.raises(PluginError, match=r"there is no metric 'rmsee'; did you mean 'rmse'\?"):
        eagerloop.train(metrics=["rmsee"], directory="no")
    assert not Path("no").exists()


def test_shapes_that_would_broadcast_are_refused():
    """The best known trap: y of two columns against one prediction is told with both shapes."""
    two = eagerloop.ArrayDataset((X, X), (X, X), batch_size=2)
    with pytest.raises(DataError, match=r"targets \(2, 2\) and predictions \(2, 1\)"):
        small_run(dataset=two)
