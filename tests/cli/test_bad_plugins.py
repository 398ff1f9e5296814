"""Parts and plugins that do not do what they must: the part is named, and what is wrong with it."""

import json
from pathlib import Path

import pytest

PARTS = '''
import keras
import tensorflow as tf


class Nothing:
    variables = []


def pair(*tensors, size=5):
    """Zeros of the given shapes, in batches, for training and for the test."""
    batches = tf.data.Dataset.from_tensor_slices(tuple(tf.zeros(shape) for shape in tensors))
    batches = batches.batch(size) if size else batches
    return batches, batches


def quadruple():
    return pair((20, 3), (20, 1), (20, 1), (20, 1))


def x_alone():
    batches = tf.data.Dataset.from_tensor_slices(tf.zeros((20, 3))).batch(5)
    return batches, batches


def not_batched():
    return pair((20,), (20,), size=0)


def empty():
    return pair((0, 3), (0, 1))


def lists():
    return [[[1.0]], [[2.0]]]


def number():
    return 5


def growing():
    def batches():
        for width in (3, 3, 4):
            yield tf.zeros((5, width)), tf.zeros((5, 1))

    shapes = (tf.TensorSpec((None, None)), tf.TensorSpec((None, 1)))
    made = tf.data.Dataset.from_generator(batches, output_signature=shapes)
    return made, made


class Shrinking:
    features, targets, task = ("a",), ("y",), "regression"

    def train(self, epoch, start=0):
        batches = pair((20, 1), (20, 1))[0]
        return (batches if epoch == 1 else batches.take(0)).skip(start)

    def test(self):
        return self.train(1)


def vector(y_true, y_pred):
    """Not reduced over the batch."""
    return tf.square(y_true - y_pred)[:, 0]


class HalfUsed(keras.Model):
    def __init__(self):
        super().__init__()
        self.used = keras.layers.Dense(1, name="used")
        self.forgotten = keras.layers.Dense(1, name="forgotten")

    def call(self, x):
        self.forgotten(x)
        return self.used(x)


class Untrainable(keras.Model):
    def __init__(self):
        super().__init__()

    def call(self, x):
        return x[:, :1]


class Unlucky(keras.Model):
    def __init__(self):
        super().__init__()

    def call(self, x):
        raise ValueError("no luck\\nat all")


class Late:
    def __init__(self):
        self.steps = 0

    def on_step_end(self, run, step):
        self.steps += 1
        if self.steps == 15:
            raise RuntimeError("the cat is on the keyboard")


class Misspelt:
    def on_step_ends(self, run, step): ...


class Greedy:
    def on_step_end(self, run, weather): ...


def nothing():
    return Nothing()


def raising():
    raise RuntimeError("out of order")


def untyped(size=3):
    return None
'''


@pytest.fixture(autouse=True)
def source(parts):
    """The parts above, in parts.py."""
    parts(PARTS)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("model", "there is no model 'lin'; did you mean 'linear'? Known: cnn, iris, keras-file, linear, mlp, text"),
        ("observe", "there is no observer 'zzz'; Known: csv, early-stopping, mlflow, print-loss, progress"),
        ("optimizer", "there is no optimizer 'adm'; did you mean 'adam'?"),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are(refused, kind, told):
    """The list, and the nearest name where one is near."""
    assert told in refused("train", f"--{kind}", told.split("'")[1])


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "it implements no hook; mark one of provide_datasets"),
        (
            "import eagerloop\n@eagerloop.hookimpl\ndef provide_modles(): ...",
            "'provide_modles'; did you mean 'provide_models'?",
        ),
        ("import eagerloop\n@eagerloop.hookimpl\ndef provide_losses(): return [1]", "must return {name: factory}, got list"),
    ],
)
def test_a_plugin_file_that_cannot_be_loaded_is_named_with_the_cause(refused, parts, source, told):
    """Missing imports, syntax, an exit, no hook, a misspelt hook, a hook that returns something else."""
    line = refused("train", "--plugin", parts(source, "plugin.py"))
    assert "plugin.py" in line
    assert told in line


