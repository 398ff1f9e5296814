"""Any step of a run that exists, looked at again."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.replaying import record_of_step
from eagerloop.errors import CheckpointError, ConfigError, TrainingError

X = np.random.default_rng(5).uniform(size=(20, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Remembering:
    """What the model's weights were after each step, and a learning rate that an observer changes every epoch."""

    def __init__(self):
        self.weights, self.losses = [], []

    def on_train_begin(self, run):
        self.keep(run)

    def on_epoch_begin(self, run, epoch):
        run.optimizer.learning_rate = 0.01 / epoch

    def on_step_end(self, run, step):
        self.losses.append(float(step.loss))
        self.keep(run)

    def keep(self, run):
        self.weights.append([variable.numpy().copy() for variable in run.model.variables if "seed" not in variable.path])


@pytest.fixture(scope="module")
def remembered(tmp_path_factory):
    """Two epochs of twelve steps, with checkpoints in the middle and what was true at every step."""
    seen = Remembering()
    directory = tmp_path_factory.mktemp("remembered") / "run"
    how = {"epochs": 2, "save_every": 5, "keep": 0, "seed": 3, "checkpointer": "npz"}
    run = eagerloop.train(directory=directory, observers=[seen], **how)
    return run, seen


@pytest.mark.parametrize("step", [1, 4, 6, 12, 13, 24])
def test_the_step_that_the_run_did(remembered, step):
    """Weights before and after, and the loss, bit for bit, of steps at the edges of epochs and between checkpoints."""
    run, seen = remembered
    record = record_of_step(run, step, given={"observers": [Remembering()]}, findings=False, differences=False)

    assert (record.step, record.epoch, record.batch) == (step, (step - 1) // 12 + 1, (step - 1) % 12)
    assert record.loss == seen.losses[step - 1]
    for variable, before, after in zip(record.variables, seen.weights[step - 1], seen.weights[step], strict=True):
        assert np.asarray(variable.value).tobytes() == before.tobytes()
        assert np.asarray(variable.update).tobytes() == (after - before).tobytes()


def test_nothing_is_written_and_nothing_is_said(remembered, capfd):
    """Every file of the run is as it was; generators of the process go on where they were."""
    run, _seen = remembered
    files = {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()}
    keras.utils.set_random_seed(11)
    expected = [np.random.uniform(), tf.random.normal([1]).numpy()]  # noqa: NPY002
    keras.utils.set_random_seed(11)
    record_of_step(run.directory, 9, given={"observers": [Remembering()]}, findings=False)
    assert [np.random.uniform(), tf.random.normal([1]).numpy()] == expected  # noqa: NPY002
    assert {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()} == files
    assert capfd.readouterr().out == ""


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    "chosen",
    [{"checkpointer": "none"}, {"compile": True}, {"compile": True, "observers": ["csv"]}, {"jit": True}],
    ids=["no checkpoint", "stretches", "compiled steps", "one kernel"],
)
def test_runs_of_every_grain(chosen, tmp_path):
    """What stands before step 8 is what the run had after its seventh, however it went there."""
    plain = {"seed": 3, "model": "linear", "epochs": 1}
    run = eagerloop.train(directory=tmp_path / "run", **plain, **chosen)
    first = eagerloop.train(directory=tmp_path / "seven", **plain, **chosen | {"checkpointer": "npz"}, save_every=7)
    seventh = dict(np.load(first.directory / "checkpoints" / "step-00000007" / "variables.npz"))
    record = record_of_step(run, 8, findings=False)
    kernel = next(value for name, value in seventh.items() if name.startswith("model/") and name.endswith("kernel"))
    assert record.batch == 7
    assert np.asarray(record["dense/kernel"].value).tobytes() == kernel.tobytes()
    assert record.iterations == 7


def test_pipelines_of_unknown_length(tmp_path):
    """The first step of the second epoch, where nobody knows how many batches the first one has."""
    file = tmp_path / "parts.py"
    file.write_text(
        '''
import numpy as np
import tensorflow as tf

def rows():
    """Twenty rows, from a generator."""
    x = np.random.default_rng(5).uniform(size=(20, 3)).astype("float32")
    both = lambda: zip(x, x.sum(axis=1, keepdims=True))
    pair = (tf.TensorSpec([3], tf.float32), tf.TensorSpec([1], tf.float32))
    data = tf.data.Dataset.from_generator(both, output_signature=pair).batch(8)
    return data, data
'''
    )
    run = eagerloop.train(directory=tmp_path / "run", dataset=f"{file}:rows", model="linear", epochs=2, checkpointer="none")
    record = record_of_step(run, 4, findings=False)
    assert (record.epoch, record.batch, record.iterations) == (2, 0, 3)
    np.testing.assert_array_equal(record.x, X[:8])
    with pytest.raises(ConfigError, match="has no step 7: it ends after step 6"):
        record_of_step(run, 7)


def test_a_damaged_checkpoint_is_passed_over(remembered, tmp_path):
    """There is only more to train: the record is the same."""
    run, seen = remembered
    copy = Path(shutil.copytree(run.directory, tmp_path / "copy"))
    for name in ("step-00000005", "step-00000010"):
        (copy / "checkpoints" / name / "variables.npz").write_bytes(b"")
    record = record_of_step(copy, 11, given={"observers": [Remembering()]}, findings=False, differences=False)
    assert record.loss == seen.losses[10]


def test_the_step_in_which_a_run_failed(tmp_path):
    """A run that ended with a loss that is not finite has a record of that very step."""
    x = X.copy()
    x[17] = np.nan
    data = (tf.data.Dataset.from_tensor_slices((x, Y)).batch(4),) * 2
    with pytest.raises(TrainingError, match=r"epoch 1, batch 5, step 5"):
        eagerloop.train(directory=tmp_path / "run", dataset=data, model="linear", loss="mse")
    record = record_of_step(tmp_path / "run", 5, given={"dataset": data}, findings=False)
    assert np.isnan(record.loss)
    assert record.x.nonfinite == 3
    assert record["dense/kernel"].update.norm == 0


@pytest.mark.parametrize(
    ("step", "message"),
    [(0, "has no step 0: its steps are counted from 1 to 24"), (25, "has no step 25: its steps are counted from 1 to 24")],
)
def test_steps_that_the_run_has_not(remembered, step, message):
    """The message says how many there are."""
    with pytest.raises(ConfigError, match=message):
        record_of_step(remembered[0], step, given={"observers": [Remembering()]})


def test_a_run_lends_its_dataset(tmp_path):
    """Rows and a loss that were objects need not be given again beside a run; beside its directory they must."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=4)
    run = eagerloop.train(
        directory=tmp_path / "run", dataset=data, model="linear", loss=keras.losses.MeanSquaredError(), epochs=1
    )
    kernel = record_of_step(run, 5, findings=False)["dense/kernel"]
    after = run.model.variables[0].numpy()
    np.testing.assert_allclose(np.asarray(kernel.value) + np.asarray(kernel.update), after, rtol=1e-6)
    with pytest.raises(
        CheckpointError, match=r"was given as an object, which no record can hold; give it again: dataset=\.\.\."
    ):
        record_of_step(run.directory, 5)


def test_what_cannot_be_made_again(remembered, tmp_path):
    """A run that is not there, and parts that were objects and are not given again."""
    with pytest.raises(ConfigError, match="is no run: it does not exist"):
        record_of_step(tmp_path / "none")
    with pytest.raises(CheckpointError, match=r"give it again: observers=\.\.\."):
        record_of_step(remembered[0])
