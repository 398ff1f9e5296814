"""A plugin that misbehaves is told once, by its distribution, the hook and the cause, and harms no other command."""

import importlib
import json
import os
import re
import subprocess
import sys

import pytest

from eagerloop.cli import main
from eagerloop.hooks import LIFECYCLE

PLUGIN = """
import eagerloop


def fine():
    "Mean absolute error."
    import tensorflow as tf

    return lambda y_true, y_pred: tf.reduce_mean(tf.abs(y_true - y_pred))


def breaks_when_made():
    "Raises in its factory."
    raise RuntimeError("out of order")


def exits_when_made():
    "Ends the process in its factory."
    raise SystemExit(7)


def gives_nothing():
    "Forgets its return."


def breaks_when_called():
    "Raises in a step."

    def loss(y_true, y_pred):
        raise RuntimeError("out of order")

    return loss


def gives_text():
    "Returns text in place of a tensor."
    return lambda y_true, y_pred: "one half"


class Model:
    variables = trainable_variables = ()

    def __call__(self, x, training):
        raise RuntimeError("out of order")


class Optimizer:
    variables = ()

    def apply_gradients(self, grads_and_vars):
        raise RuntimeError("out of order")


class Checkpointer:
    def write(self, directory, state):
        raise RuntimeError("out of order")

    def read(self, directory, state):
        raise RuntimeError("out of order")


class Metric:
    def update_state(self, y_true, y_pred):
        raise RuntimeError("out of order")

    def result(self):
        return 0.0

    def reset_state(self):
        pass


class Dataset:
    features, targets, task = ("a",), ("b",), "regression"

    def train(self, epoch, start=0):
        raise RuntimeError("out of order")

    def test(self):
        raise RuntimeError("out of order")


def model():
    "Raises when called."
    return Model()


def optimizer():
    "Raises in a step."
    return Optimizer()


def checkpointer():
    "Raises when it writes."
    return Checkpointer()


def metric():
    "Raises in a step."
    return Metric()


def dataset():
    "Raises when it is read."
    return Dataset()


def raising(hook):
    def factory():
        "Raises in one of its hooks."

        def method(self):
            raise RuntimeError("out of order")

        def fail(self, run):
            if run.position.step == 2:
                raise ValueError("as told")

        methods = {hook: method}  # whose own name is not that of the hook
        if hook == "on_exception":
            methods["on_step_end"] = fail
        return type("Watcher", (), methods)()

    return factory


@eagerloop.hookimpl
def provide_losses():
    return {
        "fine": fine, "breaks-when-made": breaks_when_made, "exits-when-made": exits_when_made,
        "gives-nothing": gives_nothing, "breaks-when-called": breaks_when_called, "gives-text": gives_text,
    }


@eagerloop.hookimpl
def provide_models():
    return {"bad": model}


@eagerloop.hookimpl
def provide_optimizers():
    return {"bad": optimizer}


@eagerloop.hookimpl
def provide_checkpointers():
    return {"bad": checkpointer}


@eagerloop.hookimpl
def provide_metrics():
    return {"bad": metric}


@eagerloop.hookimpl
def provide_datasets():
    return {"bad": dataset}


@eagerloop.hookimpl
def provide_observers():
    hooks = ("on_train_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_train_end", "on_exception")
    return {hook: raising(hook) for hook in hooks}
"""


