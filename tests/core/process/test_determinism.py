"""Determinism on a GPU: on unless it is turned off, recorded, told. A list of devices stands in for the GPU."""

import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import ConfigError, PluginError
from eagerloop.process import numerics

CARD = "NVIDIA H100 80GB HBM3"

START = """if True:
    import sys
    import warnings
    import tensorflow as tf
    from tensorflow.python.framework import config
    import eagerloop
    from eagerloop.choices.settings import Settings
    from eagerloop.process import numerics
    numerics.gpus = lambda: ["NVIDIA H100 80GB HBM3"]
"""

MAX_POOL = """Graph execution error:

Detected at node gradient_tape/MaxPool2d/MaxPoolGrad defined at (most recent call last):
  File "deterministic.py", line 1, in <module>
GPU MaxPool gradient ops do not yet have a deterministic XLA implementation.
\t [[{{node gradient_tape/MaxPool2d/MaxPoolGrad}}]]
\ttf2xla conversion failed [Op:__inference_step_2]"""


@pytest.fixture
def answer_of(program):
    """What a program prints in a process of its own, as nothing turns determinism off again."""

    def answer(code, *words):
        done = program(START + code, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return answer


@pytest.mark.parametrize(("cards", "wish", "is_on"), [([CARD], True, True), ([CARD], False, False), ([], True, False)])
def test_the_switch_is_set_where_a_gpu_is(answer_of, cards, wish, is_on):
    """TensorFlow's own switch; a CPU needs none."""
    code = f"""
    numerics.gpus = lambda: {cards}
    numerics.configure_tensorflow(Settings(deterministic={wish}))
    print(config.is_op_determinism_enabled())
"""
    assert answer_of(code) == str(is_on)


def test_parts_are_checked_as_a_run_has_them(answer_of):
    """`eagerloop check` compares bits: it has what a run has."""
    code = """
    from eagerloop.testing.checks import Subject
    Subject("loss", lambda: None).make()
    print(config.is_op_determinism_enabled())
"""
    assert answer_of(code) == "True"


def test_what_cannot_be_turned_off_is_told_and_recorded(answer_of, tmp_path):
    """A second run of the process that wants none has it all the same, and its record says so; a first one has none."""
    code = """
    warnings.simplefilter("always")
    def record(name, deterministic):
        with warnings.catch_warnings(record=True) as told:
            run = eagerloop.train(epochs=1, deterministic=deterministic, directory=f"{sys.argv[1]}/{name}")
        text = (run.directory / "run.toml").read_text()
        print("deterministic = true" in text, any("start a new process" in str(note.message) for note in told))
    record("first", False)
    record("second", True)
    record("third", False)
"""
    assert answer_of(code, tmp_path).splitlines()[-3:] == ["False False", "True False", "True True"]


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


@pytest.fixture
def on_a_gpu(monkeypatch):
    """As on a machine with a card, but for TensorFlow's switch, which would stay on in this process."""
    monkeypatch.setattr(numerics, "gpus", lambda: [CARD, CARD])
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)


@pytest.mark.usefixtures("on_a_gpu")
def test_it_is_told_at_the_start(tmp_path):
    """On a GPU, the first lines say whether the same seed gives the same bits."""
    from eagerloop.cli.training import opening

    run = eagerloop.train(epochs=1, directory=tmp_path / "run")
    assert "determinism on the GPU is on: the same bits again" in opening(run)


def test_the_card_is_recorded_and_compared(on_a_gpu, monkeypatch, tmp_path):
    """A run from a GPU that goes on without one is told of, once for cards of one kind; on a CPU the record is as it was."""
    run = eagerloop.train(epochs=1, directory=tmp_path / "run")
    assert run.parts.run_toml["parallelism"] == {**numerics.threads(), "gpu": CARD}
    monkeypatch.undo()
    with pytest.warns(UserWarning, match=f"may differ in rounding: parallelism.gpu: '{CARD}' was saved, None now"):
        again = eagerloop.resume(run.directory, epochs=2)
    assert again.parts.run_toml["parallelism"] == numerics.threads()


WORDED = """
    numerics.configure_tensorflow(Settings())
    for text, jit in {texts!r}:
        print(numerics.without_deterministic_form(tf.errors.UnimplementedError(None, None, text), jit=jit) or "another error")
"""


def test_an_operation_without_a_deterministic_form_is_one_line(answer_of):
    """The line that matters of what TensorFlow says, with the ways out that there are."""
    worded = {
        (
            MAX_POOL,
            True,
        ): "(GPU MaxPool gradient ops do not yet have a deterministic XLA implementation.); leave --jit out, ",
        ("Determinism is not yet supported for SVD.", False): "(Determinism is not yet supported for SVD.); add --no-determ",
        ("{{function_node f}} \x1b[1mdeterminism is needed\x1b[0m [Op:F] name: ", False): "(determinism is needed); add",
        ("nothing of the kind", True): "another error",
    }
    lines = answer_of(WORDED.format(texts=list(worded))).splitlines()
    assert len(lines) == len(worded)
    for line, part in zip(lines, worded.values(), strict=True):
        assert part in line


def test_where_determinism_is_off_no_error_is_about_it():
    """A text that happens to have the word is left to whoever raised it."""
    assert not numerics.without_deterministic_form(tf.errors.UnimplementedError(None, None, "Deterministic: no"))


REFUSED = """
    def seedless(x):
        return x + 0 * tf.raw_ops.RandomUniform(shape=[1], dtype=tf.float32, seed=0, seed2=0)
    class Odd(tf.Module):
        def __init__(self, in_training_alone):
            self.weight, self.in_training_alone = tf.Variable([[1.0]] * 3), in_training_alone
        def __call__(self, x, training=False):
            y = x @ self.weight
            return y if self.in_training_alone and not training else seedless(y)
    wishes = {"directory": sys.argv[1], "model": Odd(sys.argv[2] == "later"), "loss": "mse", "compile": sys.argv[3] == "graph"}
    try:
        eagerloop.train(epochs=1, **wishes)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


@pytest.mark.parametrize(
    ("when", "how", "kind"), [("later", "eager", ConfigError), ("later", "graph", ConfigError), ("first", "eager", PluginError)]
)
def test_a_run_refuses_it_in_one_line(answer_of, when, how, kind, tmp_path):
    """TensorFlow's own error, whether it comes from a step, from a graph of the loop, or from the model's first call."""
    line = answer_of(REFUSED, tmp_path / "run", when, how).splitlines()[-1]
    assert line.startswith(f"{kind.__name__}: ")
    cause = "(When determinism is enabled, random ops must have a seed specified.)"
    assert f"an operation has no deterministic form here {cause}; add --no-deterministic" in line
    assert not (tmp_path / "run").exists()
