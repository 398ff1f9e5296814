"""`plugins`, `show`, `doctor`, `inspect batch` and `inspect model`."""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from eagerloop.parts import KINDS


def test_plugins_lists_every_part_by_kind_with_its_summary(done):
    """Plurals as headings, a name and one sentence each, then how to see more."""
    lines = done("plugins").splitlines()
    assert [line for line in lines if line[:1] != " "] == [
        "datasets", "models", "losses", "schedules", "optimizers", "steps", "checkpointers", "metrics", "observers",
        "a line for each: eagerloop plugins KIND; options: eagerloop show KIND NAME",
    ]  # fmt: skip
    assert any(re.match(r"  mlp +A multilayer perceptron", line) for line in lines)


def test_plugins_names_every_part_in_80_columns(done, monkeypatch):
    """Also those of the long tables, whose names alone are given; the whole of it is to be read at one go."""
    monkeypatch.setenv("COLUMNS", "80")
    out = done("plugins")
    words = set(re.findall(r"[\w-]+", out))
    assert max(map(len, out.splitlines())) <= 80
    assert len(out.splitlines()) <= 94  # a screen and a half
    assert {part["name"] for part in json.loads(done("plugins", "--json"))["parts"]} <= words
    assert "  27 made by eagerloop_plugins/keras_table.py: binary_crossentropy," in out


@pytest.mark.parametrize("word", ["loss", "losses"])
def test_plugins_of_one_kind_has_a_line_and_a_place_for_each(done, word):
    """Singular or plural; summary, owner, version, file and line of every part, and no part of another kind."""
    out = done("plugins", word)
    losses = json.loads(done("plugins", word, "--json"))["parts"]
    assert out.startswith("losses\n  mse: Mean squared error on TensorFlow's operations")
    assert "  huber: Squares small errors, takes the absolute value of large ones.\n    eagerloop 0.1.0, eagerloop" in out
    assert re.search(r"^    eagerloop 0\.1\.0, eagerloop_plugins/loss/mse\.py:\d+$", out, re.MULTILINE)
    assert {part["kind"] for part in losses} == {"loss"}
    assert len(re.findall(r"^  \w", out, re.MULTILINE)) == len(losses)


def test_an_unknown_kind_is_answered_with_the_nearest(refused):
    """By `plugins` as by `show`."""
    for words in (["plugins", "lossses"], ["show", "lossses", "mse"]):
        assert refused(*words).startswith("there is no kind 'lossses'; did you mean 'loss'?")


def test_plugins_as_json_has_what_the_listing_has(done):
    """Kind, name, summary, owner and place of each part."""
    parts = json.loads(done("plugins", "--json"))["parts"]
    assert {part["kind"] for part in parts} == set(KINDS)
    (mlp,) = [part for part in parts if part["name"] == "mlp"]
    assert mlp["distribution"] == "eagerloop"
    assert re.search(r"mlp\.py:\d+$", mlp["location"])
    for part in parts:
        assert part["summary"]


def test_plugins_lists_the_parts_of_a_file(done, parts):
    """With their owner, which is the file and the digest of its text."""
    parts(
        "import eagerloop\n\n\ndef mine():\n    '''My own loss.'''\n\n\n"
        "@eagerloop.hookimpl\ndef provide_losses():\n    return {'mine': mine}\n"
    )
    assert re.search(r"  mine +My own loss\.  \[parts\.py [0-9a-f]{12}\]", done("plugins", "--plugin", "parts.py"))


def test_show_tells_options_types_defaults_and_ranges(done, monkeypatch):
    """As they are typed on the command line, in 80 columns: what does not fit goes to a line of its own."""
    monkeypatch.setenv("COLUMNS", "80")
    lines = done("show", "model", "mlp").splitlines()
    assert lines[0].startswith("model mlp: A multilayer perceptron")
    assert re.match(r"from eagerloop 0\.1\.0, .*mlp\.py:\d+$", lines[2])
    assert lines[3].split("  ")[1:] == ["--model.hidden", "list of int (at least 1)", "default 64,64"]
    assert lines[4] == "      units of each hidden layer, from the input on"
    assert lines[5] == "  --model.activation  text or none  default relu  of the hidden units"
    assert max(len(line) for line in lines if not line.startswith("from ")) <= 80
    assert "--observe.patience" in done("show", "observer", "early_stopping")
    assert "--dataset.path  path  required" in done("show", "dataset", "csv")


def test_show_as_json(done):
    """Everything typed."""
    shown = json.loads(done("show", "dataset", "csv", "--json"))
    options = {option["name"]: option for option in shown["options"]}
    assert (shown["kind"], shown["name"]) == ("dataset", "csv")
    assert options["path"]["required"] is True
    assert options["max_categories"]["default"] == 100
    assert options["batch_size"]["default"] is None
    assert options["shuffle"]["type"] == "bool"
    assert (options["batch_size"]["minimum"], options["batch_size"]["maximum"]) == (1, None)
    assert all(option["help"] for option in options.values())


