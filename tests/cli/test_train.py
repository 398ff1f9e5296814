"""`train` and `resume`: defaults, options, configs."""

import json
import tomllib
from pathlib import Path

import pytest
import tensorflow as tf


def record(run="mine"):
    """The content of run.toml."""
    return tomllib.loads(Path(run, "run.toml").read_text("utf-8"))


def history(run="mine"):
    """The rows of the history without the time that they took."""
    lines = Path(run, "history.jsonl").read_text("utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def checkpoints(run="mine"):
    """The steps that are saved."""
    return sorted(int(path.name.removeprefix("step-")) for path in Path(run, "checkpoints").glob("step-*"))


def test_no_option_trains_the_guide(done):
    """Ten epochs of twelve steps on iris, falling loss, a checkpoint after each, in a directory of its own."""
    out = done("train")
    (run,) = Path("runs").iterdir()

    assert out.splitlines()[0] == "dataset iris | model iris | loss mse | optimizer adam | checkpointer tf"
    assert out.splitlines()[-1] == f"done: 10 epochs, 120 steps, kept in {run}; next: eagerloop predict {run}"
    assert "chosen for the data: model, loss" in out
    losses = [row["loss"] for row in history(run)]
    assert [row["steps"] for row in history(run)] == [12] * 10
    assert losses == sorted(losses, reverse=True)
    assert checkpoints(run) == [96, 108, 120]
    assert [line.split()[0] for line in out.splitlines() if "total_loss" in line] == ["epoch"] * 10


@pytest.mark.parametrize(
    ("classes", "told", "chosen"),
    [
        (False, "model mlp | loss mse | optimizer adam | checkpointer tf", "model, loss"),
        (
            True,
            "model mlp | loss sparse_categorical_crossentropy | optimizer adam | checkpointer tf | metric accuracy",
            "model, loss, metric",
        ),
    ],
)
def test_defaults_follow_the_data(done, table, classes, told, chosen):
    """A table of numbers gets mse, one of classes cross-entropy and accuracy: said on the screen, and recorded."""
    out = done("train", "--dataset", "csv", "--dataset.path", table(classes=classes), "--epochs", 1, "--run", "mine")

    assert out.splitlines()[0] == f"dataset csv | {told}"
    assert f"chosen for the data: {chosen}" in out
    made = record()
    said = " | ".join(f"{kind} {made[kind]['name']}" for kind in ("model", "loss", "optimizer", "checkpointer"))
    assert told.startswith(said)
    assert [row["name"] for row in made["metric"]] == (["accuracy"] if classes else [])


def test_options_of_parts_reach_the_parts_and_the_record(done):
    """Lists, numbers, flags, several metrics and observers, with their options in both spellings."""
    done(
        "train", "--run", "mine", "--epochs", 2, "--seed", 3, "-q",
        "--dataset.shuffle", "--dataset.batch-size", 20, "--dataset.split", "random", "--dataset.validation-fraction", 0.25,
        "--model", "mlp", "--model.hidden", "8,4", "--model.dropout", 0.25,
        "--loss", "huber", "--loss.delta", 2,
        "--optimizer", "sgd", "--optimizer.momentum", 0.5, "--optimizer.nesterov", "--optimizer.learning-rate", 0.001,
        "--checkpointer", "npz", "--metric", "rmse", "--metric", "r2",
        "--observe", "early-stopping", "--observe.patience", 7, "--observe", "csv", "--observe.csv.path", "steps.csv",
    )  # fmt: skip
    made = record()

    assert (made["epochs"], made["seed"]) == (2, 3)
    assert made["dataset"]["options"]["shuffle"] is True
    assert made["dataset"]["options"]["batch_size"] == 20
    assert made["dataset"]["options"]["split"] == "random"
    assert made["model"]["options"]["hidden"] == [8, 4]
    assert made["loss"]["options"]["delta"] == 2.0
    assert made["optimizer"]["options"] | {"momentum": 0.5, "nesterov": True} == made["optimizer"]["options"]
    assert made["checkpointer"]["name"] == "npz"
    assert [row["name"] for row in made["observer"]] == ["early-stopping", "csv"]
    assert made["observer"][0]["options"]["patience"] == 7
    assert Path("mine/steps.csv").read_text("utf-8").count("\n") == 1 + 2 * 5  # 90 rows for the training, 20 a batch
    assert {"rmse", "r2", "val_loss", "val_rmse", "val_r2"} < set(history()[0])


@pytest.mark.parametrize("flag", ["", "early-stopping.", "early_stopping."])
def test_the_option_of_an_observer_has_a_short_and_a_full_name(done, flag):
    """The short one does where one observer alone has the option."""
    done("train", "--run", "mine", "--epochs", 1, "--observe", "early-stopping", f"--observe.{flag}patience", 2, "-q")
    assert record()["observer"][0]["options"]["patience"] == 2


@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        (("--model", "mlp", "--model.activation", "none"), "model", "activation"),
        (("--config", "my.toml", "--optimizer.clipnorm", "none"), "optimizer", "clipnorm"),
        (("--dataset", "csv", "--dataset.path", "t.csv", "--dataset.features", "none"), "dataset", "features"),
        (("--model", "parts.py:still", "--model.way", "none"), "model", "way"),
    ],
    ids=["text", "number", "list", "one of some"],
)
def test_an_option_that_may_be_none_is_given_none(done, parts, words, kind, name):
    """By that word, over its default or the config's value, whatever its type."""
    Path("my.toml").write_text('[optimizer]\nname = "adam"\noptions = { clipnorm = 0.5 }\n', encoding="utf-8")
    Path("t.csv").write_text("a,y\n" + "".join(f"{i},{i}\n" for i in range(60)), encoding="utf-8")
    parts(
        "from typing import Literal\nimport keras\n\n\ndef still(*, dataset, way: Literal['up', 'down'] | None = 'up'):\n"
        "    assert way in (None, 'down')\n    return keras.Sequential([keras.layers.Dense(dataset.outputs)])\n"
    )
    made = tomllib.loads(done("train", *words, "--print-config"))
    assert name in made[kind]["unset"]
    assert name not in made[kind]["options"]


