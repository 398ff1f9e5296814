"""The strategy `mirrored`, on logical CPUs: the numbers of one device, whatever the number of replicas."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import eagerloop
from eagerloop.errors import ConfigError

PROGRAM = Path(__file__).with_name("on_four_cpus.py")


pytestmark = pytest.mark.long  # the program that they look at takes a minute or two


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the program has computed, in a process of its own."""
    directory = tmp_path_factory.mktemp("distribution")
    done = subprocess.run([sys.executable, PROGRAM, directory], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((directory / "found.json").read_text())


def assert_alike(history, reference, rtol=1e-5):
    """Every figure of every epoch, but for rounding."""
    assert [row.keys() for row in history] == [row.keys() for row in reference]
    for row, other in zip(history, reference, strict=True):
        np.testing.assert_allclose(list(row.values()), list(other.values()), rtol=rtol)


@pytest.mark.parametrize("case", ["2 eager", "4 eager", "2 stretch", "4 stretch"])
def test_the_guide_has_one_history_on_any_number_of_replicas(found, case):
    """Ten epochs of 50, 50 and 20 rows, which four replicas cannot share evenly: the losses of one device to 1e-5."""
    assert_alike(found["histories"][f"guide {case}"], found["histories"]["guide 1 eager"])


@pytest.mark.parametrize("case", ["2 stretch", "4 eager"])
def test_metrics_and_validation_are_those_of_one_device(found, case):
    """An mlp on a table: rmse, R squared, val_loss and total_loss too."""
    assert "val_r2" in found["histories"]["mlp 1 eager"][0]
    assert_alike(found["histories"][f"mlp {case}"], found["histories"]["mlp 1 eager"])


@pytest.mark.parametrize("name", ["weights", "dicts"])
@pytest.mark.parametrize("case", ["2 eager", "2 stretch"])
def test_weights_and_dicts_have_one_history(found, name, case):
    """Rows that count for more, two inputs and two outputs: loss, metrics, figures and validation."""
    assert {"weights": "val_mae", "dicts": "val_age_loss"}[name] in found["wider"][f"{name} 1 eager"][0]
    assert_alike(found["wider"][f"{name} {case}"], found["wider"][f"{name} 1 eager"])


@pytest.mark.parametrize("case", ["4 eager", "2 stretch"])
def test_a_step_that_may_be_distributed_has_one_history(found, case):
    """A step of one's own, and its figure: each replica has the figure of its share of 9, 9 and 5 rows."""
    assert "mean_x" in found["histories"]["own 1 eager"][0]
    assert_alike(found["histories"][f"own {case}"], found["histories"]["own 1 eager"])


@pytest.mark.parametrize("case", ["2 eager", "2 stretch"])
def test_several_outputs_have_one_history(found, case):
    """Each loss by itself and each metric, of training and validation."""
    assert {"loss/a", "val_loss/b", "mae/a", "val_rmse/b"} <= found["histories"]["outputs 1 eager"][0].keys()
    assert_alike(found["histories"][f"outputs {case}"], found["histories"]["outputs 1 eager"])


@pytest.mark.parametrize("case", ["2 eager", "2 stretch"])
def test_two_optimizers_by_path_have_one_history(found, case):
    """One that clips by the norm of all gradients has that of the whole batch, for its own variables."""
    assert_alike(found["histories"][f"paths {case}"], found["histories"]["paths 1 eager"])


@pytest.mark.parametrize("batch", [0, 1])
def test_the_gradients_are_those_of_the_whole_batch(found, batch):
    """Batch 0 has 22 rows for four replicas; batch 1 has one row: three replicas have none, and count nothing."""
    one, four = found["steps"]["one"], found["steps"]["four"]

    for gradient, reference in zip(four["gradients"][batch], one["gradients"][batch], strict=True):
        np.testing.assert_allclose(gradient, reference, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch", [0, 1])
def test_observers_see_the_predictions_of_the_whole_batch_in_order(found, batch):
    """Each row's prediction stands where one device puts it."""
    one, four = found["steps"]["one"]["predictions"][batch], found["steps"]["four"]["predictions"][batch]

    np.testing.assert_allclose(four, one, rtol=1e-5, atol=1e-6)


def test_no_two_replicas_drop_the_same(found):
    """Rows 1 to 4 are the one replica's, 5 to 8 the other's: their masks differ, in every step."""
    first, second = np.array(found["steps"]["masks"]) != 0

    assert (first[:4] != first[4:]).any()
    assert (second[:4] != second[4:]).any()
    assert (first != second).any()


def test_what_is_dropped_follows_from_the_seed(found):
    """The same run again drops the same; the seeds count on by one a step."""
    assert found["steps"]["masks"] == found["steps"]["masks again"]
    assert found["steps"]["masks seeds"] == found["steps"]["masks again seeds"]
    assert found["steps"]["masks seeds"][0][1] == 2


def test_a_run_resumed_on_as_many_replicas_has_the_same_bits(found):
    """Stopped after step 4 of 6, in the middle of epoch 2, Dropout and all."""
    resumed, whole = found["resumed"]["resumed on 2"], found["resumed"]["whole 0.5"]

    assert resumed["stopped"] == 4
    assert resumed["rows"] == whole["rows"]
    assert resumed["bits"] == whole["bits"]
    assert resumed["told"] == []


@pytest.mark.parametrize("replicas", [1, 4])
def test_a_run_goes_on_with_another_number_of_replicas_and_says_so(found, replicas):
    """Saved with 2: the rest agrees to 1e-5, and is announced as inexact."""
    resumed = found["resumed"][f"resumed on {replicas}"]

    assert_alike(resumed["rows"], found["resumed"]["whole 0.0"]["rows"])
    assert f"the rest may differ in rounding: replicas: 2 was saved, {replicas} now" in resumed["told"]


def test_a_run_is_looked_at_on_one_device_without_a_word(found):
    """Loading a run that four replicas have trained asks for no device and tells of no difference."""
    resumed = found["resumed"]["resumed on 4"]

    assert resumed["told when loaded"] == []
    assert resumed["loaded"]["loss"] > 0


@pytest.mark.parametrize("grain", ["eager", "stretch"])
def test_nan_on_one_replica_stops_all_before_the_update(found, grain):
    """The bad row is the second replica's; the message counts it in the whole batch, and one update was made before."""
    kind, message, updates, finite = found["not_finite"][grain]

    assert kind == "TrainingError"
    assert "the loss is nan in epoch 1, batch 2, step 2 (the data are not finite in row 8 of the batch)" in message
    assert (updates, finite) == (1, True)


def test_a_bad_batch_can_be_skipped_by_all(found):
    """With on_nonfinite 'skip', one of three steps is left out."""
    assert found["not_finite"]["skipped"] == [1, 2]


def test_batch_normalisation_is_by_share_and_its_averages_are_the_mean(found):
    """The shares (0, 2) and (4, 10) have the means 1 and 7 and the variances 1 and 9."""
    shares = found["averages"]["shares"]

    np.testing.assert_allclose(shares["predictions"], [-1, 1, -1, 1], atol=1e-6)
    np.testing.assert_allclose(shares["kept"]["moving_mean"], 0.1 * (1 + 7) / 2)
    np.testing.assert_allclose(shares["kept"]["moving_variance"], 0.9 * 1 + 0.1 * (1 + 9) / 2)


def test_synchronized_batch_normalisation_is_that_of_one_device(found):
    """Keras's option: the statistics are taken over all replicas."""
    assert found["averages"]["synchronized"] == found["averages"]["one"]


def test_every_optimizer_makes_the_update_of_one_device(found):
    """All fifteen built-ins; clipped, gathered and averaged by the gradient of the whole batch, not of a share; sparse ones."""
    assert len(found["updates"]) == 19
    for name, (one, two) in found["updates"].items():
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("loss", "it is no mean over the rows, and replicas would train something else"),
        ("model", "Sequential was made for one device; give its name or a factory in place of the object"),
        ("optimizer", "SGD was made for one device; give its name"),
        ("accumulation", "optimizer 'sgd' with gradient_accumulation_steps cannot be compiled for several replicas"),
        ("step", "step __main__.one_device is made for one device; choose the step 'tape' or the strategy 'one'"),
        ("jit", "with the strategy 'mirrored' leave jit out"),
        ("object", "strategy must be one, mirrored, multi-worker, or a tf.distribute.MirroredStrategy"),
        ("devices", "devices are chosen for the strategy 'mirrored' by its name; with 'one' leave devices out"),
        ("gpu", "there is no device gpu:0; there are cpu:0, cpu:1, cpu:2, cpu:3"),
        ("twice", "devices must be different ones of one kind"),
        ("name", "such as cpu:0 and cpu:1, or gpu:0, got processor"),
        ("cluster", "TF_CONFIG"),
        ("ragged", "OfRagged answers with a ragged tensor, and several replicas cannot put one together; answer with a padded"),
        ("late", "8 CPUs must be made before TensorFlow has run anything in this process; train in a new one"),
    ],
)
def test_what_cannot_be_distributed_is_refused_by_name(found, case, told):
    """One sentence, of one of eagerloop's own errors."""
    assert told in found["refusals"][case]


def test_a_strategy_can_be_an_object(found):
    """It is recorded by its name and its devices; a model made in its scope is taken; a single step is of the whole batch."""
    assert found["given_object"] == ["mirrored", ["cpu:1", "cpu:2"], 2, "(5, 3)"]


def test_a_single_device_is_pointed_out(tmp_path):
    """Without GPUs and without names there is one CPU: the numbers are those of 'one', and a note says so."""
    with pytest.warns(UserWarning, match="the strategy 'mirrored' has one device alone, cpu:0"):
        run = eagerloop.train(strategy="mirrored", epochs=2, directory=tmp_path / "mirrored")
    plain = eagerloop.train(epochs=2, directory=tmp_path / "one")

    np.testing.assert_allclose([row["loss"] for row in run.history], [row["loss"] for row in plain.history], rtol=1e-6)


def test_a_strategy_that_is_none_is_refused():
    """A number is no strategy."""
    with pytest.raises(ConfigError, match=r"option 'strategy' must be one of one, mirrored, multi-worker, got 2"):
        eagerloop.train(strategy=2)
