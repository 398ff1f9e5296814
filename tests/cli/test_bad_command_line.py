"""Bad input on the command line and in a config: one sentence, exit code 2, and nothing touched."""

import json
import os
from pathlib import Path

import pytest

import eagerloop
from eagerloop.afterwards.replaying import record_of_step
from eagerloop.afterwards.verifying import verify
from eagerloop.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("tran", "no such command: tran; did you mean 'train'?"),
        ("inspect bach", "no such command: bach; did you mean 'batch'?"),
        ("train --epoch 3", "no such option: --epoch; did you mean '--epochs'?"),
        ("train --modle mlp", "no such option: --modle; did you mean '--model'?"),
        ("train --model mlp --model.hiden 3", "no such option: --model.hiden; did you mean '--model.hidden'?"),
        ("train --loss mse --loss.delta 3", "no such option: --loss.delta; what --loss stands for has no options"),
        ("train --observe early-stopping --observe.patienc 3", "did you mean '--observe.patience'?"),
        ("resume --epoch 3", "no such option: --epoch; did you mean '--epochs'?"),
        ("train --lr 0.1", "no such option: --lr; did you mean '--optimizer.learning-rate'? Options of a part begin with"),
        ("train --optimizer.lr 0.1", "no such option: --optimizer.lr; did you mean '--optimizer.learning-rate'?"),
        ("train --batch_size 8", "no such option: --batch-size; did you mean '--dataset.batch-size'?"),
        ("train --metric acc", "there is no metric 'acc'; did you mean 'accuracy'?"),
        ("train --loss nowhere.py", "plugin file nowhere.py cannot be read: No such file or directory"),
        ("train --model", "Option '--model' requires an argument"),
        ("train --optimizer SGD", "there is no optimizer 'SGD'; did you mean 'sgd'?"),
        ("train --loss BinaryCrossentropy", "did you mean 'binary_crossentropy'?"),
        ("train pets.csv", "a file is given to the dataset that reads it: --dataset csv --dataset.path pets.csv"),
        ("train --dataset rows.npz", "a file is given to the dataset that reads it: --dataset arrays --dataset.path rows.npz"),
        ("train --model pets.csv", "there is no model 'pets.csv'; Known: "),
        ("train twice", "(twice); 'eagerloop train --help' shows"),
        ("inspect batch twice", "'eagerloop inspect batch --help' shows"),
        ("show model", "Missing argument '"),  # typer says which, in letters of its version
        ("show modle mlp", "there is no kind 'modle'; did you mean 'model'?"),
        ("show model mpl", "there is no model 'mpl'; did you mean 'mlp'?"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_nearest(refused, words, told):
    """Commands, options, the options of a part, kinds and names."""
    assert told in refused(*words.split())


def test_a_file_without_a_name_is_answered_with_what_is_in_it(refused, parts):
    """Nothing of it is run for that."""
    parts("raise RuntimeError\n\n\ndef pinball(y_true, y_pred): ...\n\n\nclass Huber: ...\n\n\ndef _help(): ...\n")
    told = refused("train", "--loss", "parts.py")
    assert told == "a loss in a file is named as FILE:NAME, got 'parts.py'; it has parts.py:pinball, parts.py:Huber"
    parts("def pinball(:\n", "broken.py")
    assert "plugin file broken.py is not valid Python: " in refused("train", "--loss", "broken.py")


EMPTY = [
    *("train --run=", "train --config=", "train --start-from=", "train --plugin=", "train --trust="),
    *("train --dataset csv --dataset.path=", "resume |", "evaluate |", "predict |", "verify |", "report |", "report one |"),
    *("export | model.keras", "export |", "inspect step |", "inspect data |", "runs show |", "runs remove |", "runs --in="),
    *("evaluate --input=", "predict --output=", "report --png=", "inspect step --html=", "resume --trust="),
    *("show loss mse --plugin=", "new loss mine --directory=", "launch --log-directory= train"),
]
"""Command lines in which `|` stands for an empty word."""


@pytest.mark.parametrize("line", EMPTY)
def test_an_empty_name_is_no_place(refused, line):
    """Of a variable that is not set, say: it would be the working directory, the newest run, or no choice at all."""
    words = ["" if word == "|" else word for word in line.split()]
    assert "expected a path, got an empty name" in refused(*words)


@pytest.mark.parametrize("words", [["train", "--run="], ["train", "--run", ""], ["resume", ""]])
def test_workers_get_no_empty_name(refused, words):
    """`launch` hands words on, and looks at this one itself."""
    assert refused("launch", *words) == "expected a directory, got an empty name; name one, or leave it out"


def test_an_empty_name_is_no_place_in_python():
    """Nor in a config."""
    calls = [
        lambda: eagerloop.train(directory=""),
        lambda: eagerloop.load(""),
        lambda: eagerloop.resume(""),
        lambda: verify(""),
        lambda: record_of_step(""),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match="expected a directory, got an empty name"):
            call()
    with pytest.raises(ConfigError, match="option 'path' must be path, got '' "):
        eagerloop.train(dataset=eagerloop.use("csv", path=""))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_config_with_a_byte_order_mark_is_read(done, encoding):
    """What PowerShell and Windows's editors write."""
    Path("its.toml").write_text("epochs = 3\n", encoding=encoding)
    assert "epochs = 3" in done("train", "--config", "its.toml", "--print-config")


@pytest.mark.parametrize("words", [("-h",), ("train", "-h"), ("inspect", "-h"), ("inspect", "batch", "-h"), ("resume", "-h")])
def test_a_short_word_for_help(done, words):
    """As everywhere."""
    assert done(*words) == done(*words[:-1], "--help")


def test_a_misspelt_option_of_the_command_is_not_drowned_in_those_of_the_parts(refused):
    """The known options that are listed are those that belong to no part."""
    assert "--model.units" not in refused("train", "--epoch", "3")


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--epochs", "0", "option 'epochs' must be int (at least 1), got 0"),
        ("--epochs", "-1", "option 'epochs' must be int (at least 1), got -1"),
        ("--epochs", "2.5", "'--epochs': '2.5' is not a valid int"),
        ("--dataset.batch-size", "0", "dataset 'iris': option 'batch-size' must be int (at least 1), got 0"),
        ("--dataset.batch-size", "121", "batch size must be from 1 to 120, the number of training rows, got 121"),
        ("--optimizer.learning-rate", "-1", "optimizer 'adam': option 'learning-rate' must be float (at least 0), got -1.0"),
        ("--optimizer.learning-rate", "nan", "'learning-rate' must be float (at least 0), got nan"),
        ("--optimizer.learning-rate", "inf", "'learning-rate' must be float (at least 0), got inf"),
        ("--optimizer.learning-rate", "fast", "'--optimizer.learning-rate': 'fast' is not a valid float"),
        ("--seed", "x", "'--seed': 'x' is not a valid int"),
        ("--seed", "-1", "option 'seed' must be int (at least 0, at most 4294967295), got -1"),
        ("--seed", "4294967296", "at most 4294967295), got 4294967296"),
        ("--keep", "-1", "option 'keep' must be int (at least 0), got -1"),
        ("--save-every", "-2", "option 'save-every' must be int (at least 0), got -2"),
        ("--device-policy", "loud", "'loud' is not one of 'silent', 'explicit', 'warn'"),
        ("--on-nonfinite", "explode", "'explode' is not one of 'stop', 'skip'"),
        ("--model.rate", "1", "model 'iris': option 'rate' must be below 1, got 1"),
        ("--dataset.test-fraction", "1", "test-fraction must be at least 0 and below 1, got 1"),
        ("--dataset.split", "half", "'half' is not one of 'guide', 'random'"),
    ],
)
def test_a_value_is_refused_with_what_was_wanted_and_what_came(refused, option, value, told):
    """Before anything is trained: no directory of a run is made."""
    assert told in refused("train", option, value)


