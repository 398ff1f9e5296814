"""A run is resumed with the parts that it was made of, or not at all: nothing is changed on a refusal."""

import re
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
import tomli_w

import eagerloop
import eagerloop.building.run_toml
from eagerloop.errors import CheckpointError
from eagerloop.running.comparing import compare_records
from eagerloop.running.recreating import recreate
from eagerloop.storage.run_directory import RunDirectory
from eagerloop.storage.store import Store


def assert_refused_unchanged(directory, match, **given):
    """Loading is refused in these words; so is a restore into the parts as they are now, and no variable has changed."""
    with pytest.raises(CheckpointError, match=match):
        eagerloop.load(directory, **given)
    where = RunDirectory(Path(directory))
    run = recreate(where, given)
    before = {name: variable.numpy() for name, variable in run.variables().items()}
    with pytest.raises(CheckpointError, match="no variable was changed"):
        run.take_up(Store(where.checkpoints).newest())
    assert all(np.array_equal(variable.numpy(), before[name]) for name, variable in run.variables().items())
    assert run.position.step == 0


def edit(directory, change):
    """Changes the record of a run by hand."""
    path = Path(directory) / "run.toml"
    content = tomllib.loads(path.read_text())
    change(content)
    path.write_text(tomli_w.dumps(content))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,y\n" + "".join(f"{row / 10},{row % 7},{row / 5 + 0.25}\n" for row in range(40)))
    return path


@pytest.fixture
def run(table):
    """A run of named parts, on a file."""
    dataset = eagerloop.use("csv", path=str(table), task="regression", batch_size=8)
    eagerloop.train(directory="run", dataset=dataset, model=eagerloop.use("mlp", hidden=[4]), epochs=1)
    return "run"


def set_option(kind, name, value):
    return lambda content: content[kind]["options"].update({name: value})


def set_part(kind, name):
    return lambda content: content.update({kind: name})


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("change", "match"),
    [
        (set_option("model", "hidden", [5]), r"model.options.hidden\[0\]: 4 was saved, 5 now"),
        (set_option("dataset", "batch_size", 4), r"dataset.options.batch_size: 8 was saved, 4 now"),
        (lambda content: content.update(seed=1), r"seed: 0 was saved, 1 now"),
        (set_part("optimizer", "adamw"), r"optimizer.*'adam'.* was saved, 'adamw' now"),
        (set_part("optimizer", "sgd"), r"optimizer.*'adam'.* was saved, 'sgd' now"),
        (set_part("optimizer", "rmsprop"), r"optimizer.*'adam'.* was saved, 'rmsprop' now"),
        (set_part("optimizer", "lion"), r"optimizer.*'adam'.* was saved, 'lion' now"),
        (set_option("optimizer", "learning_rate", 0.1), r"optimizer.options.learning_rate: 0.001 was saved, 0.1 now"),
    ],
    ids=["units", "batch size", "seed", "AdamW", "SGD", "RMSprop", "Lion", "learning rate"],
)
def test_another_record_is_refused(run, change, match):
    """What was changed in run.toml is told with the old and the new value, and the file."""
    edit(run, change)
    assert_refused_unchanged(run, rf"run\.toml was changed.*{match}")


def test_other_data_are_refused(run, table):
    """A file that changed since the checkpoint was written is noticed by its content."""
    table.write_text(table.read_text().replace("0.25", "0.35"))
    assert_refused_unchanged(run, r"the data have changed, data\.fingerprint: '[0-9a-f]{64}' was saved, '[0-9a-f]{64}' now")


def sequential(*units, dtype="float32"):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(unit, dtype=dtype) for unit in units)])


@pytest.fixture
def run_of_objects():
    """A run of a model and an optimizer that were given as objects: a record tells what the optimizer was made with."""
    eagerloop.train(directory="run", model=sequential(4, 1), optimizer=keras.optimizers.Adam(), epochs=1)
    return "run"


MODELS = {
    "units": (lambda: sequential(5, 1), r"kernel: \(3, 4\) float32 saved, \(3, 5\) float32 now"),
    "dtype": (lambda: sequential(4, 1, dtype="float64"), r"kernel: \(3, 4\) float32 saved, \(3, 4\) float64 now"),
    "more layers": (lambda: sequential(4, 4, 1), r"saved, .* now"),
    "fewer layers": (lambda: sequential(1), r"saved, .* now"),
}


