"""The observer `watch`, and `eagerloop.watch`, which adds it to a run."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import CheckpointError, ConfigError, PluginError, TrainingError
from eagerloop.inspection.step_record import read_step
from eagerloop_plugins.observer.watch import _about_ten, watch


class Losses:
    """Keeps the loss of each step; may fail after one."""

    def __init__(self, fails_after=None):
        self.by_step, self.fails_after = {}, fails_after

    def on_step_end(self, run, step):
        """Notes the loss."""
        self.by_step[run.position.step] = float(step.loss)
        if run.position.step == self.fails_after:
            msg = "out of paper"
            raise RuntimeError(msg)


def steps_recorded(run):
    """The numbers in the names of a run's records."""
    return sorted(int(path.stem.removeprefix("step-")) for path in (run.directory / "records").iterdir())


def same_numbers(one, other):
    """Whether two runs have the same history and the same bits in every variable."""
    rows = [[{**row, "seconds": 0} for row in run.history] for run in (one, other)]
    pairs = zip(one.variables().values(), other.variables().values(), strict=True)
    return rows[0] == rows[1] and all(np.array_equal(mine.numpy(), theirs.numpy()) for mine, theirs in pairs)


@pytest.mark.long
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_watched_run_has_the_same_bits(compiled, tmp_path):
    """Draws, averages and weights are those of the run that nobody watches; the records tell of its own steps."""
    losses = Losses()
    alone = eagerloop.train(directory=tmp_path / "alone", epochs=2, seed=7, compile=compiled)
    watched = eagerloop.train(
        directory=tmp_path / "watched", epochs=2, seed=7, compile=compiled, observers=[losses, eagerloop.use("watch", every=10)]
    )

    assert same_numbers(alone, watched)
    assert steps_recorded(watched) == [1, 10, 20]
    record = read_step(watched.directory / "records" / "step-00000020.json")
    assert (record.epoch, record.batch, record.step) == (2, 7, 20)
    assert record.loss == pytest.approx(losses.by_step[20], rel=1e-6)
    assert watched.stride.grain == ("step" if compiled else "eager")


@pytest.mark.parametrize(("epochs", "steps", "every"), [(10, 12, 12), (1, 12, 2), (1, 3, 1), (100, 60, 600), (5, None, 100)])
def test_by_default_a_run_makes_about_ten(epochs, steps, every):
    """The guide's run makes one an epoch; where nobody knows how long an epoch is, one in 100 steps."""
    assert _about_ten(SimpleNamespace(epochs=epochs, steps_per_epoch=steps)) == every


@pytest.mark.long
def test_after_a_resume_the_records_are_those_of_the_uninterrupted_run(tmp_path):
    """Steps beyond the checkpoint are recorded again; a record of a step that was never taken is dropped."""

    def without_times_and_names(run):
        contents = [json.loads(path.read_text("utf-8")) for path in sorted((run.directory / "records").iterdir())]
        return [{**content, "lines": None, "parts": None} for content in contents]

    whole = eagerloop.train(directory=tmp_path / "whole", epochs=2, observers=[watch(every=16)])
    with pytest.raises(RuntimeError, match="out of paper"):
        eagerloop.train(directory=tmp_path / "cut", epochs=2, observers=[watch(every=16), Losses(fails_after=17)])
    records = tmp_path / "cut" / "records"
    (records / "step-00000016.json").write_text("torn", encoding="utf-8")
    (records / "step-00000017.json").write_text("never again", encoding="utf-8")

    resumed = eagerloop.resume(tmp_path / "cut", observers=[watch(every=16)])

    assert steps_recorded(resumed) == [1, 16]
    assert without_times_and_names(resumed) == without_times_and_names(whole)


def test_the_record_of_the_step_that_failed_is_kept(tmp_path):
    """With a rate of 1e30 the second loss is not finite: the run ends, and the last record shows that step."""
    sgd = eagerloop.use("sgd", learning_rate=1e30)

    with pytest.raises(TrainingError, match="the loss is"):
        eagerloop.train(directory=tmp_path / "run", optimizer=sgd, observers=[watch(every=1)])

    last = read_step(max((tmp_path / "run" / "records").iterdir()))
    assert last.step > 1
    assert not math.isfinite(last.loss)