@pytest.mark.parametrize(("value", "told"), [("64,x", "got '64,x'"), ("64,0", "got 0")])
def test_a_list_is_checked_item_by_item(refused, value, told):
    """Text and numbers out of range are refused wherever they stand."""
    line = refused("train", "--model", "mlp", "--model.hidden", value)
    assert f"model 'mlp': option 'hidden' must be list of int (at least 1), {told}" in line


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("epochs = 3\nseed = \n", "config my.toml is not valid TOML: Invalid value (at line 2, column 8)"),
        ("epocs = 3\n", "my.toml: unknown key 'epocs'; did you mean 'epochs'?"),
        ("[modle]\nname = 'mlp'\n", "my.toml: unknown key 'modle'; did you mean 'model'?"),
        ("[model]\nnam = 'mlp'\n", "my.toml, [model]"),
        ("epochs = '3'\n", "my.toml: option 'epochs' must be int (at least 1), got '3' (str)"),
        ("epochs = true\n", "my.toml: option 'epochs' must be int (at least 1), got True (bool)"),
        ("epochs = 0\n", "my.toml: option 'epochs' must be int (at least 1), got 0"),
        ("model = [1]\n", "my.toml, [model] must be a name, or a table with 'name' and 'options', got [1]"),
        ("[model]\n[model.options]\n", "my.toml, [model] must be a name, or a table with 'name' and 'options'"),
        ("[model]\nname = 'mlp'\nunset = 3\n", "my.toml, [model] must be a name, or a table with 'name' and 'options'"),
        ("[model]\nname = 'mlp'\n[model.options]\nhiden = [3]\n", "model 'mlp' has no option 'hiden'; did you mean 'hidden'?"),
        ("[model]\nname = 'mlp'\n[model.options]\ndropout = 'a'\n", "must be float (at least 0, at most 1), got 'a' (str)"),
        ("model = 'mpl'\n", "there is no model 'mpl'; did you mean 'mlp'?"),
    ],
)
def test_a_faulty_config_is_refused(refused, content, told):
    """Syntax with its line, unknown keys with the nearest, wrong types with what was wanted."""
    Path("my.toml").write_text(content, encoding="utf-8")
    assert told in refused("train", "--config", "my.toml")


