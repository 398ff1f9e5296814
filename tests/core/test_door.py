"""The public door, the floors of the engine, and the bars on its size."""

import ast
import itertools
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import eagerloop

CORE = Path(eagerloop.__file__).parent
PLUGINS = Path(find_spec("eagerloop_plugins").origin).parent

DOOR = [
    "ArrayDataset",
    "Run",
    "Step",
    "all_finite",
    "errors",
    "hookimpl",
    "load",
    "parts",
    "resume",
    "split_rows",
    "tables",
    "train",
    "train_step",
    "use",
    "watch",
]

ROOT = Path(__file__).resolve().parents[2]
CORE_FILES = sorted(CORE.rglob("*.py"))
PLUGIN_FILES = sorted(PLUGINS.rglob("*.py"))


def name_of(path):
    """A path as its part of the package: `loop`, `cli/app`."""
    return path.relative_to(CORE if path.is_relative_to(CORE) else PLUGINS).with_suffix("").as_posix()


def for_type_checkers(node):
    """Whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports_of(node):
    """Every import below a node that happens when the program runs, as dotted names; `from a import b` is `a.b`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, f"a relative import in line {node.lineno}"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    children = node.orelse if for_type_checkers(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from imports_of(child)


def functions_of(path):
    """Every function in a file with the number of lines of its body, its docstring left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield f"{name_of(path)}:{node.name}", (body[-1].end_lineno - body[0].lineno + 1) if body else 0


def test_door_has_the_names_that_are_promised_and_no_other():
    """The public names are a decision, not an accident: at most fifteen, sorted, these."""
    assert eagerloop.__all__ == DOOR == sorted(DOOR)
    assert len(eagerloop.__all__) <= 15


@pytest.mark.parametrize("name", DOOR)
def test_every_name_of_the_door_can_be_had(name):
    """Each name can be imported, is listed by dir, and says what it is."""
    assert getattr(eagerloop, name).__doc__
    assert name in dir(eagerloop)


def test_the_door_refuses_other_names():
    """A name that is not there is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match=r"module 'eagerloop' has no attribute 'trian'"):
        eagerloop.trian  # noqa: B018 - looking it up is the test


def test_import_is_light():
    """`import eagerloop` imports neither TensorFlow nor Keras nor NumPy, nor do its light names."""
    program = """if True:
        import sys, eagerloop
        eagerloop.use, eagerloop.hookimpl, eagerloop.parts, eagerloop.errors, eagerloop.tables, dir(eagerloop)
        print(sorted({"tensorflow", "keras", "numpy", "typer", "rich"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_listing_every_part_is_light():
    """The whole catalog, every option read, is there without TensorFlow, Keras or NumPy."""
    program = """if True:
        import sys
        from eagerloop.choices.catalog import Catalog
        from eagerloop.choices.options import options_of
        entries = Catalog.load().entries
        assert len(entries) > 50
        for entry in entries:
            options_of(entry.factory), entry.location
        print(sorted({"tensorflow", "keras", "numpy"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=name_of)
def test_built_in_parts_stand_on_the_door_alone(path):
    """The built-in parts import what any stranger may: the names of the door, `eagerloop.errors` and `eagerloop.parts`."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):  # imports for type checkers are promises too
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "eagerloop":
            assert node.module in ("eagerloop", "eagerloop.errors", "eagerloop.parts")
            if node.module == "eagerloop":
                assert {alias.name for alias in node.names} <= set(DOOR)
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name == "eagerloop" or not alias.name.startswith("eagerloop.")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "eagerloop":
            assert node.attr in DOOR


def test_modules_are_short():
    """A module is read in one go: about 200 lines, and never more than 250."""
    lengths = {name_of(path): path.read_text("utf-8").count("\n") for path in [*CORE_FILES, *PLUGIN_FILES]}
    assert {name: lines for name, lines in lengths.items() if lines > 250} == {}


def test_functions_are_short():
    """A function is seen at one glance: about 25 lines without its docstring, and never more than 30."""
    lengths = dict(row for path in [*CORE_FILES, *PLUGIN_FILES] for row in functions_of(path))
    assert {name: length for name, length in lengths.items() if length > 30} == {}


def test_few_modules_stand_at_the_top():
    """What a newcomer sees first is the loop, the parts, the hooks, the errors, and folders that answer one question each."""
    there = sorted(path.stem for path in CORE.glob("*.py"))
    assert there == ["__init__", "__main__", "errors", "hooks", "loop", "parts", "standing", "structures", "unpublished"]


def test_the_map_of_the_house_is_the_house():
    """CONTRIBUTING has a line for each floor, in the order of the contracts, and names every folder and module there is."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    lines = re.findall(r"^\| (`[^|]+`) \|", page.split("## A map of the house")[1], re.MULTILINE)
    floors = [{name.removesuffix(".py").strip("/") for name in re.findall(r"`([^`]+)`", line)} for line in lines]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")

    assert floors == [{name.strip() for name in layer.split("|")} for layer in reversed(layers)]
    there = {path.stem for path in CORE.iterdir() if (path / "__init__.py").is_file() or path.suffix == ".py"}
    assert set().union(*floors) == there - {"__init__"}


def written_from_outside(path):
    """Every place where a file changes an attribute of a run, or of what a run holds, by assignment, `setattr` or `vars`."""

    def of_a_run(node):
        while isinstance(node, ast.Attribute) and node.attr not in RUNS:
            node = node.value
        return (isinstance(node, ast.Name) and node.id in RUNS) or isinstance(node, ast.Attribute)

    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        flat = [item for target in targets for item in getattr(target, "elts", [target])]
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            yield from (
                f"{path.name}:{node.lineno}" for item in flat if isinstance(item, ast.Attribute) and of_a_run(item.value)
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr", "vars"):
            yield from (f"{path.name}:{node.lineno}" for item in node.args[:1] if of_a_run(item))


RUNS = ("run", "_run", "again", "stride", "_stride", "_before")


def test_nobody_writes_into_a_run():
    """No module puts a method or a value into a run, its stride, position or tally; each changes what is its own."""
    assert [place for path in [*CORE_FILES, *PLUGIN_FILES] for place in written_from_outside(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "run.save = f",
        "self._run.stopping = ''",
        "run.position.step += 1",
        "setattr(run, 'x', 1)",
        "a, run.b = 1, 2",
        "del run.x",
    ],
)
def test_a_write_into_a_run_is_seen(line, tmp_path):
    """Each way of writing into a run is found by the test above."""
    path = tmp_path / "module.py"
    path.write_text(line)
    assert list(written_from_outside(path)) == ["module.py:1"]


def test_the_loop_fits_on_one_screen():
    """The step and the two loops, with their comments and without their docstrings, are at most 60 lines."""
    lengths = dict(functions_of(CORE / "loop.py"))
    parts = ("train_step", "train_epoch", "train")
    assert sum(lengths[f"loop:{name}"] + 1 for name in parts) <= 60  # and a line for each `def`


def test_the_loop_has_two_for_loops():
    """The source has one `for` over epochs and one over batches: every run goes through these two."""
    tree = ast.parse((CORE / "loop.py").read_text("utf-8"))
    loops = {node.name: [ast.unparse(item.iter) for item in ast.walk(node) if isinstance(item, ast.For)]
             for node in tree.body if isinstance(node, ast.FunctionDef)}  # fmt: skip
    assert loops["train_epoch"] == ["batches"]
    assert loops["train"] == ["range(run.position.epoch, epochs + 1)"]
    assert list(itertools.chain(loops["train_step"], loops["check_step"])) == []
