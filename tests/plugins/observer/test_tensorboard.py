"""The observer `tensorboard`. Its event files are read back by TensorFlow's record reader, and by TensorBoard itself."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.tensorboard import shorten, tensorboard

TAGS_OF_A_STEP = ("step", "gradient_norm", "update_ratio")


class Recorder:
    """Keeps loss, gradients and variables of each step, taken from the step and the model themselves; may fail after one."""

    def __init__(self, fails_after=None):
        self.loss, self.gradients, self.values, self.fails_after = {}, {}, {}, fails_after

    def on_train_begin(self, run):
        """Notes the variables before the first step."""
        self.values[run.position.step] = [variable.numpy() for variable in run.model.trainable_variables]

    def on_step_end(self, run, step):
        """Notes the step."""
        number = run.position.step
        self.loss[number], self.gradients[number] = float(step.loss), [gradient.numpy() for gradient in step.gradients]
        self.values[number] = [variable.numpy() for variable in run.model.trainable_variables]
        if number == self.fails_after:
            msg = "out of paper"
            raise RuntimeError(msg)


def events_of(run):
    """Every event in a run's log, in order: step, tag, kind, value."""
    files = sorted(map(str, (run.directory / "tensorboard").iterdir()))
    for record in tf.data.TFRecordDataset(files).as_numpy_iterator():
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            yield event.step, value.tag, value.metadata.plugin_data.plugin_name, tf.make_ndarray(value.tensor)


@pytest.fixture(scope="module")
def seen():
    """Beside the log of `logged`, what it must say."""
    return Recorder()