def test_a_config_that_is_not_there_is_named(refused):
    """The file and the system's reason."""
    assert refused("train", "--config", "none.toml") == "config none.toml cannot be read: No such file or directory"


def test_a_config_that_is_no_text_is_refused(refused):
    """Bytes that are no UTF-8 are no TOML."""
    Path("my.toml").write_bytes("title = 'é'".encode("latin-1"))
    assert "config my.toml is not valid TOML" in refused("train", "--config", "my.toml")


def test_a_run_is_not_made_where_a_file_is(refused):
    """Neither in its place nor below it."""
    Path("taken").write_text("mine", encoding="utf-8")
    assert refused("train", "--run", "taken") == "run directory taken is a file; choose another with --run"
    assert "run directory taken/below cannot be written: Not a directory" in refused("train", "--run", "taken/below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_run_is_not_made_where_nobody_may_write(refused):
    """The system's reason and a way out."""
    Path("closed").mkdir(mode=0o500)
    assert "closed/run cannot be written: Permission denied; choose another with --run" in refused(
        "train", "--run", "closed/run"
    )


def test_a_run_is_not_made_where_the_system_makes_no_directory(refused):
    """/proc takes no directories from anybody, root included."""
    assert "run directory /proc/run cannot be written" in refused("train", "--run", "/proc/run")


def test_a_run_is_not_made_over_another(done, refused):
    """The command that continues it is offered, and not a byte of it changes."""
    done("train", "--epochs", 1, "--run", "mine", "-q")

    told = "mine holds a run already; continue it with 'eagerloop resume mine', replace it with --overwrite, or choose another"
    assert told in refused("train", "--run", "mine")


@pytest.mark.parametrize("command", ["resume", "evaluate", "predict", "verify"])
def test_there_must_be_a_run(refused, command):
    """Nothing below runs/, a directory that does not exist, one without a record, a file."""
    Path("empty").mkdir()
    Path("file").write_text("", encoding="utf-8")

    assert "there is no run below runs/; make one with 'eagerloop train'" in refused(command)
    assert "none is no run: it does not exist" in refused(command, "none")
    assert "empty is no run: it has no run.toml" in refused(command, "empty")
    assert "file is no run: it is a file" in refused(command, "file")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("batch_size = 10", "batch_size = 12", "batch_size: 10 was saved, 12 now"),
        ("seed = 0", "seed = 7", "seed: 0 was saved, 7 now"),
        ("units = 32", "units = 16", "units: 32 was saved, 16 now"),
    ],
)
def test_a_resume_with_other_settings_tells_old_and_new(done, refused, old, new, told):
    """A record that was edited is not the record of the checkpoint."""
    done("train", "--epochs", 1, "--run", "mine", "-q")
    record = Path("mine/run.toml")
    record.write_text(record.read_text("utf-8").replace(old, new, 1), encoding="utf-8")

    assert told in refused("resume", "mine", "--epochs", 2)


