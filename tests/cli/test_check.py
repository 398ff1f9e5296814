"""`eagerloop check`: what it finds, how it says it, and the format that graders read."""

import json
import subprocess
import sys

import pytest

GOOD = '''
def squared(y_true, y_pred, weight: float = 1.0):
    """Mean squared error."""
    import tensorflow as tf

    return weight * tf.reduce_mean(tf.square(y_true - y_pred))
'''

BAD = '''
def climbs(*, learning_rate: float = 0.01):
    """Goes up."""
    return Climbs(learning_rate)


class Climbs:
    variables = ()

    def __init__(self, rate):
        self.rate = rate

    def apply_gradients(self, grads_and_vars):
        print("a part that prints")
        for gradient, variable in grads_and_vars:
            variable.assign_add(self.rate * gradient)
'''


def run(*words):
    """The command, in this process."""
    from eagerloop.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["check", *words])
    return stop.value.code


def test_a_good_part_is_ok_line_by_line(tmp_path, capsys):
    """Every check has a line, the exit code is 0, and it is said that the code runs."""
    (tmp_path / "mine.py").write_text(GOOD, encoding="utf-8")

    assert run("mine.py:squared") == 0
    said = capsys.readouterr().out
    assert "checking mine.py:squared: this runs its code" in said
    assert "  ok       loss-scalar\n" in said
    assert "FAILED" not in said


def test_a_fault_is_told_with_why_and_fix_and_exit_1(tmp_path, capsys):
    """What is wrong, why it matters, what to do."""
    (tmp_path / "mine.py").write_text(GOOD + BAD, encoding="utf-8")

    assert run("mine.py") == 1
    said = capsys.readouterr().out
    assert "loss squared (mine.py" in said
    assert "FAILED   optimizer-lowers: its first step raises a sum of squares" in said
    assert "why it matters: that is what it is for" in said
    assert "what to do: move every variable against its gradient" in said


def test_json_is_one_object_in_the_documented_format(tmp_path, capsys):
    """A grader reads names, states, messages and weights; what the part prints does not get in between."""
    (tmp_path / "mine.py").write_text(BAD, encoding="utf-8")

    assert run("mine.py:climbs", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == 1
    [part] = found["parts"]
    assert set(part) == {"kind", "name", "owner", "checks", "points", "of"}
    assert (part["kind"], part["name"]) == ("optimizer", "climbs")
    assert all(set(one) == {"name", "status", "message", "why", "fix", "weight"} for one in part["checks"])
    assert part["points"] == sum(one["weight"] for one in part["checks"] if one["status"] == "ok") < part["of"]


def test_a_name_means_every_kind_that_has_it(capsys):
    """`mse` is a loss and a metric; `--kind` and `KIND/NAME` choose."""
    assert run("mse", "--json") == 0
    assert [part["kind"] for part in json.loads(capsys.readouterr().out)["parts"]] == ["loss", "metric"]
    assert run("metric/mse", "--json") == 0
    assert [part["kind"] for part in json.loads(capsys.readouterr().out)["parts"]] == ["metric"]
    assert run("mse", "--kind", "loss", "--json") == 0
    assert [part["kind"] for part in json.loads(capsys.readouterr().out)["parts"]] == ["loss"]


def test_options_and_data_of_the_users_own(tmp_path, capsys):
    """A part that needs an option gets it by --option; --dataset tries it on other data."""
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{n}.5,{n * n}.25\n" for n in range(40)), encoding="utf-8")

    assert run("dataset/csv", "--option", "path=t.csv", "--option", "batch-size=8") == 0
    assert "ok       dataset-position" in capsys.readouterr().out
    assert run("linear", "--dataset", "iris") == 0
    assert "ok       model-overfits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "there is no part, distribution or file 'nosuch'"),
        (["adm", "--kind", "optimizer"], "did you mean 'adam'"),
        (["mse", "--kind", "los"], "there is no kind 'los'; did you mean 'loss'"),
        (["missing.py"], "there is no file missing.py"),
        (["csv", "--kind", "dataset"], "needs the option path"),
        (["mse", "--option", "delta"], "--option wants NAME=VALUE"),
        (["mlp", "--option", "dropout=lots"], "option 'dropout' must be float"),
    ],
)
def test_bad_words_are_one_line_and_exit_2(words, said, capsys):
    """The user's mistakes are told as everywhere else."""
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_plugin_file_that_does_not_load_fails(tmp_path, capsys):
    """A file that raises while it is imported is a finding, not a traceback."""
    (tmp_path / "mine.py").write_text("import nothing_of_that_name\n", encoding="utf-8")

    assert run("mine.py") == 1
    assert "FAILED   loads: plugin file mine.py cannot be imported: ModuleNotFoundError" in capsys.readouterr().out


def test_help_is_light():
    """`check --help` imports no TensorFlow, and says that the code runs."""
    code = """
import sys
from eagerloop.cli import main
try:
    main(["check", "--help"])
except SystemExit:
    pass
print("tensorflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip().endswith("False")
    assert "This runs their code" in done.stdout