def test_show_a_part_of_a_file(done, parts):
    """A plain function is a loss, and its other parameters are options."""
    parts("def half(y_true, y_pred, factor: float = 0.5):\n    '''Half of it.'''\n")
    out = done("show", "loss", "parts.py:half")
    assert "Half of it." in out
    assert "--loss.factor  float  default 0.5" in out


def test_doctor_tells_versions_devices_and_plugins(done):
    """TensorFlow's own answers."""
    facts = dict(re.findall(r"^(\w[\w ]*?)  +(.*)$", done("doctor"), re.MULTILINE))
    assert facts["TensorFlow"] == tf.__version__
    assert facts["Keras"] == keras.__version__
    assert facts["eager execution"] == "on"
    assert "CPU:0" in facts["physical devices"]
    assert facts["device policy"] == tf.config.experimental.get_device_policy()


def test_doctor_ends_with_1_where_there_is_a_problem(cli, monkeypatch):
    """The problem is a line that says what to do."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "PROBLEM: KERAS_BACKEND is 'jax', and eagerloop needs the backend 'tensorflow'" in outcome.out


def numbers(line):
    """The numbers of a row of a table."""
    return [float(word) for word in line.split()]


def test_inspect_batch_shows_the_guide_s_first_batch(done):
    """Shapes, names and values are those of the guide."""
    lines = done("inspect", "batch").splitlines()
    assert lines[:3] == [
        "batch 0 of epoch 1, 10 rows, regression",
        "x  (10, 3) float32  Petal.Length, Sepal.Length, Petal.Width",
        "y  (10, 1) float32  Sepal.Width",
    ]
    assert numbers(lines[5]) == [0, 1.4, 5.1, 0.2, 3.5]
    assert numbers(lines[14]) == [9, 1.5, 4.9, 0.1, 3.1]


def test_inspect_batch_takes_number_options_seed_and_config(done):
    """The eighth batch of five rows is rows 36 to 40; a seed draws another order."""
    assert "x  (5, 3)" in done("inspect", "batch", "--dataset.batch-size", 5, "--number", 7)
    drawn = [done("inspect", "batch", "--dataset.shuffle", "--seed", seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    Path("my.toml").write_text('[dataset]\nname = "iris"\noptions = { batch_size = 6 }\n', encoding="utf-8")
    assert "x  (6, 3)" in done("inspect", "batch", "--config", "my.toml")


def test_inspect_batch_needs_no_model_that_fits(done, parts):
    """Text in x fits no model of ours; it can be looked at all the same."""
    parts(
        "import tensorflow as tf\n\n\ndef words():\n"
        "    batches = tf.data.Dataset.from_tensor_slices((tf.constant([['to'], ['be']]), tf.ones((2, 1)))).batch(2)\n"
        "    return batches, batches\n"
    )
    assert "be" in done("inspect", "batch", "--dataset", "parts.py:words")


@pytest.mark.parametrize("number", ["12", "-1"])
def test_inspect_batch_tells_how_many_there_are(refused, number):
    """An epoch of the guide has twelve."""
    assert refused("inspect", "batch", "--number", number) == (
        f"epoch 1 has 12 batches, numbered from 0; there is no batch {number}"
    )


def test_inspect_model_shows_the_guide_s_model(done):
    """Layers, 161 parameters, and the answer to the dummy input, which is that of the weights shown."""
    out = done("inspect", "model")
    assert re.search(r"Dense +\(10, 32\) +128", out)
    assert "161 parameters: 161 trainable, 0 not" in out
    assert "the answer: (2, 1) float32" in out


def test_inspect_model_takes_the_options_of_model_and_dataset(done, table):
    """An mlp of 2 hidden units on two features: 2 * 2 + 2 and 2 * 1 + 1 parameters, and the units of the target."""
    words = ["--dataset", "csv", "--dataset.path", table(), "--model", "mlp", "--model.hidden", 2]
    out = done("inspect", "model", *words)
    assert "11 parameters: 9 trainable, 2 not" in out
    assert done("inspect", "model", *words, "--seed", 0) == out
    assert done("inspect", "model", *words, "--seed", 1) != out


def test_inspect_model_answers_as_its_weights_say(done, parts):
    """One weight of 2 and no bias: the guide's two rows times 2."""
    parts(
        "import keras\n\n\ndef double():\n"
        "    twos = keras.initializers.Constant(2)\n"
        "    return keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer=twos)])\n"
    )
    text = done("inspect", "model", "--model", "parts.py:double").partition("asked with")[2]
    found = [float(number) for number in re.findall(r"-?\d+\.", text)]
    x, answer = np.reshape(found[:6], (2, 3)), np.array(found[6:8])
    assert sorted(found[:6]) == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(answer, 2 * x.sum(axis=1))
