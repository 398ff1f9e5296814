"""Determinism on a GPU: on unless it is turned off, recorded, told. A list of devices stands in for the GPU."""

import subprocess
import sys

import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop.process import numerics
from eagerloop.running.faults import refuse_undeterministic

PROGRAM = """if True:
    import sys
    import tensorflow as tf
    from eagerloop.choices.settings import Settings
    from eagerloop.process import numerics
    gpus, deterministic = int(sys.argv[1]), sys.argv[2] == "on"
    numerics.gpus = lambda: gpus
    numerics.configure_tensorflow(Settings(deterministic=deterministic))
    from tensorflow.python.framework import config
    print(config.is_op_determinism_enabled())
"""


@pytest.mark.parametrize(("gpus", "wish", "is_on"), [(1, "on", True), (1, "off", False), (0, "on", False)])
def test_the_switch_is_set_where_a_gpu_is(gpus, wish, is_on):
    """TensorFlow's own switch, in a process of its own, as nothing turns it off again; a CPU needs none."""
    words = [sys.executable, "-c", PROGRAM, str(gpus), wish]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(is_on)


def test_it_is_recorded_and_compared(tmp_path):
    """run.toml says which; a resume that changes it is told, and `--strict` refuses."""
    run = eagerloop.train(epochs=1, deterministic=False, directory=tmp_path / "run")
    assert "deterministic = false" in (run.directory / "run.toml").read_text()
    with pytest.warns(UserWarning, match="may differ in rounding: deterministic: False was saved, True now"):
        eagerloop.resume(run.directory, epochs=2, deterministic=True)


def test_a_record_that_does_not_know_it_is_opened_without_a_word(tmp_path):
    """Runs of before had no such key, neither in run.toml nor in their checkpoints."""
    run = eagerloop.train(epochs=1, directory=tmp_path / "run", checkpointer="npz")
    path = run.directory / "run.toml"
    path.write_text(path.read_text().replace("deterministic = true\n", ""))
    assert eagerloop.resume(run.directory, epochs=2).position.step == 24


def test_it_is_told_at_the_start(monkeypatch, tmp_path):
    """On a GPU, the first lines say whether the same seed gives the same bits."""
    from eagerloop.cli.training import opening

    monkeypatch.setattr(numerics, "gpus", lambda: 1)
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)
    run = eagerloop.train(epochs=1, directory=tmp_path / "run")
    assert "determinism on the GPU is on: the same bits again" in opening(run)


def test_an_operation_without_a_deterministic_form_is_one_line():
    """What XLA says under determinism, with both ways out."""
    error = tf.errors.UnimplementedError(None, None, "Deterministic convolution is not supported\nmore")
    with pytest.raises(ConfigError, match=r"form here \(Deterministic .* not supported\); leave --jit out, or add"):
        refuse_undeterministic(error)
