"""From choices to parts: defaults that follow the data, what a part must be able to do, what the record says."""

import tomllib

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.building.assembly import assemble
from eagerloop.building.run_toml import config
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import Settings, settings_from
from eagerloop.errors import ConfigError, DataError, PluginError
from eagerloop.parts import Choice
from eagerloop.process.numerics import threads
from eagerloop.process.versions import versions

CATALOG = Catalog.load()


def pair(classes=False):
    """Six rows of two features; one target column, or class numbers 0 to 2."""
    x = np.arange(12.0, dtype="float32").reshape(6, 2)
    y = np.arange(6) % 3 if classes else np.arange(6.0, dtype="float32").reshape(6, 1)
    return x, y


def data(**options):
    """The pair in batches of two."""
    both = pair(options.pop("classes", False))
    return eagerloop.ArrayDataset(both, both, batch_size=2, **options)


def assembled(**parts):
    """A run's parts: the given ones, on a small dataset unless another is given."""
    parts = {"dataset": data(), **parts}
    several = ("metric", "observer")
    choices = {
        kind: [choice(one) for one in part] if kind in several else choice(part)
        for kind, part in parts.items()
        if kind != "seed"
    }
    return assemble(Settings(**choices, seed=parts.get("seed", 0)), CATALOG)


def choice(part):
    return part if isinstance(part, Choice) else Choice(part)


# --- what is chosen where nothing was


def test_defaults_are_the_guide():
    """Nothing chosen: iris on iris, mse, adam, tf, no metric."""
    assert assemble(Settings(), CATALOG).names == {
        "dataset": "iris", "model": "iris", "loss": "mse", "optimizer": "adam", "step": "tape", "checkpointer": "tf",
    }  # fmt: skip


def test_a_regression_gets_an_mlp_and_mse():
    """The model gives as many numbers as y has columns."""
    parts = assembled()
    assert (parts.names["model"], parts.names["loss"], parts.metrics) == ("mlp", "mse", {})
    assert parts.by_default == ["model", "loss"]
    assert parts.model(tf.zeros((1, 2)), training=False).shape == (1, 1)


def test_classes_get_logits_crossentropy_and_accuracy():
    """Three classes: three outputs, the loss of logits, and a metric that people ask for."""
    parts = assembled(dataset=data(classes=True))
    assert (parts.names["loss"], list(parts.metrics)) == ("sparse_categorical_crossentropy", ["accuracy"])
    assert parts.by_default == ["model", "loss", "metric"]
    logits = tf.constant([[0.0, 0.0, 0.0]])
    assert parts.model(tf.zeros((1, 2)), training=False).shape == (1, 3)
    assert float(parts.loss(tf.constant([1]), logits)) == pytest.approx(np.log(3), rel=1e-6)


def test_what_was_chosen_stays():
    """A choice is never overruled by the data, not even the choice of no metric."""
    parts = assembled(dataset=data(classes=True), model="linear", metric=[])
    assert (parts.names["model"], parts.metrics, parts.by_default) == ("linear", {}, ["loss"])


# --- how a part is made


def test_parts_are_made_in_their_order(tmp_path):
    """Dataset, model, loss, optimizer, checkpointer, then metrics and observers; seed and dataset are filled in."""
    path = tmp_path / "parts.py"
    path.write_text(
        "import sys\nORDER = []\n"
        "def wrap(kind, make):\n    def factory(*, seed=None, dataset=None):\n"
        "        ORDER.append((kind, seed, dataset is not None))\n        return make()\n    return factory\n"
        "import eagerloop, keras, numpy as np\n"
        "x = np.ones((4, 2), 'float32')\n"
        "class Watch:\n    def on_train_end(self): ...\n"
        "class Keep:\n    def write(self, directory, state): ...\n    def read(self, directory, state): ...\n"
        "data = wrap('dataset', lambda: eagerloop.ArrayDataset((x, x), (x, x), batch_size=2))\n"
        "model = wrap('model', lambda: keras.Sequential([keras.layers.Dense(2)]))\n"
        "loss = wrap('loss', lambda: keras.losses.MeanSquaredError())\n"
        "optimizer = wrap('optimizer', lambda: keras.optimizers.SGD())\n"
        "checkpointer = wrap('checkpointer', Keep)\n"
        "metric = wrap('metric', lambda: keras.metrics.MeanSquaredError())\n"
        "observer = wrap('observer', Watch)\n"
    )
    kinds = ("observer", "metric", "checkpointer", "optimizer", "loss", "model")
    chosen = {kind: [f"{path}:{kind}"] if kind in ("metric", "observer") else f"{path}:{kind}" for kind in kinds}
    parts = assembled(**chosen, dataset=f"{path}:data", seed=7)
    order = parts.observers[0].on_train_end.__func__.__globals__["ORDER"]
    expected = ("dataset", "model", "loss", "optimizer", "checkpointer", "metric", "observer")
    assert order == [(kind, 7, kind != "dataset") for kind in expected]
    assert list(parts.metrics) == ["metric"]