@pytest.mark.parametrize("words", ["64 --model.hidden 32", "64,32", "64, --model.hidden 32"])
def test_a_list_is_written_with_commas_or_by_repetition(done, words):
    """Both are the same list."""
    config = done("train", "--model", "mlp", "--model.hidden", *words.split(), "--print-config")
    assert tomllib.loads(config)["model"]["options"]["hidden"] == [64, 32]


@pytest.mark.parametrize(("flag", "shuffled"), [("--dataset.shuffle", True), ("--no-dataset.shuffle", False), (None, True)])
def test_a_flag_is_switched_on_and_off(done, table, flag, shuffled):
    """The default of `csv` is to shuffle."""
    words = ["train", "--dataset", "csv", "--dataset.path", table(), "--print-config", *([flag] if flag else [])]
    assert tomllib.loads(done(*words))["dataset"]["options"]["shuffle"] is shuffled


def test_hyphens_and_underscores_are_the_same(done):
    """In the names of options, and in those of parts."""
    one = done("train", "--dataset.batch-size", 5, "--save-every", 3, "--loss", "mean-squared-error", "--print-config")
    other = done("train", "--dataset.batch_size", 5, "--save_every", 3, "--loss", "mean_squared_error", "--print-config")
    assert one.replace("mean-squared-error", "mean_squared_error") == other
    assert tomllib.loads(other)["dataset"]["options"]["batch_size"] == 5


def test_a_part_is_named_by_its_distribution_by_a_file_or_by_a_plugin_file(done, parts):
    """`eagerloop/linear`, `parts.py:halved` with an option of its own, and a name that a plugin file offers."""
    parts("def halved(y_true, y_pred, factor: float = 0.5):\n    return factor * ((y_true - y_pred) ** 2)[0, 0]\n")
    parts(
        "import eagerloop\n\n\n@eagerloop.hookimpl\n"
        "def provide_optimizers():\n    return {'still': still}\n\n\n"
        "def still(*, rate: float = 0.0):\n    import keras\n\n    return keras.optimizers.SGD(rate)\n".replace(
            "import parts\n", ""
        ),
        "plugin.py",
    )
    words = ["--model", "eagerloop/linear", "--loss", "parts.py:halved", "--loss.factor", 0.25]
    words += ["--plugin", "plugin.py", "--optimizer", "still", "--optimizer.rate", 0.0]
    done("train", *words, "--epochs", 2, "--run", "mine", "-q")

    made = record()
    assert made["model"]["name"] == "eagerloop/linear"
    assert made["loss"] | {"name": "parts.py:halved", "options": {"factor": 0.25}} == made["loss"]
    assert made["optimizer"]["owner"] == "plugin.py"
    assert set(made["files"]) == {"parts.py", "plugin.py"}
    assert history()[0]["loss"] == history()[1]["loss"]  # nothing is learnt at the rate 0
    done("resume", "mine", "--epochs", 3, "-q")
    assert len(history()) == 3


