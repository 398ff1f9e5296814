"""Looking at the environment."""

import platform
import re
import sys
from importlib import metadata

import pytest
import tensorflow as tf

from eagerloop.choices.catalog import Broken, Catalog, Owner
from eagerloop.inspection.views.environment import EnvironmentView, inspect_environment


def test_a_view_is_printed_in_blocks():
    """Facts are aligned, plugins and broken plugins listed, problems come last."""
    view = EnvironmentView(
        versions={"Python": "3.11.7", "TensorFlow": "2.21.0"},
        tensorflow={"eager execution": "off"},
        plugins={"eagerloop 0.1.0": 103, "tiny 1.0": 1},
        broken=[Broken(Owner("bad", "2.0", "worse"), "ImportError: no luck")],
        problems=["eager execution is off", "plugin bad is left out"],
    )

    assert str(view) == "\n".join([
        "Python      3.11.7",
        "TensorFlow  2.21.0",
        "",
        "eager execution  off",
        "",
        "plugins found",
        "  eagerloop 0.1.0  103 parts",
        "  tiny 1.0         1 part",
        "",
        "plugins broken",
        "  bad 2.0  ImportError: no luck",
        "",
        "PROBLEM: eager execution is off",
        "PROBLEM: plugin bad is left out",
    ])  # fmt: skip


def test_a_sound_environment_has_no_problems(tmp_path, monkeypatch):
    """Here, versions are those of the metadata, eager is on, the built-in plugin is counted, and nothing is wrong."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("EAGERLOOP_PLUGINS", "")
    catalog = Catalog.load()
    view = inspect_environment(catalog)

    assert view.problems == []
    assert str(view).endswith("no problems found")
    assert view.versions["Python"] == platform.python_version()
    assert view.versions["TensorFlow"] == metadata.version("tensorflow")
    assert view.tensorflow["eager execution"] == "on"
    assert "CPU:0" in view.tensorflow["physical devices"]
    assert view.tensorflow["device policy"] == tf.config.experimental.get_device_policy()
    built_in = sum(entry.owner.distribution == "eagerloop" for entry in catalog.entries)
    assert view.plugins[f"eagerloop {metadata.version('eagerloop')}"] == built_in > 0


def only_problem(catalog=None):
    """The one problem that is found."""
    (problem,) = inspect_environment(catalog or Catalog()).problems
    return problem


def test_a_tensorflow_that_cannot_be_imported_is_a_line(monkeypatch):
    """Python's own way to block an import stands for every cause; there is no traceback, and the rest is still told."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    problem = only_problem()
    assert problem.startswith("tensorflow cannot be imported or asked: ModuleNotFoundError: import of tensorflow halted")


def test_eager_off_is_a_problem():
    """Inside a graph TensorFlow is not eager, which is how it looks after disable_eager_execution."""
    with tf.Graph().as_default():
        view = inspect_environment(Catalog())

    assert view.tensorflow["eager execution"] == "off"
    assert any(problem.startswith("eager execution is off, and the loop needs it") for problem in view.problems)


def test_another_keras_backend_is_a_problem(monkeypatch):
    """The variable is named with its value and the one that is needed."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    expected = "KERAS_BACKEND is 'jax', and eagerloop needs the backend 'tensorflow'; unset it, or set KERAS_BACKEND=tensorflow"
    assert only_problem() == expected


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("pluggy>=99", r"pluggy is [\d.]+, and eagerloop needs pluggy>=99; run 'pip install \"pluggy>=99\"'"),
        ("no-such-package>=1", "no-such-package is not installed, and eagerloop needs no-such-package>=1; run"),
    ],
)
def test_versions_are_compared_with_what_the_metadata_asks_for(monkeypatch, requirement, problem):
    """What is too old or missing is named with what is needed; what belongs to an extra is not asked for."""
    lines = [requirement, 'another-missing-package>=1; extra == "test"']
    monkeypatch.setattr(metadata, "requires", lambda _name: lines)

    assert re.match(problem, only_problem())


def test_a_broken_plugin_is_a_problem_with_its_cause():
    """It is not counted among the plugins found."""
    catalog = Catalog()
    owner = Owner("bad", "2.0", "worse")
    catalog.broken.append(Broken(owner, "ImportError: no luck"))
    catalog.seconds[owner] = 0.1
    view = inspect_environment(catalog)

    assert view.problems == ["plugin bad 2.0 (worse) is left out: ImportError: no luck"]
    assert view.plugins == {}


def test_a_directory_that_cannot_be_written_is_a_problem(tmp_path, monkeypatch):
    """A directory that was removed stands for one without permission, which an administrator would have all the same."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert only_problem().startswith("the current directory cannot be written (No such file or directory)")
