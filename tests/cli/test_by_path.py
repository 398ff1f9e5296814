"""Several losses, metrics and optimizers by path on the command line: options, help, completion, configs, files of code."""

import tomllib
from pathlib import Path

import pytest

from eagerloop.storage import trust

TWO = ("--optimizer", "dense1=adam", "--optimizer", "rest=sgd")


def panel(text, title):
    """The lines of one panel of the help, without its frame."""
    inside = text.split(f" {title} ", 1)[1].split("╰", 1)[0]
    return " ".join(inside.replace("│", " ").split())


def test_the_help_has_a_panel_for_each_path(done):
    """Each option behind its path; a loss has its weight among them, and `/` is typed as a dot."""
    words = ("--loss", "head/age=huber", "--loss", "kind=mse", "--metric", "kind=f1_score", *TWO)
    out = done("train", *words, "--help")
    assert "--loss.head.age.delta FLOAT" in panel(out, "loss: head/age=huber")
    assert "--loss.head.age.weight FLOAT what the loss of this output counts [at least 0, default 1.0]" in panel(
        out, "loss: head/age=huber"
    )
    assert "--loss.kind.weight FLOAT" in panel(out, "loss: kind=mse")
    assert "--metric.kind.threshold FLOAT" in panel(out, "metric: kind=f1_score")
    whole = "--optimizer.dense1.learning-rate FLOAT length of a step [at least 0, default 0.001]"
    assert whole in panel(out, "optimizer: dense1=adam")
    assert "--optimizer.rest.momentum FLOAT" in panel(out, "optimizer: rest=sgd")
    assert "repeatable; PATH=NAME for one of several." in " ".join(panel(out, "Parts").split())


def test_a_config_is_printed_and_read_again(done):
    """Every option of each; the command line stands above it, and a path that both name keeps its options."""
    options = ("--optimizer.dense1.learning-rate", "1e-4", "--optimizer.rest.momentum", "0.5")
    printed = done("train", *TWO, *options, "--print-config")
    table = tomllib.loads(printed)["optimizer"]
    assert [*table] == ["dense1", "rest"]
    assert (table["dense1"]["name"], table["dense1"]["options"]["learning_rate"]) == ("adam", 1e-4)

    Path("my.toml").write_text(printed, encoding="utf-8")
    assert done("train", "--config", "my.toml", "--print-config") == printed
    other = ("--optimizer", "dense1=adam", "--optimizer", "rest=rmsprop")
    changed = tomllib.loads(done("train", "--config", "my.toml", *other, "--print-config"))["optimizer"]
    assert (changed["dense1"]["options"]["learning_rate"], changed["rest"]["name"]) == (1e-4, "rmsprop")
    one = tomllib.loads(done("train", "--config", "my.toml", "--optimizer", "adam", "--print-config"))["optimizer"]
    assert one["name"] == "adam"