def test_the_seed_decides_the_numbers(done):
    """The same seed, the same losses to the last bit; another one, others."""
    for run, seed in (("one", 1), ("same", 1), ("other", 2)):
        done("train", "--epochs", 2, "--seed", seed, "--run", run, "-q")
    assert history("one") == history("same")
    assert history("one") != history("other")


def test_saving_in_between_and_keeping_few(done):
    """A checkpoint every 5 steps besides those after epochs of 12; with --keep 2 the two newest stay."""
    done("train", "--epochs", 2, "--save-every", 5, "--keep", 0, "--run", "all", "-q")
    done("train", "--epochs", 5, "--keep", 2, "--run", "few", "-q")
    assert checkpoints("all") == [5, 10, 12, 15, 20, 24]
    assert checkpoints("few") == [48, 60]


def test_a_run_is_replaced_where_that_is_asked_for(done):
    """The same command again: the same run, once."""
    words = ("train", "--epochs", 2, "--run", "mine", "--overwrite", "-q")
    done(*words)
    first = history()
    done("resume", "mine", "--epochs", 3, "-q")
    done(*words)
    assert history() == first
    assert checkpoints() == [12, 24]
    assert "overwrite" not in record()


def test_compiled_training_goes_through_the_same_numbers(done):
    """On this model compiled and eager losses agree to five digits, and the record says which it was."""
    done("train", "--epochs", 3, "--run", "eager", "-q")
    done("train", "--epochs", 3, "--compile", "--run", "compiled", "-q")
    eager, compiled = ([row["loss"] for row in history(run)] for run in ("eager", "compiled"))
    assert compiled == pytest.approx(eager, rel=1e-5)
    assert record("compiled")["compile"] is True


@pytest.mark.parametrize("policy", ["silent", "explicit", "warn"])
def test_the_device_policy_is_set(done, policy):
    """TensorFlow itself says so, and the record."""
    before = tf.config.experimental.get_device_policy()
    try:
        done("train", "--epochs", 1, "--device-policy", policy, "--run", "mine", "-q")
        assert tf.config.experimental.get_device_policy() == policy
    finally:
        tf.config.experimental.set_device_policy(before)
    assert record()["device_policy"] == policy


def test_a_loss_that_is_not_finite_can_be_skipped(cli, done):
    """With `stop` the run fails with exit code 1; with `skip` it goes on, and the row counts what was skipped."""
    words = ("train", "--epochs", 1, "--optimizer", "sgd", "--optimizer.learning-rate", "1e30", "-q")
    assert cli(*words).code == 1
    done(*words, "--on-nonfinite", "skip", "--run", "mine")
    assert history()[0]["skipped"] == 11


def test_early_stopping_says_why(done):
    """A figure that cannot get better by 1e9 ends the run after the patience: the reason is on the screen."""
    words = ["--observe", "early-stopping", "--observe.patience", 2, "--observe.min-delta", 1e9]
    out = done("train", "--epochs", 50, *words, "--run", "mine")
    assert "has not improved for 2 epochs (patience 2)\n" in out
    assert "done: 3 epochs, 36 steps" in out


def test_what_will_be_removed_is_told(done):
    """Once, at the start; not where nothing will be."""
    told = "checkpoints: the newest 3 and the best are kept; --keep 0 keeps all\n"
    assert done("train", "--model", "linear", "--epochs", 4).count(told) == 1
    assert "checkpoints:" not in done("train", "--model", "linear", "--epochs", 3)
    assert "checkpoints:" not in done("train", "--model", "linear", "--epochs", 4, "--keep", 0)


def test_quiet_says_nothing(cli):
    """Training and resuming; `progress` is not recorded. What may be wrong is still said, on stderr."""
    assert cli("train", "--epochs", 1, "--run", "mine", "-q") == (0, "", "")
    assert record()["observer"] == []
    assert cli("resume", "mine", "--epochs", 2, "-q") == (0, "", "")
    already = "note: mine has 2 epochs already; extend it with: eagerloop resume mine --epochs N\n"
    assert cli("resume", "mine", "-q") == (0, "", already)


