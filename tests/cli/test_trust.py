"""Files of code that a config names: a config may be a stranger's, and nothing of it runs unasked."""

import tomllib
from pathlib import Path

import pytest
import tomli_w

CODE = """
from pathlib import Path

import eagerloop

Path("ran").touch()

def loss(y_true, y_pred):
    import tensorflow as tf
    return tf.reduce_mean((y_true - y_pred) ** 2)

def other(y_true, y_pred):
    return loss(y_true, y_pred)

@eagerloop.hookimpl
def provide_losses():
    return {"mine": lambda: loss}
"""

WAYS = (("train", "--print-config"), ("train", "--help"), ("train", "--epochs", 1, "--run", "r", "-q"), ("inspect", "batch"))


@pytest.fixture
def ran():
    """Whether the file of code has run since this was asked last."""

    def asked():
        mark = Path("ran")
        found = mark.exists()
        mark.unlink(missing_ok=True)
        return found

    return asked


@pytest.fixture
def code(parts):
    """A file of code, whose text no other test has: a text that this process has imported does not run again."""
    return parts(f"{CODE}# {Path.cwd()}\n", "code.py")


@pytest.mark.parametrize("words", WAYS)
@pytest.mark.parametrize("config", ['plugins = ["code.py"]', 'loss = "code.py:loss"', 'metric = ["code.py:loss"]'])
def test_a_strangers_config_runs_no_code(refused, code, ran, words, config):
    """Whatever is asked of it: one line names the file and what to add."""
    Path("its.toml").write_text(config, encoding="utf-8")
    told = "its.toml names a file of code, code.py, and was not sealed by you on this machine, as it stands; to run it, add "
    assert refused(*words, "--config", "its.toml") == f"{told}--trust code.py"
    assert not ran()


def test_a_press_of_tab_runs_no_code(cli, monkeypatch, code, ran):
    """Neither the config's nor the line's own files: the line has not been sent off yet."""
    Path("its.toml").write_text(
        'plugins = ["code.py"]\nloss = "code.py:loss"\nobserver = ["code.py:loss", "csv"]', encoding="utf-8"
    )
    monkeypatch.setenv("_EAGERLOOP_COMPLETE", "complete_bash")
    for line in (
        "--config its.toml",
        "--plugin code.py",
        "--loss code.py:loss",
        "--metric code.py:loss",
        "--dataset code.py:loss",
    ):
        words = f"eagerloop train {line} --ep"
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert cli().out == "--epochs\n", line
        assert not ran(), line


def test_what_the_command_line_names_runs(done, code, ran):
    """By `--trust`, by the option of the part itself, or by another part in the place of the config's."""
    Path("its.toml").write_text('loss = "code.py:loss"\nplugins = ["./code.py"]', encoding="utf-8")
    for words in (["--trust", "code.py"], ["--trust=./code.py"], ["--plugin", "code.py"], ["--loss", "code.py:other"]):
        done("train", "--config", "its.toml", *words, "--print-config")
    assert ran()
    Path("its.toml").write_text('loss = "code.py:loss"', encoding="utf-8")
    assert 'name = "mse"' in done("train", "--config", "its.toml", "--loss", "mse", "--print-config")
    assert not ran()


def test_ones_own_config_runs_without_a_word(done, refused, code):
    """A run's record, or a printed config, carries the seal; another file under it, or other text in the file, does not run."""
    config = done("train", "--loss", "code.py:loss", "--epochs", 1, "--print-config")
    Path("my.toml").write_text(config, encoding="utf-8")
    assert done("train", "--config", "my.toml", "--print-config") == config
    done("train", "--config", "my.toml", "--run", "first", "-q")
    done("train", "--config", "first/run.toml", "--run", "second", "-q")

    Path("other.py").write_text(Path(code).read_text(encoding="utf-8"), encoding="utf-8")
    content = tomllib.loads(config)
    content["loss"]["name"] = "other.py:loss"
    Path("my.toml").write_text(tomli_w.dumps(content), encoding="utf-8")
    assert "names a file of code, other.py, and was not sealed" in refused("train", "--config", "my.toml", "--help")

    content = tomllib.loads(config)
    content["model"]["options"]["units"] = 64
    Path("my.toml").write_text(tomli_w.dumps(content), encoding="utf-8")
    assert "names a file of code, code.py, and was not sealed" in refused("train", "--config", "my.toml", "--help")
    Path("my.toml").write_text(config, encoding="utf-8")
    done("train", "--config", "my.toml", "--model.units", 64, "--print-config")

    Path(code).write_text("# changed\n", encoding="utf-8")
    assert "code.py was changed since first/run.toml was made" in refused("train", "--config", "first/run.toml", "--help")


def test_a_config_whose_list_of_files_is_none(refused):
    """One line, as for a run's record."""
    Path("its.toml").write_text("files = 3\n", encoding="utf-8")
    told = refused("train", "--config", "its.toml", "--print-config")
    assert told == "its.toml: 'files' must be a table of SHA-256 by path, got 3"
