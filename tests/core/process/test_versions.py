"""Which versions are tested, what is said outside of them, and what stands in for a name that a version lacks."""

import ast
import json
from pathlib import Path

import pytest

import eagerloop
from eagerloop.process.versions import untested, what_this_machine_gets

CORE = Path(eagerloop.__file__).parent
PRIVATE = ("keras.src", "tensorflow.python")


@pytest.mark.parametrize(
    ("tensorflow", "keras", "told"),
    [
        ("2.20.0", "3.13.0", ""),
        ("2.21.1", "3.15.9", ""),
        ("2.22.0rc1", "3.15.1", "TensorFlow 2.22.0rc1 is not among the versions that eagerloop is tested with (2.20 to 2.21)"),
        ("2.19.1", "3.16.0", "TensorFlow 2.19.1, Keras 3.16.0 are not among"),
    ],
)
def test_what_is_outside_of_the_table_is_told(tensorflow, keras, told):
    """Minor versions count; below, above, and both."""
    said = untested({"tensorflow": tensorflow, "keras": keras})
    assert said.startswith(told) if told else said == ""


@pytest.mark.long
def test_outside_of_the_table_one_note_is_said_at_the_start(program):
    """A program that trains two runs is told once, and trains."""
    code = """
import json, warnings
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from eagerloop.process import versions
    versions.TESTED["tensorflow"] = ("1.0", "1.2")
    import eagerloop
    runs = [eagerloop.train(epochs=1, directory=name) for name in "ab"]
    print(json.dumps([str(one.message) for one in said if "tested" in str(one.message)] + [len(runs)]))
"""
    notes = json.loads(program(code).stdout.splitlines()[-1])
    assert len(notes) == 2
    assert notes[0].endswith("is not among the versions that eagerloop is tested with (1.0 to 1.2): take no result on trust")


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (("Windows", "AMD64", "11"), "Windows: the CPU. A GPU needs WSL 2"),
        (("Linux", "x86_64", "5.15.167-microsoft-standard-WSL2"), "WSL 2: the CPU, and an NVIDIA GPU"),
        (("Linux", "x86_64", "6.1.0"), "Linux: the CPU, and an NVIDIA GPU, with pip install 'tensorflow[and-cuda]'"),
        (("Linux", "aarch64", "6.1.0"), "Linux on aarch64: the CPU"),
        (("Darwin", "arm64", "24.0.0"), "Apple silicon: the CPU"),
        (("Darwin", "x86_64", "22.0.0"), "Intel Mac: nothing."),
    ],
)
def test_each_kind_of_machine_has_its_line(machine, told):
    """Windows, WSL, Linux, both kinds of Mac."""
    assert what_this_machine_gets(*machine).startswith(told)


def test_private_names_stand_in_one_module():
    """No other module of the engine or of the built-in parts imports what Keras or TensorFlow keeps to itself."""
    import eagerloop_plugins

    found = set()
    for path in [*CORE.rglob("*.py"), *Path(eagerloop_plugins.__file__).parent.rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
            found |= {path.stem for name in names if name.startswith(PRIVATE) and " " not in name}
    assert found <= {"unpublished"}


def test_a_version_without_the_private_names_trains_and_is_looked_into(program):
    """A step is recorded without its operations, determinism is remembered, several replicas are refused."""
    code = """
import importlib, json, sys
import keras, tensorflow
real = importlib.import_module
importlib.import_module = lambda name, package=None: (
    (_ for _ in ()).throw(ImportError(name)) if name.startswith(("keras.src", "tensorflow.python")) else real(name, package)
)
from eagerloop import unpublished
importlib.import_module = real
unpublished.import_module = lambda name: (_ for _ in ()).throw(ImportError(name))
import eagerloop
run = eagerloop.train(epochs=1, directory="a")
x, y = next(iter(run.dataset.test()))
record = run.inspect(x[:4], y[:4], operations=True)
before = unpublished.determinism_is_on()
unpublished.turn_on_determinism()
try:
    unpublished.dividing_by_replicas()
except eagerloop.errors.ConfigError as error:
    refused = str(error)
print(json.dumps([len(record.operations), float(record.loss) > 0, before, unpublished.determinism_is_on(), refused]))
"""
    operations, has_loss, before, after, refused = json.loads(program(code).stdout.splitlines()[-1])
    assert (operations, has_loss, before, after) == (0, True, False, True)
    assert refused.endswith("divides losses by the replicas in a way that is not known here; take --strategy one")