@pytest.mark.sweep(1)
@pytest.mark.parametrize("name", MODELS)
def test_another_model_is_refused(run_of_objects, name):
    """Before any variable is touched, the first three that differ are told with shape and dtype."""
    make, match = MODELS[name]
    model = make()
    assert_refused_unchanged(run_of_objects, match, model=model, optimizer=keras.optimizers.Adam())
    with pytest.raises(CheckpointError, match=match) as caught:
        eagerloop.load(run_of_objects, model=make(), optimizer=keras.optimizers.Adam())
    assert 1 <= len(re.findall(r" saved, ", str(caught.value))) <= 3


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("make", "match"),
    [
        (keras.optimizers.AdamW, "Adam' was saved, .*AdamW' now"),
        (lambda: keras.optimizers.SGD(momentum=0.9), "Adam' was saved, .*SGD' now"),
        (keras.optimizers.RMSprop, "Adam' was saved, .*RMSprop' now"),
        (keras.optimizers.Lion, "Adam' was saved, .*Lion' now"),
        (
            lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10)),
            r"options.learning_rate: 0.00100\d* was saved, \{.*CosineDecay.* now",
        ),
        (lambda: keras.optimizers.Adam(0.1), r"options.learning_rate: 0.00100\d* was saved, 0.1\d* now"),
        (lambda: keras.optimizers.Adam(clipnorm=1.0), "options.clipnorm: None was saved, 1.0 now"),
    ],
    ids=["AdamW", "SGD", "RMSprop", "Lion", "schedule", "learning rate", "clipping"],
)
def test_another_optimizer_is_refused(run_of_objects, make, match):
    """By its class where that differs, else by what Keras says that it was made with."""
    assert_refused_unchanged(run_of_objects, match, model=sequential(4, 1), optimizer=make())


def cosine(steps):
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, steps))


def test_another_decay_is_refused():
    """The variables of two schedules are the same: only what they were made with tells them apart."""
    eagerloop.train(directory="run", model=sequential(4, 1), optimizer=cosine(100), epochs=1)
    match = r"learning_rate.config.decay_steps: 100 was saved, 7 now"
    assert_refused_unchanged("run", match, model=sequential(4, 1), optimizer=cosine(7))
    again = eagerloop.load("run", model=sequential(4, 1), optimizer=cosine(100))
    assert again.position.step == 12


def test_another_loss_is_refused():
    """A loss that was given as an object is known by what it was made with as well."""
    eagerloop.train(directory="run", model=sequential(4, 1), loss=keras.losses.Huber(delta=1.0), epochs=1)
    with pytest.raises(CheckpointError, match=r"loss.options.delta: 1.0 was saved, 2.0 now"):
        eagerloop.load("run", model=sequential(4, 1), loss=keras.losses.Huber(delta=2.0))
    assert eagerloop.load("run", model=sequential(4, 1), loss=keras.losses.Huber(delta=1.0)).position.step == 12


def test_a_record_of_the_class_alone_is_taken_up(run_of_objects):
    """Runs that were saved before objects told what they were made with are not lost."""
    present = eagerloop.load(run_of_objects, model=sequential(4, 1), optimizer=keras.optimizers.Adam()).parts.run_toml
    saved = present | {"optimizer": present["optimizer"] | {"options": {}}}
    assert compare_records(saved, present, "here") == []


def test_other_threads_are_said_aloud(run, monkeypatch):
    """The number of threads can change the rounding, so the run goes on and says so; --strict refuses."""
    saved = eagerloop.building.run_toml.parallelism()
    monkeypatch.setattr(eagerloop.building.run_toml, "parallelism", lambda: saved | {"intra_op": 7})
    with pytest.warns(UserWarning, match="may differ in rounding: parallelism.intra_op: .* was saved, 7 now"):
        eagerloop.load(run)
    with pytest.raises(
        CheckpointError, match=r"not exactly the run that was saved: parallelism\.intra_op.* leave --strict out"
    ):
        eagerloop.load(run, strict=True)


def test_a_changed_setting_that_no_step_depends_on_is_said_aloud(run):
    """`epochs` may be edited, but not silently."""
    edit(run, lambda content: content.update(epochs=9))
    with pytest.warns(UserWarning, match=r"run\.toml differs from .*step-00000004: epochs: 1 was saved, 9 now"):
        assert eagerloop.load(run).epochs == 9
