"""`eagerloop new`: what it makes passes the checks and its own tests as generated, builds, installs and trains, for every kind.

Building, installing, training and the generated tests are done once, in one fresh interpreter that can see the installed
packages; the tests look at what it reports.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from eagerloop.cli import main
from eagerloop.parts import KINDS

FLAGS = {kind: "--observe" if kind == "observer" else f"--{kind}" for kind in KINDS}


def command(*words):
    """What a command that must succeed prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit, match="0"):
        main([str(word) for word in words])
    return out.getvalue()


def after(said, heading):
    """The lines below a heading of what `new` prints."""
    block = said.split(f"{heading}\n", 1)[1]
    return [line.strip() for line in re.match(r"(  .*\n)*", block)[0].splitlines()]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a file `my-KIND` and a package `our-KIND` of each kind, and in `said.json` what was printed for each."""
    directory = tmp_path_factory.mktemp("new")
    said = {kind: command("new", kind, f"my-{kind}", "--directory", directory) for kind in KINDS}
    packages = {kind: command("new", kind, f"our-{kind}", "--package", "--directory", directory) for kind in KINDS}
    (directory / "said.json").write_text(json.dumps({"file": said, "package": packages}), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def said(place):
    """What was printed, for files and packages, by kind."""
    return json.loads((place / "said.json").read_text(encoding="utf-8"))


@pytest.mark.sweep(1)
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_file_passes_every_check(place, kind):
    """`eagerloop check` finds the one part by its name, and whatever applies to it is ok."""
    report = json.loads(command("check", place / f"my_{kind}.py", "--json"))
    [part] = report["parts"]

    assert (part["kind"], part["name"]) == (kind, f"my-{kind}")
    assert len(part["checks"]) >= 9
    assert [check for check in part["checks"] if check["status"] == "failed"] == []
    assert part["points"] == part["of"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_next_commands_are_told(place, said, kind):
    """Each path that is printed is there; the commands check, test and train with what was made."""
    files = after(said["file"][kind], "made")
    commands = after(said["file"][kind], "next")
    file = str(place / f"my_{kind}.py")

    assert files == [file, str(place / f"test_my_{kind}.py")]
    assert all(Path(path).is_file() for path in files)
    assert commands[0].endswith(f"eagerloop check {file}")
    assert commands[-2].endswith(f"python -m pytest {files[1]}")
    assert commands[-1].endswith(f"eagerloop train --plugin {file} {FLAGS[kind]} my-{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_has_all_that_a_package_needs(place, said, kind):
    """An entry point to its module, a licence, a readme, tests, a workflow that checks it; names follow the conventions."""
    root = place / f"eagerloop-our-{kind}"
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    workflow = (root / ".github/workflows/test.yml").read_text(encoding="utf-8")

    assert after(said["package"][kind], "made") == [str(path) for path in map(root.__truediv__, (
        "pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/test.yml",
        f"src/eagerloop_our_{kind}/__init__.py", f"tests/test_our_{kind}.py",
    ))]  # fmt: skip
    assert project["name"] == f"eagerloop-our-{kind}"
    assert project["entry-points"]["eagerloop"] == {f"our-{kind}": f"eagerloop_our_{kind}"}
    assert f"eagerloop train {FLAGS[kind]} our-{kind} " in workflow
    assert f"eagerloop check eagerloop-our-{kind}\n" in workflow
    assert "${{ matrix.python }}" in workflow
    assert not any("$" in line for line in workflow.splitlines() if "matrix.python" not in line)
    assert (root / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_file_and_package_hold_the_same_part(place):
    """A package is the file and what stands around it: a file that has grown up can be moved as it is."""
    for kind in KINDS:
        module = (place / f"eagerloop-our-{kind}/src/eagerloop_our_{kind}/__init__.py").read_text(encoding="utf-8")
        file = (place / f"my_{kind}.py").read_text(encoding="utf-8")
        assert module == re.sub(r"\b(my|My)(?=[-_A-Z])", lambda found: {"my": "our", "My": "Our"}[found[1]], file)


DRIVER = """
import contextlib, io, json, re, shlex, sys
from pathlib import Path
import pytest
from eagerloop.cli import main
from eagerloop.parts import KINDS