def distribution(site, name, text):
    """What pip leaves behind of a package with one module and one entry point."""
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(text, encoding="utf-8")
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[eagerloop]\nmain = {module}\n", encoding="utf-8")


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """An installed distribution whose parts misbehave, each in its own way."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    distribution(site, "acme-parts", PLUGIN)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("acme_parts", None)


@pytest.fixture
def said(acme, capsys):
    """The exit code of a command, and what it wrote to stderr."""

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit, match=r"^\d+$") as stop:
            main(words)
        return stop.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("--loss breaks-when-made", "could not be made: RuntimeError: out of order"),
        ("--loss exits-when-made", "could not be made: SystemExit: 7"),
        ("--loss gives-nothing", "gave NoneType without __call__; a loss must have __call__"),
        ("--loss breaks-when-called", "out of order"),
        ("--model bad", "cannot take the first batch, x of shape (10, 3): RuntimeError: out of order"),
        ("--optimizer bad", "out of order"),
        ("--checkpointer bad", "out of order"),
        ("--metric bad", "out of order"),
        ("--dataset bad", "could not give a first batch: RuntimeError: out of order"),
    ],
)
def test_a_part_that_misbehaves_is_named_once_with_its_owner(said, words, cause):
    """Whenever it does: when it is made, when it is built, in a step. One line: the kind, the name, the owner, the cause."""
    kind, name = words.removeprefix("--").split()
    code, line = said("train", *words.split(), "--epochs", "1", "-q")

    assert code == 2
    assert line.count("\n") == 1
    assert line.count(f"{kind} '{name}' of acme-parts 1.0") == 1
    assert line.count(cause) == 1


STEPS = dict(zip(LIFECYCLE, (1, 1, 1, 12, 12), strict=False))
"""The step at which each hook is called in an epoch of 12, but that for errors."""


@pytest.mark.parametrize("hook", LIFECYCLE)
def test_an_observer_that_raises_is_named_once_with_the_hook(said, hook):
    """Each of the lifecycle hooks, whatever the function is called that is put there, with epoch and step."""
    code, line = said("train", "--observe", hook, "--epochs", "1", "-q")

    assert code == 2
    assert line.count("\n") == 1
    assert line.count(f"observer '{hook}' of acme-parts 1.0 in {hook}") == 1
    assert line.count("RuntimeError: out of order") == 1
    assert f"epoch 1, step {STEPS.get(hook, '')}" in line
    assert ("while it was told of ValueError: as told" in line) == (hook == "on_exception")


def test_nothing_of_it_harms_another_command(said, capsys):
    """With all of that installed, the parts are listed, its good one trains, and so does a run that needs none of it."""
    assert said("plugins") == (0, "")
    assert said("train", "--loss", "fine", "--epochs", "1", "-q", "--run", "fine")[0] == 0
    assert said("train", "--epochs", "1", "-q", "--run", "guide") == (0, "")
    assert said("evaluate", "fine")[0] == 0


def test_the_allow_list_keeps_all_of_it_out(said, monkeypatch):
    """An empty EAGERLOOP_PLUGINS: the part is not there, its module is not imported, and the built-in ones train."""
    monkeypatch.setenv("EAGERLOOP_PLUGINS", "")
    code, line = said("train", "--loss", "breaks-when-made")

    assert code == 2
    assert line.startswith("eagerloop: there is no loss 'breaks-when-made'")
    assert "acme_parts" not in sys.modules
    assert said("train", "--epochs", "1", "-q") == (0, "")


LIGHT = """
import eagerloop


def part():
    "A loss of plugin {number}."


@eagerloop.hookimpl
def provide_losses():
    return {{"loss-{number}": part}}
"""

LISTING = """
import sys, time
from eagerloop.choices.catalog import Catalog
from eagerloop.cli import main

main(["plugins", *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def fifty(tmp_path_factory):
    """Fifty installed plugins; the seventeenth imports TensorFlow at its top."""
    site = tmp_path_factory.mktemp("fifty")
    for number in range(50):
        heavy = "import tensorflow as tf\n" if number == 17 else ""
        distribution(site, f"plugin-{number:02}", heavy + LIGHT.format(number=number))
    return site


def listed(site, *words, **environment):
    """What `plugins` prints in a fresh interpreter that can see the distributions."""
    words = [sys.executable, "-c", LISTING, *words]
    environment = os.environ | {"PYTHONPATH": str(site)} | environment
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.long
def test_the_one_slow_plugin_of_fifty_is_named(fifty):
    """With what it imports and how long it took; the others are listed, and none of them is blamed."""
    done = listed(fifty)
    slow = [line for line in done.stdout.splitlines() if line.startswith("slow: ")]

    assert len(slow) == 1
    assert re.fullmatch(
        r"slow: plugin plugin-17 1\.0 \(main\) took \d+\.\d s to load: it imports tensorflow, which belongs inside .*",
        slow[0],
    )
    assert all(f"loss-{number}" in done.stdout for number in range(50))
    assert done.stderr == ""


def test_without_the_slow_one_listing_fifty_plugins_is_light(fifty):
    """Neither TensorFlow nor Keras nor NumPy is there afterwards, and nobody is named as slow."""
    allowed = ",".join(f"plugin-{number:02}" for number in range(50) if number != 17)
    report = json.loads(listed(fifty, "--json", EAGERLOOP_PLUGINS=allowed).stdout)

    assert len([part for part in report["parts"] if part["distribution"].startswith("plugin-")]) == 49
    assert [one for one in report["slow"] if one["imports"]] == []


@pytest.mark.long
def test_the_slow_one_is_in_the_json_too(fifty):
    """Its owner, its seconds, and what it imports."""
    [slow] = json.loads(listed(fifty, "--json", EAGERLOOP_PLUGINS="plugin-17").stdout)["slow"]

    assert (slow["distribution"], slow["version"], slow["plugin"], slow["imports"]) == (
        "plugin-17",
        "1.0",
        "main",
        "tensorflow",
    )
    assert slow["seconds"] > 0