def test_the_same_seed_makes_the_same_weights():
    """The seed is set before the parts are built, whatever happened in the process before."""
    first = [variable.numpy() for variable in assembled(model="mlp", seed=3).model.variables if variable.dtype == "float32"]
    np.random.default_rng().random()
    tf.random.uniform([5])
    second = [variable.numpy() for variable in assembled(model="mlp", seed=3).model.variables if variable.dtype == "float32"]
    other = [variable.numpy() for variable in assembled(model="mlp", seed=4).model.variables if variable.dtype == "float32"]
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


def test_model_and_optimizer_are_built():
    """Only what is built can be restored: the variables are there before the first step, and untouched."""
    parts = assembled(model="mlp", optimizer="adam")
    assert len(parts.model.trainable_variables) > 0
    assert len(parts.optimizer.variables) > 2 * len(parts.model.trainable_variables)
    assert int(parts.optimizer.iterations.numpy()) == 0
    assert parts.first_batch[0].shape == (2, 2)


def test_options_reach_the_factory():
    """They are converted, checked, and completed by the defaults in what is recorded."""
    parts = assembled(optimizer=eagerloop.use("sgd", learning_rate=1, momentum=0.5))
    assert float(parts.optimizer.learning_rate.numpy()) == 1.0
    assert parts.optimizer.momentum == 0.5
    assert parts.resolved["optimizer"][0].options["nesterov"] is False
    with pytest.raises(ConfigError, match=r"optimizer 'sgd' has no option 'momentun'; did you mean 'momentum'\?"):
        assembled(optimizer=eagerloop.use("sgd", momentun=0.5))


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (
            "model",
            "def part():\n    raise RuntimeError('no such file')",
            r"model '.*:part' of .* could not be made: RuntimeError: no such file",
        ),
        (
            "model",
            "def part():\n    return 3",
            r"gave int without __call__, variables, trainable_variables; a model must have __call__",
        ),
        ("model", "def part():\n    return None", r"gave NoneType without "),
        ("loss", "def part():\n    return 3", r"gave int without __call__; a loss must have __call__"),
        (
            "optimizer",
            "def part():\n    return 'adam'",
            r"gave str without apply_gradients, variables; an? optimizer must have",
        ),
        (
            "checkpointer",
            "class part:\n    def write(self): ...",
            r"gave part without read; a checkpointer must have write, read",
        ),
        (
            "metric",
            "class part:\n    def result(self): ...",
            r"gave part without update_state, reset_state; a metric must have",
        ),
        ("observer", "def part():\n    return None", r"gave NoneType; an? observer must have its hooks"),
        (
            "dataset",
            "def part():\n    return 3",
            r"must be arrays \(x, y\), a \(train, test\) pair of tf\.data\.Datasets or a Dataset, got int without",
        ),
    ],
)
def test_a_part_that_does_not_do_its_work_is_refused(tmp_path, kind, text, message):
    """The part is named, what it gave, and what its kind must have."""
    path = tmp_path / "parts.py"
    path.write_text(text)
    part = f"{path}:part"
    with pytest.raises(PluginError, match=message):
        assembled(**{kind: [part] if kind in ("metric", "observer") else part})


def test_an_object_that_does_not_do_its_work_is_refused():
    """Objects are checked as factories' products are."""
    with pytest.raises(PluginError, match=r"model builtins\.int gave int without __call__"):
        assembled(model=3)


def test_errors_of_the_tree_pass_through(tmp_path):
    """What a factory says in eagerloop's own words needs no words around it."""
    path = tmp_path / "parts.py"
    path.write_text("from eagerloop.errors import DataError\ndef part():\n    raise DataError('line 3 is short')\n")
    with pytest.raises(DataError, match=r"^line 3 is short$"):
        assembled(dataset=f"{path}:part")


def test_an_epoch_without_a_batch_is_refused():
    """A dataset of one's own that gives nothing is told before anything is trained."""

    class Nothing:
        features, targets, task = ("a",), ("y",), "regression"

        def train(self, epoch, start=0):
            return tf.data.Dataset.from_tensor_slices((np.zeros((0, 1)), np.zeros((0, 1)))).batch(2)

        test = train

    with pytest.raises(PluginError, match=r"dataset .*Nothing: an epoch has no batch; give it at least one"):
        assembled(dataset=Nothing())


# --- metrics