def command(*words):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main(words)
        except SystemExit as leaving:
            return leaving.code, out.getvalue()

said = json.loads(Path("said.json").read_text())
report = {"listing": command("plugins", "--json")[1]}
for kind in KINDS:
    lines = {how: said[how][kind].rstrip().splitlines()[-1] for how in said}
    few = {how: ("--epochs", "2", "--run", f"runs/{how}-{kind}") for how in lines}
    trained = {how: command(*shlex.split(line)[1:], *few[how]) for how, line in lines.items()}
    readme = Path(f"eagerloop-our-{kind}/README.md").read_text()
    names = {}
    exec(re.search(r"```python\\n(.*?)```", readme, re.DOTALL)[1], names)
    report[kind] = {
        "codes": {how: code for how, (code, _out) in trained.items()},
        "history": [row["loss"] for row in names["run"].history],
        "record": Path(f"runs/package-{kind}/run.toml").read_text(),
    }
quiet = ["-q", "-c", "/dev/null", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error", "-rA"]
packages, files = ([str(path) for path in Path().glob(where)] for where in ("eagerloop-our-*/tests", "test_my_*.py"))
with contextlib.redirect_stdout(io.StringIO()) as out:
    by_hand = [*files, "-k", "not test_check and not test_some_checks"]
    codes = [int(pytest.main([*quiet, *words])) for words in (packages, by_hand)]
report["tests"] = {"codes": codes, "out": out.getvalue()}
Path("report.json").write_text(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report(place):
    """What a fresh interpreter saw, in which all of the packages are installed from their wheels."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    offline = ["--no-index", "--no-deps"]
    roots = [str(place / f"eagerloop-our-{kind}") for kind in KINDS]
    wheels = place / "dist"
    for words in (
        [*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(wheels), *roots],
        [*pip, "install", *offline, "--target", str(place / "site"), "--find-links", str(wheels)]
        + [f"eagerloop-our-{kind}" for kind in KINDS],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(place / "site")},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((place / "report.json").read_text(encoding="utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_wheel_holds_the_module_and_nothing_else(place, report, kind):
    """The module, its metadata, the licence: no tests, no workflow."""
    [wheel] = (place / "dist").glob(f"eagerloop_our_{kind}-0.1.0-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names} == {f"eagerloop_our_{kind}", f"eagerloop_our_{kind}-0.1.0.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_installed_part_is_listed_with_its_owner(report, kind):
    """By its name, its distribution and version, with the first line of its docstring."""
    [row] = [row for row in json.loads(report["listing"])["parts"] if row["distribution"] == f"eagerloop-our-{kind}"]

    assert (row["kind"], row["name"], row["version"]) == (kind, f"our-{kind}", "0.1.0")
    assert row["summary"].endswith(".")


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_last_command_trains(report, kind):
    """The `train` line that was printed for the file, and the one for the package, end well; the record names the owner."""
    assert report[kind]["codes"] == {"file": 0, "package": 0}
    assert f'"eagerloop-our-{kind}"' in report[kind]["record"]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_of_the_package_trains(report, kind):
    """Its Python lines run as they stand, and the loss falls."""
    history = report[kind]["history"]

    assert len(history) == 10
    assert history[-1] < history[0]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_generated_tests_pass(report, kind):
    """In the package, every check of the contract and the tests by hand; in the file, which holds the same part, the latter."""
    passed = [line for line in report["tests"]["out"].splitlines() if line.startswith("PASSED")]
    ours = [line for line in passed if f"eagerloop-our-{kind}/tests/test_our_{kind}.py::" in line]
    mine = [line for line in passed if line.startswith(f"PASSED test_my_{kind}.py::")]

    assert report["tests"]["codes"] == [0, 0], report["tests"]["out"]
    assert len([line for line in ours if "::test_check[" in line]) >= 9
    assert len(mine) == len([line for line in ours if "::Test" not in line]) >= 1


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("losses", "mine", "there is no kind 'losses'; did you mean 'loss'?"),
        ("loss", "MyLoss", "begins with a letter, got 'MyLoss'; how about 'my-loss'?"),
        ("loss", "my loss", "got 'my loss'; how about 'my-loss'?"),
        ("loss", "../mine", "got '../mine'; how about 'mine'?"),
        ("loss", "3d", "a name has small letters, digits and hyphens and begins with a letter, got '3d'"),
        ("loss", "", "begins with a letter, got ''"),
        ("loss", "mine-", "got 'mine-'; how about 'mine'?"),
        ("loss", "lambda", "the name 'lambda' cannot be used: it is a keyword of Python"),
        ("loss", "a" * 31, "it has more than 30 letters"),
        ("loss", "test-loss", "pytest would take it for a test"),
        ("loss", "eagerloop-mine", "a package gets 'eagerloop-' put in front of its name by itself"),
        ("loss", "random", "random.py would hide the module random"),
        ("model", "tensorflow", "tensorflow.py would hide the module tensorflow"),
        ("optimizer", "learning-rate", "the file itself uses it for something else"),
        ("loss", "self", "the file itself uses it for something else"),
        ("loss", "mse", "a built-in loss has it, and a bare built-in name always means the built-in"),
        ("observer", "early_stopping", "a built-in observer has it"),
    ],
)
def test_a_name_that_would_mean_something_else_is_refused(refused, kind, name, told):
    """To Python, to pytest, to eagerloop or in the file itself; one line says why, and nothing is written."""
    assert told in refused("new", kind, name)


def test_a_package_may_have_the_name_of_a_module(done, refused):
    """`eagerloop_json` hides nothing; but `eagerloop_plugins` is where the built-in parts live."""
    assert "eagerloop-json/src/eagerloop_json/__init__.py" in done("new", "checkpointer", "json", "--package")
    assert "the package eagerloop_plugins is part of eagerloop" in refused("new", "loss", "plugins", "--package")


@pytest.mark.parametrize("taken", ["mine.py", "test_mine.py", "eagerloop-mine/LICENSE"])
def test_nothing_is_overwritten(refused, taken):
    """One file that is there already stops all of it: what is in it is kept, and nothing is written beside it."""
    Path(taken).parent.mkdir(exist_ok=True)
    Path(taken).write_text("precious", encoding="utf-8")
    words = ["--package"] if "/" in taken else []

    assert refused("new", "loss", "mine", *words).startswith(f"{taken} is there already, and nothing was written; ")
    assert Path(taken).read_text(encoding="utf-8") == "precious"


def test_a_directory_is_made_and_named_in_the_commands(done):
    """Also one with a blank in its name, which a shell must not cut."""
    out = done("new", "loss", "mine", "--directory", "my parts/losses")

    assert Path("my parts/losses/mine.py").is_file()
    assert any(line.endswith('eagerloop check "my parts/losses/mine.py"') for line in after(out, "next"))


def test_a_directory_that_is_a_file_is_refused(refused):
    """One line; the file is left alone."""
    Path("taken").write_text("", encoding="utf-8")

    assert "cannot be written" in refused("new", "loss", "mine", "--directory", "taken")


@pytest.mark.parametrize("kind", KINDS)
def test_names_with_an_underscore_are_the_same(done, kind):
    """What is typed in snake case is offered in kebab case, by a function in snake case."""
    done("new", kind, "two_words")
    text = Path("two_words.py").read_text(encoding="utf-8")

    assert 'return {"two-words": two_words}' in text
    assert "def two_words(" in text


def test_the_other_commands_do_not_wait_for_it():
    """`--help` does not import the scaffold."""
    program = """if True:
        import sys
        from eagerloop.cli import main
        try:
            main(["--help"])
        except SystemExit:
            print("eagerloop.scaffold.new_part" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