@pytest.mark.long
def test_a_run_is_trained_resumed_and_looked_into(done):
    """From the command line alone; what is chosen is told in the same words."""
    out = done("train", *TWO, "--epochs", 1, "--run", "mine")
    assert "optimizer dense1=adam | optimizer rest=sgd" in out
    assert "done: 2 epochs" in done("resume", "mine", "--epochs", 2)
    assert "replay: same b" in done("verify", "mine", "--replay")
    assert "dense1=Adam, rest=SGD" in done("inspect", "step", "mine")
    assert "loss" in done("evaluate", "mine")
    done("report", "mine", "--html", "report.html")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("eagerloop train --loss age=mean_sq", ["age=mean_squared_error", "age=mean_squared_logarithmic_error"]),
        ("eagerloop train --loss age=mse --loss.a", ["--loss.age.weight"]),
        ("eagerloop train --optimizer rest=sgd --optimizer.rest.m", ["--optimizer.rest.momentum"]),
        ("eagerloop train --optimizer rest = sg", ["sgd"]),  # as bash cuts it, which takes = for the end of a word
        ("eagerloop train --optimizer rest = sgd --optimizer.rest.m", ["--optimizer.rest.momentum"]),
        ("eagerloop train --checkpointer a=n", []),
    ],
)
def test_the_shell_is_offered_names_and_options(cli, monkeypatch, line, offered):
    """Behind a path the names, behind the dot the path's options."""
    monkeypatch.setenv("_EAGERLOOP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert cli().out.split() == offered


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--loss", "age=msee"), "there is no loss 'msee'; did you mean 'mse'"),
        (("--loss", "age=mse", "--loss", "mae"), "--loss: mae has no path, and of several each loss needs one: PATH=NAME"),
        (
            ("--loss", "age=mse", "--loss.age.wieght", "1"),
            "no such option: --loss.age.wieght; did you mean '--loss.age.w",
        ),
        (
            ("--loss", "age=mse", "--loss.aeg.weight", "1"),
            "no such option: --loss.aeg.weight; did you mean '--loss.age.w",
        ),
        (("--loss", "age=mse", "--loss.age.weight", "-1"), "loss 'mse' at 'age': option 'weight' must be float (at least 0)"),
        (
            ("--loss", "age=mse"),
            "loss 'mse' at 'age': the predictions have no path 'age', they are (10, 1); ",
        ),
        (("--metric", "age=mae"), "metric 'mae' at 'age': the predictions have no path 'age', they are (10, 1)"),
        (("--optimizer", "dense=adam", "--optimizer", "rest=sgd"), "optimizer 'dense': the model has no attribute or layer of"),
        (("--optimizer", "dense1=adam"), "no optimizer has iris/dense2/kernel, iris/dense2/bias; add one for 'rest'"),
    ],
)
def test_what_cannot_be_is_one_line(refused, words, told):
    """With the nearest name where there is one; nothing is left behind."""
    assert refused("train", *words, "--epochs", "1", "--run", "r", "-q").startswith(told)


CODE = """
from pathlib import Path

Path("ran").touch()

def loss(y_true, y_pred):
    import tensorflow as tf
    return tf.reduce_mean((y_true - y_pred) ** 2)

def slow(*, rate: float = 0.001):
    import keras
    return keras.optimizers.SGD(rate)
"""

CONFIGS = [
    'loss = { age = "code.py:loss" }',
    '[[metric.age]]\nname = "code.py:loss"',
    '[optimizer.rest]\nname = "code.py:slow"',
]


@pytest.mark.parametrize("config", CONFIGS)
def test_a_strangers_config_runs_no_code(refused, parts, config):
    """A file of code is asked for by name, wherever in a config it stands."""
    parts(f"{CODE}# {Path.cwd()}\n", "code.py")
    Path("its.toml").write_text(config, encoding="utf-8")
    told = "its.toml names a file of code, code.py, and was not sealed by you on this machine, as it stands; to run it, add "
    assert refused("train", "--config", "its.toml", "--help") == f"{told}--trust code.py"
    assert not Path("ran").exists()


def test_the_seal_covers_each_path(done, refused, parts):
    """One's own run is taken up without a word; with another option of a path, it is somebody else's."""
    parts(f"{CODE}# {Path.cwd()}\n", "code.py")
    done("train", "--optimizer", "rest=code.py:slow", "--epochs", "1", "--run", "mine", "-q")
    record = tomllib.loads(Path("mine/run.toml").read_text(encoding="utf-8"))
    assert record["files"].keys() == {"code.py"}
    assert record["seal"] == trust.seal(record)
    done("resume", "mine", "--epochs", "2", "-q")

    text = Path("mine/run.toml").read_text(encoding="utf-8")
    Path("mine/run.toml").write_text(text.replace("rate = 0.001", "rate = 0.002"), encoding="utf-8")
    assert "was not sealed by you on this machine" in refused("train", "--config", "mine/run.toml", "--help")