def test_a_plugin_file_that_is_not_there_is_named(refused):
    """By train and by the commands that only look."""
    for words in (["train"], ["plugins"], ["show", "model", "mlp"], ["inspect", "batch"]):
        assert (
            refused(*words, "--plugin", "none.py")
            == "plugin file none.py cannot be read: No such file or directory; check the path"
        )


def test_an_installed_plugin_that_is_broken_stops_nothing(cli, monkeypatch, tmp_path):
    """It is named once with its cause, and the run trains; `plugins` lists it, and a name that is not found mentions it."""
    installed = tmp_path / "installed"
    (installed / "sick-1.2.dist-info").mkdir(parents=True)
    (installed / "sick-1.2.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: sick\nVersion: 1.2\n")
    (installed / "sick-1.2.dist-info" / "entry_points.txt").write_text("[eagerloop]\nward = sick_module\n")
    (installed / "sick_module.py").write_text("import medicine\n")
    monkeypatch.syspath_prepend(installed)
    cause = "plugin sick 1.2 (ward) is left out: ModuleNotFoundError: No module named 'medicine'"

    trained = cli("train", "--epochs", 1, "-q")
    assert trained.code == 0
    assert trained.err.splitlines() == [f"note: {cause}"]
    assert f"broken: {cause}" in cli("plugins").out
    assert json.loads(cli("plugins", "--json").out)["broken"] == [
        {"distribution": "sick", "version": "1.2", "plugin": "ward", "cause": "ModuleNotFoundError: No module named 'medicine'"}
    ]
    assert cause in cli("train", "--model", "thermometer").err
    assert cli("doctor").code == 1


def test_two_owners_of_a_name_are_both_told(refused, done, parts):
    """Either can be chosen by its owner; a built-in name means the built-in, whatever else has it."""
    offer = "import eagerloop\ndef mine(): ...\n@eagerloop.hookimpl\ndef provide_losses(): return {names}"
    one = parts(offer.format(names="{'mine': lambda: (lambda y, p: ((y - p) ** 2)[0, 0])}"), "one.py")
    two = parts(offer.format(names="{'mine': mine, 'mse': mine}"), "two.py")
    plugins = ["--plugin", one, "--plugin", two]

    line = refused("train", *plugins, "--loss", "mine")
    assert line.startswith("loss 'mine' is offered by one.py ")
    assert line.endswith("; choose one: one.py/mine or two.py/mine")
    done("train", *plugins, "--loss", "one.py/mine", "--epochs", 1)
    done("train", *plugins, "--loss", "mse", "--epochs", 1)


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("model", "nothing", "gave Nothing without __call__, trainable_variables"),
        ("optimizer", "nothing", "gave Nothing without apply_gradients"),
        ("checkpointer", "nothing", "gave Nothing without write, read"),
        ("metric", "nothing", "gave Nothing without update_state, result, reset_state"),
        ("observe", "nothing", "observer Nothing has no lifecycle hook"),
        ("observe", "Misspelt", "has a hook 'on_step_ends' that nobody calls; did you mean 'on_step_end'?"),
        ("observe", "Greedy", "Argument(s) {'weather'} are declared in the hookimpl but can not be found in the hookspec"),
        ("model", "raising", "model 'parts.py:raising' of parts.py"),
        ("model", "raising", "could not be made: RuntimeError: out of order"),
        ("model", "untyped", "parameter 'size' has no annotation"),
        ("model", "absent", "parts.py has no function or class 'absent'"),
        ("model", "Unlucky", "cannot take the first batch, x of shape (10, 3): ValueError"),
        ("model", "Unlucky", "no luck at all"),
    ],
)
def test_a_part_that_lacks_what_its_kind_must_have_is_refused(refused, kind, name, told):
    """What came back, and what is missing in it."""
    assert told in refused("train", f"--{kind}", f"parts.py:{name}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--loss parts.py:vector", "the loss must be a scalar, got the shape (10,); reduce it over the batch"),
        ("--model parts.py:HalfUsed", "the loss has no gradient for half_used/forgotten/kernel, half_used/forgotten/bias"),
        ("--model parts.py:Untrainable", "the model has no trainable variables"),
        ("--model mlp --loss sparse_categorical_crossentropy", "one answer is for binary_crossentropy"),
    ],
)
def test_a_first_step_that_cannot_be_taken_leaves_no_run(refused, words, told):
    """A loss that is no scalar (its shape), variables without gradients (their names), labels out of range."""
    assert told in refused("train", *words.split())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("quadruple", "train must give batches (x, y) or (x, y, sample_weight), each tensors or a structure of them, got ("),
        ("x_alone", "train must give batches (x, y) or (x, y, sample_weight), each tensors or a structure of them, got Tens"),
        ("not_batched", "must give batches, got single numbers"),
        ("lists", "train must be a tf.data.Dataset of (x, y) batches, got list"),
        ("number", "must be arrays (x, y), a (train, test) pair of tf.data.Datasets or a Dataset, got int"),
        ("empty", "an epoch has no batch; give it at least one"),
    ],
)
def test_a_dataset_that_is_not_batches_of_x_and_y_is_refused(refused, name, told):
    """What came instead is told, to those who train and to those who look."""
    for command in (["train"], ["inspect", "batch"]):
        line = refused(*command, "--dataset", f"parts.py:{name}")
        assert f"dataset 'parts.py:{name}'" in line
        assert told in line