@pytest.fixture(scope="module")
def logged(tmp_path_factory, seen):
    """A run of two epochs, of which each sixth step is logged, with a metric and a validation."""
    return eagerloop.train(
        directory=tmp_path_factory.mktemp("tensorboard") / "run", epochs=2, seed=3, metrics=["rmse"],
        dataset=eagerloop.use("iris", validation_fraction=0.25),
        observers=[seen, eagerloop.use("tensorboard", every=6)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def log(logged):
    """What is in the log, by step and tag."""
    events = list(events_of(logged))
    found = {(step, tag): (kind, value) for step, tag, kind, value in events}
    assert len(found) == len(events)
    return found


def test_the_figures_of_a_step_are_those_of_the_step(log, seen):
    """Loss, norms of the gradients, norms of the updates over those of the values: each by NumPy from the step itself."""
    names = ["dense1/kernel", "dense1/bias", "dense2/kernel", "dense2/bias"]

    def norm(values):
        return np.sqrt(np.square(values, dtype=np.float64).sum())

    for step in (6, 12, 18):
        expected = {"step/loss": seen.loss[step]}
        for number, name in enumerate(names):
            before, after = seen.values[step - 1][number], seen.values[step][number]
            expected[f"gradient_norm/{name}"] = norm(seen.gradients[step][number])
            expected[f"update_ratio/{name}"] = norm(after - before) / norm(before)
        found = {tag: value for (at, tag), (_kind, value) in log.items() if at == step and tag.split("/")[0] in TAGS_OF_A_STEP}
        assert found == {tag: pytest.approx(value, rel=1e-5) for tag, value in expected.items()}
    assert sorted({step for step, tag in log if tag == "step/loss"}) == [6, 12, 18]


def test_each_epoch_has_its_row_of_the_history(log, logged):
    """Loss, metrics and those of the validation stand at the number of steps that were done."""
    for row in logged.history:
        expected = {f"epoch/{name}": value for name, value in row.items() if name not in ("epoch", "steps", "seconds")}
        found = {tag: value for (at, tag), (_kind, value) in log.items() if at == 9 * row["epoch"] and tag.startswith("epoch/")}
        assert found == {tag: pytest.approx(value) for tag, value in expected.items()}
        assert {"epoch/loss", "epoch/rmse", "epoch/val_loss", "epoch/val_rmse"} <= set(found)


def test_each_epoch_has_a_histogram_of_what_each_layer_gave(log):
    """Bars from, to, count: ten rows of 32 units are 320 values. Dropout at a half leaves zeros, and the bars touch."""
    for name, values in (("dense1", 320), ("dropout", 320), ("dense2", 10)):
        for step in (9, 18):
            kind, bars = log[step, f"activations/{name}"]
            assert kind == "histograms"
            assert bars[:, 2].sum() == values
            assert bars[1:, 0].tolist() == bars[:-1, 1].tolist()


def test_the_configuration_is_there_as_text(log, logged):
    """It is the run's record, as a block of code."""
    kind, text = log[0, "configuration"]

    assert kind == "text"
    assert text.item().decode() == f"```toml\n{(logged.directory / 'run.toml').read_text('utf-8')}\n```"


def test_tensorboard_reads_it(logged):
    """TensorBoard's own reader finds every kind of event under its tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(logged.directory / "tensorboard"))
    reader.Reload()

    assert {"step/loss", "epoch/val_rmse", "activations/dense1", "configuration"} <= set(reader.Tags()["tensors"])
    assert [event.step for event in reader.Tensors("step/loss")] == [6, 12, 18]


@pytest.mark.long
def test_a_logged_run_has_the_same_bits_also_compiled(tmp_path):
    """The steps and the inspection of the last batch change neither losses nor weights nor draws."""
    runs = [
        eagerloop.train(directory=tmp_path / f"run{len(observers)}", epochs=2, compile=True, observers=observers)
        for observers in ([], ["tensorboard"])
    ]

    assert [row["loss"] for row in runs[0].history] == [row["loss"] for row in runs[1].history]
    for one, other in zip(*(run.variables().values() for run in runs), strict=True):
        assert np.array_equal(one.numpy(), other.numpy())
    assert [run.stride.grain for run in runs] == ["stretch", "step"]
    assert [step for step, tag, *_ in events_of(runs[1]) if tag == "step/loss"] == [10, 20]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The log of a run that was never stopped, without the configuration, which tells of its observers."""
    observers = [tensorboard(every=4)]
    run = eagerloop.train(directory=tmp_path_factory.mktemp("whole") / "run", epochs=2, seed=5, observers=observers)
    return [event for event in events_of(run) if event[1] != "configuration"]


@pytest.mark.sweep(1)
@pytest.mark.parametrize("save_every", [0, 5], ids=["step-12", "step-15"])
def test_after_a_resume_no_step_is_there_twice(save_every, tmp_path, whole):
    """A crash after step 16, an event torn, a resume: the log is that of the run that was never stopped."""
    observers = [tensorboard(every=4), Recorder(fails_after=16)]
    with pytest.raises(RuntimeError, match="out of paper"):
        eagerloop.train(directory=tmp_path / "cut", epochs=2, seed=5, save_every=save_every, observers=observers)
    (file,) = (tmp_path / "cut" / "tensorboard").iterdir()
    with file.open("ab") as opened:
        opened.write(file.read_bytes()[:40])

    resumed = eagerloop.resume(tmp_path / "cut", observers=[tensorboard(every=4)])

    events = [event for event in events_of(resumed) if event[1] != "configuration"]
    assert [event[:3] for event in events] == [event[:3] for event in whole]
    assert all(np.array_equal(one[3], other[3]) for one, other in zip(events, whole, strict=True))


@pytest.mark.parametrize(("batch", "kept"), [(0, ["step/loss", "epoch/loss"]), (12, ["step/loss"])])
def test_the_figures_of_an_epoch_that_is_not_closed_are_still_to_come(batch, kept, tmp_path):
    """A checkpoint after the last batch but before the end of the epoch: what the resume will write is dropped."""
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step, tag in [(12, "step/loss"), (12, "epoch/loss"), (13, "step/loss")]:
            tf.summary.scalar(tag, 0.5, step=step)
    (file,) = tmp_path.iterdir()

    assert shorten(file, 12, batch)

    events = [tf.compat.v1.Event.FromString(record) for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    assert [value.tag for event in events for value in event.summary.value] == kept


def test_variables_that_are_not_trained_are_left_out(tmp_path):
    """Of a frozen layer and a trained one, only the second has gradients; both have activations."""
    import keras

    frozen = keras.layers.Dense(3, name="first", trainable=False)
    model = keras.Sequential([frozen, keras.layers.BatchNormalization(name="norm"), keras.layers.Dense(1, name="last")])
    run = eagerloop.train(directory=tmp_path / "run", epochs=1, model=model, observers=[tensorboard(every=12)])

    tags = {tag for _step, tag, *_ in events_of(run)}
    assert {tag for tag in tags if tag.startswith("gradient_norm")} == {
        "gradient_norm/norm/gamma", "gradient_norm/norm/beta", "gradient_norm/last/kernel", "gradient_norm/last/bias",
    }  # fmt: skip
    assert {tag for tag in tags if tag.startswith("activations")} == {
        f"activations/{name}" for name in ("first", "norm", "last")
    }


class Uninspectable:
    """Makes of a run one that cannot be inspected, as one on several devices."""

    def on_train_begin(self, run):
        """Puts a method in the way that refuses."""
        run.inspect = self.refuse

    def refuse(self, *_arguments, **_options):
        """Refuses."""
        msg = "it is everywhere"
        raise ConfigError(msg)


def test_a_run_that_cannot_be_inspected_is_logged_without_activations(tmp_path):
    """It says so once, and names the variables by their paths."""
    with pytest.warns(UserWarning, match="observer 'tensorboard': activations are left out: it is everywhere") as told:
        run = eagerloop.train(directory=tmp_path / "run", epochs=2, observers=[Uninspectable(), tensorboard(every=12)])

    tags = [tag for step, tag, *_ in events_of(run) if step == 12]
    assert len(told) == 1
    assert len([tag for tag in tags if tag.startswith("update_ratio/") and tag.endswith("/dense1/kernel")]) == 1
    assert [tag for tag in tags if tag.startswith("activations")] == []


@pytest.mark.parametrize("path", ["/tmp/log", "../log", "checkpoints/log", "records"])  # noqa: S108 - refused
def test_a_path_that_is_not_the_observers_is_refused(path):
    """The log belongs to the run, wherever that is moved to, and must not lie among what the run itself keeps."""
    with pytest.raises(ConfigError, match=r"observer 'tensorboard': option 'path' .*; (tensorboard does|take another)"):
        tensorboard(path=Path(path))


def test_a_file_behind_a_link_is_not_shortened(tmp_path):
    """A run that came by mail may hold a link to anywhere, under the name of one of our files."""
    (tmp_path / "outside").write_text("precious", encoding="utf-8")
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "events.out.tfevents.1.eagerloop").symlink_to(tmp_path / "outside")
    (tmp_path / "run.toml").touch()
    model = SimpleNamespace(trainable_variables=[])
    observer = tensorboard()

    observer.on_train_begin(SimpleNamespace(directory=tmp_path, model=model, position=SimpleNamespace(step=0, batch=0)))
    observer.on_train_end()

    assert (tmp_path / "outside").read_text(encoding="utf-8") == "precious"


def test_a_pipe_among_the_event_files_is_not_waited_for(tmp_path):
    """Nobody would ever write into it. It is left alone, and the log is written beside it."""
    (tmp_path / "run" / "tensorboard").mkdir(parents=True)
    os.mkfifo(tmp_path / "run" / "tensorboard" / "events.out.1.eagerloop")
    run = eagerloop.train(directory=tmp_path / "run", epochs=1, observers=[tensorboard(activations=False)])
    files = list((run.directory / "tensorboard").iterdir())
    assert sorted(file.is_fifo() for file in files) == [False, True]


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path):
    """A file of that name is left as it is."""
    (tmp_path / "tensorboard").write_text("mine", encoding="utf-8")
    run = SimpleNamespace(directory=tmp_path, position=SimpleNamespace(step=0, batch=0))

    with pytest.raises(ConfigError, match=r"'tensorboard': .*/tensorboard cannot be written: .*; choose another 'path'"):
        tensorboard().on_train_begin(run)
    assert (tmp_path / "tensorboard").read_text(encoding="utf-8") == "mine"


def test_without_tensorboard_the_line_says_what_to_install(monkeypatch):
    """TensorFlow 2.21 does not bring it: the extra is named, with the command."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)

    with pytest.raises(ConfigError, match=r"needs TensorBoard, which is not installed; .* 'eagerloop\[tensorboard\]'"):
        tensorboard()