@pytest.mark.long
def test_verbose_tells_the_grain_and_why(done):
    """In one line: eager, or what of the loop is compiled."""
    assert done("train", "--epochs", 1, "-v", "-q") == "grain: eager, because --compile was not given\n"
    assert done("train", "--epochs", 1, "-v", "-q", "--compile") == "grain: stretch, because nobody looks at every step\n"
    watched = done("train", "--epochs", 1, "-v", "-q", "--compile", "--observe", "csv")
    assert "grain: step, because " in watched
    assert " looks at every step\n" in watched


def test_the_record_of_a_run_repeats_it_bit_for_bit(done):
    """run.toml as a config: the same history."""
    done("train", "--epochs", 3, "--seed", 5, "--model.units", 7, "--metric", "rmse", "--run", "first", "-q")
    done("train", "--config", "first/run.toml", "--run", "second", "-q")
    assert history("second") == history("first")
    assert record("second")["model"] == record("first")["model"]


def test_a_printed_config_prints_itself(done):
    """Printed, read and printed again: the same text, with the parts that followed the data written out."""
    config = done(
        "train", "--model.units", 64, "--metric", "r2", "--observe", "early-stopping", "--epochs", 3, "--print-config"
    )
    Path("my.toml").write_text(config, encoding="utf-8")

    assert done("train", "--config", "my.toml", "--print-config") == config
    assert tomllib.loads(config)["model"]["options"] == {"units": 64, "rate": 0.5}
    assert not Path("runs").exists()


def test_the_command_line_counts_more_than_the_config(done):
    """Options, parts and plain settings; what it leaves out stays as the config has it."""
    Path("my.toml").write_text(
        'epochs = 7\nseed = 9\ncompile = true\nmetric = ["rmse"]\n[model]\nname = "mlp"\n[model.options]\nhidden = [3]\n'
        'dropout = 0.5\n[optimizer]\nname = "sgd"\noptions = { momentum = 0.5 }\n',
        encoding="utf-8",
    )
    words = ["--epochs", 2, "--no-compile", "--model.dropout", 0.25, "--optimizer", "rmsprop", "--metric", "r2"]
    made = tomllib.loads(done("train", "--config", "my.toml", *words, "--print-config"))

    assert (made["epochs"], made["seed"], made["compile"]) == (2, 9, False)
    assert made["model"]["options"] | {"hidden": [3], "dropout": 0.25} == made["model"]["options"]
    assert made["optimizer"]["name"] == "rmsprop"
    assert [row["name"] for row in made["metric"]] == ["r2"]


def test_naming_the_part_of_the_config_again_keeps_its_options(done):
    """`--model mlp` over a config with an mlp of its own is that mlp."""
    Path("my.toml").write_text('[model]\nname = "mlp"\noptions = { hidden = [3] }\n', encoding="utf-8")
    made = tomllib.loads(done("train", "--config", "my.toml", "--model", "mlp", "--print-config"))
    assert made["model"]["options"]["hidden"] == [3]


def test_a_resume_goes_on_to_the_numbers_of_one_run(done):
    """Two epochs and two more are the four of a run that was never stopped, bit for bit."""
    done("train", "--epochs", 4, "--run", "whole", "-q")
    done("train", "--epochs", 2, "--run", "mine", "-q")
    out = done("resume", "mine", "--epochs", 4)

    assert "resuming in epoch 3 after batch 0, step 24" in out
    assert history("mine") == history("whole")
    assert done("evaluate", "mine") == done("evaluate", "whole")


def test_a_run_that_is_done_says_how_to_extend_it(done):
    """Resuming it does nothing, and is no fault."""
    done("train", "--epochs", 2, "--run", "mine", "-q")
    told = "mine has 2 epochs already; extend it with: eagerloop resume mine --epochs N\n"
    assert done("resume", "mine") == done("resume", "mine", "--epochs", 1) == told


def test_no_run_named_is_the_newest(done):
    """resume, evaluate and predict take the run that was made last."""
    done("train", "--epochs", 1, "-q")
    done("train", "--epochs", 1, "--model", "linear", "-q")
    assert "model linear" in done("resume", "--epochs", 2)