def test_a_resume_with_other_data_tells_old_and_new(done, refused, table):
    """The digests of the data differ: the file was changed since the checkpoint."""
    done("train", "--dataset", "csv", "--dataset.path", table(), "--epochs", 1, "--run", "mine", "-q")
    table(tail="1,2,3\n")

    line = refused("resume", "mine", "--epochs", 2)
    assert "the data have changed" in line
    assert "was saved" in line
    for command in ("evaluate", "predict"):
        assert "the data have changed" in refused(command, "mine")


def test_a_resume_with_other_threads_says_so_and_goes_on(cli, done):
    """Old and new number are told in a note: only the rounding may differ. The record is edited as if made elsewhere."""
    done("train", "--epochs", 1, "--run", "mine", "-q")
    record = Path("mine/run.toml")
    lines = record.read_text("utf-8").splitlines()
    cores = next(int(line.split("=")[1]) for line in lines if line.startswith("inter_op"))
    edited = [f"inter_op = {cores + 5}" if line.startswith("inter_op") else line for line in lines]
    record.write_text("\n".join(edited), encoding="utf-8")

    outcome = cli("resume", "mine", "--epochs", 2, "-q")
    assert outcome.code == 0
    assert [json.loads(line)["epoch"] for line in Path("mine/history.jsonl").read_text("utf-8").splitlines()] == [1, 2]
    assert f"inter_op: {cores} was saved, {cores + 5} now" in outcome.err


def test_a_record_of_a_newer_format_is_refused(done, refused):
    """Both formats are told."""
    done("train", "--epochs", 1, "--run", "mine", "-q")
    record = Path("mine/run.toml")
    record.write_text(record.read_text("utf-8").replace("format = 1", "format = 9", 1), encoding="utf-8")

    assert "has the format 9, this eagerloop reads 1" in refused("resume", "mine")


@pytest.mark.parametrize(("given", "shown"), [("abc", "'abc'"), ("-1", "-1.0")])
def test_an_option_that_is_a_number_or_none_takes_nothing_else(refused, given, shown):
    """Type and range are told."""
    told = f"option 'clipnorm' must be float or none (at least 0), got {shown}"
    assert told in refused("train", "--optimizer.clipnorm", given, "--print-config")


def test_a_metric_is_given_once(refused):
    """Two of one name would be one column of the history."""
    assert "metric 'rmse' is there twice" in refused("train", "--metric", "rmse", "--metric", "rmse")