def test_metrics_are_named_as_they_were_chosen(tmp_path):
    """By the name that the user typed, `_` for `-`; an object by its own name, or else by its class."""

    class Own:
        def update_state(self, y_true, y_pred): ...
        def result(self): ...
        def reset_state(self): ...

    path = tmp_path / "parts.py"
    path.write_text("import keras\ndef my_metric():\n    return keras.metrics.MeanSquaredError()\n")
    metric = ["mean-absolute-error", "eagerloop/rmse", f"{path}:my_metric", keras.metrics.MeanSquaredError(name="mine"), Own()]
    names = list(assembled(metric=metric).metrics)
    assert names[:4] == ["mean_absolute_error", "rmse", "my_metric", "mine"]
    assert names[4].endswith("Own")


@pytest.mark.parametrize("metric", [["rmse", "rmse"], [keras.metrics.MeanSquaredError(name="loss")]])
def test_metrics_must_have_names_of_their_own(metric):
    """Two of one name, or one that is named as a column of the history, would overwrite a figure."""
    with pytest.raises(PluginError, match=r"metric '(rmse|loss)' is there twice, or has the name of a column of the history"):
        assembled(metric=metric)


def test_metrics_that_build_late_are_built():
    """R2 makes its variables at its first batch: they are there, and empty, so that a checkpoint can be taken up."""
    [r2] = assembled(metric=["r2"]).metrics.values()
    assert len(r2.variables) > 1
    assert all(not np.any(variable.numpy()) for variable in r2.variables)


def test_a_metric_that_does_not_fit_is_refused_before_the_training():
    """The metric and the cause are told in one line."""

    class Unfit(keras.metrics.MeanSquaredError):
        def update_state(self, y_true, y_pred, sample_weight=None):
            message = "shapes\n(2, 1) and (2, 2)"
            raise ValueError(message)

    with pytest.raises(
        PluginError, match=r"metric 'unfit' cannot be taken over the first batch: ValueError: shapes \(2, 1\) and \(2, 2\)$"
    ):
        assembled(metric=[Unfit(name="unfit")])


class Count:
    """A metric of one's own: how many rows."""

    def __init__(self):
        self.rows = 0

    def update_state(self, y_true, y_pred):
        self.rows += len(y_true)

    def result(self):
        return self.rows

    def reset_state(self):
        self.rows = 0


def test_fresh_metrics_leave_the_epochs_own_alone():
    """An evaluation in the middle of an epoch must not disturb its figures."""
    keras_own, own = keras.metrics.MeanSquaredError(name="squares"), Count()
    parts = assembled(metric=[keras_own, own])
    for metric in (keras_own, own):
        metric.update_state(tf.ones((4, 1)), tf.zeros((4, 1)))
    fresh = parts.fresh_metrics()
    assert list(fresh) == list(parts.metrics)
    for metric in fresh.values():
        metric.update_state(tf.ones((2, 1)), tf.ones((2, 1)))
    assert [float(metric.result()) for metric in fresh.values()] == [0.0, 2.0]
    assert (float(keras_own.result()), own.result()) == (1.0, 4)


# --- the record


def test_the_record_says_every_choice(tmp_path):
    """Names, owners, versions and all options of every part, the versions around it, the data, the threads."""
    record = assembled(model=eagerloop.use("mlp", hidden=[4]), metric=["rmse"], seed=5).run_toml
    assert (record["format"], record["seed"], record["epochs"]) == (1, 5, 10)
    assert record["model"]["name"] == "mlp"
    assert (record["model"]["owner"], record["model"]["version"]) == ("eagerloop", eagerloop.__version__)
    assert record["model"]["options"]["hidden"] == [4]
    assert set(record["optimizer"]["options"]) | set(record["optimizer"]["unset"]) >= {
        "learning_rate",
        "beta_1",
        "weight_decay",
    }
    assert (record["metric"][0]["name"], record["observer"]) == ("rmse", [])
    assert record["dataset"]["owner"] == "object"
    assert record["data"]["fingerprint"] == data().fingerprint
    assert record["versions"] == versions()
    assert record["parallelism"] == threads()
    assert record["versions"]["tensorflow"] == tf.__version__
    assert min(threads().values()) >= 1


def test_files_of_code_are_recorded_with_their_digests(tmp_path):
    """A part in a file is known by its text."""
    path = tmp_path / "parts.py"
    path.write_text("import keras\ndef model():\n    return keras.Sequential([keras.layers.Dense(1)])\n")
    record = assembled(model=f"{path}:model").run_toml
    assert list(record["files"]) == [str(path)]
    assert record["files"][str(path)].startswith(record["model"]["version"])


def test_the_config_makes_the_same_settings():
    """What `--print-config` prints is read back to the same choices, every option written out."""
    parts = assemble(Settings(optimizer=eagerloop.use("adam", learning_rate=0.5), epochs=3, seed=9), CATALOG)
    content = tomllib.loads(config(parts.run_toml))
    assert not {"versions", "data", "parallelism", "files", "seal"} & set(content)
    again = assemble(settings_from(content, "the config"), CATALOG)
    assert again.run_toml == parts.run_toml
    assert again.settings.optimizer.options["learning_rate"] == 0.5