def test_a_fault_of_the_step_is_not_the_observers(tmp_path):
    """A loss that is no scalar in step 4: the error is that of the run which nobody watches, and no note names the observer."""
    losses = Losses()

    def loss(y, answer):
        squares = (y - answer) ** 2
        return squares if 3 in losses.by_step else tf.reduce_mean(squares)

    with pytest.raises(PluginError, match=r"the loss must be a scalar, got the shape \(10, 1\)") as caught:
        eagerloop.train(directory=tmp_path / "run", loss=loss, observers=[losses, watch(every=4)])

    assert [note for note in caught.value.__notes__ if "watch" in note.lower()] == []
    assert "step 4" in caught.value.__notes__[0]


def test_what_cannot_be_recorded_does_not_end_the_run(tmp_path):
    """A run whose steps cannot be inspected goes on, and says which step has no record."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=1)

    def broken(*_arguments):
        msg = "no such thing"
        raise ValueError(msg)

    run.inspect = broken
    with pytest.warns(UserWarning, match=r"observer 'watch': step 20 was not recorded: ValueError: no such thing"):
        eagerloop.watch(run, every=20).train(epochs=2)
    assert run.position.step == 24


def test_records_are_not_written_through_a_link(tmp_path):
    """A run that came by mail may hold a link to anywhere."""
    (tmp_path / "run").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "run" / "records").symlink_to(tmp_path / "outside")

    with pytest.raises(ConfigError, match="records is a symbolic link; records are kept in a directory of the run itself"):
        eagerloop.train(directory=tmp_path / "run", epochs=1, observers=["watch"])
    assert list((tmp_path / "outside").iterdir()) == []


class TestWatch:
    """`eagerloop.watch(run)`."""

    @pytest.mark.long
    def test_a_loaded_run_is_watched_from_there_on(self, tmp_path):
        """Compiled in stretches until then, it is compiled by steps; the numbers are those of a run that goes on alone."""
        for name in ("alone", "watched"):
            eagerloop.train(directory=tmp_path / name, epochs=1, compile=True)
        alone = eagerloop.load(tmp_path / "alone").train(epochs=2)
        watched = eagerloop.load(tmp_path / "watched")
        assert watched.stride.grain == "stretch"

        eagerloop.watch(watched, every=15).train(epochs=2)

        assert (watched.stride.grain, watched.stride.why) == ("step", "StepsToRecords looks at every step")
        assert steps_recorded(watched) == [15]
        assert same_numbers(alone, watched)

    @pytest.mark.long
    def test_it_becomes_part_of_the_record(self, tmp_path):
        """A later resume goes on watching; watching twice is watching once, with the new option."""
        eagerloop.train(directory=tmp_path / "run", epochs=1, observers=[eagerloop.use("watch", every=12)])
        run = eagerloop.load(tmp_path / "run")
        eagerloop.watch(run, every=16).train(epochs=2)
        resumed = eagerloop.resume(tmp_path / "run", epochs=3)

        assert steps_recorded(resumed) == [1, 12, 16, 32]
        assert [part.as_toml()["options"] for part in resumed.parts.resolved["observer"]] == [{"every": 16}]

    def test_a_negative_distance_is_refused_before_anything_happens(self, tmp_path):
        """The run is as it was: nobody watches."""
        run = eagerloop.train(directory=tmp_path / "run", epochs=1)

        with pytest.raises(ConfigError, match=r"observer 'watch': option 'every' must be int \(at least 0\), got -1"):
            eagerloop.watch(run, every=-1)
        assert run.observers == []

    def test_a_run_without_a_checkpoint_cannot_be_loaded_to_be_watched(self, tmp_path):
        """Such a run is begun with the observer instead, and the message says how to train it."""
        eagerloop.train(directory=tmp_path / "run", epochs=1, checkpointer="none")

        with pytest.raises(CheckpointError, match="has no checkpoint; train it"):
            eagerloop.watch(eagerloop.load(tmp_path / "run"))