def failed(cli, code, *words):
    """Runs `train` for two epochs in `mine`, which must fail after it began; gives the one line."""
    outcome = cli("train", *words, "--epochs", 2, "--run", "mine", "-q")
    assert outcome.code == code
    assert "Traceback" not in outcome.err
    (line,) = outcome.err.splitlines()
    return line


def test_batches_that_change_their_shape_are_told_with_both_shapes(cli):
    """The third batch of the first epoch has four columns: the pipeline says that it may, and the model cannot take it."""
    line = failed(cli, 2, "--dataset", "parts.py:growing")
    assert "expected axis -1 of input shape to have value 3, but received input with shape (5, 4)" in line
    assert "epoch 1, step 3" in line


def test_an_epoch_without_a_batch_keeps_the_epochs_before_it(cli, done):
    """The dataset gives nothing in epoch 2: exit code 1, and the checkpoint of epoch 1 predicts."""
    assert "epoch 2 had no batch" in failed(cli, 1, "--dataset", "parts.py:Shrinking")
    assert [path.name for path in Path("mine/checkpoints").glob("step-*")] == ["step-00000004"]


def test_an_error_in_a_step_names_plugin_hook_and_step_and_keeps_the_last_checkpoint(cli, done):
    """Step 15 is the third of epoch 2: the checkpoint of step 12 is whole, and the run resumes from it."""
    line = failed(cli, 2, "--observe", "parts.py:Late")
    assert line.startswith(
        "eagerloop: RuntimeError: the cat is on the keyboard (raised by observer 'parts.py:Late' of parts.py "
    )
    assert "in on_step_end, epoch 2, step 15; the last checkpoint is kept); --debug shows where" in line
    assert "step 12: ok" in done("verify", "mine")


def test_a_loss_that_is_not_finite_fails_the_run_and_keeps_its_last_checkpoint(cli):
    """A step of length 1e30 makes the next loss infinite: exit code 1; epoch and step are told."""
    line = failed(cli, 1, "--optimizer", "sgd", "--optimizer.learning-rate", "1e30")
    assert "in epoch 1, batch 2, step 2" in line
    assert "the update was left out and the last checkpoint kept" in line


def test_debug_shows_where_an_error_comes_from(cli):
    """With --debug the error keeps its traceback: it is raised."""
    with pytest.raises(RuntimeError, match="the cat is on the keyboard"):
        cli("--debug", "train", "--observe", "parts.py:Late", "-q")


EXITS = """import sys


def mine(y_true, y_pred):
    sys.exit("enough")


class Mine:
    def on_epoch_end(self, epoch):
        sys.exit(epoch)
"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--loss", "parts.py:mine"), "sys.exit('enough') was called; to end a run, call run.stop(reason) (raised by loss "),
        (("--observe", "parts.py:Mine"), "sys.exit(1) was called; to end a run, call run.stop(reason) (raised by observer "),
    ],
)
def test_a_part_that_leaves_python_is_told_of_as_that(cli, parts, words, told):
    """No signal came, and nobody asked the run to stop."""
    parts(EXITS)
    outcome = cli("train", *words, "--run", "mine", "-q")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert told in outcome.err
