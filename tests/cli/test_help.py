"""Help and completion: the options of the chosen parts are there."""

import os
import re

import pytest


@pytest.fixture
def complete(cli, monkeypatch):
    """What bash offers for a half-typed line."""

    def offered(line):
        monkeypatch.setenv("_EAGERLOOP_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        return cli().out.split()

    return offered


def panel(text, title):
    """The lines of one panel of the help, without its frame."""
    inside = text.split(f" {title} ", 1)[1].split("╰", 1)[0]
    return " ".join(inside.replace("│", " ").split())


@pytest.mark.parametrize("words", [(), ("--help",), ("inspect",), ("inspect", "--help")])
def test_no_command_is_answered_with_the_help(done, words):
    """The commands, one in a line."""
    out = done(*words)
    commands = re.findall(r"^  (\w+)  +\S", out.partition("Commands:")[2], re.MULTILINE)
    expected = ["train", "resume", "evaluate", "predict", "verify", "plugins", "show", "doctor", "new", "check", "inspect"]
    assert set(commands) >= set(["batch", "model", "step"] if words[:1] == ("inspect",) else expected)


def test_the_help_of_train_has_a_panel_for_each_chosen_part(done):
    """Without a choice the guide's parts: names, types, ranges, defaults and help."""
    out = done("train", "--help")
    assert "--model.units INTEGER hidden units [at least 1, default 32]" in panel(out, "model: iris")
    assert "--model.rate FLOAT" in panel(out, "model: iris")
    assert "--dataset.split TEXT" in panel(out, "dataset: iris")
    assert "[guide or random, default guide]" in panel(out, "dataset: iris")
    assert "--optimizer.learning-rate FLOAT length of a step [at least 0, default 0.001]" in panel(out, "optimizer: adam")


def test_another_choice_has_another_help(done):
    """The options of the chosen model, and of each observer; those of the others are gone."""
    out = done("train", "--model", "mlp", "--observe", "early-stopping", "--help")
    assert "--model.hidden INTEGER,... units of each hidden layer" in panel(out, "model: mlp")
    assert "default 64,64]" in panel(out, "model: mlp")
    assert "--observe.patience INTEGER" in panel(out, "observer: early-stopping")
    assert "--model.units" not in out


def test_the_help_shows_the_config_s_values_as_defaults(done, tmp_path):
    """What would be used if nothing else were typed."""
    (tmp_path / "my.toml").write_text('epochs = 77\n[model]\nname = "mlp"\noptions = { hidden = [3] }\n', encoding="utf-8")
    out = done("train", "--config", "my.toml", "--help")
    assert "default 3]" in panel(out, "model: mlp")
    assert "default 77]" in panel(out, "Options")


def test_a_required_option_says_so(done):
    """`csv` needs a path; a flag that is on has a second option to turn it off."""
    text = panel(done("train", "--dataset", "csv", "--help"), "dataset: csv")
    assert "--dataset.path PATH A table: CSV, TSV, Parquet, SQLite, .npy or JSON lines. [required]" in text
    assert "--no-dataset.shuffle Turn --dataset.shuffle off." in text


def test_brackets_in_a_help_text_are_shown_as_they_are(done, parts):
    """Somebody else's help is no markup."""
    parts(
        "from typing import Annotated\n\n\n"
        "def still(*, rate: Annotated[float, 'in [0, 1] or [bold]']=0.5):\n    '''Does nothing.'''\n"
    )
    assert "in [0, 1] or [bold] [default 0.5]" in panel(
        done("train", "--optimizer", "parts.py:still", "--help"), "parts.py:still"
    )


def test_the_commands_that_inspect_take_the_options_of_their_parts(done):
    """The batch those of the dataset, the model those of both."""
    batch, model = done("inspect", "batch", "--help"), done("inspect", "model", "--model", "mlp", "--help")
    assert "--dataset.batch-size" in batch
    assert "--model" not in batch
    assert "--model.hidden" in panel(model, "model: mlp")
    assert "--optimizer" not in model


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("eagerloop tr", ["train"]),
        ("eagerloop train --model m", ["mlp"]),
        ("eagerloop train --dataset ", ["iris", "csv", "arrays", "digits", "images"]),
        ("eagerloop train --model mlp --model.h", ["--model.hidden"]),
        ("eagerloop train --model.", ["--model.units", "--model.rate", "--model.activation"]),
        ("eagerloop train --dataset.split ", ["guide", "random"]),
        ("eagerloop train --observe early-stopping --observe.p", ["--observe.patience"]),
        ("eagerloop train --no-s", []),
        ("eagerloop inspect batch --dataset a", ["arrays"]),
        ("eagerloop inspect batch --dataset im", ["images"]),
        ("eagerloop inspect m", ["model"]),
        ("eagerloop show mod", ["model"]),
        ("eagerloop show model l", ["linear"]),
        ("eagerloop train --config none.toml --ep", ["--epochs"]),
    ],
)
def test_the_shell_is_offered_names_and_options(complete, line, offered):
    """Commands, names of parts, the chosen part's options, values; a half-typed name or a missing file harms nothing."""
    assert complete(line) == offered


def test_zsh_is_served_too(cli, monkeypatch):
    """Its words come in another variable."""
    monkeypatch.setenv("_EAGERLOOP_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "eagerloop train --model ml")
    assert '"mlp"' in cli().out


def test_the_version_is_told(done):
    """One line."""
    assert done("--version") == "eagerloop 0.1.0\n"


def test_help_needs_no_terminal(done):
    """What goes to a file has no control characters."""
    assert os.environ.get("FORCE_COLOR") or "\x1b" not in done("train", "--help")
